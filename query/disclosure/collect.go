package disclosure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
)

// spotDaysMax is the most spots and days of one province and month: five times
// what Lazio, were it one province, has in a month of a million votes.
const spotDaysMax = 4_000_000

// firstYear is before the first vote: those of earlier days, which a clock that
// had lost its battery gave, are not published.
const firstYear = 2000

// A collector reads what is counted, as the finest that is looked at. Axes are
// asked for by their values, numbered as the view comes upon them.
type collector struct {
	view question.View
	lots *Lots // For Rome's clock.
}

// months returns the votes of class ok of every month that has any, of days before
// today.
func (c *collector) months(ctx context.Context, today schema.Day) (map[month]uint64, error) {
	first := schema.Day(calendar.DayOf(calendar.MonthOf(firstYear, time.January), 1))
	a := question.Axes{From: c.lots.begin(first), Next: c.lots.begin(today), Class: onlyOK, Wide: true}
	var months []month
	for m := monthOf(first); m.first < today; m = monthOf(m.next) {
		_, next := c.lots.hours(m)
		for h := a.From + schema.Hour(len(a.Hours)); h < min(next, a.Next); h++ {
			a.Hours = append(a.Hours, question.Group(len(months)))
		}
		months = append(months, m)
	}
	a.RowsMax = len(months)
	counts, err := c.view.Counts(ctx, &a)
	if err != nil {
		return nil, fmt.Errorf("count months: %w", err)
	}
	counted := make(map[month]uint64)
	for i := range counts.Rows {
		for _, n := range counts.Rows[i].Values {
			counted[months[counts.Rows[i].Hour]] += n
		}
	}
	return counted, nil
}

func onlyOK(c schema.Class) question.Group {
	if c == schema.ClassOK {
		return 0
	}
	return question.Out
}

// A territory is some comuni by all of their codes; or, with except, all others.
type territory struct {
	codes  []schema.ComuneID // Ascending.
	except bool
}

// votes returns the votes of a territory in the days of m before today.
func (c *collector) votes(ctx context.Context, m month, today schema.Day, in territory) ([]schema.SpotDay, error) {
	a := question.Axes{
		From: c.lots.begin(m.first), Next: c.lots.begin(min(m.next, today)), Class: onlyOK, Reasons: true, RowsMax: spotDaysMax, Wide: true,
	}
	for d := m.first; d < min(m.next, today); d++ {
		for h := c.lots.begin(d); h < c.lots.begin(d+1); h++ {
			a.Hours = append(a.Hours, question.Group(d-m.first))
		}
	}
	if !in.except {
		a.Comuni = in.codes
	}
	var comuni names[schema.ComuneID]
	var offices names[schema.OfficeCode]
	var services names[schema.ServiceID]
	var channels names[schema.Channel]
	var scales names[schema.Scale]
	a.Comune = func(id schema.ComuneID) question.Group {
		if _, found := slices.BinarySearch(in.codes, id); found == in.except {
			return question.Out
		}
		return comuni.group(id)
	}
	a.Office, a.Service, a.Channel, a.Scale = offices.group, services.group, channels.group, scales.group
	counts, err := c.view.Counts(ctx, &a)
	if err != nil {
		return nil, fmt.Errorf("count spots: %w", err)
	}
	votes := make([]schema.SpotDay, len(counts.Rows))
	index := make(map[question.Key]int, len(counts.Rows))
	for i := range counts.Rows {
		row := &counts.Rows[i]
		votes[i] = schema.SpotDay{Spot: schema.Spot{
			Comune: comuni.list[row.Comune], Office: offices.list[row.Office], Service: services.list[row.Service],
			Channel: channels.list[row.Channel], Scale: scales.list[row.Scale],
		}, Day: m.first + schema.Day(row.Hour), Values: row.Values}
		index[row.Key] = i
	}
	return votes, withReasonsOf(votes, index, counts.Reasons)
}

// withReasonsOf gives votes their reasons.
func withReasonsOf(votes []schema.SpotDay, index map[question.Key]int, reasons []question.ReasonCount) error {
	for i := range reasons {
		r := &reasons[i]
		at, ok := index[r.Key]
		if !ok {
			return fmt.Errorf("BUG: %d reasons of no votes: %+v", r.N, r.Key)
		}
		votes[at].Reasons = append(votes[at].Reasons, schema.ReasonNumber{Key: r.Reason, N: r.N})
	}
	for i := range votes {
		slices.SortFunc(votes[i].Reasons, func(a, b schema.ReasonNumber) int { return int(a.Key) - int(b.Key) })
	}
	return nil
}

// names number what they are asked about, in the order of asking.
type names[T comparable] struct {
	groups map[T]question.Group
	list   []T
}

func (n *names[T]) group(of T) question.Group {
	g, ok := n.groups[of]
	if !ok {
		if n.groups == nil {
			n.groups = make(map[T]question.Group)
		}
		g = question.Group(len(n.list))
		n.groups[of], n.list = g, append(n.list, of)
	}
	return g
}
