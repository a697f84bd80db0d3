package wire

import (
	"bytes"

	"mlf/schema"
)

// parseTime reads an instant as languages write it, cut to the millisecond: RFC 3339
// in either case ("2026-11-22T08:59:17.250+01:00"), years 0 to 9999, and what is as
// plain: a blank for the T, no seconds, a fraction of any length after a point or a
// comma, the zones of parseZone, white space around all of it. A time without a zone
// is nobody's: it is refused. A leap second is read as the last millisecond before
// it ends, so that a vote stays in the hour, and the year, in which it was cast.
func parseTime(text []byte) (schema.Instant, bool) {
	const dateTime = len("2006-01-02T15:04")
	text = trimmed(text)
	if len(text) <= dateTime {
		return 0, false
	}
	if text[4] != '-' || text[7] != '-' || lower(text[10]) != 't' && text[10] != ' ' || text[13] != ':' {
		return 0, false
	}
	century, ok1 := twoDigits(text[0:], 99)
	ofCentury, ok2 := twoDigits(text[2:], 99)
	month, ok3 := twoDigits(text[5:], 12)
	day, ok4 := twoDigits(text[8:], 31)
	hour, ok5 := twoDigits(text[11:], 23)
	minute, ok6 := twoDigits(text[14:], 59)
	allRead := ok1 && ok2 && ok3 && ok4 && ok5 && ok6
	year := century*100 + ofCentury
	if !allRead || month == 0 || day == 0 || day > daysIn(year, month) {
		return 0, false
	}
	millis, rest, ok := parseSecond(text[dateTime:])
	if !ok {
		return 0, false
	}
	offset, ok := parseZone(rest)
	if !ok {
		return 0, false
	}
	seconds := daysSince1970(year, month, day)*86400 + hour*3600 + minute*60 - offset
	return schema.Instant(seconds*1000 + millis), true
}

// lower returns an ASCII letter in lower case, and says of no other character that
// it is one.
func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// twoDigits reads the number of two digits, at most limit, that text begins with.
func twoDigits(text []byte, limit int64) (int64, bool) {
	if !isDigit(text[0]) || !isDigit(text[1]) {
		return 0, false
	}
	n := int64(text[0]-'0')*10 + int64(text[1]-'0')
	return n, n <= limit
}

// parseSecond reads the second of a minute, with its fraction, that text begins
// with, if any.
func parseSecond(text []byte) (millis int64, rest []byte, ok bool) {
	const leap, second = 60, len(":05")
	if text[0] != ':' {
		return 0, text, true
	}
	if len(text) < second {
		return 0, nil, false
	}
	seconds, ok := twoDigits(text[1:], leap)
	if !ok {
		return 0, nil, false
	}
	millis, rest, ok = parseFraction(text[second:])
	return min(seconds*1000+millis, leap*1000-1), rest, ok
}

// parseFraction reads the fraction of a second that text begins with, if any.
func parseFraction(text []byte) (millis int64, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '.' && text[0] != ',' {
		return 0, text, true
	}
	n := 1
	for unit := int64(100); n < len(text) && isDigit(text[n]); n++ {
		millis += int64(text[n]-'0') * unit
		unit /= 10
	}
	return millis, text[n:], n > 1
}

// parseZone reads what says which zone a time is in: "Z", "UTC" or an offset from
// it, returned in seconds. A blank before it is as Ruby and PHP write, a name in
// brackets behind it, as Java and JavaScript do (RFC 9557), adds nothing.
func parseZone(text []byte) (offset int64, ok bool) {
	if len(text) == 1 {
		return 0, lower(text[0]) == 'z'
	}
	text = withoutName(bytes.TrimPrefix(text, []byte(" ")))
	if sameWord("z", text) || sameWord("utc", text) {
		return 0, true
	}
	if behind, ok := bytes.CutPrefix(text, []byte("\u2212")); ok { // The minus sign of ISO 8601.
		offset, ok = parseOffset(behind)
		return -offset, ok
	}
	if len(text) == 0 || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	offset, ok = parseOffset(text[1:])
	if text[0] == '-' {
		offset = -offset
	}
	return offset, ok
}

// withoutName returns text without the "[Europe/Rome]" that it ends with, if it does.
func withoutName(text []byte) []byte {
	if open := bytes.IndexByte(text, '['); open >= 0 && text[len(text)-1] == ']' {
		return text[:open]
	}
	return text
}

// parseOffset reads "01:00", "0100" or "01", in seconds.
func parseOffset(text []byte) (offset int64, ok bool) {
	minutesAt := len("01")
	switch {
	case len(text) == len("01:00") && text[minutesAt] == ':':
		minutesAt++
	case len(text) == len("0100"):
	case len(text) == len("01"):
		hours, ok := twoDigits(text, 23)
		return hours * 3600, ok
	default:
		return 0, false
	}
	hours, ok1 := twoDigits(text, 23)
	minutes, ok2 := twoDigits(text[minutesAt:], 59)
	return hours*3600 + minutes*60, ok1 && ok2
}

// daysIn returns the number of days of a month.
func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 returns the days from 1970-01-01 to a date of the Gregorian
// calendar. The year is taken to begin in March, so that the day that comes and
// goes is the last one, and shifted by 400 years, a whole cycle of the calendar,
// so that no division is of a negative number. (Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms", days_from_civil.)
func daysSince1970(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	year += 400
	const daysTo1970 = 719468 + 146097 // From 0000-03-01, and one cycle.
	return year*365 + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - daysTo1970
}
