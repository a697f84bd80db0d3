package fleet

import (
	"fmt"
	"time"

	"mlf/query/calendar"
)

// Opening is from when to when a day's offices are open, in minutes since 00:00 by Rome's
// clock, [From, Next). The zero value: they are closed.
type Opening struct{ From, Next int }

// Hours are when offices are open, by the kind of a day. A holiday is whatever its weekday
// would be; a patron saint's day is none (query/calendar).
type Hours map[calendar.DayKind]Opening

// DefaultHours returns those of an office that is open all day: Monday to Friday 8 to 18,
// Saturday 8 to 13. Who closes earlier has terminals that are silent later.
func DefaultHours() Hours {
	return Hours{calendar.Working: {8 * 60, 18 * 60}, calendar.Saturday: {8 * 60, 13 * 60}}
}

// Validate refuses hours that no day has.
func (h Hours) Validate() error {
	for kind, o := range h {
		if kind.String() == "" || o.From < 0 || o.From > o.Next || o.Next > 24*60 {
			return fmt.Errorf("opening hours of day %q, minutes %d to %d: want 0 to 1440, the first first", kind, o.From, o.Next)
		}
	}
	return nil
}

// daysMax is how far back is looked for open hours: offices that are closed for so long
// have no silent terminals.
const daysMax = 60

// Passed returns how much of [from, next) offices were open, most at most. zone is Rome's.
func (h Hours) Passed(zone *time.Location, from, next time.Time, most time.Duration) (open time.Duration) {
	from, next = from.In(zone), next.In(zone)
	if earliest := next.AddDate(0, 0, -daysMax); from.Before(earliest) {
		from = earliest
	}
	for day := midnight(from); day.Before(next) && open < most; day = midnight(day.AddDate(0, 0, 1)) {
		year, month, d := day.Date()
		o := h[calendar.DayOf(calendar.MonthOf(year, month), d).Kind()]
		at := func(minutes int) time.Time { return time.Date(year, month, d, 0, minutes, 0, 0, zone) }
		begins, ends := later(at(o.From), from), at(o.Next)
		if next.Before(ends) {
			ends = next
		}
		open += max(0, ends.Sub(begins))
	}
	return min(open, most)
}

// midnight returns the beginning of t's day.
func midnight(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, t.Location())
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
