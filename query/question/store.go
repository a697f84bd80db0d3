package question

import (
	"context"
	"fmt"

	"mlf/query/calendar"
	"mlf/schema"
)

// A Source reads counts by the columns that a store has. See query.Store, which
// has this method among others.
type Source interface {
	Stats(ctx context.Context, q schema.StatsQuery) (schema.StatsAnswer, error)
}

// A StoreView answers Axes from a store. It reads by the columns of the cell and
// groups here, so that no store needs to know a dimension; it asks for no more
// than what can pass, and in time for no finer steps than the groups need.
//
// It is as of Totals, which were read before: what is counted meanwhile may be in
// the rows, but nothing that Totals account for is missing. Safe for concurrent
// use.
type StoreView struct {
	Source Source
	Totals []schema.LedgerTotals
	Codes  []schema.ComuneID // All that comuni have had, ascending.
	Clock  calendar.Clock
}

// rawMax is the most rows that are read from the store to be added up here, where
// its groups are finer than the question's.
const rawMax = 1_000_000

// Ledger returns Totals.
func (v *StoreView) Ledger() []schema.LedgerTotals { return v.Totals }

// Version returns how far the ledger has come, whatever the hours.
func (v *StoreView) Version(_, _ schema.Hour) string {
	var text []byte
	for i := range v.Totals {
		text = fmt.Appendf(text, "%d ", v.Totals[i].Next)
	}
	return string(text)
}

// Counts answers a; see View.
func (v *StoreView) Counts(ctx context.Context, a *Axes) (*Counts, error) {
	r := &reading{StoreView: v, axes: a, counts: new(Counts)}
	q := r.query()
	if r.nothing {
		return r.counts, nil
	}
	answer, err := v.Source.Stats(ctx, q)
	if err != nil {
		return nil, err
	}
	if err := r.take(&answer); err != nil {
		return nil, err
	}
	return r.counts, nil
}
