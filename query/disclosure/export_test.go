package disclosure

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/served"
)

// Publish makes one release.
func Publish(ctx context.Context, rules *Rules, ledger Ledger, view question.View, today schema.Day) (*schema.Release, error) {
	return PublishServed(ctx, rules, ledger, ViewOf{view, nil}, today)
}

// A ViewOf is what is counted, and who was served.
type ViewOf struct {
	question.View
	*served.Book
}

// PublishServed makes one release.
func PublishServed(ctx context.Context, rules *Rules, ledger Ledger, of ViewOf, today schema.Day) (*schema.Release, error) {
	return (&night{rules: rules, ledger: ledger, view: of.View, served: of.Book, today: today}).publish(ctx)
}

// Turnout sets lots of the month of a day against users served.
func Turnout(places *Places, d schema.Day, users map[served.Key]served.Sum, lots []schema.Lot) []schema.Turnout {
	q := newQueues(places, monthOf(d), users)
	for i := range lots {
		q.add(&lots[i])
	}
	return q.turnout()
}

// ErrUnderWay is what Publish says after another.
var ErrUnderWay = errUnderWay

// Cut cuts the votes that are counted and not yet in lots. counted are all votes of
// class ok, taken those in the lots of the releases before; both in any order and
// any number of parts. Votes of the day today and later are left alone. before is
// the today of the release before, 0 for none.
//
// The result is a function of these sets: the same votes make the same lots with
// the same numbers: what a release does, month by month, from votes at hand.
func Cut(r *Rules, today, before schema.Day, counted, taken []schema.SpotDay) (Cutting, error) {
	if err := r.Validate(); err != nil {
		return Cutting{}, err
	}
	parts := make(map[part]*[2][]schema.SpotDay)
	for i, votes := range [][]schema.SpotDay{counted, taken} {
		for _, v := range votes {
			key := part{monthOf(v.Day), r.Places.now(v.Comune).Province()}
			if parts[key] == nil {
				parts[key] = new([2][]schema.SpotDay)
			}
			parts[key][i] = append(parts[key][i], v)
		}
	}
	var all Cutting
	var c *cutter
	next := func(m month) {
		if c != nil {
			c.finish()
			all = c.Cutting
		}
		c = newCutter(r, m, today, before)
		c.Cutting = all
	}
	for _, key := range slices.SortedFunc(maps.Keys(parts), comparePart) {
		if c == nil || c.month != key.month {
			next(key.month)
		}
		if err := c.add(parts[key][0], parts[key][1]); err != nil {
			return Cutting{}, err
		}
	}
	next(month{})
	return all, nil
}

// A part is what is cut at once.
type part struct {
	month    month
	province schema.ProvinceID
}

func comparePart(a, b part) int {
	return cmp.Or(cmp.Compare(a.month.first, b.month.first), cmp.Compare(a.province, b.province))
}

// WithVintage returns l and the lots of release number besides, of whose months there
// were so many vintages before.
func (l *Lots) WithVintage(vintages int, number uint32, lots []schema.Lot) *Lots {
	return l.with([]batch{{vintages, number, lots}})
}
