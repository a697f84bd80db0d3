package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/clickhouse-go/v2"

	"mlf/aggregate/store/metrics"
	"mlf/schema"
	"mlf/schema/sql"
)

// scanFunc copies the row's columns into dest.
type scanFunc func(dest ...any) error

// A lane is how reads of one kind come to the server: over which connections,
// and what each of them may cost there.
type lane struct {
	conn      *pool
	timeMax   time.Duration // Whole seconds.
	silence   time.Duration // How long the server may say nothing.
	memoryMax int64         // Bytes.
	groupsMax int           // Of GROUP BY; 0 for any number.
}

// What the answers to people and terminals may cost. All of them at once, as
// query lets them through, stay below what the embedded engine has, so that the
// counting always finds some: 3 narrow, 1 wide and 4 lookups are 1.5 of 2 GiB.
const (
	// NarrowMemoryMax is several times what a month of the country by hour was
	// measured to take.
	NarrowMemoryMax = 128 << 20

	// LookupMemoryMax is for a few rows by their key.
	LookupMemoryMax = 32 << 20

	// narrowTimeMax lets others soon have their turn: one that needs longer is
	// asked again as a wide one.
	narrowTimeMax = 5 * time.Second

	// answersMax is the most connections of reads for answers: as many as query
	// lets through, so that none waits for another's.
	answersMax = 8
)

// own is the lane of those who count: recovery must not wait for readers.
func (s *Store) own() lane {
	return lane{conn: s.conn, silence: ownSilenceMax, timeMax: ownTimeMax, memoryMax: s.cfg.ReadMemoryMax}
}

// lookups is the lane of what terminals and pages ask all the time.
func (s *Store) lookups() lane {
	return lane{conn: s.answers, silence: silenceMax, timeMax: min(narrowTimeMax, s.cfg.ReadMax), memoryMax: min(LookupMemoryMax, s.cfg.ReadMemoryMax)}
}

// narrow is the lane of statistics that should be cheap.
func (s *Store) narrow() lane {
	return lane{conn: s.answers, silence: silenceMax, timeMax: min(narrowTimeMax, s.cfg.ReadMax), memoryMax: min(NarrowMemoryMax, s.cfg.ReadMemoryMax)}
}

// wide is the lane of all others.
func (s *Store) wide() lane {
	return lane{conn: s.answers, silence: silenceMax, timeMax: s.cfg.ReadMax, memoryMax: s.cfg.ReadMemoryMax}
}

// readSettings are of every read. A row is in one month. Where the database is put
// together of several servers, all of them answer or none: one that is frozen, or away,
// is told of before we would call the server silent that asks them.
const readSettings = "do_not_merge_across_partitions_select_final = 1, " +
	"skip_unavailable_shards = 0, receive_timeout = 2, handshake_timeout_ms = 2000, connections_with_failover_max_tries = 1"

// read runs the named query of those who count; see readBy.
func (s *Store) read(ctx context.Context, query string, p clickhouse.Parameters, row func(scan scanFunc) error) error {
	return s.readBy(ctx, s.own(), query, p, row)
}

// readBy runs the named query and calls row for each of its rows. Every read has
// its lane's limits of time and memory; one that goes over them is
// schema.ErrTooDear.
func (s *Store) readBy(ctx context.Context, l lane, query string, p clickhouse.Parameters, row func(scan scanFunc) error) error {
	start := time.Now()
	// The limits are part of the text, because the driver replaces a limit of
	// time in the settings by the context's.
	text := fmt.Sprintf("%s\nSETTINGS %s, max_execution_time = %d, max_memory_usage = %d, max_rows_to_group_by = %d",
		sql.Query(query), readSettings, int(l.timeMax/time.Second), l.memoryMax, l.groupsMax)
	err := s.run(ctx, l, text, p, row)
	s.metrics.Read(query, start, codeOf(err))
	if err == nil {
		return nil
	}
	if l.groupsMax > 0 && hasCode(err, codeTooManyRows) {
		return fmt.Errorf("read %s: %w: %w", query, schema.ErrTooManyRows, err)
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

// errSilent is the cause of a read of which nothing was heard for too long.
var errSilent = errors.New("the server says nothing: it hangs, or cannot be reached")

const (
	// silenceMax is how long a server may say nothing to a read that somebody waits
	// for. While it works on a query it tells its progress ten times a second, so
	// this is a server that is frozen, or a line that is cut. Whoever waits is told
	// within 3 s.
	silenceMax = 2500 * time.Millisecond

	// ownSilenceMax is the same for those who count, who wait for nobody: a
	// checkpoint of half a gigabyte on a busy machine is worth some patience, and to
	// give it up means to read the log again.
	ownSilenceMax = 20 * time.Second

	// ownTimeMax is how long a read of theirs may take in all, whole seconds: to
	// recover from the largest checkpoint takes 3 s on a machine of its own.
	ownTimeMax = 2 * time.Minute
)

// run runs a statement. It ends when the caller's context does, when nothing
// was heard for the lane's silence, or readGrace after the lane's limit of time.
func (s *Store) run(ctx context.Context, l lane, text string, p clickhouse.Parameters, row func(scan scanFunc) error) (err error) {
	ctx, stop := context.WithTimeoutCause(ctx, l.timeMax+readGrace, errReadMax)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(l.silence, func() { cancel(errSilent) })
	defer silence.Stop()
	heard := func() { silence.Reset(l.silence) }
	defer func() {
		if cause := context.Cause(ctx); err != nil && (errors.Is(cause, errReadMax) || errors.Is(cause, errSilent)) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
	}()
	rows, err := l.conn.Query(clickhouse.Context(ctx, clickhouse.WithParameters(p),
		clickhouse.WithProgress(func(*clickhouse.Progress) { heard() })), text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	const rowsPerBeat = 1024 // Rows that are still to be handed on are no silence.
	for n := 1; rows.Next(); n++ {
		if n%rowsPerBeat == 0 {
			heard()
		}
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
	code, ok := serverCode(err)
	return ok && slices.Contains(codes, code)
}

// serverCode returns the code of an error that is the server's, by either driver.
func serverCode(err error) (code int32, ok bool) {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		return exception.Code, true
	}
	var column *ch.Exception
	if errors.As(err, &column) {
		return int32(column.Code), true
	}
	return 0, false
}

// codeOf returns the error code of ClickHouse's answer, as metrics have it; "" where
// there was no error. The codes are some hundred at most.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	if code, ok := serverCode(err); ok {
		return strconv.Itoa(int(code))
	}
	return metrics.NoCode
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
	err := s.readBy(ctx, s.lookups(), "watermark", clickhouse.Parameters{"terminal": number(terminal), "stream": number(stream)}, func(scan scanFunc) error {
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
