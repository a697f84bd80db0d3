package fleet

import (
	"slices"
	"time"

	"mlf/query/calendar"
	"mlf/schema"
)

// An Opening is from when to when an office is open, in minutes since 00:00 by Rome's
// clock, [From, Next).
type Opening struct{ From, Next int }

// holiday is where a Week keeps national holidays, after the days from Monday on.
const holiday = 7

// A Week is when an office is open: of each day from Monday on, and of a national holiday,
// whatever its weekday. Openings of a day are in order and do not meet. Its zero value is
// closed. A patron saint's day is none (query/calendar).
type Week [holiday + 1][]Opening

// UsualWeek returns that of an office that is open all day: Monday to Friday 8 to 18,
// Saturday 8 to 13. Who closes earlier has terminals that are silent later.
func UsualWeek() *Week {
	long, short := []Opening{{8 * 60, 18 * 60}}, []Opening{{8 * 60, 13 * 60}}
	return &Week{long, long, long, long, long, short}
}

// on returns when an office with this week is open on a day.
func (w *Week) on(d calendar.Day) []Opening {
	if d.Kind() == calendar.Holiday {
		return w[holiday]
	}
	return w[d.Weekday()-1]
}

// Hours are when offices are open. Of an office's own, its comune's and everybody's hours
// the narrowest hold, a single day's before a week's. Its zero value is UsualWeek of all.
type Hours struct {
	weeks map[whose]*Week
	days  map[whose]map[calendar.Day][]Opening
}

// whose are hours: of an office, of a comune where there is none, of all without both.
type whose struct {
	comune schema.ComuneID
	office schema.OfficeCode
}

// schedule returns when an office is open on a day that is asked for.
func (h *Hours) schedule(c schema.ComuneID, office schema.OfficeCode) func(calendar.Day) []Opening {
	week := UsualWeek()
	var days []map[calendar.Day][]Opening
	for _, of := range slices.Compact([]whose{{}, {comune: c}, {c, office}}) {
		if own := h.weeks[of]; own != nil {
			week = own
		}
		if own := h.days[of]; own != nil {
			days = append(days, own)
		}
	}
	return func(d calendar.Day) []Opening {
		for _, own := range slices.Backward(days) {
			if openings, ok := own[d]; ok {
				return openings
			}
		}
		return week.on(d)
	}
}

// daysMax is how far back is looked for open hours: offices that are closed for so long
// have no silent terminals.
const daysMax = 60

// Open returns how much of [from, next) the office of a terminal was open, most at most.
func (f *Fleet) Open(e *schema.Enrolment, from, next time.Time, most time.Duration) (sum time.Duration) {
	hours := f.Hours
	if hours == nil {
		hours = new(Hours)
	}
	open, zone := hours.schedule(e.Comune, e.Office), f.Zone
	from, next = from.In(zone), next.In(zone)
	if earliest := next.AddDate(0, 0, -daysMax); from.Before(earliest) {
		from = earliest
	}
	for day := midnight(from); day.Before(next) && sum < most; day = midnight(day.AddDate(0, 0, 1)) {
		year, month, d := day.Date()
		at := func(minutes int) time.Time { return time.Date(year, month, d, 0, minutes, 0, 0, zone) }
		for _, o := range open(calendar.DayOf(calendar.MonthOf(year, month), d)) {
			begins, ends := at(o.From), at(o.Next)
			if begins.Before(from) {
				begins = from
			}
			if next.Before(ends) {
				ends = next
			}
			sum += max(0, ends.Sub(begins))
		}
	}
	return min(sum, most)
}

// midnight returns the beginning of t's day.
func midnight(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, t.Location())
}
