package italy

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/schema"
)

// RawTable is where FillRaw puts single votes.
const RawTable = "raw_votes"

// rawTable has no terminal and no number of a vote: nobody asks for them here, and a
// table that is to be compared with should be no larger than it must.
const rawTable = `CREATE TABLE ` + RawTable + `
(
    comune UInt32 CODEC(Delta, ZSTD(1)), office LowCardinality(String) CODEC(ZSTD(1)), service UInt16 CODEC(ZSTD(1)),
    channel UInt8 CODEC(ZSTD(1)), scale UInt8 CODEC(ZSTD(1)), class UInt8 CODEC(ZSTD(1)), value UInt8 CODEC(ZSTD(1)), reason UInt8 CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY (comune, service, at)`

// A Filled is what Fill has written.
type Filled struct {
	Cells  int // Rows of one cell in several segments count once.
	Rows   int
	Votes  uint64
	Ledger []schema.LedgerRow // Balanced: the counted votes of a segment are those of its rows.
}

// Fill writes the rollups of every month to the store's table at dsn, each as one
// part, the last month in several; and returns the account of their segments, which
// is for the caller to write. progress gets the votes of each month.
func (c *Country) Fill(ctx context.Context, dsn string, progress func(votes int)) (*Filled, error) {
	client, err := dial(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer client.Close() //nolint:errcheck // What was written is acknowledged.
	all := newRollupRows()
	var votes uint64
	for m := range c.Months() {
		if err := c.send(ctx, client, m, all); err != nil {
			return nil, err
		}
		progress(int(all.votes() - votes))
		votes = all.votes()
	}
	return &Filled{Cells: all.cells, Rows: all.rowsAll, Votes: all.votes(), Ledger: c.ledger(all)}, nil
}

func (r *rollupRows) votes() (sum uint64) {
	for p := range r.counted {
		for _, n := range r.counted[p] {
			sum += n
		}
	}
	return sum
}

// FillRaw makes RawTable in the database at dsn and writes the same votes to it, one
// by one, of the first months; 0 for all.
func (c *Country) FillRaw(ctx context.Context, dsn string, progress func(votes int)) (votes int, err error) {
	client, err := dial(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer client.Close() //nolint:errcheck // What was written is acknowledged.
	if err := client.Do(ctx, ch.Query{Body: rawTable}); err != nil {
		return 0, fmt.Errorf("create %s: %w", RawTable, err)
	}
	for m := range c.Months() {
		r := newRawRows()
		if err := c.send(ctx, client, m, r); err != nil {
			return votes, err
		}
		votes += r.votes
		progress(r.votes)
	}
	return votes, nil
}

// dial connects as the driver would.
func dial(ctx context.Context, dsn string) (*ch.Client, error) {
	opt, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("read DSN: %w", err)
	}
	c, err := ch.Dial(ctx, ch.Options{
		Address: opt.Addr[0], Database: opt.Auth.Database, User: opt.Auth.Username, Password: opt.Auth.Password,
	})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", opt.Addr[0], err)
	}
	return c, nil
}

// Blocks go out as they are made; the server joins them to a part. Newest months lie
// in several, as they do where a writer is at work.
const (
	blockRows     = 100_000
	partRows      = 8_000_000
	partBytes     = 1 << 30
	lastPartRows  = 100_000
	lastPartBytes = 1 << 20
)

// send writes what month m comes to in f.
func (c *Country) send(ctx context.Context, client *ch.Client, m int, f filler) error {
	rows, size := partRows, partBytes
	if m == c.Months()-1 {
		rows, size = lastPartRows, lastPartBytes
	}
	more, stop := iter.Pull(c.blocks(m, f))
	defer stop()
	input := f.input()
	err := client.Do(ctx, ch.Query{
		Body: fmt.Sprintf("INSERT INTO %s %s SETTINGS async_insert = 0, min_insert_block_size_rows = %d, min_insert_block_size_bytes = %d VALUES",
			f.table(), input.Columns(), rows, size),
		Input: input,
		OnInput: func(context.Context) error {
			input.Reset()
			if _, ok := more(); !ok {
				return io.EOF
			}
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("fill %s, month %d: %w", f.table(), m, err)
	}
	return nil
}

// blocks fills f again and again with the rows of month m. Whoever takes them empties
// it in between.
func (c *Country) blocks(m int, f filler) iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		whole := c.month(m, func(l *leaf, votes []vote) bool {
			f.add(l, votes)
			return f.rows() < blockRows || yield(struct{}{})
		})
		if whole && f.rows() > 0 {
			yield(struct{}{})
		}
	}
}

// ledger is the account of the segments that rows came by: a record has recordVotes
// votes, one of fifty was sent again. The last segment of a partition is open.
func (c *Country) ledger(r *rollupRows) []schema.LedgerRow {
	var rows []schema.LedgerRow
	end := schema.InstantOf(c.clock.next.Time()) - 1
	for p := range r.counted {
		next := schema.Offset(1) // The genesis record is at 0.
		for s, counted := range r.counted[p] {
			again := counted / 50
			records := uint64(float64(counted) / recordVotes)
			if s == 0 {
				records++
			}
			next = max(next, schema.Offset(s*schema.SegmentRecords)) + schema.Offset(records)
			row := schema.LedgerRow{
				Partition: schema.Partition(p), Segment: schema.Segment(s), Next: next, Newest: end,
				Tally: schema.Tally{Records: records, VotesIn: counted + again, Counted: counted, Duplicates: again},
			}
			if s < len(r.counted[p])-1 {
				row.Chain = sha256.Sum256(fmt.Append(nil, p, s))
			}
			rows = append(rows, row)
		}
	}
	return rows
}
