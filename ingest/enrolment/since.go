package enrolment

import (
	"fmt"
	"time"
)

// aheadMax is how far ahead a terminal's first day may begin: one may be set up on
// the evening before it opens.
const aheadMax = 24 * time.Hour

// Since returns when the day that text names begins by Rome's clock, from when on
// a terminal's votes count in their own hour; now for an empty text. A day that
// begins more than a day after now is refused.
func Since(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now.UTC().Truncate(time.Second), nil
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return time.Time{}, err
	}
	day, err := time.ParseInLocation(time.DateOnly, text, rome)
	if err != nil {
		return time.Time{}, fmt.Errorf("--since %q: want a date like 2026-11-01", text)
	}
	if day.After(now.Add(aheadMax)) {
		return time.Time{}, fmt.Errorf("--since %s: every vote until then would count as late; want tomorrow at the latest", text)
	}
	return day, nil
}
