package query_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"mlf/query"
	"mlf/schema"
)

// figure is an observation as it is read: null is a nil pointer.
type figure struct {
	Green, Yellow, Red, N uint64
	GreenShare            *float64 `json:"green_share"`
	GreenLow              *float64 `json:"green_low"`
	GreenHigh             *float64 `json:"green_high"`
	Net                   *float64
	Deff                  *float64
	Change                *float64 `json:"n_change"`
	Status                []string
}

func (f *figure) add(g figure) {
	f.Green, f.Yellow, f.Red, f.N = f.Green+g.Green, f.Yellow+g.Yellow, f.Red+g.Red, f.N+g.N
}

// same tells whether two have the same votes.
func (f *figure) same(g figure) bool {
	return f.Green == g.Green && f.Yellow == g.Yellow && f.Red == g.Red && f.N == g.N
}

type trendStep struct {
	Step, From, To string
	Partial        bool
}

type trend struct {
	Grid        []trendStep
	CompareGrid []trendStep `json:"compare_grid"`
	Series      []struct {
		Key             map[string]any
		Total           figure
		Points, Compare []figure
	}
}

// ask reads an answer in JSON.
func ask[T any](w *world, target string) (answer T) {
	w.t.Helper()
	got := w.get(target)
	if got.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: got %d %s", target, got.StatusCode, got.body)
	}
	got.json(w.t, &answer)
	return answer
}

// filled is a world with votes of every kind.
func filled(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, query.Config{Now: noon})
	country(t, w.memory)
	talkative(t, w.memory)
	return w
}

// Whatever a trend is by, its series add up to the one of all, and that to what
// statistics say; steps come one after the other and end with the running one.
func TestTrendAddsUp(t *testing.T) {
	w := filled(t)
	rows := ask[struct{ Rows []figure }](w, "/v1/stats?period=2026&class=all").Rows
	for _, step := range []string{"day", "week", "month", "quarter", "year"} {
		whole := ask[trend](w, "/v1/trend?period=2026&class=all&step="+step)
		if len(whole.Series) != 1 || !whole.Series[0].Total.same(rows[0]) {
			t.Errorf("by %s: got %+v, want %+v", step, whole.Series[0].Total, rows[0])
		}
		for i := range whole.Grid {
			last := i == len(whole.Grid)-1
			if g := whole.Grid[i]; last != (g.To > noon().Format(time.RFC3339)) || !last && g.To != whole.Grid[i+1].From || last != g.Partial && step != "week" {
				t.Errorf("by %s: step %d of %d is %+v", step, i, len(whole.Grid), g)
			}
		}
		for _, by := range []string{"macro_area", "region", "province", "comune", "office", "service", "category", "channel", "class", "small", "population_class"} {
			if step == "day" && by != "region" && by != "office" {
				continue // Long, and nothing else.
			}
			parts := ask[trend](w, "/v1/trend?period=2026&class=all&step="+step+"&by="+by)
			for i := range whole.Grid {
				var sum figure
				for _, s := range parts.Series {
					sum.add(s.Points[i])
				}
				if !sum.same(whole.Series[0].Points[i]) {
					t.Fatalf("by %s and %s: step %d: got %+v, want %+v", step, by, i, sum, whole.Series[0].Points[i])
				}
			}
		}
	}
}

// A step of the other time stands beside the one that comes after as many; where it
// has fewer, there is none. Of the running time as much is compared as has passed.
func TestTrendCompares(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	for at, n := range map[string]uint64{
		"2026-03-28T08:00:00Z": 1, "2026-03-29T08:00:00Z": 2, "2025-03-28T08:00:00Z": 4, "2025-03-29T08:00:00Z": 8,
		"2026-11-26T09:30:00Z": 16, "2026-11-25T09:30:00Z": 32, "2026-11-25T15:00:00Z": 64,
	} {
		w.memory.vote(cell(hour(t, at)), schema.Green, n)
	}
	got := ask[trend](w, "/v1/trend?from=2026-03-28&to=2026-03-30&compare=year&step=day")
	s := got.Series[0]
	if s.Points[0].N != 1 || s.Points[1].N != 2 || s.Compare[0].N != 4 || s.Compare[1].N != 8 || *s.Compare[1].Change != -0.75 {
		t.Errorf("got %+v", s)
	}
	// 29 March 2026 has 23 hours.
	got = ask[trend](w, "/v1/trend?from=2026-03-29&to=2026-03-30&compare=2026-03-29/2026-03-29T12:00:00Z&step=hour")
	if s := got.Series[0]; len(got.Grid) != 23 || len(s.Points) != 23 || len(s.Compare) != len(got.CompareGrid) || len(s.Compare) >= 23 {
		t.Errorf("got %d steps, %d and %d points", len(got.Grid), len(s.Points), len(s.Compare))
	}
	got = ask[trend](w, "/v1/trend?period=today&compare=previous&step=day")
	if s := got.Series[0]; s.Points[0].N != 16 || s.Compare[0].N != 32 || !got.Grid[0].Partial || !slices.Equal(s.Points[0].Status, []string{"R", "P", "L"}) {
		t.Errorf("got %+v of %+v", s, got.Grid)
	}
}

// Who asks for more than a trend may have is told how to ask for less.
func TestTrendLimits(t *testing.T) {
	w := filled(t)
	f := func(ask, parameter string) {
		t.Helper()
		if p := w.get("/v1/trend?"+ask).problem(t, http.StatusBadRequest, "too-much-asked"); p.Parameter != parameter {
			t.Errorf("%s: got %+v, want parameter %s", ask, p, parameter)
		}
	}
	f("from=2025-01-01&to=2026-01-01&step=hour", "step")
	at := hour(t, "2026-11-01T08:00:00Z")
	for i := range schema.ServiceID(260) {
		c := cell(at)
		c.Service = 2000 + i
		w.memory.vote(c, schema.Green, 1)
	}
	f("period=2026-11&by=service", "by")
}

// Every hour of the week is there, and every hour of the time asked for is in one.
func TestHeatmap(t *testing.T) {
	w := filled(t)
	type heatmap struct {
		Total figure
		Cells []struct {
			figure
			Weekday, Hours uint64
			HourOfDay      uint64 `json:"hour_of_day"`
		}
	}
	f := func(query string, hours uint64) (got heatmap) {
		t.Helper()
		got = ask[heatmap](w, "/v1/heatmap?"+query)
		var sum figure
		for i, c := range got.Cells {
			if c.Weekday != uint64(i/24+1) || c.HourOfDay != uint64(i%24) {
				t.Fatalf("cell %d is of %d at %d", i, c.Weekday, c.HourOfDay)
			}
			sum.add(c.figure)
			hours -= c.Hours
		}
		want := ask[struct{ Rows []figure }](w, "/v1/stats?"+query).Rows[0]
		if len(got.Cells) != 168 || hours != 0 || !sum.same(want) || !got.Total.same(want) {
			t.Errorf("%s: got %d cells, %d hours too few, %+v and %+v, want %+v", query, len(got.Cells), hours, sum, got.Total, want)
		}
		return got
	}
	f("period=2025", 365*24)
	f("period=2026-09&region=12&channel=counter,web", 30*24)
	f("period=2026-09&working_day=true", 22*24)
	f("period=2020&comune=058091", 366*24)
	f("period=today", 13) // What has begun.
	const sundayAtTwo = 6*24 + 2
	if got := f("from=2026-10-25&to=2026-10-26", 25).Cells[sundayAtTwo]; got.Hours != 2 {
		t.Errorf("in October: got %+v", got)
	}
	if got := f("from=2026-03-29&to=2026-03-30", 23).Cells[sundayAtTwo]; got.Hours != 0 || got.N != 0 {
		t.Errorf("in March: got %+v", got)
	}
}

type ranking struct {
	Ranked      int
	SmallCount  int `json:"small_count"`
	Reference   []map[string]any
	Rows, Small []struct {
		figure
		Comune, Office, Service string
		Place                   int
		Best                    int `json:"place_best"`
		Worst                   int `json:"place_worst"`
		Value                   *float64
		P, Q                    *float64
		Differs                 *bool
		FunnelLow               *float64 `json:"funnel_low"`
		FunnelHigh              *float64 `json:"funnel_high"`
	}
}

