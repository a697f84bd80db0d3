package calendar

import (
	"fmt"
	"time"

	"mlf/schema"
)

// A Day is a day of the calendar, in days since 1970-01-01. Rome's own days have
// 23 to 25 hours.
type Day int32

const (
	secondsPerDay  = 24 * 60 * 60
	secondsPerHour = 60 * 60
)

// DayOf returns the day d, 1 to 31, of month m.
func DayOf(m Month, d int) Day {
	return Day(time.Date(m.Year(), m.Of(), d, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// Time returns the beginning of d by a clock of UTC.
func (d Day) Time() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// String writes d as 2026-11-01.
func (d Day) String() string { return string(d.Append(nil)) }

// Append writes d as 2026-11-01.
func (d Day) Append(dst []byte) []byte { return d.Time().AppendFormat(dst, time.DateOnly) }

// Month returns the month of d.
func (d Day) Month() Month {
	year, month, _ := d.Time().Date()
	return MonthOf(year, month)
}

// Weekday returns ISO 8601's number of d in its week: 1 is Monday, 7 Sunday.
func (d Day) Weekday() int {
	const thursday = 3 // 1970-01-01 was one.
	return int((d+thursday)%7+7)%7 + 1
}

// Monday returns the first day of d's week.
func (d Day) Monday() Day { return d - Day(d.Weekday()-1) }

// AppendWeek writes d's ISO 8601 week as 2026-W44. Its year is that of its
// Thursday.
func (d Day) AppendWeek(dst []byte) []byte {
	year, week := d.Time().ISOWeek()
	return fmt.Appendf(dst, "%04d-W%02d", year, week)
}

// DayOf returns the day that h lies in.
func (c Clock) DayOf(h schema.Hour) Day {
	var day Day
	c.EachDay(h, h+1, func(s Stretch) { day = s.Day })
	return day
}

// Begin returns the first hour of d.
func (c Clock) Begin(d Day) schema.Hour {
	year, month, day := d.Time().Date()
	return schema.HourOf(time.Date(year, month, day, 0, 0, 0, 0, c.zone))
}

// A Stretch is hours of one day, one after the other by the clock too: First is
// the hour HourOfDay of Day.
type Stretch struct {
	Day         Day
	HourOfDay   int
	First, Next schema.Hour
}

// EachDay calls f with the days of hours [from, next), ascending. A day on which
// the clock is changed comes in two stretches. It costs some nanoseconds a day:
// the zone is looked at only where its clock is changed.
func (c Clock) EachDay(from, next schema.Hour, f func(Stretch)) {
	for from < next {
		t := from.Time().In(c.zone)
		_, offset := t.Zone()
		until := next
		if _, change := t.ZoneBounds(); !change.IsZero() {
			until = max(from+1, min(next, schema.HourOf(change)))
		}
		for from < until {
			local := int64(from)*secondsPerHour + int64(offset)
			s := Stretch{Day: Day(local / secondsPerDay), HourOfDay: int(local % secondsPerDay / secondsPerHour), First: from}
			s.Next = min(until, from+schema.Hour(24-s.HourOfDay))
			f(s)
			from = s.Next
		}
	}
}
