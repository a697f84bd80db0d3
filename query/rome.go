package query

import (
	"errors"
	"fmt"
	"time"

	"mlf/schema"
)

// secondsOfDay is the length of a day of the calendar; Rome's own days have 23
// to 25 hours.
const secondsOfDay = 24 * 60 * 60

// yearMax ends the calendar: what lies behind is a slip of the pen, and the
// store's hours end in 2106.
const yearMax = 2100

// parseMoment reads a date, which begins at 00:00 in Rome, or an RFC 3339
// instant on a whole hour.
func parseMoment(text string, rome *time.Location) (schema.Hour, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, rome)
	if err != nil {
		// In a query string '+' stands for a space, and is often forgotten.
		if zone := len(text) - len("+01:00"); zone > 0 && text[zone] == ' ' {
			text = text[:zone] + "+" + text[zone+1:]
		}
		t, err = time.Parse(time.RFC3339, text)
	}
	switch {
	case err != nil:
		return 0, errors.New("want a date (2026-11-01) or an RFC 3339 instant on a whole hour (2026-11-01T08:00:00Z)")
	case t.Unix()%3600 != 0 || t.Nanosecond() != 0:
		return 0, errors.New("want an instant on a whole hour: votes are counted by the hour")
	case t.Unix() < 0 || t.Year() >= yearMax:
		return 0, fmt.Errorf("want a time from 1970 to %d", yearMax-1)
	}
	return schema.HourOf(t), nil
}

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
