package schema

import (
	"fmt"
	"time"
)

// An Instant is a point in time, in milliseconds since 1970-01-01T00:00:00Z.
type Instant int64

// InstantOf returns the instant of t, cut to the millisecond.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time returns i in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// Hour returns the hour that i lies in.
func (i Instant) Hour() Hour {
	const hour = 3600 * 1000
	h := i / hour
	if i%hour < 0 {
		h-- // Division rounds towards zero, hours towards the past.
	}
	return Hour(max(0, h))
}

// An Hour is a whole hour of UTC, in hours since 1970-01-01T00:00:00Z. Rome's
// clock, with its repeated hour in October, exists at query time only.
type Hour uint32

// HourOf returns the hour that t lies in; hour 0 for any time before 1970.
func HourOf(t time.Time) Hour { return InstantOf(t).Hour() }

// Time returns the beginning of h in UTC.
func (h Hour) Time() time.Time { return time.Unix(int64(h)*3600, 0).UTC() }

// String returns the beginning of h as RFC 3339, "2026-11-01T08:00:00Z".
func (h Hour) String() string { return h.Time().Format(time.RFC3339) }

// A Day is a day of Rome's calendar, in days since 1970-01-01.
type Day int32

// DayMax is the last day that is told of served users, 2149-06-06; the first is day 0.
const DayMax Day = 1<<16 - 1

// DayOf returns the day that t's own clock shows; day 0 for any before 1970.
func DayOf(t time.Time) Day {
	year, month, day := t.Date()
	seconds := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()
	return min(Day(max(0, seconds/86400)), DayMax)
}

// ParseDay reads a day as 2026-11-25.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Unix() < 0 || t.Unix()/86400 > int64(DayMax) {
		return 0, fmt.Errorf("day %q: want one like 2026-11-25", text)
	}
	return Day(t.Unix() / 86400), nil
}

// String writes d as 2026-11-25.
func (d Day) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }
