package query_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/query"
	"mlf/schema"
)

// TestStatsStayAsTheyAre holds whole answers, byte for byte: callers have code
// that reads them. -update writes them anew.
func TestStatsStayAsTheyAre(t *testing.T) {
	now := time.Date(2026, 11, 26, 9, 17, 3, 0, time.UTC)
	w := newWorld(t, query.Config{Now: func() time.Time { return now }})
	country(t, w.memory)
	var got bytes.Buffer
	for _, ask := range goldenQuestions() {
		answer := w.get("/v1/stats?" + ask)
		fmt.Fprintf(&got, "== %s\n%d\n", ask, answer.StatusCode)
		for _, name := range []string{"Content-Type", "Content-Disposition", "Cache-Control", "Vary", "X-MLF-Excluded", "X-MLF-Span"} {
			for _, value := range answer.Header.Values(name) {
				fmt.Fprintf(&got, "%s: %s\n", name, value)
			}
		}
		body := strings.ReplaceAll(string(answer.body), answer.Header.Get("X-Request-ID"), "ID")
		fmt.Fprintf(&got, "%s\n", strings.ReplaceAll(body, "\r\n", "\\r\n"))
	}
	golden(t, "stats.golden", got.Bytes())
}

var update = flag.Bool("update", false, "rewrite the golden files in testdata") //nolint:gochecknoglobals // A flag must exist before main.

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Fatalf("%s: line %d:\ngot  %s\nwant %s", path, i+1, gotLines[i], wantLines[i])
		}
	}
	t.Fatalf("%s: got %d lines, want %d", path, len(gotLines), len(wantLines))
}

// country fills m with votes of every kind that there is: comuni under several
// codes, of no list, of either clock, of every channel, scale and class.
func country(t *testing.T, m *memory) {
	t.Helper()
	comuni := []schema.ComuneID{roma, bolzano, 1272, 90001, 113001, 90003, 112001, 18082, 18094, 58999, 999999, 15146, 58118}
	hours := []string{
		"2025-12-31T22:00:00Z", "2025-12-31T23:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-04-06T09:00:00Z", "2026-10-03T21:00:00Z", "2026-10-04T08:00:00Z",
		"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-11-01T08:00:00Z", "2026-11-24T23:00:00Z", "2026-11-26T09:00:00Z",
	}
	services := []schema.ServiceID{0, 1, 2, 19, 63, 1000}
	offices := []schema.OfficeCode{"", "HQ-1", "-1.2", "10", "9"}
	for i := range 200 {
		c := schema.Cell{
			Comune: comuni[i%len(comuni)], Office: offices[i*7%len(offices)], Service: services[i*5%len(services)],
			Channel: schema.Channels()[i*3%5], Scale: schema.Scales()[i/5%9/4], Class: schema.Classes()[i/7%13/4], Hour: hour(t, hours[i%len(hours)]),
		}
		m.vote(c, schema.Value(i%int(c.Scale.Max())+1), uint64(i%17+1))
	}
	m.ledger[0].Quarantined, m.ledger[1].Quarantined, m.ledger[1].Conflicts = 20, 3, 4
}

func goldenQuestions() []string {
	const year, month = "from=2026-01-01&to=2027-01-01", "from=2026-10-01&to=2026-11-26T10:00:00Z"
	groups := []string{
		"", "region", "province", "comune", "office", "service", "channel", "scale", "class", "hour", "day", "week", "month",
		"hour,comune", "service,month,region", "day,class,office", "comune,service,channel,scale,class,week",
	}
	var asked []string
	for _, group := range groups {
		scales := ""
		if strings.Contains(group, "scale") {
			scales = "&scale=mlf3,stars5,smiley4"
		}
		for _, format := range []string{"json", "csv", "excel"} {
			asked = append(asked, year+"&class=all"+scales+"&group="+group+"&format="+format, month+"&group="+group+"&format="+format)
		}
	}
	return append(asked,
		"from=now-6h&to=now", "from=now/d&to=now/d&group=hour", "from=1793520000123&to=1793523600123", "from=2025-12-31&to=2026-01-02&group=hour,province",
		year+"&scale=stars5&group=office", year+"&scale=smiley4&class=burst,test", year+"&class=late_clock&group=class",
		year+"&region=12,20&group=comune", year+"&region=12&province=021&group=comune", year+"&region=12&province=021", year+"&province=090&group=province,comune",
		year+"&province=058", year+"&comune=113001&group=comune", year+"&comune=058091&comune=021008,058091&group=comune", year+"&province=112&comune=090001",
		year+"&office=&group=office", year+"&office=HQ-1,10", year+"&service=anagrafe,unspecified&group=service", year+"&channel=web,phone&group=channel",
		year+"&group=comune&top=3", year+"&group=hour&top=9", year+"&group=service&top=1000&utm_source=x&fbclid=1",
		"from=2026-01-01", "from=2026-01-01&to=2036-01-01", year+"&comune=999999", year+"&region=99", year+"&scale=mlf3,stars5",
		year+"&office=a/b", year+"&service=anagrafica", year+"&channel=fax", year+"&class=good", year+"&top=0", year+"&format=xml", year+"&group=comune,comune",
	)
}
