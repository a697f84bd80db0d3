package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"mlf/schema"
	"mlf/schema/sql"
)

// insert writes rows with the statement insert_table, given column by column in
// the statement's order: appending whole columns is several times cheaper than
// rows of mixed values. After an error some of the rows may be there, or all.
func (s *Store) insert(ctx context.Context, table string, rows int, columns []any) error {
	if rows == 0 {
		return nil
	}
	start := time.Now()
	err := s.send(ctx, table, columns)
	s.metrics.Inserted(table, rows, start, codeOf(err))
	if err != nil {
		return fmt.Errorf("insert %d rows of %s: %w", rows, table, err)
	}
	return nil
}

// send prepares a batch of its own: a batch is bound to one connection, and one
// that was sent must not be sent again.
//
// The context of a batch that was sent is not cancelled: the driver's goroutine
// that minds it may come to look at it only after Send has returned, finds its work
// done and its context ended, and by lot (select) closes a connection that
// another has by then.
func (s *Store) send(ctx context.Context, table string, columns []any) error {
	minded, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.WriteMax)
	defer context.AfterFunc(ctx, cancel)()
	err := s.conn.use(minded, func(c driver.Conn) error {
		batch, err := c.PrepareBatch(minded, sql.Query("insert_"+table))
		if err != nil {
			return err
		}
		for i, column := range columns {
			if err := batch.Column(i).Append(column); err != nil {
				return errors.Join(fmt.Errorf("column %d: %w", i, err), batch.Close())
			}
		}
		return batch.Send() // Gives the connection back in every case.
	})
	if err != nil {
		cancel()
	}
	return err
}

// WriteLedger writes the account of segments, then the state of streams. Both
// may be repeated; per segment the highest numbers hold, per stream the state
// with the highest offset.
func (s *Store) WriteLedger(ctx context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error {
	if err := s.writeSegments(ctx, rows); err != nil {
		return err
	}
	return s.writeWatermarks(ctx, marks)
}

func (s *Store) writeSegments(ctx context.Context, rows []schema.LedgerRow) error {
	n := len(rows)
	partition, segment, chain := make([]uint16, n), make([]uint32, n), make([]string, n)
	next, newest := make([]uint64, n), make([]time.Time, n)
	var tally [schema.TallyNumbers][]uint64
	for i := range rows {
		r := &rows[i]
		partition[i], segment[i], chain[i] = uint16(r.Partition), uint32(r.Segment), string(r.Chain[:])
		next[i], newest[i] = uint64(r.Next), r.Newest.Time()
		for k, n := range r.Numbers() {
			tally[k] = append(tally[k], *n)
		}
	}
	columns := []any{partition, segment, chain, next, newest}
	for _, column := range tally {
		columns = append(columns, column)
	}
	return s.insert(ctx, "ledger", n, append(columns, presentColumns(rows)...))
}

func (s *Store) writeWatermarks(ctx context.Context, marks []schema.Watermark) error {
	n := len(marks)
	terminal, stream, highest, offset := make([]uint64, n), make([]uint64, n), make([]uint64, n), make([]uint64, n)
	first, next := make([][]uint64, n), make([][]uint64, n)
	for i := range marks {
		m := &marks[i]
		terminal[i], stream[i], highest[i], offset[i] = uint64(m.Terminal), uint64(m.Stream), uint64(m.Highest), uint64(m.Offset)
		for _, span := range m.Missing {
			first[i] = append(first[i], uint64(span.First))
			next[i] = append(next[i], uint64(span.Next))
		}
	}
	return s.insert(ctx, "watermark", n, []any{terminal, stream, highest, first, next, offset})
}

// WriteState writes whether partitions are being counted; per partition the
// state written last holds.
func (s *Store) WriteState(ctx context.Context, states []schema.PartitionState) error {
	n := len(states)
	partition, since := make([]uint16, n), make([]time.Time, n)
	state, reason := make([]string, n), make([]string, n)
	for i, p := range states {
		partition[i], state[i], reason[i], since[i] = uint16(p.Partition), string(p.State), p.Reason, p.Since
	}
	return s.insert(ctx, "state", n, []any{partition, state, reason, since})
}
