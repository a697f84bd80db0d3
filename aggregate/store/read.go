package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/schema"
	"mlf/schema/sql"
)

// scanFunc copies the row's columns into dest.
type scanFunc func(dest ...any) error

// read runs the named query and calls row for each of its rows. Every read has
// the store's limits of time and memory; one that goes over them is
// schema.ErrTooDear.
func (s *Store) read(ctx context.Context, query string, p clickhouse.Parameters, row func(scan scanFunc) error) error {
	start := time.Now()
	err := s.query(ctx, query, p, row)
	s.metrics.read(query, start, err)
	if err == nil {
		return nil
	}
	if tooDear(err) {
		return fmt.Errorf("read %s: %w: %w", query, schema.ErrTooDear, err)
	}
	return fmt.Errorf("read %s: %w", query, err)
}

// errReadMax is the cause of a read that the server did not end in time.
var errReadMax = errors.New("the server did not keep to the read's limit of time")

// readGrace is what the server has to end a read at its limit, and to say so,
// before we do: it looks at the clock between blocks only.
const readGrace = 5 * time.Second

func (s *Store) query(ctx context.Context, query string, p clickhouse.Parameters, row func(scan scanFunc) error) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.ReadMax+readGrace, errReadMax)
	defer cancel()
	defer func() {
		if err != nil && errors.Is(context.Cause(ctx), errReadMax) {
			err = fmt.Errorf("%w: %w", errReadMax, err)
		}
	}()
	// The limits are part of the text, because the driver replaces a limit of
	// time in the settings by the context's.
	text := fmt.Sprintf("%s\nSETTINGS do_not_merge_across_partitions_select_final = 1, max_execution_time = %d, max_memory_usage = %d",
		sql.Query(query), int(s.cfg.ReadMax/time.Second), s.cfg.ReadMemoryMax)
	rows, err := s.conn.Query(clickhouse.Context(ctx, clickhouse.WithParameters(p)), text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// The server's codes for a query that went over its limits
// (ClickHouse, src/Common/ErrorCodes.cpp).
const (
	codeTooManyRows         = 158
	codeTimeoutExceeded     = 159
	codeTooSlow             = 160
	codeSetSizeLimit        = 191
	codeMemoryLimitExceeded = 241
	codeTooManyBytes        = 307
	codeTooManyRowsOrBytes  = 396
)

// tooDear tells whether err is of a query that went over its limits.
func tooDear(err error) bool {
	if errors.Is(err, errReadMax) {
		return true
	}
	return hasCode(err, codeTooManyRows, codeTimeoutExceeded, codeTooSlow, codeSetSizeLimit,
		codeMemoryLimitExceeded, codeTooManyBytes, codeTooManyRowsOrBytes)
}

// hasCode tells whether err is the server's, with one of codes.
func hasCode(err error, codes ...int32) bool {
	var exception *clickhouse.Exception
	return errors.As(err, &exception) && slices.Contains(codes, exception.Code)
}

// Started returns when the server started. Within one run of the server two
// answers differ by less than StartedTolerance; a larger difference is a
// restart, or its clock was set, which is treated alike.
func (s *Store) Started(ctx context.Context) (time.Time, error) {
	var started int64
	err := s.read(ctx, "started", nil, func(scan scanFunc) error { return scan(&started) })
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(started).UTC(), nil
}

// Chains returns the chains of the closed rows of a segment, none while it is
// open. More than one mean that two logs were counted into this store.
func (s *Store) Chains(ctx context.Context, p schema.Partition, segment schema.Segment) ([]schema.Chain, error) {
	var chains []schema.Chain
	err := s.read(ctx, "chains", clickhouse.Parameters{"partition": number(p), "segment": number(segment)}, func(scan scanFunc) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		var chain schema.Chain
		copy(chain[:], text)
		chains = append(chains, chain)
		return nil
	})
	return chains, err
}

// Watermark returns what is counted of a stream, and false if nothing is.
func (s *Store) Watermark(ctx context.Context, terminal schema.TerminalID, stream schema.StreamID) (schema.Watermark, bool, error) {
	m := schema.Watermark{Terminal: terminal, Stream: stream}
	found := false
	err := s.read(ctx, "watermark", clickhouse.Parameters{"terminal": number(terminal), "stream": number(stream)}, func(scan scanFunc) error {
		var highest, offset uint64
		var first, next []uint64
		if err := scan(&highest, &first, &next, &offset); err != nil {
			return err
		}
		if len(first) != len(next) {
			return fmt.Errorf("%d first and %d next seqs missing: want as many of both", len(first), len(next))
		}
		m.Highest, m.Offset, found = schema.Seq(highest), schema.Offset(offset), true
		for i := range first {
			m.Missing = append(m.Missing, schema.SeqSpan{First: schema.Seq(first[i]), Next: schema.Seq(next[i])})
		}
		return nil
	})
	return m, found, err
}
