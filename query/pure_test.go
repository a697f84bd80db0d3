package query

import (
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // As main does.

	"pgregory.net/rapid"

	"mlf/schema"
)

func rome(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestParseMoment(t *testing.T) {
	clock := clock{now: time.Date(2026, 11, 22, 9, 17, 3, 500e6, time.UTC), zone: rome(t)} // A Sunday.
	g := func(text, first, next string) {
		t.Helper()
		for _, end := range []struct {
			up   bool
			want string
		}{{false, first}, {true, next}} {
			m, err := clock.parse(text, end.up)
			switch {
			case err != nil && end.want != "":
				t.Errorf("%s: %v", text, err)
			case err == nil && m.hour.String() != end.want:
				t.Errorf("%s: got %v, want %q", text, m.hour, end.want)
			case err == nil && first == next && m.rounded && !strings.Contains(text, "/"):
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
	clock := clock{now: time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC), zone: rome(t)}
	m, err := clock.parse("now-1M", false)
	if err != nil || m.hour.String() != "2026-02-28T11:00:00Z" { // 12:00 in Rome on either day.
		t.Errorf("got %v, %v", m.hour, err)
	}
}

func TestAppendWeek(t *testing.T) {
	f := func(date, want string) {
		t.Helper()
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendWeek(nil, int32(day.Unix()/secondsOfDay))); got != want {
			t.Errorf("%s: got %s, want %s", date, got, want)
		}
	}
	f("2026-10-26", "2026-W44")
	f("2026-12-28", "2026-W53") // 2026 begins on a Thursday and has 53 weeks.
	f("2027-01-04", "2027-W01")
	f("2024-12-30", "2025-W01") // The week belongs to the year of its Thursday.
	f("1970-01-05", "1970-W02")
}

func TestAppendDayAndMonth(t *testing.T) {
	if got, want := string(appendDay(nil, 0)), "1970-01-01"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(appendMonth(nil, 20_758)), "2026-11"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The values are the roots p of (k/n - p)² = z² p(1-p)/n, found by bisection with
// 40 digits: another way than the closed form under test.
func TestWilson(t *testing.T) {
	f := func(k, n uint64, low, high float64) {
		t.Helper()
		gotLow, gotHigh := wilson(k, n)
		if math.Abs(gotLow-low) > 5e-7 || math.Abs(gotHigh-high) > 5e-7 {
			t.Errorf("%d of %d: got %.6f to %.6f, want %.6f to %.6f", k, n, gotLow, gotHigh, low, high)
		}
	}
	f(0, 1, 0, 0.793451)
	f(1, 1, 0.206549, 1)
	f(0, 10, 0, 0.277533)
	f(10, 10, 0.722467, 1)
	f(5, 10, 0.236593, 0.763407)
	f(9, 10, 0.595850, 0.982124)
	f(27, 30, 0.743789, 0.965400)
	f(90, 100, 0.825634, 0.944771)
	f(900, 1000, 0.879848, 0.917091)
	f(7, 8, 0.529112, 0.977583)
}

func TestWilsonIsAnInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, 1<<53).Draw(t, "n")
		k := rapid.Uint64Range(0, n).Draw(t, "k")
		low, high := wilson(k, n)
		share := float64(k) / float64(n)
		const dust = 1e-9
		if !(0 <= low && low <= share+dust && share-dust <= high && high <= 1 && low <= high) {
			t.Fatalf("%d of %d: got %v to %v around %v", k, n, low, high, share)
		}
		// What is green for one is not green for the other.
		mirroredLow, mirroredHigh := wilson(n-k, n)
		if math.Abs(low-(1-mirroredHigh)) > dust || math.Abs(high-(1-mirroredLow)) > dust {
			t.Fatalf("%d of %d: not symmetric", k, n)
		}
	})
}

// Text that no code has is still one field of CSV and one string of JSON.
func TestRowsEscape(t *testing.T) {
	row := &schema.StatsRow{Cell: schema.Cell{Office: "a\",\r\n\x01è"}}
	e := &rowEncoder{group: []schema.Column{schema.ColumnOffice}, names: []string{"office"}, zone: rome(t)}
	if got, want := string(e.appendCSV(nil, 0, row)), "\"a\"\",\r\n\x01è\",0,0,0,0,0,0\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := string(e.appendJSON(nil, 0, row)), `{"office":"a\",\r\n\u0001è","v1":0,"v2":0,"v3":0,"v4":0,"v5":0,"n":0}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := serviceCode([]string{"unspecified"}, 7), "service-7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func BenchmarkRows(b *testing.B) {
	e := &rowEncoder{
		group: []schema.Column{schema.ColumnComune, schema.ColumnService, schema.ColumnHour},
		names: []string{"comune", "service", "hour"}, faces: true, services: []string{"unspecified", "anagrafe"},
	}
	row := &schema.StatsRow{Cell: schema.Cell{Comune: 58091, Service: 1, Hour: 498_000}, Values: [5]uint64{1, 2, 300}}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = e.appendJSON(buf[:0], 1, row)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
