package query_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mlf/query"
	"mlf/schema"
)

// An hour of UTC stands beside the same by Rome's clock: the two hours after
// 02:00 of a night in October are told apart.
func TestCSVHasTheLocalHour(t *testing.T) {
	w := newWorld(t, query.Config{})
	for _, at := range []string{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-07-01T22:00:00Z"} {
		w.memory.vote(cell(hour(t, at)), schema.Red, 1)
	}
	const ask = "/v1/stats?from=2026-07-01&to=2026-11-08&format=csv&group=hour,comune"
	want := lines("hour,comune,green,yellow,red,n,green_share,green_low,green_high,hour_local,time_zone",
		"2026-07-01T22:00:00Z,058091,0,0,1,1,0,0,0.7934506856227626,2026-07-02T00:00:00+02:00,Europe/Rome",
		"2026-10-25T00:00:00Z,058091,0,0,1,1,0,0,0.7934506856227626,2026-10-25T02:00:00+02:00,Europe/Rome",
		"2026-10-25T01:00:00Z,058091,0,0,1,1,0,0,0.7934506856227626,2026-10-25T02:00:00+01:00,Europe/Rome")
	if got := w.get(ask); string(got.body) != want {
		t.Errorf("got  %q\nwant %q", got.body, want)
	}
	// Days are Rome's already.
	if got := w.get(strings.Replace(ask, "hour", "day", 1)); strings.Contains(string(got.body), "local") {
		t.Errorf("got %q", got.body)
	}
	if got, want := w.get(ask).Header.Get("X-MLF-Span"), "2026-06-30T22:00:00Z/2026-11-07T23:00:00Z"; got != want {
		t.Errorf("got span %q, want %q", got, want)
	}
}

// The file for Excel opens as columns in Italian, and nothing in it is taken for
// a number, a date or a formula that is none.
func TestExcel(t *testing.T) {
	w := newWorld(t, query.Config{})
	c := cell(hour(t, "2026-10-25T01:00:00Z"))
	c.Comune, c.Office = 1272, "-1.2" // Torino; an office that looks like a sum.
	w.memory.vote(c, schema.Green, 7)
	w.memory.vote(c, schema.Red, 1)
	f := func(group string, want ...string) {
		t.Helper()
		got := w.get("/v1/stats?from=2026-10-25&to=2026-10-26&format=excel&group=" + group)
		if string(got.body) != "\ufeff"+lines(want...) {
			t.Errorf("%s: got  %q\nwant %q", group, got.body, lines(want...))
		}
		rest, ok := bytes.CutPrefix(got.body, []byte("\xef\xbb\xbf"))
		reader := csv.NewReader(bytes.NewReader(rest))
		reader.Comma = ';'
		if rows, err := reader.ReadAll(); err != nil || len(rows) != 2 || !ok {
			t.Errorf("%s: read again: %q, %v", group, rows, err)
		}
		if h := got.Header; h.Get("Content-Disposition") != `attachment; filename="mlf_2026-10-25_2026-10-25.csv"` || !strings.HasPrefix(h.Get("Content-Type"), "text/csv; charset=utf-8") {
			t.Errorf("got %v", h)
		}
	}
	const values, counts = "green;yellow;red;n;green_share;green_low;green_high", "7;0;1;8;0,875;0,5291118177871464;0,9775825085499433"
	f("", values, counts)
	f("region,province,comune", "region;province;comune;"+values, `"=""01""";"=""001""";"=""001272""";`+counts)
	f("office,service", "office;service;"+values, `"=""-1.2""";"=""anagrafe""";`+counts)
	f("hour", "hour (UTC);"+values+";hour_local (Europe/Rome);utc_offset", "2026-10-25 01:00:00;"+counts+`;2026-10-25 02:00:00;"=""+01:00"""`)
	f("day", "day;"+values, "2026-10-25;"+counts)
	f("week", "week;"+values, `"=""2026-W43""";`+counts)
	f("month", "month;"+values, `"=""2026-10""";`+counts)
}

// A long answer is the same in whatever way it is sent.
func TestLongAnswersArePacked(t *testing.T) {
	w := newWorld(t, query.Config{})
	at := hour(t, "2026-01-01T00:00:00Z")
	for i := range schema.Hour(5000) {
		w.memory.vote(cell(at+i), schema.Green, uint64(i)+1)
	}
	get := func(encoding string) reply {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/stats?from=2026-01-01&to=2026-12-31&group=hour&comune=058091&format=csv", nil)
		r.Header.Set("Accept-Encoding", encoding)
		rec := httptest.NewRecorder()
		w.server.Handler().ServeHTTP(rec, r)
		got := reply{Response: rec.Result(), body: rec.Body.Bytes()}
		_ = got.Body.Close()
		return got
	}
	var bodies [][]byte
	for encoding, want := range map[string]string{
		"": "", "identity": "", "gzip": "gzip", "gzip;q=0": "", "br, gzip;q=0.5": "gzip", "*": "gzip", "*;q=0": "", "GZIP": "gzip",
	} {
		resp := get(encoding)
		if got := resp.Header.Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: got %q, want %q", encoding, got, want)
			continue
		}
		var source io.Reader = bytes.NewReader(resp.body)
		if want == "gzip" {
			unpacked, err := gzip.NewReader(source)
			if err != nil {
				t.Fatal(err)
			}
			source = unpacked
		}
		body, err := io.ReadAll(source)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	for _, body := range bodies {
		if !bytes.Equal(body, bodies[0]) || bytes.Count(body, []byte("\n")) != 5001 {
			t.Errorf("got %d bytes with %d lines", len(body), bytes.Count(body, []byte("\n")))
		}
	}
}
