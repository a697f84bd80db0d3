package calendar_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/query/calendar"
	"mlf/schema"
)

// at is 12:40 in Rome on a Thursday.
func at() time.Time { return time.Date(2026, 11, 26, 11, 40, 0, 0, time.UTC) }

func show(clock calendar.Clock, s calendar.Span) string {
	const layout = "2006-01-02T15"
	text := func(h schema.Hour) string { return h.Time().In(clock.Zone()).Format(layout) }
	return text(s.From) + " " + text(s.Next)
}

func TestPeriod(t *testing.T) {
	clock := rome(t)
	f := func(text, want string) {
		t.Helper()
		span, err := clock.Period(text, at())
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", text, err)
			}
			return
		}
		if got := show(clock, span); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	f("2026", "2026-01-01T00 2027-01-01T00")
	f("2026-Q4", "2026-10-01T00 2027-01-01T00")
	f("2026-Q1", "2026-01-01T00 2026-04-01T00")
	f("2026-11", "2026-11-01T00 2026-12-01T00")
	f("2026-02", "2026-02-01T00 2026-03-01T00")
	f("2026-W01", "2025-12-29T00 2026-01-05T00")
	f("2026-W53", "2026-12-28T00 2027-01-04T00")
	f("2026-10-25", "2026-10-25T00 2026-10-26T00")
	f("today", "2026-11-26T00 2026-11-27T00")
	f("yesterday", "2026-11-25T00 2026-11-26T00")
	f("this-week", "2026-11-23T00 2026-11-30T00")
	f("last-week", "2026-11-16T00 2026-11-23T00")
	f("this-month", "2026-11-01T00 2026-12-01T00")
	f("last-month", "2026-10-01T00 2026-11-01T00")
	f("this-quarter", "2026-10-01T00 2027-01-01T00")
	f("last-quarter", "2026-07-01T00 2026-10-01T00")
	f("this-year", "2026-01-01T00 2027-01-01T00")
	f("last-year", "2025-01-01T00 2026-01-01T00")
	f("last-30-days", "2026-10-28T00 2026-11-27T00")
	f("last-1-days", "2026-11-26T00 2026-11-27T00")
	f("2099", "2099-01-01T00 2100-01-01T00")
	for _, text := range []string{
		"", "2026-Q5", "2026-Q0", "2026-Q", "2026-Q44", "2026-Q+1", "2025-W53", "2026-W00", "2026-W1", "2026-13", "2026-1", "26", "2026-02-30", "last-0-days", "last-030-days", "last-9999-days",
		"last--1-days", "this-day", "tomorrow", "last-30", "1970", "1969-12", "2100", "now", "2026-x4", "last-days", "this-", "Today", "2026/11", "2026-Q٤",
	} {
		f(text, "")
	}
}

