package calendar

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mlf/schema"
)

// YearMax is the last year of the calendar: what lies behind is a slip of the pen,
// and the store's hours end in 2106.
const YearMax = 2099

// A Moment is one end of the time that is asked for.
type Moment struct {
	Hour    schema.Hour
	Rounded bool // What was written is no whole hour.
}

// An End tells which end of a time is read: what is no whole hour, or a unit of
// Grafana's, is rounded outwards.
type End bool

// The ends.
const (
	First End = false
	Next  End = true
)

// Moment reads an end of the time that is asked for, at the time now: a date,
// which begins at 00:00 in Rome; an instant with its zone; seconds or milliseconds
// since 1970; or Grafana's now-7d/d. Votes are counted by the hour, so the end of
// a time is rounded up to a whole hour and its beginning down: nothing that was
// asked for is left out.
func (c Clock) Moment(text string, now time.Time, end End) (Moment, error) {
	t, err := c.read(text, now, end)
	if err != nil {
		return Moment{}, err
	}
	t = t.UTC()
	hour := t.Truncate(time.Hour)
	rounded := !hour.Equal(t)
	if rounded && end == Next {
		hour = hour.Add(time.Hour)
	}
	if hour.Unix() < 0 || t.In(c.zone).Year() > YearMax {
		return Moment{}, fmt.Errorf("want a time from 1970 to %d", YearMax)
	}
	return Moment{schema.HourOf(hour), rounded}, nil
}

func (c Clock) read(text string, now time.Time, end End) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, text, c.zone); err == nil {
		return t, nil
	}
	if rest, ok := strings.CutPrefix(text, "now"); ok {
		return c.compute(rest, now, end)
	}
	if t, ok := sinceEpoch(text); ok {
		return t, nil
	}
	if t, ok := instant(text); ok {
		return t, nil
	}
	return time.Time{}, errors.New("want a date (2026-11-01), an instant with its zone (2026-11-01T08:00:00Z), seconds or milliseconds since 1970, or now-6h")
}

// instant reads RFC 3339 and what other languages make of it: small letters, a
// blank for T, zones without colon, no seconds, a comma in the fraction.
func instant(text string) (time.Time, bool) {
	if len(text) < len("2026-11-01T08:00Z") {
		return time.Time{}, false
	}
	day, rest := text[:len(time.DateOnly)], strings.ToUpper(text[len(time.DateOnly):])
	if rest[0] == ' ' {
		rest = "T" + rest[1:]
	}
	rest = strings.ReplaceAll(rest, " ", "+") // In a query string '+' stands for a blank, and is often forgotten.
	for _, layout := range []string{"T15:04:05Z07:00", "T15:04:05Z0700", "T15:04:05Z07", "T15:04Z07:00", "T15:04Z0700", "T15:04Z07"} {
		if t, err := time.Parse(time.DateOnly+layout, day+rest); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// What can be told apart as seconds and as milliseconds: 1973 to 2100 either
// way. Fewer digits may as well be a date without its dashes.
const (
	epochSecondsMin = 1e8
	epochMillisMin  = 1e11
	epochMillisMax  = 1e13
)

// sinceEpoch reads seconds, which may have a fraction, or milliseconds.
func sinceEpoch(text string) (time.Time, bool) {
	if strings.Trim(text, "0123456789.") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || n < epochSecondsMin || n >= epochMillisMax:
		return time.Time{}, false
	case n < epochMillisMin:
		n *= 1000
	}
	return time.UnixMicro(int64(math.Round(n * 1000))), true
}

// compute follows Grafana's steps from now: -7d goes back, /d goes to the
// beginning of the day, or to its end.
func (c Clock) compute(steps string, now time.Time, end End) (time.Time, error) {
	t := now.In(c.zone)
	for steps != "" {
		op, rest := steps[0], steps[1:]
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.Atoi(rest[:digits])
		if digits == 0 {
			n, err = 1, nil
		}
		const stepMax = 9999 // Grafana's own.
		if err != nil || n > stepMax || digits == len(rest) || op == '/' && digits > 0 {
			return t, fmt.Errorf("%q: want steps like -6h or /d", steps)
		}
		unit := rest[digits]
		steps = rest[digits+1:]
		ok := false
		switch op {
		case '-':
			t, ok = move(t, -n, unit)
		case '+', ' ': // A '+' that was not encoded.
			t, ok = move(t, n, unit)
		case '/':
			if t, ok = floor(t, unit); ok && end == Next {
				t, ok = move(t, 1, unit)
			}
		}
		if !ok {
			return t, fmt.Errorf("%q: want -, + or / and one of s, m, h, d, w, M, Q, y", string(op)+rest)
		}
	}
	return t, nil
}

// move returns the time n units later. Days and longer keep the time of day.
func move(t time.Time, n int, unit byte) (time.Time, bool) {
	switch unit {
	case 's':
		return t.Add(time.Duration(n) * time.Second), true
	case 'm':
		return t.Add(time.Duration(n) * time.Minute), true
	case 'h':
		return t.Add(time.Duration(n) * time.Hour), true
	case 'd':
		return t.AddDate(0, 0, n), true
	case 'w':
		return t.AddDate(0, 0, 7*n), true
	case 'M':
		return addMonths(t, n), true
	case 'Q':
		return addMonths(t, 3*n), true
	case 'y':
		return addMonths(t, 12*n), true
	}
	return t, false
}

// addMonths keeps the day, or takes the month's last where it has no such day.
func addMonths(t time.Time, n int) time.Time {
	moved := t.AddDate(0, n, 0)
	if moved.Day() != t.Day() {
		return moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

// floor returns the beginning of the unit that t lies in.
func floor(t time.Time, unit byte) (time.Time, bool) {
	year, month, day := t.Date()
	switch unit {
	case 's':
		return t.Truncate(time.Second), true
	case 'm':
		return t.Truncate(time.Minute), true
	case 'h':
		return t.Truncate(time.Hour), true
	case 'd':
	case 'w':
		day -= (int(t.Weekday()) + 6) % 7 // Weeks begin on Monday.
	case 'M':
		day = 1
	case 'Q':
		month, day = month-(month-1)%3, 1
	case 'y':
		month, day = time.January, 1
	default:
		return t, false
	}
	return time.Date(year, month, day, 0, 0, 0, 0, t.Location()), true
}
