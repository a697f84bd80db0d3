package export

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"mlf/ingest/rating"
	"mlf/schema"
)

// Limits of an export.
const (
	// RowsMax is how many rows a file may have: a site that is rated a hundred times a day
	// has as many in 27 years. A key of each is in memory.
	RowsMax = 1_000_000

	// rowBytesMax is the length of a row of CSV or an element of JSON: comments have 200
	// characters in the forms, and a direct request may send more.
	rowBytesMax = 64 << 10

	// itemBytesMax is the length of an item of WXR: pages stand between the ratings.
	itemBytesMax = 8 << 20
)

// A Row is one row of an export: a rating, or why it is none.
type Row struct {
	Line int // Where it begins, from 1.

	// Key is the same in every export of one site that has this row, and no other row's.
	Key    [16]byte
	At     schema.Instant // When the site stored it.
	Rating rating.Rating

	// Code says why the row is refused; "" where it is not. Detail says so for people, and
	// quotes nothing of the row.
	Code, Detail string
}

// Options say how a file is read.
type Options struct {
	// Zone is of times that name none: exports have the site's own clock. nil is UTC. Of an
	// hour that a clock shows twice the first is taken.
	Zone *time.Location

	// Progress is told how many bytes have been read so far, now and then; it may be nil.
	Progress func(read int64)
}

// A reading is the state of reading one file.
type reading struct {
	meter   *meter
	zone    *time.Location
	rows    int
	ordinal map[[16]byte]uint32 // How many rows there were of these parts.
}

func newReading(from io.Reader, o Options) *reading {
	r := &reading{meter: &meter{from: from, progress: o.Progress, line: 1}, zone: o.Zone, ordinal: make(map[[16]byte]uint32)}
	if r.zone == nil {
		r.zone = time.UTC
	}
	return r
}

// counted takes another row into account.
func (r *reading) counted() error {
	if r.rows++; r.rows > RowsMax {
		return fmt.Errorf("more than %d rows", RowsMax)
	}
	return nil
}

// rowsOf makes a sequence of what next returns: rows until io.EOF, or an error that ends
// the file.
func rowsOf(r *reading, format string, next func() (Row, error)) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for {
			row, err := next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				err = r.counted()
			}
			if err != nil {
				yield(Row{}, fmt.Errorf("read %s: %w", format, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// judge fills row with the rating that is stored.
func (row *Row) judge(s *rating.Stored) {
	if row.Code != "" {
		return
	}
	of, err := s.Rating()
	switch {
	case errors.Is(err, rating.ErrBadValue):
		row.refuse("bad_value", "want a vote from 1 to 5")
	case err != nil:
		row.refuse("bad_row", err.Error())
	default:
		row.Rating = of
	}
}

// refuse says why the row is none; the first reason stays.
func (row *Row) refuse(code, detail string) {
	if row.Code == "" {
		row.Code, row.Detail = code, detail
		row.Rating = rating.Rating{}
	}
}

// timed takes the time that the site stored, or refuses the row.
func (r *reading) timed(row *Row, said string) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700"} {
		if at, err := time.ParseInLocation(layout, said, r.zone); err == nil && at.Unix() > 0 {
			row.At = schema.InstantOf(at)
			return
		}
	}
	row.refuse("bad_time", "want a time as 2026-11-27T09:30:00")
}
