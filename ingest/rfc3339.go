package ingest

import "mlf/schema"

// parseTime reads an instant in RFC 3339 ("2026-11-22T08:59:17.250+01:00"), cut
// to the millisecond: upper-case T and Z, a fraction of any length after a point,
// no leap second, years 0 to 9999. Package time says the same of every such text,
// but would also take hours of one digit and fractions after a comma.
func parseTime(text []byte) (schema.Instant, bool) {
	const dateTime = len("2006-01-02T15:04:05")
	if len(text) <= dateTime {
		return 0, false
	}
	if text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return 0, false
	}
	century, ok1 := twoDigits(text[0:], 99)
	ofCentury, ok2 := twoDigits(text[2:], 99)
	month, ok3 := twoDigits(text[5:], 12)
	day, ok4 := twoDigits(text[8:], 31)
	hour, ok5 := twoDigits(text[11:], 23)
	minute, ok6 := twoDigits(text[14:], 59)
	second, ok7 := twoDigits(text[17:], 59)
	allRead := ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7
	year := century*100 + ofCentury
	if !allRead || month == 0 || day == 0 || day > daysIn(year, month) {
		return 0, false
	}
	millis, rest, ok := parseFraction(text[dateTime:])
	if !ok {
		return 0, false
	}
	offset, ok := parseZone(rest)
	if !ok {
		return 0, false
	}
	seconds := daysSince1970(year, month, day)*86400 + hour*3600 + minute*60 + second - offset
	return schema.Instant(seconds*1000 + millis), true
}

// twoDigits reads the number of two digits, at most limit, that text begins with.
func twoDigits(text []byte, limit int64) (int64, bool) {
	if !isDigit(text[0]) || !isDigit(text[1]) {
		return 0, false
	}
	n := int64(text[0]-'0')*10 + int64(text[1]-'0')
	return n, n <= limit
}

// parseFraction reads the fraction of a second that text begins with, if any.
func parseFraction(text []byte) (millis int64, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '.' {
		return 0, text, true
	}
	n := 1
	for unit := int64(100); n < len(text) && isDigit(text[n]); n++ {
		millis += int64(text[n]-'0') * unit
		unit /= 10
	}
	return millis, text[n:], n > 1
}

// parseZone reads "Z" or an offset from UTC, in seconds.
func parseZone(text []byte) (offset int64, ok bool) {
	if len(text) == 1 && text[0] == 'Z' {
		return 0, true
	}
	if len(text) != len("+01:00") || text[0] != '+' && text[0] != '-' || text[3] != ':' {
		return 0, false
	}
	hours, ok1 := twoDigits(text[1:], 23)
	minutes, ok2 := twoDigits(text[4:], 59)
	offset = hours*3600 + minutes*60
	if text[0] == '-' {
		offset = -offset
	}
	return offset, ok1 && ok2
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
