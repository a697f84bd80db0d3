package baseline

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"mlf/bench/backlog"
)

// A RawTable is baseline D: every vote is a row in ClickHouse. With a
// materialised view each insert is also grouped into hours, the way ClickHouse's
// own documentation advises.
type RawTable struct {
	db   *Database
	rows rawRows
}

// rawBlock is how many rows go into one insert: where an insert's fixed cost is
// no longer felt.
const rawBlock = 100_000

// CreateRaw makes the table, and the view if it is wanted.
func (d *Database) CreateRaw(ctx context.Context, view bool) (*RawTable, error) {
	statements := []string{
		`CREATE TABLE votes
(
    terminal UInt64, seq UInt64 CODEC(Delta, ZSTD(1)), comune UInt32, service UInt16, channel UInt8, value UInt8, reason UInt8,
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY (comune, service, at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`,
	}
	if view {
		statements = append(statements,
			`CREATE TABLE votes_hourly
(
    comune UInt32, service UInt16, channel UInt8, hour DateTime('UTC'), v1 UInt64, v2 UInt64, v3 UInt64
)
ENGINE = SummingMergeTree PARTITION BY toYYYYMM(hour) ORDER BY (comune, service, channel, hour)`,
			`CREATE MATERIALIZED VIEW votes_to_hourly TO votes_hourly AS
SELECT comune, service, channel, toStartOfHour(at) AS hour, countIf(value = 1) AS v1, countIf(value = 2) AS v2, countIf(value = 3) AS v3
FROM votes GROUP BY comune, service, channel, hour`)
	}
	for _, text := range statements {
		if err := d.exec(ctx, text, nil); err != nil {
			return nil, err
		}
	}
	return &RawTable{db: d}, nil
}

// rawRows are the columns of one insert.
type rawRows struct {
	terminal, seq          []uint64
	comune                 []uint32
	service                []uint16
	channel, value, reason []uint8
	at                     []int64
}

func (r *rawRows) reset() {
	*r = rawRows{
		r.terminal[:0], r.seq[:0], r.comune[:0], r.service[:0], r.channel[:0], r.value[:0], r.reason[:0], r.at[:0],
	}
}

func (r *rawRows) add(rec *backlog.Record) {
	h := &rec.Header
	for i := range rec.Votes {
		v := &rec.Votes[i]
		r.terminal, r.seq = append(r.terminal, uint64(h.Terminal)), append(r.seq, uint64(v.Seq))
		r.comune, r.service = append(r.comune, uint32(h.Comune)), append(r.service, uint16(v.Service))
		r.channel, r.value = append(r.channel, uint8(h.Channel)), append(r.value, uint8(v.Value))
		r.reason, r.at = append(r.reason, uint8(v.Reason)), append(r.at, int64(v.At))
	}
}

// Insert writes the votes of all records, in large blocks.
func (t *RawTable) Insert(ctx context.Context, records iter.Seq[*backlog.Record]) error {
	for rec := range records {
		t.rows.add(rec)
		if len(t.rows.at) >= rawBlock {
			if err := t.send(ctx); err != nil {
				return err
			}
		}
	}
	return t.send(ctx)
}

func (t *RawTable) send(ctx context.Context) error {
	if len(t.rows.at) == 0 {
		return nil
	}
	batch, err := t.db.conn.PrepareBatch(ctx, "INSERT INTO votes")
	if err != nil {
		return fmt.Errorf("insert raw votes: %w", err)
	}
	r := &t.rows
	for i, column := range []any{r.terminal, r.seq, r.comune, r.service, r.channel, r.value, r.reason, r.at} {
		if err := batch.Column(i).Append(column); err != nil {
			return errors.Join(fmt.Errorf("insert raw votes, column %d: %w", i, err), batch.Close())
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("insert raw votes: %w", err)
	}
	r.reset()
	return nil
}

// The reads of the whole country by hour, as one asks for them.
const (
	groupRaw  = "SELECT comune, service, toStartOfHour(at) AS hour, countIf(value = 1), countIf(value = 2), countIf(value = 3) FROM votes GROUP BY comune, service, hour FORMAT Null"
	groupView = "SELECT comune, service, hour, sum(v1), sum(v2), sum(v3) FROM votes_hourly GROUP BY comune, service, hour FORMAT Null"
)

// Group reads every cell once: from the raw votes, or from the view.
func (t *RawTable) Group(ctx context.Context, view bool) error {
	if view {
		return t.db.exec(ctx, groupView, nil)
	}
	return t.db.exec(ctx, groupRaw, nil)
}
