package calendar_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // As main does.

	"mlf/query/calendar"
)

func rome(t testing.TB) calendar.Clock {
	t.Helper()
	clock, err := calendar.Rome()
	if err != nil {
		t.Fatal(err)
	}
	return clock
}

func TestParseMoment(t *testing.T) {
	clock := rome(t)
	now := time.Date(2026, 11, 22, 9, 17, 3, 500e6, time.UTC) // A Sunday.
	g := func(text, first, next string) {
		t.Helper()
		for _, end := range []struct {
			end  calendar.End
			want string
		}{{calendar.First, first}, {calendar.Next, next}} {
			m, err := clock.Moment(text, now, end.end)
			switch {
			case err != nil && end.want != "":
				t.Errorf("%s: %v", text, err)
			case err == nil && m.Hour.String() != end.want:
				t.Errorf("%s: got %v, want %q", text, m.Hour, end.want)
			case err == nil && first == next && m.Rounded && !strings.Contains(text, "/"):
				t.Errorf("%s: is said to be rounded", text)
			}
		}
	}
	f := func(text, want string) { t.Helper(); g(text, want, want) }
	f("2026-11-01", "2026-10-31T23:00:00Z") // Winter.
	f("2026-07-01", "2026-06-30T22:00:00Z") // Summer.
	// The clock goes forward at 02:00 on 29 March and back at 03:00 on 25
	// October 2026: days of 23 and 25 hours.
	f("2026-03-29", "2026-03-28T23:00:00Z")
	f("2026-03-30", "2026-03-29T22:00:00Z")
	f("2026-10-25", "2026-10-24T22:00:00Z")
	f("2026-10-26", "2026-10-25T23:00:00Z")
	f("2026-11-01T08:00:00Z", "2026-11-01T08:00:00Z")
	f("2026-11-01T09:00:00+01:00", "2026-11-01T08:00:00Z")
	f("2026-11-01T09:00:00 01:00", "2026-11-01T08:00:00Z") // A '+' that was not encoded.
	f("2026-11-01T08:00:00.000Z", "2026-11-01T08:00:00Z")
	f("2026-11-01T13:30:00+05:30", "2026-11-01T08:00:00Z")
	f("2026-11-01t08:00:00z", "2026-11-01T08:00:00Z")
	f("2026-11-01 08:00:00Z", "2026-11-01T08:00:00Z")
	f("2026-11-01T09:00+0100", "2026-11-01T08:00:00Z")
	f("2026-11-01T09:00:00 01", "2026-11-01T08:00:00Z")
	f("2026-11-01T08:00:00,000Z", "2026-11-01T08:00:00Z")
	// Rounded outwards.
	g("2026-11-01T08:00:00+05:30", "2026-11-01T02:00:00Z", "2026-11-01T03:00:00Z")
	g("2026-11-01T08:00:00.001Z", "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z")
	g("2026-11-01T08:00:00,000000001Z", "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z")
	g("2026-11-01T08:59:59Z", "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z")
	// Seconds and milliseconds since 1970.
	f("1793520000", "2026-11-01T08:00:00Z")
	f("1793520000000", "2026-11-01T08:00:00Z")
	g("1793520000.5", "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z")
	g("1793520001", "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z")
	g("1793520000001", "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z")
	f("20261101", "") // A date, or seconds of 1970?
	f("1793520000000000", "")
	f("179352000000", "1975-09-07T20:00:00Z") // Milliseconds as any others.
	f("-1", "")
	f("1e9", "")
	// Grafana's words. A unit is rounded to its beginning, or its end, in Rome.
	g("now", "2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z")
	g("now-6h", "2026-11-22T03:00:00Z", "2026-11-22T04:00:00Z")
	g("now+90m", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z")
	g("now 90m", "2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z")
	g("now-3600s", "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z")
	g("now/h", "2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z")
	g("now/d", "2026-11-21T23:00:00Z", "2026-11-22T23:00:00Z")
	g("now-7d/d", "2026-11-14T23:00:00Z", "2026-11-15T23:00:00Z")
	g("now/w", "2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z")
	g("now-1w/w", "2026-11-08T23:00:00Z", "2026-11-15T23:00:00Z")
	g("now/M", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z")
	g("now-1M/M", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")
	g("now/Q", "2026-09-30T22:00:00Z", "2026-12-31T23:00:00Z")
	g("now-1y/y", "2024-12-31T23:00:00Z", "2025-12-31T23:00:00Z")
	g("now/d-6h", "2026-11-21T17:00:00Z", "2026-11-22T17:00:00Z")
	g("now-d", "2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z")
	g("now-28d", "2026-10-25T09:00:00Z", "2026-10-25T10:00:00Z") // 10:17 in Rome, as it is now.
	g("now-29d", "2026-10-24T08:00:00Z", "2026-10-24T09:00:00Z") // The same, in summer.
	for _, text := range []string{"now-", "now-6", "now-6x", "now/", "now/6h", "nowhere", "now-99999d", "now--1h", "now-6h/", "today", "now-1h now"} {
		f(text, "")
	}
	f("2026-11-01T08:00:00", "") // No zone.
	f("2026-11-01T24:00:00Z", "")
	f("2026-02-29", "")
	f("2026-11", "")
	f("1970-01-01", "") // In Rome it begins before the first hour.
	f("2099-12-31", "2099-12-30T23:00:00Z")
	f("2100-01-01", "")
	f("2026-11-01 08:00", "")
	f("", "")
	f("+01:00", "")
}

// The day of a month that the other month does not have is its last.
func TestParseMomentAtTheEndOfAMonth(t *testing.T) {
	now := time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC)
	m, err := rome(t).Moment("now-1M", now, calendar.First)
	if err != nil || m.Hour.String() != "2026-02-28T11:00:00Z" { // 12:00 in Rome on either day.
		t.Errorf("got %v, %v", m.Hour, err)
	}
}
