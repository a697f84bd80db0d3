package calendar

import (
	"fmt"
	"time"

	"mlf/schema"
)

// A Month is a month of the calendar: year*12 + month - 1. Comparable and dense.
type Month int32

// MonthOf returns the month of year and m, 1 to 12.
func MonthOf(year int, m time.Month) Month { return Month(year*12 + int(m) - 1) }

// Year returns the year of m.
func (m Month) Year() int { return int(m) / 12 }

// Of returns m's month of the year.
func (m Month) Of() time.Month { return time.Month(m%12) + 1 }

// String writes m as 2026-11.
func (m Month) String() string { return string(m.Append(nil)) }

// A Clock is the civil time of one zone. Safe for concurrent use.
type Clock struct {
	zone *time.Location
}

// Rome returns the clock of Europe/Rome. The program must carry the time zone, or
// the machine must have it.
func Rome() (Clock, error) {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return Clock{}, fmt.Errorf("load Rome's clock: %w", err)
	}
	return Clock{zone}, nil
}

// Zone returns the zone of c.
func (c Clock) Zone() *time.Location { return c.zone }

// MonthOf returns the month that h lies in.
func (c Clock) MonthOf(h schema.Hour) Month {
	t := h.Time().In(c.zone)
	return MonthOf(t.Year(), t.Month())
}

// Hours returns the hours of m, half-open: 671 to 745 of them.
func (c Clock) Hours(m Month) (first, next schema.Hour) {
	at := func(m Month) schema.Hour {
		return schema.HourOf(time.Date(m.Year(), m.Of(), 1, 0, 0, 0, 0, c.zone))
	}
	return at(m), at(m + 1)
}

// Append writes m as 2026-11.
func (m Month) Append(dst []byte) []byte { return fmt.Appendf(dst, "%04d-%02d", m.Year(), int(m.Of())) }
