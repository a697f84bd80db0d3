package calendar_test

import (
	"slices"
	"testing"
	"time"

	"mlf/query/calendar"
	"mlf/schema"
)

func day(t testing.TB, date string) calendar.Day {
	t.Helper()
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	year, month, d := at.Date()
	return calendar.DayOf(calendar.MonthOf(year, month), d)
}

func TestWeek(t *testing.T) {
	f := func(date, want string) {
		t.Helper()
		if got := string(day(t, date).AppendWeek(nil)); got != want {
			t.Errorf("%s: got %s, want %s", date, got, want)
		}
	}
	f("2026-10-26", "2026-W44")
	f("2026-12-28", "2026-W53") // 2026 begins on a Thursday and has 53 weeks.
	f("2027-01-04", "2027-W01")
	f("2024-12-30", "2025-W01") // The week belongs to the year of its Thursday.
	f("1970-01-05", "1970-W02")
}

func TestDay(t *testing.T) {
	f := func(date, monday, month string, weekday int) {
		t.Helper()
		d := day(t, date)
		if d.String() != date || d.Monday().String() != monday || d.Month().String() != month || d.Weekday() != weekday {
			t.Errorf("%s: got %v, Monday %v, month %v, weekday %d", date, d, d.Monday(), d.Month(), d.Weekday())
		}
	}
	f("1970-01-01", "1969-12-29", "1970-01", 4)
	f("1969-12-31", "1969-12-29", "1969-12", 3)
	f("2026-11-22", "2026-11-16", "2026-11", 7)
	f("2026-11-23", "2026-11-23", "2026-11", 1)
	f("2024-02-29", "2024-02-26", "2024-02", 4)
}

// Every hour is of one day, and of the hour of the day that the clock shows, in
// both nights on which it is changed, too.
func TestEachDayIsWhatTheClockShows(t *testing.T) {
	clock := rome(t)
	from := schema.HourOf(time.Date(2025, 10, 20, 5, 0, 0, 0, time.UTC))
	next := from + 3*366*24
	at := from
	clock.EachDay(from, next, func(s calendar.Stretch) {
		if s.First != at || s.Next <= s.First {
			t.Fatalf("got %+v, want it to begin at %v", s, at)
		}
		for ; at < s.Next; at++ {
			local := at.Time().In(clock.Zone())
			if local.Format(time.DateOnly) != s.Day.String() || local.Hour() != s.HourOfDay+int(at-s.First) {
				t.Fatalf("%v: got hour %d of %v", local, s.HourOfDay+int(at-s.First), s.Day)
			}
			if clock.DayOf(at) != s.Day {
				t.Fatalf("%v: got day %v, want %v", at, clock.DayOf(at), s.Day)
			}
		}
	})
	if at != next {
		t.Errorf("ends at %v, want %v", at, next)
	}
}

func TestEachDayOfANightInOctober(t *testing.T) {
	clock := rome(t)
	d := day(t, "2026-10-25")
	var got []int
	clock.EachDay(clock.Begin(d), clock.Begin(d+1), func(s calendar.Stretch) {
		got = append(got, s.HourOfDay, int(s.Next-s.First))
	})
	if want := []int{0, 3, 2, 22}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func BenchmarkEachDayOfFiveYears(b *testing.B) {
	clock := rome(b)
	from := schema.HourOf(time.Date(2021, 11, 1, 0, 0, 0, 0, time.UTC))
	days := 0
	for b.Loop() {
		clock.EachDay(from, from+5*8766, func(calendar.Stretch) { days++ })
	}
}
