package store

import (
	"context"
	"fmt"
	"time"

	"mlf/schema"
)

// WriteRelease appends the header of a release for this database alone, once all its
// rows are written. Its Written is the server's clock. After an error it may be there.
func (s *Store) WriteRelease(ctx context.Context, r schema.Release) error {
	r.Written = time.Time{}
	return s.WriteNote(ctx, schema.ReleaseNote{Release: r, Rows: r.Attempt, Alone: true})
}

// WriteNote appends a note. Its Noted is the server's clock, and so is a Written that
// is zero. After an error it may be there.
func (s *Store) WriteNote(ctx context.Context, n schema.ReleaseNote) error {
	var months []int32
	var counted, waiting []uint64
	for _, m := range n.Months {
		months, counted, waiting = append(months, int32(m.First)), append(counted, m.Counted), append(waiting, m.Waiting)
	}
	var frozen []int32
	var rows []uint64
	for _, t := range n.Turnouts {
		frozen, rows = append(frozen, int32(t.First)), append(rows, t.Rows)
	}
	made := time.Unix(0, 0).UTC()
	if !n.Written.IsZero() {
		made = n.Written
	}
	return s.insert(ctx, "public_release", 1, []any{
		[]uint32{n.Number},
		[]uint64{uint64(n.Attempt)},
		[]uint64{uint64(n.Previous)},
		[]int32{int32(n.Today)},
		[]uint32{n.K},
		[]bool{n.Hold},
		[]uint64{n.Lots},
		[]uint64{n.Taken},
		[][]int32{months},
		[][]uint64{counted},
		[][]uint64{waiting},
		[][]int32{frozen},
		[][]uint64{rows},
		[]uint64{uint64(n.Rows)},
		[]bool{n.Alone},
		[]time.Time{made},
	})
}

// Releases returns the headers of the releases that were written to this database
// first, by number and time of writing, and the server's clock after the last of them;
// zero without any.
func (s *Store) Releases(ctx context.Context) (headers []schema.Release, now time.Time, err error) {
	notes, now, err := s.Notes(ctx)
	for _, n := range notes {
		if n.Rows == n.Attempt {
			headers = append(headers, n.Release)
		}
	}
	return headers, now, err
}

// Notes returns every note by number and time of writing, and the server's clock after
// the last of them; zero without any.
func (s *Store) Notes(ctx context.Context) (notes []schema.ReleaseNote, now time.Time, err error) {
	err = s.readBy(ctx, s.published(), "public_releases", nil, func(scan scanFunc) error {
		var r schema.ReleaseNote
		var attempt, previous, under uint64
		var today int32
		var months, frozen []int32
		var counted, waiting, rows []uint64
		err := scan(&r.Number, &attempt, &previous, &today, &r.K, &r.Hold, &r.Lots, &r.Taken, &months, &counted, &waiting,
			&frozen, &rows, &under, &r.Alone, &r.Written, &r.Noted, &now)
		if err != nil {
			return err
		}
		if len(counted) != len(months) || len(waiting) != len(months) || len(frozen) != len(rows) {
			return fmt.Errorf("release %d: %d months, %d and %d numbers, turnout of %d, %d numbers: want as many", r.Number, len(months), len(counted), len(waiting), len(frozen), len(rows))
		}
		r.Attempt, r.Previous, r.Today, r.Rows = schema.AttemptID(attempt), schema.AttemptID(previous), schema.Day(today), schema.AttemptID(under)
		r.Written, r.Noted = r.Written.UTC(), r.Noted.UTC()
		if r.Written.Unix() == 0 {
			r.Written = r.Noted
		}
		for i := range months {
			r.Months = append(r.Months, schema.ReleaseMonth{First: schema.Day(months[i]), Counted: counted[i], Waiting: waiting[i]})
		}
		for i := range frozen {
			r.Turnouts = append(r.Turnouts, schema.ReleaseTurnouts{First: schema.Day(frozen[i]), Rows: rows[i]})
		}
		notes = append(notes, r)
		return nil
	})
	return notes, now.UTC(), err
}