func TestCompare(t *testing.T) {
	clock := rome(t)
	f := func(period, word, of, with string) {
		t.Helper()
		span, err := clock.Period(period, at())
		if err != nil {
			t.Fatal(err)
		}
		got, err := clock.Compare(span, word, at())
		if err != nil {
			if of != "" {
				t.Errorf("%s, %s: %v", period, word, err)
			}
			return
		}
		if show(clock, got.Of) != of || show(clock, got.With) != with {
			t.Errorf("%s, %s: got %s with %s", period, word, show(clock, got.Of), show(clock, got.With))
		}
	}
	// What is over is compared as a whole.
	f("2026-10", "previous", "2026-10-01T00 2026-11-01T00", "2026-09-01T00 2026-10-01T00")
	f("2026-Q1", "previous", "2026-01-01T00 2026-04-01T00", "2025-10-01T00 2026-01-01T00")
	f("2025", "previous", "2025-01-01T00 2026-01-01T00", "2024-01-01T00 2025-01-01T00")
	f("yesterday", "previous", "2026-11-25T00 2026-11-26T00", "2026-11-24T00 2026-11-25T00")
	f("last-week", "previous", "2026-11-16T00 2026-11-23T00", "2026-11-09T00 2026-11-16T00")
	f("2024-02", "year", "2024-02-01T00 2024-03-01T00", "2023-02-01T00 2023-03-01T00")
	f("2024-02-29", "year", "2024-02-29T00 2024-03-01T00", "2023-02-28T00 2023-03-01T00")
	f("2026-11-25", "year-weekday", "2026-11-25T00 2026-11-26T00", "2025-11-26T00 2025-11-27T00") // Wednesdays.
	f("2026-10", "2020-01-01/2020-02-01", "2026-10-01T00 2026-11-01T00", "2020-01-01T00 2020-02-01T00")
	f("2026-10-25", "previous", "2026-10-25T00 2026-10-26T00", "2026-10-24T00 2026-10-25T00") // 25 hours, and 24.
	// What is running is compared with the same part: today till 12 with yesterday till 12.
	f("today", "previous", "2026-11-26T00 2026-11-26T12", "2026-11-25T00 2026-11-25T12")
	f("today", "year-weekday", "2026-11-26T00 2026-11-26T12", "2025-11-27T00 2025-11-27T12")
	f("this-week", "previous", "2026-11-23T00 2026-11-26T12", "2026-11-16T00 2026-11-19T12")
	f("2026-11", "previous", "2026-11-01T00 2026-11-26T12", "2026-10-01T00 2026-10-26T12") // Over the end of summer time.
	f("2026-11", "year", "2026-11-01T00 2026-11-26T12", "2025-11-01T00 2025-11-26T12")
	f("this-year", "year", "2026-01-01T00 2026-11-26T12", "2025-01-01T00 2025-11-26T12")
	f("this-quarter", "previous", "2026-10-01T00 2026-11-26T12", "2026-07-01T00 2026-08-26T12")
	f("last-30-days", "previous", "2026-10-28T00 2026-11-26T12", "2026-09-28T00 2026-10-27T12")
	f("2026-11", "2025-02-01/2025-02-20", "2026-11-01T00 2026-11-26T12", "2025-02-01T00 2025-02-20T00") // No longer than it is.
	f("2026-11", "2025-10-01/2025-12-01", "2026-11-01T00 2026-11-26T12", "2025-10-01T00 2025-10-26T12")
	// What has not begun is not running.
	f("2026-12", "year", "2026-12-01T00 2027-01-01T00", "2025-12-01T00 2026-01-01T00")
	for _, word := range []string{"", "before", "2025-01-01", "2025-02-01/2025-01-01", "2025-02-30/2025-03-01", "2025-01-01/2025-01-01", "now/d", "a/b/c"} {
		f("2026-10", word, "", "")
	}
	f("1971", "previous", "", "") // 1970 begins, in Rome, before there are hours.
}

// A month that is longer than the other is compared with all of it.
func TestCompareAtTheEndOfALongMonth(t *testing.T) {
	clock := rome(t)
	now := time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC)
	span, err := clock.Period("this-month", now)
	if err != nil {
		t.Fatal(err)
	}
	got, err := clock.Compare(span, "previous", now)
	if err != nil || show(clock, got.With) != "2026-02-01T00 2026-03-01T00" {
		t.Errorf("got %s, %v", show(clock, got.With), err)
	}
}

// Whatever is compared, neither span is turned round, and the part of what is
// running ends with the last whole hour.
func TestComparisonsAreSpans(t *testing.T) {
	clock := rome(t)
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1_200_000_000, 1_900_000_000).Draw(t, "now"), 0)
		from := schema.HourOf(now) - schema.Hour(rapid.IntRange(-2000, 20000).Draw(t, "from"))
		span := calendar.Span{From: from, Next: from + schema.Hour(rapid.IntRange(1, 20000).Draw(t, "hours"))}
		word := rapid.SampledFrom([]string{"previous", "year", "year-weekday", "2010-03-01/2011-05-06"}).Draw(t, "word")
		got, err := clock.Compare(span, word, now)
		if err != nil {
			t.Fatalf("%v: %v", span, err)
		}
		if got.Of.From != span.From || got.Of.Next > span.Next || got.With.Next < got.With.From {
			t.Fatalf("%s: got %s with %s", show(clock, span), show(clock, got.Of), show(clock, got.With))
		}
		if hour := schema.HourOf(now); span.Holds(hour) != (got.Of != span) || span.Holds(hour) && got.Of.Next != hour {
			t.Fatalf("%s at %v: got %s", show(clock, span), hour, show(clock, got.Of))
		}
	})
}
