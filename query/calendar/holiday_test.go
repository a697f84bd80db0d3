package calendar_test

import (
	"testing"

	"mlf/query/calendar"
)

// The days are those of the tables of the U.S. Census Bureau and of the Vatican's
// calendar: the earliest and the latest, and what simpler rules get wrong.
func TestEaster(t *testing.T) {
	f := func(year int, want string) {
		t.Helper()
		if got := calendar.Easter(year).String(); got != want {
			t.Errorf("%d: got %s, want %s", year, got, want)
		}
	}
	f(1818, "1818-03-22") // The earliest there is,
	f(1943, "1943-04-25") // and the latest.
	f(1954, "1954-04-18") // Gauss's rule without its exceptions says 25 April,
	f(1981, "1981-04-19") // and 26 April.
	f(2008, "2008-03-23")
	f(2011, "2011-04-24")
	f(2019, "2019-04-21")
	f(2024, "2024-03-31")
	f(2025, "2025-04-20")
	f(2026, "2026-04-05")
	f(2027, "2027-03-28")
	f(2038, "2038-04-25")
	f(2049, "2049-04-18")
	f(2076, "2076-04-19")
}

func TestDayKind(t *testing.T) {
	f := func(date string, want calendar.DayKind) {
		t.Helper()
		if got := day(t, date).Kind(); got != want {
			t.Errorf("%s: got %v, want %v", date, got, want)
		}
	}
	f("2026-11-23", calendar.Working)
	f("2026-11-21", calendar.Saturday)
	f("2026-11-22", calendar.Sunday)
	f("2026-01-01", calendar.Holiday)
	f("2026-01-06", calendar.Holiday)
	f("2026-03-17", calendar.Working)
	f("2011-03-17", calendar.Holiday)
	f("2026-04-03", calendar.Working) // Good Friday is none in Italy.
	f("2026-04-05", calendar.Holiday) // Easter,
	f("2026-04-06", calendar.Holiday) // and its Monday.
	f("2026-04-25", calendar.Holiday) // A Saturday.
	f("2026-05-01", calendar.Holiday)
	f("2026-06-02", calendar.Holiday)
	f("2026-08-15", calendar.Holiday)
	f("2025-10-04", calendar.Saturday) // Not yet.
	f("2026-10-04", calendar.Holiday)
	f("2027-10-04", calendar.Holiday)
	f("2026-11-01", calendar.Holiday)
	f("2026-11-04", calendar.Working)
	f("2026-12-08", calendar.Holiday)
	f("2026-12-24", calendar.Working)
	f("2026-12-25", calendar.Holiday)
	f("2026-12-26", calendar.Holiday)
	f("2026-12-31", calendar.Working)
}
