package answer

import (
	"context"

	"mlf/query/calendar"
	"mlf/query/figures"
	"mlf/query/question"
	"mlf/schema"
)

// A pageDay is the votes of a day.
type pageDay struct {
	day    calendar.Day
	values [schema.ValueMax]uint64
	n      uint64
	status figures.Status
}

// recentHours are counted one by one: nearly always the last vote is of them.
const recentHours = 4 * 24

// countDays counts the time asked for by day, and finds the last vote.
func (c *counted) countDays(ctx context.Context, r Reading) error {
	f := c.ungrouped(c.Span)
	recent := max(c.From, min(c.Next, max(c.From, c.Now)+1)-recentHours)
	if r.Lots {
		recent = c.Next // They are of days.
	}
	days := c.begunDays()
	groupHours(f, func(h schema.Hour) question.Group {
		begun := int(h - c.From)
		switch {
		case h >= recent:
			return question.Group(len(c.days)) + question.Group(h-recent)
		case begun < len(days):
			return question.Group(days[begun])
		}
		return question.Out
	})
	counts, err := r.Count(ctx, f)
	if err != nil {
		return err
	}
	dayOf := func(g question.Group) (at int, hour schema.Hour) {
		late := int(g) - len(c.days)
		if late < 0 {
			return int(g), 0
		}
		hour = recent + schema.Hour(late)
		if begun := int(hour - c.From); begun < len(days) {
			return int(days[begun]), hour
		}
		return noDay, hour
	}
	for i := range counts.Rows {
		at, hour := dayOf(counts.Rows[i].Hour)
		c.lastVote = max(c.lastVote, hour)
		if at != noDay { // A clock of a terminal may be ahead.
			c.days[at].values = plus(c.days[at].values, counts.Rows[i].Values)
		}
	}
	for _, key := range counts.Partial {
		if at, _ := dayOf(key.Hour); at != noDay {
			c.days[at].status |= figures.Suppressed
		}
	}
	for i := range c.days {
		c.days[i].mark(c)
	}
	c.meta = metaOf(r, false, append(c.formulas(), figures.FormulaDifference, figures.FormulaStandard, figures.FormulaChange, figures.FormulaParticipation)...)
	c.meta.Ask(c.Question, r.Ledger, &counts.Excluded)
	c.meta.From, c.meta.To = c.From.String(), c.Next.String() // All of it, whatever is compared.
	if c.lastVote == 0 && !r.Lots {
		return c.findLastVote(ctx, r)
	}
	return nil
}

// noDay is the day of an hour that has not begun.
const noDay = -1

// begunDays makes the days that have begun, and returns of each of their hours which it is.
func (c *counted) begunDays() []int32 {
	end := min(c.Next, max(c.From, c.Now)+1)
	of := make([]int32, 0, end-c.From)
	c.days = make([]pageDay, 0, (end-c.From)/24+2)
	c.Clock().EachDay(c.From, end, func(s calendar.Stretch) {
		if n := len(c.days); n == 0 || c.days[n-1].day != s.Day {
			c.days = append(c.days, pageDay{day: s.Day})
		}
		c.days[len(c.days)-1].status = statusOf(calendar.Span{From: s.First, Next: s.Next}, c.Now)
		for h := s.First; h < s.Next; h++ {
			of = append(of, int32(len(c.days)-1))
		}
	})
	return of
}

// findLastVote looks for the last hour with a vote on the last day that has any.
func (c *counted) findLastVote(ctx context.Context, r Reading) error {
	last := len(c.days) - 1
	for ; last >= 0 && c.days[last].n == 0; last-- {
	}
	if last < 0 {
		return nil
	}
	clock := c.Clock()
	day := calendar.Span{From: max(c.From, clock.Begin(c.days[last].day)), Next: min(c.Next, clock.Begin(c.days[last].day+1))}
	f := c.ungrouped(day)
	groupHours(f, func(h schema.Hour) question.Group { return question.Group(h - day.From) })
	counts, err := r.Count(ctx, f)
	if err != nil {
		return err
	}
	for i := range counts.Rows {
		c.lastVote = max(c.lastVote, day.From+schema.Hour(counts.Rows[i].Hour))
	}
	return nil
}

// ungrouped returns the frame of the page over span, by nothing.
func (c *counted) ungrouped(span calendar.Span) *question.Frame {
	return c.By().Frame(span)
}

// groupHours gives the hours of f that pass their groups.
func groupHours(f *question.Frame, group func(schema.Hour) question.Group) {
	passes := f.Hours // By filters of time.
	f.Hours = make([]question.Group, f.Next-f.From)
	for i := range f.Hours {
		if f.Hours[i] = group(f.From + schema.Hour(i)); passes != nil && passes[i] == question.Out {
			f.Hours[i] = question.Out
		}
	}
}
