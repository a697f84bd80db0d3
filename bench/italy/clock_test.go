package italy

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestEasterMondayIsAsInTheCalendar(t *testing.T) {
	for year, want := range map[int]string{2000: "04-24", 2019: "04-22", 2021: "04-05", 2024: "04-01", 2025: "04-21", 2038: "04-26"} {
		var got []string // Mondays of spring on which all is closed, but for those with a date.
		for day := time.Date(year, time.March, 22, 12, 0, 0, 0, time.UTC); day.Month() < time.May; day = day.AddDate(0, 0, 1) {
			if date := day.Format("01-02"); day.Weekday() == time.Monday && closed(day) && date != "04-25" {
				got = append(got, date)
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%d: got %s, want %s", year, got, want)
		}
	}
}

// TestSevenOfAHundredVotesAreLate: two of them by up to 120 days.
func TestSevenOfAHundredVotesAreLate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	const votes = 100_000
	late, far := 0, 0
	for range votes {
		switch h := lateness(random); {
		case h > 120*24:
			t.Fatalf("%d hours late", h)
		case h > 3*24:
			far++
			late++
		case h > 0:
			late++
		}
	}
	if late < votes*65/1000 || late > votes*75/1000 || far < votes*17/1000 || far > votes*22/1000 {
		t.Errorf("%d of %d are late, %d of them by more than three days", late, votes, far)
	}
}

func TestOfficesKeepTheirHours(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	f := func(at string, indoor, web bool) {
		t.Helper()
		when, err := time.ParseInLocation("2006-01-02 15:04", at, rome)
		if err != nil {
			t.Fatal(err)
		}
		if got := busy(indoors, when) > 0; got != indoor {
			t.Errorf("%s: offices are open: %v, want %v", at, got, indoor)
		}
		if got := busy(always, when) > 0; got != web {
			t.Errorf("%s: the web is open: %v, want %v", at, got, web)
		}
	}
	f("2025-11-05 09:00", true, true)  // A Wednesday
	f("2025-11-05 16:00", false, true) // has no afternoon,
	f("2025-11-06 16:00", true, true)  // a Thursday has.
	f("2025-11-09 10:00", false, true)
	f("2025-12-25 10:00", false, true)
	f("2025-04-21 10:00", false, true)
	f("2025-11-06 03:00", false, true)
}
