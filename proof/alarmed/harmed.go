package alarmed

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/proof/cluster"
	"mlf/proof/deployed"
)

// harmed are a log and a store that somebody has changed.
func (t *trial) harmed() (h struct{ record, near, row, removed fault }) {
	h.record = fault{
		name: "a record on the log damaged", isShort: true, breaks: t.flips, until: t.tellsLedger("is damaged on the log"),
		// The second until what waited is counted: it does not follow from the first any more.
		expects: []string{"MlfHalted 1"}, may: []string{"MlfProbeFails", "MlfUncounted 1"},
	}
	h.near = fault{name: "retention behind the count by seconds", breaks: t.forgetsCounted, expects: []string{"MlfRetentionNear 3"}}
	h.row = fault{name: "a row in the store changed", breaks: t.changesRow, expects: []string{"MlfUnbalanced"}}
	h.removed = fault{
		name: "retention ahead of a frozen ClickHouse", breaks: t.forgets,
		expects: []string{"MlfVotesRemoved 2", "MlfRetentionNear 2", "MlfDependencyDown clickhouse", "MlfDatabaseDown", "MlfUncounted", "MlfStuck", "MlfProbeFails"},
	}
	return h
}

// The partitions that are harmed: what mends one is not tried on another.
const (
	flipped   = 1
	forgotten = 2
	nearly    = 3
)

// flips damages a record that nobody has read yet, while workers are cut off from Kafka.
// What mends it brings back the sound one, as from another broker.
func (t *trial) flips(ctx context.Context) (mending, error) {
	pods, err := t.StagePods(ctx, "aggregate")
	if err != nil {
		return nil, err
	}
	if err := t.cut(ctx, deployed.KafkaPort, pods...); err != nil {
		return nil, err
	}
	file, at, err := t.unread(ctx)
	if err == nil {
		err = flip(file, at)
	}
	if err = errors.Join(err, t.uncut(ctx)); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		if err := flip(file, at); err != nil {
			return err
		}
		_, err := t.Restart(ctx, "aggregate")
		return err
	}, nil
}

// answered is how long what was asked before lines were cut may take to be answered.
const answered = 2 * time.Second

// unread returns where a byte of a record is that came after lines were cut.
func (t *trial) unread(ctx context.Context) (file string, at int64, err error) {
	select {
	case <-ctx.Done():
		return "", 0, context.Cause(ctx)
	case <-time.After(answered):
	}
	file = filepath.Join(t.Kafka().Data(0), fmt.Sprintf("votes.v1-%d", flipped), "00000000000000000000.log")
	before, err := os.Stat(file)
	if err != nil {
		return "", 0, fmt.Errorf("find log: %w", err)
	}
	err = cluster.Await(ctx, firesMax, func() (err error) { at, err = batchAfter(file, before.Size()); return err })
	return file, at, err
}

// batchAfter returns where a byte of the last batch is that begins at size or later.
// Where lengths are is said by Kafka's protocol guide, at record batch.
func batchAfter(file string, size int64) (int64, error) {
	const atLength, header, inRecords = 8, 12, 61 + 10
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read log: %w", err)
	}
	if int64(len(text)) < size+inRecords {
		return 0, errors.New("no record has come")
	}
	length := int64(binary.BigEndian.Uint32(text[size+atLength:]))
	if int64(len(text)) < size+header+length || length < inRecords {
		return 0, errors.New("the record is not whole yet")
	}
	return size + inRecords, nil
}

// flip turns one bit over, in place: the broker has the file open.
func flip(file string, at int64) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	b[0] ^= 1
	if err == nil {
		_, err = f.WriteAt(b[:], at)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("flip a bit of the log: %w", err)
	}
	return nil
}

// forgets deletes records of a partition while ClickHouse takes none. Workers hold what
// they have read, and write it as soon as they can.
func (t *trial) forgets(ctx context.Context) (mending, error) {
	mend, err := t.freezesStore(ctx)
	if err != nil {
		return mend, err
	}
	select {
	case <-ctx.Done():
		return mend, context.Cause(ctx)
	case <-time.After(seenIn):
	}
	end, err := t.offset(ctx, "log_end", forgotten)
	if err != nil {
		return mend, err
	}
	return mend, t.Kafka().ForgetBefore(ctx, "votes.v1", forgotten, end)
}

// seenIn is how long it takes until votes are scraped that came after ClickHouse froze: a
// process looks each 5 s, and waits for ClickHouse for half of that.
const seenIn = 10 * time.Second

// forgetsCounted deletes the records of a partition that are in ClickHouse. In time the
// first that is left grows old: nothing else ends it.
func (t *trial) forgetsCounted(ctx context.Context) (mending, error) {
	counted, err := t.offset(ctx, "counted", nearly)
	if err != nil {
		return nil, err
	}
	return nil, t.Kafka().ForgetBefore(ctx, "votes.v1", nearly, counted)
}

// offset returns a position on the log as it was last scraped: who reads is there.
func (t *trial) offset(ctx context.Context, of string, partition int) (int64, error) {
	series := fmt.Sprintf(`mlf_%s_offset{partition="%d"}`, of, partition)
	found, err := t.Query(ctx, "min("+series+")")
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("nobody has scraped %s", series)
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(found[0].Value, 10, 64)
}

// changesRow raises a count of a vote that a question asks for without a word, behind everybody's back, and asks
// for the comparison that finds it. Only a new count of the log mends that.
func (t *trial) changesRow(ctx context.Context) (mending, error) {
	if err := t.exec(ctx, "INSERT INTO mlf.votes_rollup SELECT * REPLACE (v3 + 1000 AS v3) FROM mlf.votes_rollup FINAL WHERE class = 1 AND scale = 1 LIMIT 1"); err != nil {
		return nil, err
	}
	now := time.Now()
	url := fmt.Sprintf("%s/v1/stats?from=%s&to=%s&group=comune,day&check=store", deployed.QueryURL,
		now.AddDate(0, 0, -2).Format(time.DateOnly), now.AddDate(0, 0, 2).Format(time.DateOnly))
	return nil, cluster.Await(ctx, firesMax, func() error {
		said, err := t.Get(ctx, url)
		if err == nil && !strings.Contains(said, `"differs"`) {
			_, verdict, _ := strings.Cut(said, `"check":`)
			err = fmt.Errorf("nobody finds it: %s", verdict[:min(len(verdict), 200)])
		}
		return err
	})
}

// exec runs a statement in ClickHouse that no stage knows of.
func (t *trial) exec(ctx context.Context, statement string) error {
	options, err := clickhouse.ParseDSN(t.Store().DSN())
	if err != nil {
		return fmt.Errorf("read DSN: %w", err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse: %w", err)
	}
	if err := errors.Join(conn.Exec(ctx, statement), conn.Close()); err != nil {
		return fmt.Errorf("change ClickHouse: %w", err)
	}
	return nil
}
