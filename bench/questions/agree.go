package questions

import (
	"context"
	"errors"
	"fmt"

	"mlf/query/question"
	"mlf/schema"
)

// ErrDiffers is the error of two who do not answer a question alike.
var ErrDiffers = errors.New("two answers to one question differ")

// Agree asks two views the same and compares the answers: every row with its values,
// every reason, and what was left out by class. It returns how many rows and reasons were
// compared; the error of answers that are not the same is ErrDiffers. What goes over
// the limits of other is asked of it in pieces of time.
func Agree(ctx context.Context, a *Asking, one, other question.View) (compared int, err error) {
	counts, err := one.Counts(ctx, a.Axes)
	if err != nil {
		return 0, err
	}
	want, got := newSums(), newSums()
	want.add(counts)
	if err := got.ask(ctx, other, *a.Axes, piecesMost); err != nil {
		return 0, err
	}
	return len(want.rows) + len(want.reasons), want.equal(got)
}

// sums are counts by what they are the counts of.
type sums struct {
	rows     map[question.Key][schema.ValueMax]uint64
	reasons  map[reasonOf]uint64
	excluded [schema.ClassMax + 1]uint64
}

type reasonOf struct {
	question.Key
	reason schema.ReasonKey
}

func newSums() *sums {
	return &sums{rows: make(map[question.Key][schema.ValueMax]uint64), reasons: make(map[reasonOf]uint64)}
}

// ask adds what view says of a, as a whole or in pieces.
func (s *sums) ask(ctx context.Context, view question.View, a question.Axes, most int) error {
	a.Wide = true
	counts, err := view.Counts(ctx, &a)
	if err == nil {
		s.add(counts)
		return nil
	}
	if most <= 1 || a.Next-a.From < 2 || !errors.Is(err, schema.ErrTooDear) && !errors.Is(err, schema.ErrTooManyRows) {
		return err
	}
	early, late := a, a
	early.Next = a.From + (a.Next-a.From)/2
	late.From = early.Next
	if a.Hours != nil {
		early.Hours, late.Hours = a.Hours[:early.Next-a.From], a.Hours[early.Next-a.From:]
	}
	if err := s.ask(ctx, view, early, most/2); err != nil {
		return err
	}
	return s.ask(ctx, view, late, most/2)
}

// add adds counts; a key without any votes is none.
func (s *sums) add(counts *question.Counts) {
	for i := range counts.Rows {
		row := &counts.Rows[i]
		if row.Values == [schema.ValueMax]uint64{} {
			continue
		}
		values := s.rows[row.Key]
		for v, n := range row.Values {
			values[v] += n
		}
		s.rows[row.Key] = values
	}
	for _, r := range counts.Reasons {
		s.reasons[reasonOf{r.Key, r.Reason}] += r.N
	}
	for class, n := range counts.Excluded {
		s.excluded[class] += n
	}
}

// equal says in its error what is not the same, of as much as one can read.
func (s *sums) equal(other *sums) error {
	if len(s.rows) != len(other.rows) || len(s.reasons) != len(other.reasons) {
		return fmt.Errorf("%w: %d rows and %d reasons, %d and %d", ErrDiffers, len(s.rows), len(s.reasons), len(other.rows), len(other.reasons))
	}
	for key, values := range s.rows {
		if other.rows[key] != values {
			return fmt.Errorf("%w: row %+v: %v, %v", ErrDiffers, key, values, other.rows[key])
		}
	}
	for of, n := range s.reasons {
		if other.reasons[of] != n {
			return fmt.Errorf("%w: reason %+v: %d, %d", ErrDiffers, of, n, other.reasons[of])
		}
	}
	if s.excluded != other.excluded {
		return fmt.Errorf("%w: left out by class %v, %v", ErrDiffers, s.excluded, other.excluded)
	}
	return nil
}
