package query

import (
	"fmt"
	"time"
)

// secondsOfDay is the length of a day of the calendar; Rome's own days have 23
// to 25 hours.
const secondsOfDay = 24 * 60 * 60

// appendDay writes day, in days since 1970-01-01, as 2026-11-01.
func appendDay(dst []byte, day int32) []byte {
	return dayTime(day).AppendFormat(dst, time.DateOnly)
}

// appendMonth writes the month that begins at day as 2026-11.
func appendMonth(dst []byte, day int32) []byte {
	return dayTime(day).AppendFormat(dst, "2006-01")
}

// appendWeek writes the ISO 8601 week of day as 2026-W44. Its year is that of
// its Thursday.
func appendWeek(dst []byte, day int32) []byte {
	year, week := dayTime(day).ISOWeek()
	return fmt.Appendf(dst, "%04d-W%02d", year, week)
}

func dayTime(day int32) time.Time { return time.Unix(int64(day)*secondsOfDay, 0).UTC() }
