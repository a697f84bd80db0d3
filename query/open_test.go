package query_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlf/query"
	"mlf/query/client"
	"mlf/schema"
)

// A table of open data, as a spreadsheet reads it.
type openTable struct {
	names []string
	rows  [][]string
}

// table returns the CSV file at a path.
func (g *guarded) table(path string) openTable {
	g.t.Helper()
	got := g.get(path)
	if got.StatusCode != http.StatusOK {
		g.t.Fatalf("%s: got %d %s", path, got.StatusCode, got.body)
	}
	rows, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
	if err != nil {
		g.t.Fatal(err)
	}
	return openTable{rows[0], rows[1:]}
}

// sum adds up a column of the rows that of keeps.
func (o openTable) sum(column string, keep func(cell func(name string) string) bool) (n uint64) {
	for _, row := range o.rows {
		cell := func(name string) string {
			for i := range o.names {
				if o.names[i] == name {
					return row[i]
				}
			}
			return "no column " + name
		}
		if keep(cell) {
			add, _ := strconv.ParseUint(cell(column), 10, 64)
			n += add
		}
	}
	return n
}

// TestTheFilesOfAMonthAreWhatIsPublished: a month's file has every figure that the public
// is shown, in rows of three votes or more; and no later night changes a byte of it.
func TestTheFilesOfAMonthAreWhatIsPublished(t *testing.T) {
	for _, rule := range []string{query.DisclosureLots, query.DisclosureNone} {
		inBubble(t, rule, nil, testTheFilesOfAMonth)
	}
}

func testTheFilesOfAMonth(t *testing.T, g *guarded) {
	at := cell(schema.HourOf(time.Now()))
	g.get("/v1/open").problem(t, http.StatusServiceUnavailable, "unpublished")
	g.cast(roma, schema.Green, 5)
	g.cast(roma, schema.Red, 2)
	at.Comune = milano
	g.memory.voteFor(at, schema.Red, schema.ReasonStaff, 4)
	pass(24 * time.Hour)
	g.cast(roma, schema.Green, 1) // Too few until the month is closed: with Milan's they are the nation's.
	g.cast(milano, schema.Yellow, 2)
	if got := g.get("/v1/open/2000-01.csv").problem(t, http.StatusNotFound, "not-found"); !strings.Contains(got.Detail, "2000-02-04") {
		t.Errorf("a month under way: got %q, want the day on which it is due", got.Detail)
	}
	pass(7 * 24 * time.Hour)
	first := g.get("/v1/open/2000-01.csv")
	if first.StatusCode != http.StatusTemporaryRedirect || first.Header.Get("Location") != "2000-01.v1.csv" {
		t.Fatalf("got %d to %q", first.StatusCode, first.Header.Get("Location"))
	}
	kept := map[string]string{}
	for _, form := range []string{"csv", "parquet", "ndjson", "reasons.csv", "reasons.parquet", "reasons.ndjson"} {
		got := g.get("/v1/open/2000-01.v1." + form)
		if got.StatusCode != http.StatusOK || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") || strings.HasPrefix(got.Header.Get("ETag"), "W/") {
			t.Errorf("%s: got %d %v", form, got.StatusCode, got.Header)
		}
		kept[form] = string(got.body)
	}
	if rows := strings.Join(strings.Split(kept["csv"], "\r\n")[1:], "\n"); rows != lotsOfJanuary {
		t.Errorf("got\n%swant\n%s", rows, lotsOfJanuary)
	}
	if kept["reasons.csv"] != "release,lot,value,reason,n\r\n3,0,1,staff,4\r\n" {
		t.Errorf("reasons: got %q", kept["reasons.csv"])
	}
	g.asShown("/v1/open/2000-01.v1.csv")
	for path, media := range map[string]string{
		"/v1/open": "application/json", "/v1/open/": "application/json", "/v1/open/catalog.ttl": "text/turtle; charset=utf-8",
		"/v1/open/catalog.jsonld": "application/ld+json", "/v1/open/2000-01.v1.csv-metadata.json": "application/csvm+json",
	} {
		got := g.get(path) // It is as the description says.
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != media {
			t.Errorf("%s: got %d %s", path, got.StatusCode, got.Header.Get("Content-Type"))
		}
		if again := g.get(path, "If-None-Match", got.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: got %d to its own tag", path, again.StatusCode)
		}
	}
	if got := g.get("/v1/open", "Accept", "text/turtle, */*;q=0.1"); !strings.HasPrefix(string(got.body), "@prefix") {
		t.Errorf("Turtle is asked for: got %s", got.body)
	}

	g.readByTheClient(kept["csv"])

	pass(24 * time.Hour)
	late := cell(schema.HourOf(time.Date(2000, 1, 30, 12, 0, 0, 0, time.UTC)))
	late.Comune = roma
	g.memory.vote(late, schema.Green, 6)
	pass(35 * 24 * time.Hour)
	if next := g.get("/v1/open/2000-01.csv"); next.Header.Get("Location") != "2000-01.v2.csv" {
		t.Errorf("after late votes: got %q, want the second vintage", next.Header.Get("Location"))
	}
	g.asShown("/v1/open/2000-01.v2.csv")
	for form, body := range kept {
		if got := g.get("/v1/open/2000-01.v1." + form); string(got.body) != body {
			t.Errorf("%s has changed with a later release", form)
		}
	}
	if v2 := g.get("/v1/open/2000-01.v2.csv"); !strings.HasPrefix(string(v2.body), kept["csv"]) {
		t.Error("the second vintage is not the first and more")
	}
	g.get("/v1/open/2000-01.v3.csv").problem(t, http.StatusNotFound, "not-found")
}

