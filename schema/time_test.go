package schema_test

import (
	"testing"
	"time"

	"mlf/schema"
)

func TestInstantOf(t *testing.T) {
	f := func(text string, want schema.Instant) {
		t.Helper()
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		got := schema.InstantOf(at)
		if got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
		if back := got.Time(); !back.Equal(at.Truncate(time.Millisecond)) || back.Location() != time.UTC {
			t.Errorf("%s: got %v back", text, back)
		}
	}
	f("1970-01-01T00:00:00Z", 0)
	f("1970-01-01T01:00:00.001999+01:00", 1)
	f("2026-11-22T09:00:00.120Z", 1795338000120)
	f("2106-02-07T06:28:15.999Z", schema.InstantMax)
}

func TestHour(t *testing.T) {
	f := func(i schema.Instant, want schema.Hour, text string) {
		t.Helper()
		got := i.Hour()
		if got != want || got.String() != text {
			t.Errorf("hour of %d: got %d %v, want %d %s", i, got, got, want, text)
		}
		if also := schema.HourOf(i.Time()); also != want {
			t.Errorf("HourOf(%v): got %d, want %d", i.Time(), also, want)
		}
	}
	f(0, 0, "1970-01-01T00:00:00Z")
	f(3599999, 0, "1970-01-01T00:00:00Z")
	f(3600000, 1, "1970-01-01T01:00:00Z")
	f(-1, 0, "1970-01-01T00:00:00Z") // Before 1970 all is one hour.
	f(-1<<62, 0, "1970-01-01T00:00:00Z")
	f(1795338000120, 498705, "2026-11-22T09:00:00Z")
	f(schema.InstantMax, 1193046, "2106-02-07T06:00:00Z")
}

// TestHourOfRome: the repeated hour of Rome's October is two hours here.
func TestHourOfRome(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Skip(err)
	}
	first := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	second := first.Add(time.Hour)
	if a, b := first.In(rome).Hour(), second.In(rome).Hour(); a != 2 || b != 2 {
		t.Fatalf("Rome's clock shows %d and %d, want 2 and 2", a, b)
	}
	if a, b := schema.HourOf(first.In(rome)), schema.HourOf(second.In(rome)); b != a+1 {
		t.Errorf("got hours %v and %v, want one after the other", a, b)
	}
}

func TestDays(t *testing.T) {
	f := func(text string, want schema.Day) {
		t.Helper()
		got, err := schema.ParseDay(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %d (%s), %v, want %d", text, got, got, err, want)
		}
	}
	f("1970-01-01", 0)
	f("2026-11-25", 20782)
	f("2024-02-29", 19782)
	f("2149-06-06", schema.DayMax)
	for _, text := range []string{"", "1969-12-31", "2149-06-07", "2026-02-29", "2026-11-25T00:00:00Z", "25/11/2026"} {
		if got, err := schema.ParseDay(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	if got := schema.DayOf(time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC).In(rome)).String(); got != "2026-11-25" {
		t.Errorf("half past midnight in Rome: got %s", got)
	}
	if got := schema.DayOf(time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)); got != 0 {
		t.Errorf("before 1970: got %d", got)
	}
}