// Places are by the figure; each is held against what it belongs to; the small are
// in nobody's place.
func TestRanking(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	at := hour(t, "2026-10-05T08:00:00Z")
	vote := func(comune schema.ComuneID, green, red uint64) {
		c := cell(at)
		c.Comune = comune
		w.memory.vote(c, schema.Green, green)
		w.memory.vote(c, schema.Red, red)
	}
	vote(roma, 800, 200)
	vote(58118, 95, 5) // Of Roma's region: well above it.
	vote(bolzano, 40, 60)
	vote(1272, 9, 1) // Too few.
	got := ask[ranking](w, "/v1/ranking?period=2026-10&by=comune")
	if len(got.Rows) != 3 || got.Rows[0].Comune != "058118" || got.Rows[2].Comune != "021008" || got.Ranked != 3 || len(got.Small) != 1 || got.Small[0].Comune != "001272" {
		t.Fatalf("got %+v", got)
	}
	for i, row := range got.Rows {
		outside := *row.Value < *row.FunnelLow || *row.Value > *row.FunnelHigh
		if row.Place != i+1 || row.Best > row.Place || row.Worst < row.Place || *row.P > *row.Q || *row.Differs != (*row.Q < 0.05) || outside != (*row.P < 0.05) {
			t.Errorf("got %+v", row)
		}
	}
	// Filters of places leave the reference as it is.
	if some := ask[ranking](w, "/v1/ranking?period=2026-10&by=comune&region=04"); len(some.Rows) != 1 || fmt.Sprint(some.Reference) != fmt.Sprint(got.Reference) {
		t.Errorf("got %+v, want the reference %v", some, got.Reference)
	}
	// Bolzano is its region, and Roma is nearly its own.
	own := ask[ranking](w, "/v1/ranking?period=2026-10&by=comune&reference=region")
	if len(own.Reference) != 3 || *own.Rows[2].P != 1 || !*own.Rows[0].Differs || *own.Rows[1].Differs {
		t.Errorf("got %+v", own)
	}
	top := ask[ranking](w, "/v1/ranking?period=2026-10&by=comune&top=1")
	if len(top.Rows) != 1 || top.Ranked != 3 || top.SmallCount != 1 || len(top.Small) != 0 {
		t.Errorf("got %+v", top)
	}
	most := ask[ranking](w, "/v1/ranking?period=2026-10&by=office&measure=n&min_n=1")
	if len(most.Rows) != 4 || most.Rows[0].N != 1000 || most.Rows[0].Q != nil || most.Rows[0].Comune != "058091" {
		t.Errorf("got %+v", most)
	}
}

