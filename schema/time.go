package schema

import "time"

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
