package mirror

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"mlf/schema"
)

// Held returns the headers of the releases that hold in one database, from the first on.
// An error where it has not got the rows of all.
func Held(ctx context.Context, c Copy) ([]schema.Release, error) {
	alone := Mirror{members: []Member{{Copy: c}}}
	headers, _, err := alone.Releases(ctx)
	return headers, err
}

// Equal tells whether two databases have the same of a release that both have: lots,
// what was taken for them, and the turnout, row by row.
func Equal(ctx context.Context, a, b Copy, r *schema.Release) (bool, error) {
	ours, err := sumOf(ctx, a, r)
	if err != nil {
		return false, err
	}
	theirs, err := sumOf(ctx, b, r)
	return ours == theirs, err
}

// sumOf returns a sum over what a database has of a release, whatever the order in which
// it lies there.
func sumOf(ctx context.Context, c Copy, r *schema.Release) (sum [sha256.Size]byte, err error) {
	notes, _, err := c.Notes(ctx)
	if err != nil {
		return sum, err
	}
	l := look{notes: notes}
	h := sha256.New()
	add := func(row any) error {
		_, err := fmt.Fprintf(h, "%+v\n", row)
		return err //nolint:wrapcheck // A hash has none.
	}
	for _, account := range r.Months {
		q := schema.LotQuery{Attempts: []schema.AttemptID{l.rows(r)}, First: account.First, Next: nextMonth(account.First)}
		if err := c.LotsInOrder(ctx, q, func(_ schema.AttemptID, lot *schema.Lot) error { return add(*lot) }); err != nil {
			return sum, err
		}
		if err := c.TakenInOrder(ctx, q, func(_ schema.AttemptID, taken *schema.Taken) error { return add(*taken) }); err != nil {
			return sum, err
		}
		var rows []string
		err := c.Turnout(ctx, q, func(_ schema.AttemptID, _ schema.Day, row *schema.Turnout) error {
			rows = append(rows, fmt.Sprintf("%+v", *row))
			return nil
		})
		if err != nil {
			return sum, err
		}
		slices.Sort(rows)
		if err := add(rows); err != nil {
			return sum, err
		}
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