// Each channel got better by a point, and the whole fell from 81 to 78, because more
// votes came from where figures are low. With the same mix it went up by one.
func TestCompareTellsTheMix(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	for year, channels := range map[string][][2]uint64{"2006": {{300, 85}, {200, 78}, {100, 73}}, "2007": {{100, 86}, {200, 79}, {300, 74}}} {
		for i, channel := range channels {
			c := cell(hour(t, year+"-05-02T08:00:00Z"))
			c.Channel = schema.Channels()[i]
			green := channel[0] * channel[1] / 100
			w.memory.vote(c, schema.Green, green)
			w.memory.vote(c, schema.Red, channel[0]-green)
		}
	}
	type estimates map[string]struct{ Value, Crude, Difference, P, Q *float64 }
	type comparison struct {
		Selections []struct {
			figure
			Standardised estimates
		}
		Differences []struct {
			Shared              bool
			Crude, Standardised estimates
		}
		Mix []struct {
			Channel string
			Weight  float64
			N       map[string]uint64
		}
	}
	near := func(what string, got *float64, want float64) {
		t.Helper()
		if got == nil || *got < want-1e-9 || *got > want+1e-9 {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	got := ask[comparison](w, "/v1/compare?a="+url.QueryEscape("period=2006")+"&b="+url.QueryEscape("period=2007"))
	near("2006", got.Selections[0].GreenShare, 484.0/600)
	near("2007", got.Selections[1].GreenShare, 466.0/600)
	near("2006 with its own mix", got.Selections[0].Standardised["green_share"].Value, 484.0/600)
	near("2007 with the mix of 2006", got.Selections[1].Standardised["green_share"].Value, 490.0/600)
	d := got.Differences[0]
	near("crude", d.Crude["green_share"].Difference, -0.03)
	near("with the same mix", d.Standardised["green_share"].Difference, 0.01)
	near("net with the same mix", d.Standardised["net"].Difference, 0.02)
	if d.Shared || d.Crude["green_share"].P == nil || d.Crude["net"].P != nil || len(got.Mix) != 3 || got.Mix[0].Weight != 0.5 || got.Mix[0].N["b"] != 100 {
		t.Errorf("got %+v and %+v", d, got.Mix)
	}
	// A place and the one that it lies in share votes.
	within := ask[comparison](w, "/v1/compare?period=2006&a="+url.QueryEscape("region=12")+"&b="+url.QueryEscape("comune=058091")+"&c="+url.QueryEscape("region=04"))
	if !within.Differences[0].Shared || within.Differences[1].Shared {
		t.Errorf("got %+v", within.Differences)
	}
}

// Every vote was answered for, passed over, let pass or not asked.
func TestReasonsAddUp(t *testing.T) {
	w := filled(t)
	type reasons struct {
		Rows []struct {
			N, Answered, Skipped, Timeout uint64
			NotOffered                    uint64 `json:"not_offered"`
			Face                          string
			Reasons                       []struct {
				N     uint64
				Share float64
			}
		}
	}
	for _, by := range []string{"", "&by=channel", "&by=office", "&by=category"} {
		var all uint64
		for _, row := range ask[reasons](w, "/v1/reasons?period=2026"+by).Rows {
			answered, shares := uint64(0), 0.0
			for _, r := range row.Reasons {
				answered, shares = answered+r.N, shares+r.Share
			}
			if row.N != row.Answered+row.Skipped+row.Timeout+row.NotOffered || answered != row.Answered || answered > 0 && (shares < 0.999 || shares > 1.001) {
				t.Errorf("%s: got %+v", by, row)
			}
			all += row.N
		}
		if want := ask[struct{ Rows []figure }](w, "/v1/stats?period=2026").Rows[0].N; all != want {
			t.Errorf("%s: got %d votes, want %d", by, all, want)
		}
	}
}

// Days that are unlike widen an interval that is told to look at them.
func TestClusteredIntervalsAreWider(t *testing.T) {
	w := filled(t)
	for name, total := range map[string]func(query string) figure{
		"point": func(query string) figure { return ask[trend](w, "/v1/trend?step=month&"+query).Series[0].Points[0] },
		"trend": func(query string) figure { return ask[trend](w, "/v1/trend?step=day&"+query).Series[0].Total },
		"cells": func(query string) figure { return ask[struct{ Total figure }](w, "/v1/heatmap?"+query).Total },
		"ranks": func(query string) figure { return ask[ranking](w, "/v1/ranking?by=comune&"+query).Rows[0].figure },
		"sides": func(query string) figure {
			return ask[struct{ Selections []figure }](w, "/v1/compare?a=&b=&"+query).Selections[0]
		},
	} {
		plain, clustered := total("period=2026-10&comune=058091"), total("period=2026-10&comune=058091&interval=clustered")
		if *clustered.GreenHigh-*clustered.GreenLow <= *plain.GreenHigh-*plain.GreenLow || *clustered.Deff <= 1 || (plain.Deff == nil) == (name == "sides") {
			t.Errorf("%s: got %+v and %+v", name, plain, clustered)
		}
		if name != "sides" && *clustered.Deff != *total("period=2026-10&comune=058091&interval=clustered").Deff {
			t.Errorf("%s: another effect the second time", name)
		}
	}
}

// Settled time keeps its tag however late it is; what may still change does not.
func TestAnswersOfSettledTimeStay(t *testing.T) {
	now := noon()
	w := newWorld(t, query.Config{Now: func() time.Time { return now }})
	country(t, w.memory)
	for _, endpoint := range []string{"trend?", "heatmap?", "ranking?by=comune&", "reasons?", "compare?a=&b=channel%3Dweb&"} {
		old, running := w.get("/v1/"+endpoint+"period=2026-Q1"), w.get("/v1/"+endpoint+"period=2026-Q4")
		now = now.Add(2 * time.Hour)
		if got := w.get("/v1/"+endpoint+"period=2026-Q1", "If-None-Match", old.Header.Get("ETag")); got.StatusCode != http.StatusNotModified {
			t.Errorf("%s: settled: got %d", endpoint, got.StatusCode)
		} else if kept := got.Header.Get("Cache-Control"); kept != "public, max-age=60" || old.Header.Get("Cache-Control") != kept || running.Header.Get("Cache-Control") != "public, max-age=1" {
			t.Errorf("%s: got %q for a settled time, %q for one that is running", endpoint, kept, running.Header.Get("Cache-Control"))
		}
		if got := w.get("/v1/"+endpoint+"period=2026-Q4", "If-None-Match", running.Header.Get("ETag")); got.StatusCode != http.StatusOK {
			t.Errorf("%s: running: got %d", endpoint, got.StatusCode)
		}
	}
}

// Every answer comes in every form: by its parameter, and by the end of the address.
func TestAnswersAsFiles(t *testing.T) {
	w := filled(t)
	for _, target := range []string{
		"stats?period=2026&group=day,comune,small,weekday_&compare=year", "stats?period=2026-Q4&group=hour,service", "trend?period=2026&by=region&compare=year", "heatmap?period=2026",
		"ranking?period=2026&by=office", "compare?period=2026&a=&b=channel%3Dweb", "reasons?period=2026&by=channel",
	} {
		target = strings.ReplaceAll(target, ",weekday_", "")
		path, query, _ := strings.Cut(target, "?")
		lines := bytes.Split(bytes.TrimSuffix(w.file(path, query, "ndjson").body, []byte("\n")), []byte("\n"))
		for _, line := range lines {
			if !json.Valid(line) {
				t.Fatalf("%s: no JSON: %s", target, line)
			}
		}
		if got := bytes.Count(w.file(path, query, "csv").body, []byte("\r\n")) - 1; got != len(lines) {
			t.Errorf("%s: CSV has %d records, NDJSON %d lines", target, got, len(lines))
		}
		file := w.file(path, query, "parquet").body
		read, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		if licence, _ := read.Lookup("licence"); int(read.NumRows()) != len(lines) || !strings.Contains(licence, "CC BY 4.0") {
			t.Errorf("%s: got %d rows, licence %q", target, read.NumRows(), licence)
		}
		w.checkBook(target, w.file(path, query, "xlsx").body, len(lines))
	}
}

// file asks for a form in both ways, and looks whether they are the same.
func (w *world) file(path, query, form string) reply {
	w.t.Helper()
	got, ended := w.get("/v1/"+path+"?"+query+"&format="+form), w.get("/v1/"+path+"."+form+"?"+query)
	if got.StatusCode != http.StatusOK || ended.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != ended.Header.Get("Content-Type") {
		w.t.Fatalf("%s as %s: got %d %s and %d %s", path, form, got.StatusCode, got.body, ended.StatusCode, ended.body)
	}
	if !strings.Contains(ended.Header.Get("Content-Disposition"), "."+form) || form != "xlsx" && !bytes.Equal(got.body, ended.body) {
		w.t.Errorf("%s as %s: got %q, and bodies of %d and %d bytes", path, form, ended.Header.Get("Content-Disposition"), len(got.body), len(ended.body))
	}
	return got
}

func (w *world) checkBook(target string, file []byte, rows int) {
	w.t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		w.t.Fatalf("%s: %v", target, err)
	}
	defer func() { _ = book.Close() }()
	data, err := book.GetRows("data")
	if err != nil || len(data) != rows+1 {
		w.t.Errorf("%s: got %d rows, %v, want %d", target, len(data), err, rows+1)
	}
	notes, err := book.GetRows("notes")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, want := range []string{"title", "formula share.1", "position", "time zone", "licence"} {
		if !slices.ContainsFunc(notes, func(row []string) bool { return row[0] == want }) {
			w.t.Errorf("%s: no note of %s in %v", target, want, notes)
		}
	}
}

func TestForms(t *testing.T) {
	w := filled(t)
	f := func(target, accept, parameter, media string) {
		t.Helper()
		got := w.get(target, "Accept", accept)
		if parameter != "" {
			if p := got.problem(t, http.StatusBadRequest, "bad-parameter"); p.Parameter != parameter {
				t.Errorf("%s: got %+v", target, p)
			}
			return
		}
		if got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), media) {
			t.Errorf("%s: got %d %s", target, got.StatusCode, got.Header.Get("Content-Type"))
		}
	}
	f("/v1/trend?period=2026", "application/vnd.apache.parquet", "", "application/vnd.apache.parquet")
	f("/v1/trend?period=2026", "application/x-ndjson, application/json;q=0.5", "", "application/x-ndjson")
	f("/v1/trend?period=2026", "application/*", "", "application/json")
	f("/v1/trend.csv?period=2026&csv=it", "", "", "text/csv")
	f("/v1/trend.csv?period=2026&format=csv", "", "", "text/csv")
	f("/v1/trend.csv?period=2026&format=json", "", "format", "")
	f("/v1/trend?period=2026&format=pdf", "", "format", "")
	f("/v1/trend?period=2026&csv=it", "", "csv", "")
	f("/v1/trend?period=2026&format=csv&csv=de", "", "csv", "")
	f("/v1/heatmap?period=2026&compare=year", "", "compare", "")
	f("/v1/reasons?period=2026&group=comune", "", "group", "")
	w.get("/v1/trend.pdf?period=2026").problem(t, http.StatusNotFound, "not-found")
}

// Who looks before reading is told how long a file is, and none is packed twice.
func TestFilesHaveALength(t *testing.T) {
	w := filled(t)
	const target = "/v1/stats.parquet?period=2026&group=hour,comune"
	got, head := w.get(target, "Accept-Encoding", "gzip"), w.do(http.MethodHead, target, "Accept-Encoding", "gzip")
	for _, r := range []reply{got, head} {
		if r.Header.Get("Content-Length") != fmt.Sprint(len(got.body)) || r.Header.Get("Content-Encoding") != "" || r.Header.Get("No-Gzip-Compression") != "" || !bytes.HasPrefix(got.body, []byte("PAR1")) {
			t.Errorf("got %v", r.Header)
		}
	}
}
