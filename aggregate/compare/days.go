package compare

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mlf/schema/presence"
)

// daysAtOnce is how many days of terminals are compared at a time: three readings of them
// are held.
const daysAtOnce = 7

// A stretch is some days of terminals, the last included.
type stretch struct{ first, last presence.UTCDay }

// days compares when terminals voted, where both know that from the log's beginning: what
// one knows from later on the other must not have.
func (c *comparison) days(ctx context.Context, r *Report) error {
	var first, last presence.UTCDay
	some := false
	for i, s := range []Side{c.cfg.A, c.cfg.B} {
		accounts, err := s.Store.Present(ctx)
		if err != nil {
			return fmt.Errorf("read of which records %s has days of terminals: %w", s.Name, err)
		}
		r.KnownSince[i] = presence.KnownSince(accounts)
		begin, end, has, err := s.Store.DaySpan(ctx)
		if err != nil {
			return fmt.Errorf("read span of days of terminals of %s: %w", s.Name, err)
		}
		if has && !some {
			first, last = begin, end
		} else if has {
			first, last = min(first, begin), max(last, end)
		}
		some = some || has
	}
	if !some || !r.KnowDays() {
		return nil
	}
	for from := int(first); from <= int(last); from += daysAtOnce {
		if err := c.week(ctx, r, stretch{presence.UTCDay(from), presence.UTCDay(min(from+daysAtOnce-1, int(last)))}); err != nil {
			return err
		}
	}
	return nil
}

// week compares some days by three readings, as open compares rows: days only grow. No account
// is needed: what a reading lacks of the one before must come within Wait.
func (c *comparison) week(ctx context.Context, r *Report, of stretch) error {
	var readings [after + 1][]presence.TerminalDay
	patience := c.cfg.Wait
	if r.Days.Different > 0 {
		patience = 0 // It will not come.
	}
	for reading, s := range []Side{c.cfg.A, c.cfg.B, c.cfg.A} {
		var floor []presence.TerminalDay
		if reading > before {
			floor = readings[reading-1]
		}
		var err error
		if readings[reading], err = c.daysOf(ctx, s, of, floor, patience); err != nil {
			return err
		}
	}
	r.days(&readings)
	return nil
}

// daysOf reads the days of s once they hold those of floor, or patience is over.
func (c *comparison) daysOf(ctx context.Context, s Side, of stretch, floor []presence.TerminalDay, patience time.Duration) (days []presence.TerminalDay, err error) {
	err = c.await(ctx, patience, func() (waiting string, err error) {
		days = days[:0]
		err = s.Store.Days(ctx, of.first, of.last, func(d presence.TerminalDay) { days = append(days, d) })
		if err != nil {
			return "", fmt.Errorf("read days of terminals of %s: %w", s.Name, err)
		}
		if hold(days, floor) {
			return "", nil
		}
		return s.Name + " lacks days of terminals", nil
	})
	return days, err
}

// hold tells whether all of floor is in days, both in their order.
func hold(days, floor []presence.TerminalDay) bool {
	for i := range floor {
		d := dayOf(days, &floor[i])
		if d == nil || !d.Holds(&floor[i]) {
			return false
		}
	}
	return true
}

// dayOf returns the day of days, which are in order, that is of the same terminal and day as
// of; nil where there is none.
func dayOf(days []presence.TerminalDay, of *presence.TerminalDay) *presence.TerminalDay {
	i, there := slices.BinarySearchFunc(days, of, func(d presence.TerminalDay, of *presence.TerminalDay) int { return d.Compare(of) })
	if !there {
		return nil
	}
	return &days[i]
}

// days adds what three readings of some days say.
func (r *Report) days(readings *[after + 1][]presence.TerminalDay) {
	a, b, again := readings[before], readings[between], readings[after]
	for i := range a {
		if theirs := dayOf(b, &a[i]); theirs == nil || !theirs.Holds(&a[i]) {
			r.day(differs, &a[i], theirs)
		}
	}
	for i := range b {
		earlier, later := dayOf(a, &b[i]), dayOf(again, &b[i])
		switch {
		case earlier != nil && !b[i].Holds(earlier): // It was told above.
		case later == nil || !later.Holds(&b[i]):
			r.day(differs, later, &b[i])
		case earlier == nil || *earlier != *later:
			r.day(isBounded, nil, nil)
		default:
			r.day(isEqual, nil, nil)
		}
	}
}

// day adds a day of a terminal of A and B; nil where one has none.
func (r *Report) day(s cellState, a, b *presence.TerminalDay) {
	r.Days.add(s)
	if s != differs {
		return
	}
	d := Difference{Open: true, Days: new([2]presence.TerminalDay)}
	for i, of := range []*presence.TerminalDay{a, b} {
		if of != nil {
			d.Days[i] = *of
		}
	}
	r.add(d)
}
