package disclosure

import (
	"errors"
	"fmt"
	"slices"

	"mlf/schema"
)

// ErrCountsFell is the error of counts that are below what was already published
// of them. Counts never fall, so they are of another log, or not all of them have
// been read yet; nothing may be published from them.
var ErrCountsFell = errors.New("fewer votes are counted than were published")

// closedAfter is how many days after its end a month is closed: what is left of it
// is then published by coarser groups. Most of what comes late has come by then.
const closedAfter = 3

// A Cutting is what a release comes to.
type Cutting struct {
	Lots    []schema.Lot     // By their numbers.
	Taken   []schema.Taken   // What is in them.
	Waiting []schema.SpotDay // What is in none, yet.
}

// A cutter cuts one month. It is given whole provinces, each once, ascending; so a
// country need not be in memory at once.
type cutter struct {
	Cutting
	rules        *Rules
	month        month
	today        schema.Day
	closed       bool             // What is left climbs.
	closedBefore bool             // All that is not in lots came after that, or waits for company.
	base         uint32           // The number of the first of Lots.
	left         []schema.SpotDay // What the provinces were too small for.
}

func newCutter(r *Rules, m month, today, before schema.Day) *cutter {
	return &cutter{rules: r, month: m, today: today, closed: m.closed(today), closedBefore: m.closed(before)}
}

// add cuts the votes of some provinces. The slices are the cutter's to sort.
func (c *cutter) add(counted, taken []schema.SpotDay) error {
	counted = slices.DeleteFunc(counted, func(v schema.SpotDay) bool { return v.Day >= c.today })
	counted, taken = c.tidy(counted), c.tidy(taken)
	loose, err := subtract(counted, taken)
	if err != nil {
		return err
	}
	labels := c.rules.labels(counted)
	front := make(map[schema.LotLabel]schema.Day)
	for i := range taken {
		label := labels[taken[i].Spot]
		front[label] = max(front[label], taken[i].Day)
	}
	left := c.sweep(loose, labels, front)
	if !c.closed {
		c.Waiting = append(c.Waiting, left...)
		return nil
	}
	for _, level := range []schema.LotLevel{schema.LotService, schema.LotComune, schema.LotProvince} {
		left = c.pool(level, left)
	}
	c.left = append(c.left, left...)
	return nil
}

// finish cuts what no province was large enough for.
func (c *cutter) finish() {
	left := c.pool(schema.LotRegion, c.left)
	c.Waiting = append(c.Waiting, c.pool(schema.LotNation, left)...)
	c.left = nil
}

// tidy gives votes the codes that hold, sorts them and makes one of those of the
// same spot and day.
func (c *cutter) tidy(votes []schema.SpotDay) []schema.SpotDay {
	for i := range votes {
		votes[i].Comune = c.rules.Places.now(votes[i].Comune)
	}
	slices.SortFunc(votes, compareSpotDays)
	kept := votes[:0]
	for _, v := range votes {
		if last := len(kept) - 1; last >= 0 && kept[last].Spot == v.Spot && kept[last].Day == v.Day {
			addVotes(&kept[last], &v)
		} else {
			kept = append(kept, v)
		}
	}
	return kept
}

// A looseVote is votes of one spot and day with the group that they are cut in.
type looseVote struct {
	label schema.LotLabel
	late  bool // The group has been published beyond its day: it is cut apart from what is new.
	*schema.SpotDay
}

// sweep goes through the days of each group and closes a lot whenever there are
// enough votes for one. It returns what is left of each group.
func (c *cutter) sweep(loose []schema.SpotDay, labels map[schema.Spot]schema.LotLabel, front map[schema.LotLabel]schema.Day) []schema.SpotDay {
	votes := make([]looseVote, len(loose))
	for i := range loose {
		v := looseVote{label: labels[loose[i].Spot], SpotDay: &loose[i]}
		swept, known := front[v.label]
		v.late = c.closedBefore || known && v.Day <= swept
		votes[i] = v
	}
	slices.SortFunc(votes, compareLoose)
	var left []schema.SpotDay
	first := 0
	for i := range votes {
		v, last := &votes[i], i == len(votes)-1
		ends := last || votes[i+1].label != v.label || votes[i+1].late != v.late
		switch {
		case !ends && votes[i+1].Day == v.Day: // A day is never divided.
		case c.fits(votes[first : i+1]):
			c.close(v.label, votes[first].Day, v.Day, votes[first:i+1])
			first = i + 1
		case ends:
			for _, v := range votes[first : i+1] {
				left = append(left, *v.SpotDay)
			}
			first = i + 1
		}
	}
	return left
}

// pool makes a lot of each group of a level that has votes enough, labelled with
// the whole month, and returns the others.
func (c *cutter) pool(level schema.LotLevel, left []schema.SpotDay) []schema.SpotDay {
	votes := make([]looseVote, len(left))
	for i := range left {
		votes[i] = looseVote{label: c.rules.Places.label(level, left[i].Spot), SpotDay: &left[i]}
	}
	slices.SortFunc(votes, compareLoose)
	var still []schema.SpotDay
	for first, i := 0, 0; i < len(votes); i++ {
		if i+1 < len(votes) && votes[i+1].label == votes[i].label {
			continue
		}
		group := votes[first : i+1]
		first = i + 1
		if c.fits(group) {
			c.close(group[0].label, c.month.first, c.month.next-1, group)
			continue
		}
		for _, v := range group {
			still = append(still, *v.SpotDay)
		}
	}
	return still
}

// fits tells whether votes may be published together.
func (c *cutter) fits(votes []looseVote) bool {
	var sum [schema.ValueMax]uint64
	var n uint64
	for _, v := range votes {
		for k, m := range v.Values {
			sum[k] += m
			n += m
		}
	}
	if n < c.rules.k() {
		return false
	}
	return !c.rules.Hold || !slices.Contains(sum[:], n)
}

// close makes a lot of votes.
func (c *cutter) close(label schema.LotLabel, first, last schema.Day, votes []looseVote) {
	number := c.base + uint32(len(c.Lots))
	var sum schema.SpotDay
	for _, v := range votes {
		addVotes(&sum, v.SpotDay)
		c.Taken = append(c.Taken, schema.Taken{Lot: number, SpotDay: *v.SpotDay})
	}
	c.Lots = append(c.Lots, schema.Lot{
		LotLabel: label, Number: number, First: first, Last: last, Values: sum.Values, Reasons: sum.Reasons,
	})
}

// subtract returns the votes of counted that are not in taken; both sorted, each
// spot and day once.
func subtract(counted, taken []schema.SpotDay) ([]schema.SpotDay, error) {
	var loose []schema.SpotDay
	t := 0
	for i := range counted {
		v := counted[i]
		if t < len(taken) && compareSpotDays(taken[t], v) == 0 {
			if !takeVotes(&v, &taken[t]) {
				return nil, fmt.Errorf("cut day %d of %+v: %v are counted, %v were published: %w", v.Day, v.Spot, counted[i].Values, taken[t].Values, ErrCountsFell)
			}
			t++
		}
		if v.Values != [schema.ValueMax]uint64{} {
			loose = append(loose, v)
		}
	}
	if t < len(taken) {
		return nil, fmt.Errorf("cut day %d of %+v: none are counted, %v were published: %w", taken[t].Day, taken[t].Spot, taken[t].Values, ErrCountsFell)
	}
	return loose, nil
}
