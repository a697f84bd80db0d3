package registry

import (
	"fmt"
	"time"
)

// A Date is a calendar day, in days since 1970-01-01. The zero Date stands for
// no bound.
type Date int32

// The years of a Date. No vote is older than the programme, which began in 2009.
const (
	dateYearMin = 2000
	dateYearMax = 2199
)

// DateOf returns the day of t by the clock of t's location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDate reads a day as 2026-02-21.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < dateYearMin || t.Year() > dateYearMax {
		return 0, fmt.Errorf("date %q: want a day as 2026-02-21, years %d to %d", text, dateYearMin, dateYearMax)
	}
	return DateOf(t), nil
}

// MarshalText writes the day as 2026-02-21, the zero Date as nothing.
func (d Date) MarshalText() ([]byte, error) {
	if d == 0 {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d = 0
	if len(text) > 0 {
		*d, err = ParseDate(string(text))
	}
	return err
}

// String returns the day as 2026-02-21.
func (d Date) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }
