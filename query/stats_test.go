package query_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mlf/query"
	"mlf/schema"
)

const (
	roma    schema.ComuneID = 58091
	bolzano schema.ComuneID = 21008
)

// cell returns the cell of an ordinary vote at Rome's anagrafe.
func cell(at schema.Hour) schema.Cell {
	return schema.Cell{
		Comune: roma, Service: 1, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK, Hour: at,
	}
}

type stats struct {
	Meta struct {
		From, To    string
		Rounded     bool
		Group       []string
		Filters     map[string][]string
		Top         int
		Formula     string
		GeneratedAt string          `json:"generated_at"`
		Ledger      []schema.Offset `json:"ledger"`
		Excluded    map[string]uint64
		Disclosure  string `json:"disclosure"`
	}
	Rows []map[string]any
}

// counted is a world with a week of votes in two comuni.
func counted(t *testing.T) *world {
	w := newWorld(t, query.Config{})
	at := hour(t, "2026-11-01T08:00:00Z")
	c := cell(at)
	w.memory.vote(c, schema.Green, 7)
	w.memory.vote(c, schema.Yellow, 1)
	c.Hour++
	w.memory.vote(c, schema.Red, 2)
	c.Service, c.Channel = 2, schema.ChannelWeb
	w.memory.vote(c, schema.Green, 5)
	c.Comune, c.Office, c.Hour = bolzano, "HQ-1", hour(t, "2026-11-02T23:00:00Z")
	w.memory.vote(c, schema.Green, 4)
	c.Class = schema.ClassBurst
	w.memory.vote(c, schema.Red, 3)
	c.Class, c.Scale = schema.ClassOK, schema.ScaleStars5
	w.memory.vote(c, 5, 6)
	w.memory.vote(c, 1, 1)
	c.Scale = schema.ScaleSmiley4
	w.memory.vote(c, 4, 2)
	return w
}

const week = "/v1/stats?from=2026-11-01&to=2026-11-08"

func TestStatsRows(t *testing.T) {
	w := counted(t)
	f := func(ask string, want ...string) {
		t.Helper()
		got := w.get(week+"&format=csv"+ask, "Accept", "text/csv")
		if got.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %d %s", ask, got.StatusCode, got.body)
		}
		// The shares have a test of their own.
		rows, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", ask, err)
		}
		var have []string
		for _, row := range rows {
			have = append(have, strings.TrimSuffix(strings.Join(row[:slices.Index(rows[0], "n")+1], ","), ","))
		}
		if !slices.Equal(have, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", ask, have, want)
		}
	}
	f("", "green,yellow,red,n", "16,1,2,19")
	f("&group=", "green,yellow,red,n", "16,1,2,19")
	f("&group=comune", "comune,green,yellow,red,n", "021008,4,0,0,4", "058091,12,1,2,15")
	f("&group=region,province", "region,province,green,yellow,red,n", "04,021,4,0,0,4", "12,058,12,1,2,15")
	f("&group=office", "office,green,yellow,red,n", ",12,1,2,15", "HQ-1,4,0,0,4")
	// Sorted as shown: by the word, not by the number behind it.
	f("&group=service", "service,green,yellow,red,n", "anagrafe,7,1,2,10", "stato-civile,9,0,0,9")
	f("&group=channel,hour", "channel,hour,green,yellow,red,n",
		"counter,2026-11-01T08:00:00Z,7,1,0,8", "counter,2026-11-01T09:00:00Z,0,0,2,2",
		"web,2026-11-01T09:00:00Z,5,0,0,5", "web,2026-11-02T23:00:00Z,4,0,0,4")
	// 23:00 UTC is the next day in Rome, and 1 November 2026 a Sunday.
	f("&group=day", "day,green,yellow,red,n", "2026-11-01,12,1,2,15", "2026-11-03,4,0,0,4")
	f("&group=week", "week,green,yellow,red,n", "2026-W44,12,1,2,15", "2026-W45,4,0,0,4")
	f("&group=month,comune", "month,comune,green,yellow,red,n", "2026-11,021008,4,0,0,4", "2026-11,058091,12,1,2,15")
	f("&group=class&class=all", "class,green,yellow,red,n", "burst,0,0,3,3", "ok,16,1,2,19")
	f("&class=burst,test", "green,yellow,red,n", "0,0,3,3")

	f("&region=12", "green,yellow,red,n", "12,1,2,15")
	f("&region=12,04", "green,yellow,red,n", "16,1,2,19")
	f("&region=12&province=021", "green,yellow,red,n", "0,0,0,0")
	f("&region=12&province=021&group=comune", "comune,green,yellow,red,n")
	f("&province=021", "green,yellow,red,n", "4,0,0,4")
	f("&comune=058091&comune=021008,058091", "green,yellow,red,n", "16,1,2,19")
	f("&office=", "green,yellow,red,n", "12,1,2,15")
	f("&office=HQ-1,X", "green,yellow,red,n", "4,0,0,4")
	f("&service=anagrafe", "green,yellow,red,n", "7,1,2,10")
	f("&channel=web,phone", "green,yellow,red,n", "9,0,0,9")

	f("&scale=stars5", "v1,v2,v3,v4,v5,n", "1,0,0,0,6,7")
	f("&scale=smiley4", "v1,v2,v3,v4,v5,n", "0,0,0,2,0,2")
	f("&scale=mlf3,stars5&group=scale", "scale,v1,v2,v3,v4,v5,n", "mlf3,2,1,16,0,0,19", "stars5,1,0,0,0,6,7")
	f("&group=comune&top=1", "comune,green,yellow,red,n", "058091,12,1,2,15")
	f("&group=hour&top=9", "hour,green,yellow,red,n",
		"2026-11-01T08:00:00Z,7,1,0,8", "2026-11-01T09:00:00Z,5,0,2,7", "2026-11-02T23:00:00Z,4,0,0,4")
}

func TestStatsJSON(t *testing.T) {
	w := counted(t)
	var got stats
	w.get(week+"&group=comune,service,hour&comune=058091&service=anagrafe").json(t, &got)
	if want := []string{"comune", "service", "hour"}; !slices.Equal(got.Meta.Group, want) {
		t.Errorf("got group %q, want %q", got.Meta.Group, want)
	}
	if got.Meta.From != "2026-10-31T23:00:00Z" || got.Meta.To != "2026-11-07T23:00:00Z" {
		t.Errorf("got [%s, %s), want midnight in Rome", got.Meta.From, got.Meta.To)
	}
	if want := []schema.Offset{10, 1}; !slices.Equal(got.Meta.Ledger, want) {
		t.Errorf("got ledger %v, want %v", got.Meta.Ledger, want)
	}
	filters := map[string][]string{"comune": {"058091"}, "service": {"anagrafe"}, "scale": {"mlf3"}, "class": {"ok"}}
	if fmt.Sprint(got.Meta.Filters) != fmt.Sprint(filters) || got.Meta.Disclosure != "none" || got.Meta.Formula == "" {
		t.Errorf("got meta %+v", got.Meta)
	}
	if len(got.Rows) != 2 {
		t.Fatalf("got %d rows, want 2", len(got.Rows))
	}
	first := got.Rows[0]
	if first["comune"] != "058091" || first["service"] != "anagrafe" || first["hour"] != "2026-11-01T08:00:00Z" ||
		first["green"] != 7.0 || first["n"] != 8.0 || first["green_share"] != 0.875 {
		t.Errorf("got %v", first)
	}
}

// A share of nothing is null in JSON and empty in CSV, and never 0.
func TestStatsOfNothing(t *testing.T) {
	w := newWorld(t, query.Config{})
	var got stats
	w.get(week).json(t, &got)
	want := map[string]any{"green": 0.0, "yellow": 0.0, "red": 0.0, "n": 0.0, "green_share": nil, "green_low": nil, "green_high": nil}
	if len(got.Rows) != 1 || fmt.Sprint(got.Rows[0]) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got.Rows, want)
	}
	csv := w.get(week, "Accept", "text/csv")
	if want := lines("green,yellow,red,n,green_share,green_low,green_high", "0,0,0,0,,,"); string(csv.body) != want {
		t.Errorf("got %q, want %q", csv.body, want)
	}
	got = stats{}
	w.get(week+"&group=comune").json(t, &got)
	if len(got.Rows) != 0 || got.Rows == nil {
		t.Errorf("got rows %v, want an empty list", got.Rows)
	}
}

func TestStatsFormat(t *testing.T) {
	w := counted(t)
	f := func(ask, accept, want string) {
		t.Helper()
		if got := w.get(week+ask, "Accept", accept).Header.Get("Content-Type"); !strings.HasPrefix(got, want) {
			t.Errorf("%s with Accept %q: got %q, want %q", ask, accept, got, want)
		}
	}
	f("", "", "application/json")
	f("", "*/*", "application/json")
	f("", "text/csv", "text/csv")
	f("", "text/csv;q=0.5, application/json;q=0.4", "text/csv")
	f("", "text/csv;q=0.5, */*", "application/json")
	f("", "text/*", "text/csv")
	f("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json")
	f("", "image/png", "application/json")
	f("&format=csv", "application/json", "text/csv")
	f("&format=json", "text/csv", "application/json")
}

// An answer is read again only when something was counted since.
func TestStatsNotModified(t *testing.T) {
	w := counted(t)
	f := func(ask, tag string, status, reads int) string {
		t.Helper()
		before := len(w.memory.asked)
		got := w.get(week+ask, "If-None-Match", tag)
		if got.StatusCode != status || len(w.memory.asked)-before != reads {
			t.Errorf("%s: got %d after %d reads, want %d after %d", ask, got.StatusCode, len(w.memory.asked)-before, status, reads)
		}
		return got.Header.Get("ETag")
	}
	tag := f("", "", http.StatusOK, 1)
	f("", tag, http.StatusNotModified, 0)
	strong := strings.TrimPrefix(tag, "W/")
	for _, none := range []string{
		`"other", ` + tag, `"other",` + tag, `"a, b" , ` + tag, "\t" + tag + " ,\"other\"", `W/"other",,` + tag + ",", // Lists, however they are set.
		strong, `"other",` + strong, // The comparison is weak.
		"*", " * ",
	} {
		f("", none, http.StatusNotModified, 0)
	}
	for _, some := range []string{`"other"`, `W/"other"`, strings.Trim(strong, `"`), `"` + tag + `"`, strong[:len(strong)-1], "w/" + strong, `"*"`, "*, " + "x"} {
		f("", some, http.StatusOK, 1)
	}
	f("&format=csv", tag, http.StatusOK, 1)
	f("&group=day", tag, http.StatusOK, 1)
	if got := w.get(week, "If-None-Match", `"other"`, "If-None-Match", tag); got.StatusCode != http.StatusNotModified {
		t.Errorf("two lines of header: got %d, want 304", got.StatusCode)
	}
	if got := f("&class=ok&scale=mlf3&group=", tag, http.StatusNotModified, 0); got != tag {
		t.Errorf("the same question in other words has tag %s, want %s", got, tag)
	}
	w.memory.vote(cell(hour(t, "2026-11-01T08:00:00Z")), schema.Green, 1)
	f("", tag, http.StatusOK, 1)
}

// Every refusal says which parameter is wrong.
func TestStatsRefuses(t *testing.T) {
	w := newWorld(t, query.Config{})
	f := func(ask, parameter string) {
		t.Helper()
		got := w.get("/v1/stats?"+ask).problem(t, http.StatusBadRequest, "bad-parameter")
		if got.Parameter != parameter || !strings.Contains(got.Detail, parameter) {
			t.Errorf("%s: got parameter %q, detail %q; want %q in both", ask, got.Parameter, got.Detail, parameter)
		}
	}
	const span = "from=2026-11-01&to=2026-11-08"
	f("", "from")
	f("from=2026-11-01", "to")
	f("from=&to=2026-11-08", "from")
	f("from=2026-11-01&from=2026-11-02&to=2026-11-08", "from")
	f("from=2026-11-31&to=2026-12-08", "from")
	f("from=01/11/2026&to=2026-12-08", "from")
	f("from=2026-11-01T08:30:00&to=2026-12-08", "from")
	f("from=now-6&to=now", "from")
	f("from=now&to=now-6h", "to")
	f("from=20261101&to=now", "from")
	f("from=2026-11-01T08:00:00&to=2026-12-08", "from")
	f("from=2026-11-01&to=2026-11-01", "to")
	f("from=2026-11-08&to=2026-11-01", "to")
	f("from=1969-12-01&to=1970-11-01", "from")
	f("from=2026-11-01&to=2100-01-01", "to")
	f(span+"&regoin=12", "regoin")
	f(span+"&utm=1", "utm")
	f(span+"&_class=ok", "_class")
	f(span+"&group=comune,comune", "group")
	f(span+"&group=day,hour", "group")
	f(span+"&group=city", "group")
	f(span+"&group=comune,", "group")
	f(span+"&region=1", "region")
	f(span+"&region=99", "region")
	f(span+"&province=58", "province")
	f(span+"&province=999", "province")
	f(span+"&comune=58091", "comune")
	f(span+"&comune=999999", "comune")
	f(span+"&comune=", "comune")
	f(span+"&office=a/b", "office")
	f(span+"&service=anagrafica", "service")
	f(span+"&channel=fax", "channel")
	f(span+"&scale=nps", "scale")
	f(span+"&scale=mlf3,stars5", "scale")
	f(span+"&class=good", "class")
	f(span+"&top=0", "top")
	f(span+"&top=", "top")
	f(span+"&top=1001", "top")
	f(span+"&format=xml", "format")
	f(span+"&format=", "format")
	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprintf("o%d", i))
	}
	f(span+"&office="+strings.Join(many, ","), "office")

	w.get("/v1/stats?"+span+"&comune=%zz").problem(t, http.StatusBadRequest, "bad-parameter")
	if len(w.memory.asked) > 0 {
		t.Errorf("the store was asked %d times", len(w.memory.asked))
	}
}

// Too large an answer is refused with the way to a smaller one, never cut.
func TestStatsTooMuch(t *testing.T) {
	w := newWorld(t, query.Config{RowsMax: 2})
	at := hour(t, "2026-11-01T08:00:00Z")
	for i := range schema.Hour(3) {
		w.memory.vote(cell(at+i), schema.Green, 1)
	}
	got := w.get(week+"&group=hour").problem(t, http.StatusBadRequest, "too-much-asked")
	if got.Parameter != "group" || !strings.Contains(got.Detail, "shorter time") {
		t.Errorf("got %+v", got)
	}
	if got := w.get(week + "&group=day"); got.StatusCode != http.StatusOK {
		t.Errorf("got %d, want 200", got.StatusCode)
	}
	if got := w.get("/v1/stats?from=2021-11-01&to=2026-11-01"); got.StatusCode != http.StatusOK {
		t.Errorf("five years: got %d, want 200", got.StatusCode)
	}
	got = w.get("/v1/stats?from=2021-11-01&to=2026-11-02").problem(t, http.StatusBadRequest, "too-much-asked")
	if got.Parameter != "to" {
		t.Errorf("got parameter %q, want to", got.Parameter)
	}
}

func TestStatsStoreTrouble(t *testing.T) {
	w := newWorld(t, query.Config{})
	f := func(err error, code string) {
		t.Helper()
		w.memory.storeErr = err
		got := w.get(week)
		p := got.problem(t, http.StatusServiceUnavailable, code)
		if got.Header.Get("Retry-After") == "" || strings.Contains(p.Detail, "secret") {
			t.Errorf("got %v %s", got.Header, got.body)
		}
	}
	f(errors.New("dial secret-host: connection refused"), "store-unreachable")
	f(context.DeadlineExceeded, "store-unreachable") // It says nothing of the question.
	f(fmt.Errorf("code 241 secret: %w", schema.ErrTooDear), "too-dear")
}

// A read that hangs is given up, and those behind it are told to come later.
func TestStatsGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, query.Config{StatsMax: 1, StoreTimeout: 5 * time.Second})
		w.memory.block = make(chan struct{})
		first := make(chan reply)
		go func() { first <- w.get(week) }()
		synctest.Wait()
		w.get(week+"&group=day").problem(t, http.StatusServiceUnavailable, "overloaded")
		(<-first).problem(t, http.StatusServiceUnavailable, "store-unreachable")
		close(w.memory.block)
		if got := w.get(week); got.StatusCode != http.StatusOK {
			t.Errorf("got %d, want 200: the gate leaks", got.StatusCode)
		}
	})
}

// A large answer is whole JSON however it is cut into chunks.
func TestStatsLarge(t *testing.T) {
	w := newWorld(t, query.Config{})
	at := hour(t, "2026-01-01T00:00:00Z")
	const n = 5000
	for i := range schema.Hour(n) {
		w.memory.vote(cell(at+i), schema.Green, uint64(i)+1)
	}
	got := w.get("/v1/stats?from=2026-01-01&to=2026-12-31&group=comune,hour")
	var all stats
	got.json(t, &all)
	if len(all.Rows) != n || !json.Valid(got.body) {
		t.Errorf("got %d rows, want %d", len(all.Rows), n)
	}
}

// What mail programs, networks and libraries add to an address is no part of
// the question; a misspelt filter is.
func TestStatsNoise(t *testing.T) {
	w := counted(t)
	want := w.get(week)
	for _, noise := range []string{
		"_=1793520000000", "utm_source=x&utm_medium=", "UTM_Campaign=50%", "fbclid=a&gclid=b&msclkid=c", "mc_cid=1&mc_eid=2", "_ga=1&_gl=2&_hsenc=3", "utm%5Fterm=a;b", "_dc=1&_ts=2",
	} {
		got := w.get(week + "&" + noise)
		if got.StatusCode != http.StatusOK || got.Header.Get("ETag") != want.Header.Get("ETag") {
			t.Errorf("%s: got %d %s", noise, got.StatusCode, got.body)
		}
		for _, path := range []string{"/v1/ledger", "/status", "/v1/registry/services", "/v1/registry/labels"} {
			if got := w.get(path + "?" + noise); got.StatusCode != http.StatusOK {
				t.Errorf("%s?%s: got %d", path, noise, got.StatusCode)
			}
		}
	}
	if got := w.get("/v1/registry/comuni?q=roma&fbclid=1"); got.StatusCode != http.StatusOK {
		t.Errorf("comuni: got %d", got.StatusCode)
	}
}

// A time as Grafana and others write it is rounded outwards to whole hours, and
// the answer says so.
func TestStatsMoments(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 17, 3, 0, time.UTC)
	w := newWorld(t, query.Config{Now: func() time.Time { return now }})
	f := func(ask, from, to string, rounded bool) {
		t.Helper()
		var got stats
		w.get("/v1/stats?"+ask).json(t, &got)
		if got.Meta.From != from || got.Meta.To != to || got.Meta.Rounded != rounded {
			t.Errorf("%s: got %+v, want from %s to %s, rounded %t", ask, got.Meta, from, to, rounded)
		}
	}
	f("from=now-6h&to=now", "2026-11-22T03:00:00Z", "2026-11-22T10:00:00Z", true)
	f("from=now-1d/d&to=now-1d/d", "2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z", false)
	f("from=now/d&to=now/d", "2026-11-21T23:00:00Z", "2026-11-22T23:00:00Z", false)
	f("from=1793520000&to=1793523600", "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z", false)
	f("from=1793520000123&to=1793523600123", "2026-11-01T08:00:00Z", "2026-11-01T10:00:00Z", true)
	f("from=2026-11-01T08:59:59.999Z&to=2026-11-01T09:00:00.001Z", "2026-11-01T08:00:00Z", "2026-11-01T10:00:00Z", true)
	f("from=2026-11-01&to=2026-11-01T08:30:00%2B0100", "2026-10-31T23:00:00Z", "2026-11-01T08:00:00Z", true)

	// The tag is of the hours that were meant, not of the words.
	tag := w.get("/v1/stats?from=now-6h&to=now").Header.Get("ETag")
	now = now.Add(10 * time.Minute)
	if got := w.get("/v1/stats?from=now-6h&to=now", "If-None-Match", tag); got.StatusCode != http.StatusNotModified {
		t.Errorf("within the hour: got %d, want 304", got.StatusCode)
	}
	now = now.Add(time.Hour)
	if got := w.get("/v1/stats?from=now-6h&to=now", "If-None-Match", tag); got.StatusCode != http.StatusOK {
		t.Errorf("an hour later: got %d, want 200", got.StatusCode)
	}
}

// What the class filter leaves out is said, and so is what could not be counted.
func TestStatsSayWhatTheyLeaveOut(t *testing.T) {
	w := counted(t)
	c := cell(hour(t, "2026-11-01T08:00:00Z"))
	c.Class = schema.ClassLateClock
	w.memory.vote(c, schema.Green, 11)
	w.memory.ledger[0].Quarantined, w.memory.ledger[1].Quarantined, w.memory.ledger[1].Conflicts = 20, 3, 4
	f := func(ask, header string, want map[string]uint64) {
		t.Helper()
		var got stats
		answer := w.get(week + ask)
		answer.json(t, &got)
		if fmt.Sprint(got.Meta.Excluded) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", ask, got.Meta.Excluded, want)
		}
		for _, format := range []string{"", "&format=csv", "&format=excel"} {
			if got := w.get(week + ask + format).Header.Get("X-MLF-Excluded"); got != header {
				t.Errorf("%s%s: got header %q, want %q", ask, format, got, header)
			}
		}
	}
	f("", "burst=3, late_clock=11, test=0, quarantined=23, conflicts=4",
		map[string]uint64{"burst": 3, "late_clock": 11, "test": 0, "quarantined": 23, "conflicts": 4})
	f("&group=comune,hour&comune=058091", "burst=0, late_clock=11, test=0, quarantined=23, conflicts=4",
		map[string]uint64{"burst": 0, "late_clock": 11, "test": 0, "quarantined": 23, "conflicts": 4})
	f("&class=burst,late_clock&group=day", "ok=19, test=0, quarantined=23, conflicts=4",
		map[string]uint64{"ok": 19, "test": 0, "quarantined": 23, "conflicts": 4})
	f("&class=all", "quarantined=23, conflicts=4", map[string]uint64{"quarantined": 23, "conflicts": 4})
	f("&region=12&province=021", "burst=0, late_clock=0, test=0, quarantined=23, conflicts=4", // Nothing can pass.
		map[string]uint64{"burst": 0, "late_clock": 0, "test": 0, "quarantined": 23, "conflicts": 4})
}

// A vote that is counted while the rows are read is not in them, so the ledger
// of the answer must not say that it is.
func TestStatsReadTheLedgerBeforeTheRows(t *testing.T) {
	w := newWorld(t, query.Config{})
	c := cell(hour(t, "2026-11-01T08:00:00Z"))
	w.memory.vote(c, schema.Green, 1)
	w.memory.read = func() { w.memory.vote(c, schema.Green, 1) }
	for range 3 {
		var got stats
		w.get(week).json(t, &got)
		if counted := got.Rows[0]["n"].(float64); counted < float64(got.Meta.Ledger[0]-1) {
			t.Errorf("the ledger goes up to %d, and the rows have %v votes", got.Meta.Ledger[0], counted)
		}
	}
}

// A comune is found by every code that it has had, whatever code its votes were
// counted under and whenever; rows have the code of today.
func TestStatsOfCodesThatChanged(t *testing.T) {
	w := newWorld(t, query.Config{Now: func() time.Time { return time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC) }})
	vote := func(comune schema.ComuneID, at string, n uint64) {
		c := cell(hour(t, at))
		c.Comune = comune
		w.memory.vote(c, schema.Green, n)
	}
	const before, after = "2025-12-01T09:00:00Z", "2026-03-02T09:00:00Z"
	vote(90001, before, 1) // Aggius, Sassari, then Gallura.
	vote(113001, before, 2)
	vote(90001, after, 4)
	vote(113001, after, 8)
	vote(90003, before, 16) // Alghero, Sassari then and now.
	vote(112001, after, 32)
	vote(18082, before, 64) // Lirio, merged into Montalto Pavese.
	vote(18082, after, 128)
	vote(18094, after, 256)
	vote(roma, before, 512)
	f := func(ask string, want ...string) {
		t.Helper()
		got := w.get("/v1/stats?format=csv&"+ask, "Accept", "text/csv")
		rows, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
		if err != nil || got.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %d %s, %v", ask, got.StatusCode, got.body, err)
		}
		var found []string
		for _, row := range rows[1:] {
			found = append(found, strings.Join(row[:slices.Index(rows[0], "yellow")], " "))
		}
		if !slices.Equal(found, want) {
			t.Errorf("%s: got %q, want %q", ask, found, want)
		}
	}
	const old, now, all = "from=2025-11-01&to=2026-01-01", "from=2026-01-01&to=2026-06-01", "from=2025-11-01&to=2026-06-01"
	f(old+"&comune=113001&group=comune", "113001 3")
	f(old+"&comune=090001&group=comune", "113001 3")
	f(now+"&comune=090001&group=comune", "113001 12")
	f(all+"&comune=090001,113001&group=comune,month", "113001 2025-12 3", "113001 2026-03 12")
	f(old+"&province=090", "19")
	f(old+"&province=090&group=province", "112 16", "113 3")
	f(now+"&province=090", "44")
	f(old+"&province=113", "3")
	f(now+"&province=113", "12")
	f(all+"&province=112,113&group=province,comune", "112 112001 48", "113 113001 15")
	f(all+"&province=113,058&group=province", "058 512", "113 15")
	f(all+"&province=112&comune=090001", "0")
	f(all+"&province=113&comune=090001", "15")
	f(all+"&province=090&comune=113001", "15")
	f(all+"&region=20&group=region", "20 63")
	f(all+"&region=20&province=090", "63")
	f(all+"&region=12&province=090", "0")
	f(all+"&comune=018094", "256") // Lirio was another comune, and has its own row.
	f(all+"&comune=018082&group=comune", "018082 192")
	f(all+"&province=018&group=comune", "018082 192", "018094 256")
	f(all+"&group=region", "03 448", "12 512", "20 63")
	w.get("/v1/stats?"+all+"&province=104").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/stats?"+all+"&comune=104001").problem(t, http.StatusBadRequest, "bad-parameter")
}
