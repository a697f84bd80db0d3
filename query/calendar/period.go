package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mlf/schema"
)

// A Span is the hours [From, Next).
type Span struct{ From, Next schema.Hour }

// Holds tells whether h is one of the hours.
func (s Span) Holds(h schema.Hour) bool { return s.From <= h && h < s.Next }

// lastDaysMax is the most days of last-30-days: five years.
const lastDaysMax = 1827

// Period returns the whole of the period with that name at the time now: a year, a
// quarter, a month, a week or a day of the calendar, or one that moves with now.
// last-30-days are those that end with today, so they are running, as today is.
func (c Clock) Period(text string, now time.Time) (Span, error) {
	first, next, ok := c.period(text, now.In(c.zone))
	if !ok {
		return Span{}, fmt.Errorf("%q: want a year (2026), quarter (2026-Q4), month (2026-11), week (2026-W48) or day, today, yesterday, this-month, last-month (or week, quarter, year), or last-30-days", text)
	}
	if first.Unix() < 0 || next.Year() > YearMax+1 {
		return Span{}, fmt.Errorf("%q: want a time from 1970 to %d", text, YearMax)
	}
	return Span{schema.HourOf(first), schema.HourOf(next)}, nil
}

func (c Clock) period(text string, now time.Time) (first, next time.Time, ok bool) {
	word, rest, _ := strings.Cut(text, "-")
	if unit, named := unitOf(rest); named && (word == "this" || word == "last") {
		first, _ = floor(now, unit)
		if word == "last" {
			first, _ = move(first, -1, unit)
		}
		next, _ = move(first, 1, unit)
		return first, next, true
	}
	if days, isLast := strings.CutSuffix(text, "-days"); isLast {
		n, err := strconv.Atoi(strings.TrimPrefix(days, "last-"))
		if err != nil || n < 1 || n > lastDaysMax || "last-"+strconv.Itoa(n) != days {
			return first, next, false
		}
		today, _ := floor(now, 'd')
		return today.AddDate(0, 0, 1-n), today.AddDate(0, 0, 1), true
	}
	switch text {
	case "today":
		first, _ = floor(now, 'd')
		return first, first.AddDate(0, 0, 1), true
	case "yesterday":
		first, _ = floor(now, 'd')
		return first.AddDate(0, 0, -1), first, true
	}
	return c.named(text)
}

func unitOf(word string) (unit byte, ok bool) {
	switch word {
	case "week":
		return 'w', true
	case "month":
		return 'M', true
	case "quarter":
		return 'Q', true
	case "year":
		return 'y', true
	}
	return 0, false
}

// named returns a period that the calendar has a name for.
func (c Clock) named(text string) (first, next time.Time, ok bool) {
	for _, form := range []struct {
		layout string
		unit   byte
	}{{"2006", 'y'}, {"2006-01", 'M'}, {time.DateOnly, 'd'}} {
		if t, err := time.ParseInLocation(form.layout, text, c.zone); err == nil {
			next, _ = move(t, 1, form.unit)
			return t, next, true
		}
	}
	year, err := time.ParseInLocation("2006", text[:min(4, len(text))], c.zone)
	if err != nil || len(text) < len("2026-Q4") {
		return first, next, false
	}
	n, err := strconv.Atoi(text[6:])
	switch {
	case err != nil || n < 1 || text[6] == '+':
	case text[4:6] == "-Q" && n <= 4 && len(text) == len("2026-Q4"):
		first = year.AddDate(0, 3*(n-1), 0)
		return first, first.AddDate(0, 3, 0), true
	case text[4:6] == "-W" && len(text) == len("2026-W44"):
		first, _ = floor(year.AddDate(0, 0, 3), 'w') // 4 January is in the first week.
		first = first.AddDate(0, 0, 7*(n-1))
		_, week := first.ISOWeek()
		return first, first.AddDate(0, 0, 7), week == n
	}
	return first, next, false
}

// A Comparison is two spans that can be compared: hour by hour they are as long
// after their beginnings. Of a period that is running, Of is its part up to the
// last whole hour, and With the same part of the other: else every morning would
// be worse than the day before.
type Comparison struct{ Of, With Span }

// Compare returns what span is compared with at the time now, in these words:
// previous, the time of the same length before it, or as many calendar months;
// year, the same dates a year before; year-weekday, the same weekdays 52 weeks
// before; or FROM/TO, two moments.
func (c Clock) Compare(span Span, word string, now time.Time) (Comparison, error) {
	of := span
	if hour := schema.HourOf(now); span.Holds(hour) {
		of.Next = hour
	}
	from, next, end := c.local(span.From), c.local(span.Next), c.local(of.Next)
	var first, last time.Time // Of the other time, all of it up to its own end.
	switch word {
	case "previous":
		first, last = previous(from, next), from
		end = elapsed(first, from, end)
	case "year":
		first, last, end = addMonths(from, -12), addMonths(next, -12), addMonths(end, -12)
	case "year-weekday":
		const weeks = 52
		first, last, end = from.AddDate(0, 0, -7*weeks), next.AddDate(0, 0, -7*weeks), end.AddDate(0, 0, -7*weeks)
	default:
		other, err := c.fromTo(word, now)
		if err != nil {
			return Comparison{}, err
		}
		first, last = c.local(other.From), c.local(other.Next)
		end = elapsed(first, from, end)
	}
	if of == span || last.Before(end) {
		end = last
	}
	if first.Unix() < 0 {
		return Comparison{}, errors.New("want a time from 1970 on; there is none that long ago")
	}
	return Comparison{of, Span{schema.HourOf(first), schema.HourOf(end)}}, nil
}

func (c Clock) local(h schema.Hour) time.Time { return h.Time().In(c.zone) }

// elapsed returns the time as long after first as end is after from, by the
// calendar: as many days, and the same time of the day.
func elapsed(first, from, end time.Time) time.Time {
	days := int(dayOf(end) - dayOf(from))
	year, month, day := first.Date()
	return time.Date(year, month, day+days, end.Hour()-from.Hour()+first.Hour(), 0, 0, 0, end.Location())
}

func dayOf(t time.Time) Day {
	year, month, day := t.Date()
	return DayOf(MonthOf(year, month), day)
}

// previous returns the beginning of the time before [from, next): as many months
// where it is whole months, as many days where it is whole days, else as long.
func previous(from, next time.Time) time.Time {
	if from.Hour() != 0 || next.Hour() != 0 {
		return from.Add(-next.Sub(from))
	}
	if from.Day() == 1 && next.Day() == 1 {
		months := (next.Year()-from.Year())*12 + int(next.Month()-from.Month())
		return from.AddDate(0, -months, 0)
	}
	return from.AddDate(0, 0, -int(dayOf(next)-dayOf(from)))
}

// fromTo reads two moments with '/' between.
func (c Clock) fromTo(text string, now time.Time) (Span, error) {
	from, to, ok := strings.Cut(text, "/")
	if !ok || strings.Contains(to, "/") || strings.HasPrefix(text, "now") {
		return Span{}, fmt.Errorf("%q: want previous, year, year-weekday or two dates (2025-11-01/2025-12-01)", text)
	}
	first, err := c.Moment(from, now, First)
	if err != nil {
		return Span{}, fmt.Errorf("%q: %w", from, err)
	}
	next, err := c.Moment(to, now, Next)
	if err != nil {
		return Span{}, fmt.Errorf("%q: %w", to, err)
	}
	if next.Hour <= first.Hour {
		return Span{}, fmt.Errorf("%q: want the end after the beginning; it is exclusive", text)
	}
	return Span{first.Hour, next.Hour}, nil
}
