package wire

import (
	"fmt"
	"testing"
	"time"

	"mlf/schema"
)

func TestParseTime(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got, ok := parseTime([]byte(text))
		if s := fmt.Sprint(got.Time().Format(time.RFC3339Nano), " ", ok); s != want {
			t.Errorf("%s: got %s, want %s", text, s, want)
		}
	}
	f("2026-11-22T08:59:17Z", "2026-11-22T08:59:17Z true")
	f("2026-11-22T08:59:17.1Z", "2026-11-22T08:59:17.1Z true")
	f("2026-11-22T08:59:17.123987654321Z", "2026-11-22T08:59:17.123Z true")
	f("2026-11-22T08:59:17.25+01:30", "2026-11-22T07:29:17.25Z true")
	f("2026-11-22T23:59:17-23:59", "2026-11-23T23:58:17Z true")
	f("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z true")
	f("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z true")
	f("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z true")

	// As languages write it: C, JavaScript, Python, Java, .NET, PHP, Ruby, Swift,
	// Go, SQL, shells, and hands.
	const quarterPast = "2026-11-22T08:15:07Z true"
	for _, text := range []string{
		"2026-11-22T09:15:07+0100",                     // strftime %FT%T%z, Java, PHP DATE_ISO8601, Swift.
		"2026-11-22T08:15:07.000Z",                     // toISOString.
		"2026-11-22T08:15:07+00:00",                    // Python isoformat, PHP DATE_ATOM.
		"2026-11-22 08:15:07.000000+00:00",             // Python str.
		"2026-11-22T09:15:07.0000000+01:00",            // .NET "o".
		"2026-11-22 08:15:07Z",                         // .NET "u".
		"2026-11-22T08:15:07.000000000Z",               // Rust, Java.
		"2026-11-22 09:15:07 +0100",                    // Ruby, git.
		"2026-11-22 08:15:07 UTC",                      // Ruby.
		"2026-11-22 08:15:07 +0000",                    // Swift description.
		"2026-11-22 09:15:07+01",                       // PostgreSQL.
		"2026-11-22T09:15:07+01",                       // ISO 8601.
		"2026-11-22T09:15:07,000+01:00",                // date -Ins, ISO 8601.
		"2026-11-22T09:15:07+01:00[Europe/Rome]",       // Java ZonedDateTime, JavaScript Temporal.
		"2026-11-22T08:15:07Z[UTC]",                    // The same.
		"2026-11-22T08:15:07+00:00[UTC][u-ca=iso8601]", // The same.
		"2026-11-22t08:15:07z",
		"2026-11-22T08:15:07z",
		"2026-11-22T06:15:07\u221202:00",
		" 2026-11-22T08:15:07Z\r\n",
	} {
		f(text, quarterPast)
	}
	f("2026-11-22T09:15+01:00", "2026-11-22T08:15:00Z true") // Java, on a full minute.
	f("2026-11-22 08:15Z", "2026-11-22T08:15:00Z true")
	f("2026-11-22T08:15 UTC", "2026-11-22T08:15:00Z true")
	f("2026-11-22T08:59:17,5Z", "2026-11-22T08:59:17.5Z true")
	f("2026-11-22T08:59:17-00:00", "2026-11-22T08:59:17Z true")

	// A leap second stays in its hour, whatever follows the point.
	f("2026-12-31T23:59:60Z", "2026-12-31T23:59:59.999Z true")
	f("2027-01-01T00:59:60.75+01:00", "2026-12-31T23:59:59.999Z true")

	const none = "1970-01-01T00:00:00Z false"
	for _, text := range []string{
		"2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-00T00:00:00Z",
		"2026-11-22T24:00:00Z", "2026-11-22T08:60:17Z", "2026-11-22T08:59:61Z", "2026-11-22T8:59:17Z", "26-11-22T08:59:17Z",
		"2026-11-22T08:59:17", "2026-11-22T08:59", "2026-11-22 08:59:17 ", "2026-11-22T08:59:17[Europe/Rome]", // No zone.
		"2026-11-22T08:59:17 CET", "2026-11-22T08:59:17 Europe/Rome",
		"2026-11-22T08:59:17.Z", "2026-11-22T08:59:17,+01:00", "2026-11-22T08:59.5Z", "2026-11-22T08:59:Z", "2026-11-22T08:59:1Z",
		"2026-11-22T08:59:17+24:00", "2026-11-22T08:59:17+01:60", "2026-11-22T08:59:17+1", "2026-11-22T08:59:17+100", "2026-11-22T08:59:17+01:0",
		"2026-11-22T08:59:17+01:00:00", "2026-11-22T08:59:17  Z", "2026-11-22T08:59:17+", "2026-11-22T08:59:17\u2212", "2026-11-22T08:59:17Z[", "2026-11-22T08:59:17Z]",
		"2026-11-22  08:59:17Z", "2026-11-22_08:59:17Z", "2026/11/22 08:59:17Z", "22-11-2026T08:59:17Z", "20261122T085917Z", "1795337957", "", " ",
	} {
		f(text, none)
	}
}

// FuzzTime holds parseTime to package time.
func FuzzTime(f *testing.F) {
	for _, seed := range []string{
		"2026-11-22T08:59:17Z", "2024-02-29T23:59:59.9999+23:59", "0000-02-29T00:00:00-00:01", "1969-12-31T23:59:59.9995Z", "2026-11-22T8:59:17Z", "2026-11-22T08:59:17,5Z",
		"2026-12-31 23:59:60 +0100", "2026-11-22t08:59\u221201[Europe/Rome]", "\t2026-11-22 08:59 utc\r\n", "2026-11-22T08:59:17z[a][b]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseTime([]byte(text))
		want, wantOK := packageTime(text)
		if ok != wantOK {
			t.Fatalf("%q: got %v, package time %v", text, ok, wantOK)
		}
		if ok && got != schema.InstantOf(want) {
			t.Errorf("%q: got %v, want %v", text, got.Time(), want)
		}
	})
}
