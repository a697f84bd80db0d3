package opendata

import (
	"context"
	"fmt"
	"io"
	"slices"

	"mlf/query/calendar"
	"mlf/query/disclosure"
	"mlf/query/format"
	"mlf/schema"
)

// A Source is where lots are read from. Kept by aggregate/store.
type Source interface {
	// LotsInOrder calls take with the lots of some attempts, attempt by attempt, the lots
	// of each ascending by number. What it points at is the callee's until take returns.
	LotsInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error
}

// An edition is a month in one vintage, and the releases that its lots are from, ascending.
type edition struct {
	month calendar.Month
	disclosure.Vintage
	releases []schema.Release
}

// days returns the first day of the month, and the one after its last.
func (e *edition) days() (first, next calendar.Day) {
	return calendar.DayOf(e.month, 1), calendar.DayOf(e.month+1, 1)
}

// least returns the fewest votes that a lot of e has, by the rules that held.
func (e *edition) least() uint32 {
	least := e.K
	for i := range e.releases {
		least = min(least, e.releases[i].K)
	}
	return least
}

// rowsAtOnce is how many rows are in memory while a file is made.
const rowsAtOnce = 1024

// A scribe writes the rows of one table of one edition, in an order that is theirs alone:
// every process writes the same bytes.
type scribe struct {
	edition *edition
	table   table
	number  map[schema.AttemptID]*schema.Release
	out     writer
	sheet   format.Sheet
	rows    []row
	last    [2]uint32 // Release and lot that were taken last.
	votes   uint64
	written int
	err     error // Of a lot that cannot be, or of writing.
}

// write writes a file to w, and returns how many rows it has. An error leaves half of it
// there.
func (l *Library) write(ctx context.Context, w io.Writer, e *edition, n name) (int, error) {
	s := &scribe{edition: e, table: n.table, number: make(map[schema.AttemptID]*schema.Release)}
	first, next := e.days()
	q := schema.LotQuery{First: schema.Day(first), Next: schema.Day(next)}
	for i := range e.releases {
		r := &e.releases[i]
		s.number[r.Attempt] = r
		q.Attempts = append(q.Attempts, r.Attempt)
	}
	s.sheet = format.Sheet{ID: "LOTS", Fields: l.codes.fields(l.columns[n.table], &s.rows), Notes: [][2]string{
		{"table", string(n.table)}, {"month", e.month.String()}, {"vintage", fmt.Sprint(e.Number)}, {"release", fmt.Sprint(e.Release)},
	}}
	s.out = newWriter(n.form, w, &s.sheet)
	err := l.source.LotsInOrder(ctx, q, func(a schema.AttemptID, l *schema.Lot) error {
		s.err = s.take(a, l)
		return s.err
	})
	if s.err != nil {
		return 0, fmt.Errorf("write %v: %w", n, s.err)
	}
	if err != nil {
		return 0, fmt.Errorf("read lots of %v: %w: %w", n, ErrUnread, err)
	}
	if s.votes != e.Published {
		return 0, fmt.Errorf("write %v: lots have %d votes: want %d", n, s.votes, e.Published)
	}
	if err := s.flush(); err != nil {
		return 0, err
	}
	return s.written, s.out.Close()
}

// take takes the next lot. What cannot be of the edition is an error: a file stays as it is
// for ever.
func (s *scribe) take(a schema.AttemptID, l *schema.Lot) error {
	r := s.number[a]
	if r == nil {
		return fmt.Errorf("lot %d is of attempt %d, which was not asked for", l.Number, a)
	}
	here := [2]uint32{r.Number, l.Number}
	if s.votes > 0 && slices.Compare(here[:], s.last[:]) <= 0 {
		return fmt.Errorf("lot %d of release %d comes after lot %d of release %d", here[1], here[0], s.last[1], s.last[0])
	}
	first, next := s.edition.days()
	if l.N() < uint64(r.K) || calendar.Day(l.First) < first || calendar.Day(l.Last) >= next {
		return fmt.Errorf("lot %d of release %d has %d votes of days %d to %d: want at least %d of %v", l.Number, r.Number, l.N(), l.First, l.Last, r.K, s.edition.month)
	}
	s.last = here
	s.votes += l.N()
	if s.table == tableLots {
		return s.add(row{release: r.Number, reason: -1, Lot: *l})
	}
	for i := range l.Reasons {
		if err := s.add(row{release: r.Number, reason: i, Lot: *l}); err != nil {
			return err
		}
	}
	return nil
}

func (s *scribe) add(r row) error {
	s.rows = append(s.rows, r)
	if len(s.rows) < rowsAtOnce {
		return nil
	}
	return s.flush()
}

// flush writes the rows that are in memory.
func (s *scribe) flush() error {
	s.sheet.Len = len(s.rows)
	if err := s.out.Write(&s.sheet); err != nil {
		return err
	}
	s.written += len(s.rows)
	s.rows = s.rows[:0]
	return nil
}

// A writer writes a file sheet by sheet.
type writer interface {
	Write(s *format.Sheet) error
	Close() error
}

// newWriter begins a file with the fields and notes of s.
func newWriter(f form, w io.Writer, s *format.Sheet) writer {
	switch f {
	case formParquet:
		return format.NewParquet(w, s)
	case formNDJSON:
		return &lines{w: w, append: func(dst []byte, s *format.Sheet, i int) []byte { return append(s.AppendJSON(dst, i), '\n') }}
	default:
		return &lines{w: w, buf: s.AppendCSVHeader(nil), append: func(dst []byte, s *format.Sheet, i int) []byte { return s.AppendCSV(dst, i) }}
	}
}

// lines write a line a row.
type lines struct {
	w      io.Writer
	buf    []byte
	append func(dst []byte, s *format.Sheet, row int) []byte
}

func (l *lines) Write(s *format.Sheet) error {
	for i := range s.Len {
		l.buf = l.append(l.buf, s, i)
	}
	return l.Close()
}

// Close writes what is left.
func (l *lines) Close() error {
	_, err := l.w.Write(l.buf)
	l.buf = l.buf[:0]
	return err
}