// lotsOfJanuary are those of the first vintage.
const lotsOfJanuary = `3,0,channel,03,015,015146,,anagrafe,counter,mlf3,2000-01-29,2000-01-29,4,0,0,0,0,4
3,1,channel,12,058,058091,,anagrafe,counter,mlf3,2000-01-29,2000-01-29,2,0,5,0,0,7
8,0,nation,,,,,,,mlf3,2000-01-01,2000-01-31,0,2,1,0,0,3
`

// asShown compares a file's sums with what the public is shown of January, and holds its rows
// to the threshold.
func (g *guarded) asShown(path string) {
	t := g.t
	t.Helper()
	file := g.table(path)
	everything := func(func(string) string) bool { return true }
	if n := file.sum("n", func(cell func(string) string) bool {
		n, _ := strconv.Atoi(cell("n"))
		return n < 3
	}); n > 0 {
		t.Errorf("%s: rows of fewer than three votes", path)
	}
	var stats struct {
		Rows []struct {
			Comune                string
			Green, Yellow, Red, N uint64
		}
	}
	const january = "/v1/stats?period=2000-01"
	g.get(january).json(t, &stats)
	row := stats.Rows[0]
	want := fmt.Sprint(row.Red, row.Yellow, row.Green, row.N)
	if got := fmt.Sprint(file.sum("v1", everything), file.sum("v2", everything), file.sum("v3", everything), file.sum("n", everything)); got != want {
		t.Errorf("%s: got %s, /v1/stats has %s", path, got, want)
	}
	var about struct{ Meta struct{ Disclosure string } }
	g.get(january).json(t, &about)
	if about.Meta.Disclosure == query.DisclosureNone {
		return // Votes of comuni are shown there which lots do not say.
	}
	g.get(january+"&group=comune").json(t, &stats)
	for _, row := range stats.Rows {
		n := file.sum("n", func(cell func(string) string) bool { return cell("comune") == row.Comune })
		if n != row.N {
			t.Errorf("%s: comune %s has %d, /v1/stats %d", path, row.Comune, n, row.N)
		}
	}
}

// TestAFileIsSentOnce: who has a file is told so, by its tag, packed or not, and by the
// time at which he got it.
func TestAFileIsSentOnce(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		for i := range 400 { // Enough to be packed.
			c := cell(schema.HourOf(time.Now()))
			c.Comune, c.Service = []schema.ComuneID{roma, milano}[i%2], schema.ServiceID(i/10)
			c.Channel, c.Office = schema.Channels()[i%5], schema.OfficeCode(strings.Repeat("o", 1+i%10))
			g.memory.vote(c, schema.Green, 3)
		}
		pass(8 * 24 * time.Hour)
		const path = "/v1/open/2000-01.v1.csv"
		plain, packed := g.get(path), g.get(path, "Accept-Encoding", "gzip")
		unpacked, err := gzip.NewReader(strings.NewReader(string(packed.body)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(unpacked)
		if err != nil || string(body) != string(plain.body) {
			t.Errorf("packed is another file: %v", err)
		}
		tags := []string{plain.Header.Get("ETag"), packed.Header.Get("ETag")}
		if tags[0] == tags[1] || tags[0] == "" {
			t.Errorf("got tags %v, want one for each: they are of other bytes", tags)
		}
		published := plain.Header.Get("Last-Modified")
		for _, headers := range [][]string{{"If-None-Match", tags[0]}, {"If-None-Match", tags[1]}, {"If-Modified-Since", published}} {
			if got := g.get(path, headers...); got.StatusCode != http.StatusNotModified || len(got.body) > 0 {
				t.Errorf("%v: got %d", headers, got.StatusCode)
			}
		}
		before := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat)
		for _, headers := range [][]string{{"If-None-Match", `"other"`, "If-Modified-Since", published}, {"If-Modified-Since", before}} {
			if got := g.get(path, headers...); got.StatusCode != http.StatusOK {
				t.Errorf("%v: got %d", headers, got.StatusCode)
			}
		}
	})
}

// RoundTrip answers a client without a network, which no bubble has.
func (g *guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	got := g.get(r.URL.RequestURI())
	got.Body, got.Request = io.NopCloser(bytes.NewReader(got.body)), r
	return got.Response, nil
}

// readByTheClient lists files and reads one, by its own name and as the newest.
func (g *guarded) readByTheClient(want string) {
	g.t.Helper()
	c := &client.Client{Base: "http://mlf.example.it", HTTP: &http.Client{Transport: g}, Forward: true}
	if _, err := c.Stats(g.t.Context(), url.Values{"period": {"2000-01"}}); err != nil || c.Position() == "" { // From now on it demands a position.
		g.t.Fatalf("got position %q, %v", c.Position(), err)
	}
	list, err := c.OpenData(g.t.Context())
	if err != nil || len(list.Months) != 1 || len(list.Due) != 0 || list.Months[0].Vintages[0].N != 14 {
		g.t.Fatalf("got %+v, %v", list, err)
	}
	file := list.Months[0].Vintages[0].Files[0]
	for _, name := range []string{file.Name, "2000-01.csv"} {
		var got bytes.Buffer
		if header, err := c.Download(g.t.Context(), "/v1/open/"+name, nil, "", &got); err != nil || got.String() != want || header.Get("Last-Modified") == "" {
			g.t.Errorf("%s: got %d bytes, %v, want %d", name, got.Len(), err, len(want))
		}
	}
	sum := sha256.Sum256([]byte(want))
	if *file.Bytes != uint64(len(want)) || *file.Rows != 3 || *file.SHA256 != hex.EncodeToString(sum[:]) {
		g.t.Errorf("got %d bytes, %d rows, sum %s", *file.Bytes, *file.Rows, *file.SHA256)
	}
}
