package query_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mlf/query"
	"mlf/query/question"
	"mlf/schema"
)

// noon is 12:40 in Rome on Thursday 26 November 2026.
func noon() time.Time { return time.Date(2026, 11, 26, 11, 40, 0, 0, time.UTC) }

// table returns the records of an answer in CSV, up to the column last; "" for all.
func (w *world) table(ask, last string) []string {
	w.t.Helper()
	got := w.get("/v1/stats?format=csv&"+ask, "Accept", "text/csv")
	if got.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: got %d %s", ask, got.StatusCode, got.body)
	}
	rows, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
	if err != nil {
		w.t.Fatalf("%s: %v", ask, err)
	}
	next := slices.Index(rows[0], last) + 1
	if next == 0 {
		next = len(rows[0])
	}
	var table []string
	for _, row := range rows {
		table = append(table, strings.Join(row[:next], ","))
	}
	return table
}

func (w *world) checkTable(ask, last string, want ...string) {
	w.t.Helper()
	if got := w.table(ask, last); !slices.Equal(got, want) {
		w.t.Errorf("%s:\ngot  %q\nwant %q", ask, got, want)
	}
}

func TestStatsByDimension(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	vote := func(comune schema.ComuneID, service schema.ServiceID, at string, n uint64) {
		c := cell(hour(t, at))
		c.Comune, c.Service = comune, service
		w.memory.vote(c, schema.Green, n)
	}
	vote(roma, 1, "2026-11-23T08:00:00Z", 1)      // A Monday, 9:00.
	vote(1001, 2, "2026-11-21T22:30:00Z", 2)      // Agliè, 2,590 residents; Saturday, 23:00.
	vote(82053, 0, "2026-11-22T22:00:00Z", 4)     // Palermo; Sunday, 23:00.
	vote(90001, 19, "2026-10-03T22:00:00Z", 8)    // Aggius, by its old code; San Francesco, in Rome.
	vote(58999, 1000, "2026-10-25T00:00:00Z", 16) // In no list; 2:00, the first of two.
	vote(58999, 1000, "2026-10-25T01:00:00Z", 32) // The second.
	vote(1001, 1, "2025-12-31T23:00:00Z", 64)     // 2026 in Rome.
	const span = "from=2025-12-01&to=2026-12-01&group="
	f := func(ask string, want ...string) {
		t.Helper()
		var got []string
		for _, row := range w.table(span+ask, "green")[1:] {
			got = append(got, strings.ReplaceAll(row, ",", " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", ask, got, want)
		}
	}
	f("macro_area", "nord-ovest 66", "centro 49", "isole 12")
	f("macro_area,region", "nord-ovest 01 66", "centro 12 49", "isole 19 4", "isole 20 8")
	f("population_class", " 48", "under-5000 74", "from-200000 5")
	f("small", " 48", "false 5", "true 74")
	f("category", " 52", "anagrafe-stato-civile 67", "mobilita-trasporti 8")
	f("quarter", "2026-Q1 64", "2026-Q4 63")
	f("year", "2026 127")
	f("weekday", "1 1", "4 64", "6 2", "7 60")
	f("hour_of_day", "0 72", "2 48", "9 1", "23 6")
	f("weekday,hour_of_day", "1 9 1", "4 0 64", "6 23 2", "7 0 8", "7 2 48", "7 23 4")
	f("hour_of_day,weekday&working_day=true", "9 1 1")
	f("day_kind", "working 1", "saturday 2", "sunday 52", "holiday 72")
	f("working_day", "false 126", "true 1")
	f("&macro_area=isole", "12")
	f("comune&macro_area=isole,centro", "058091 1", "082053 4", "113001 8")
	f("&small=true", "74")
	f("&small=true,false", "79")
	f("&population_class=under-5000&region=20", "8")
	f("&population_class=40000-200000", "0")
	f("&macro_area=isole&region=12", "0")
	f("service&category=anagrafe-stato-civile", "anagrafe 65", "stato-civile 2")
	f("&category=turismo", "0")
	f("&service=anagrafe&category=mobilita-trasporti", "0")
	f("&quarter=2026-Q4&year=2026,2025", "63")
	f("month&weekday=7&hour_of_day=23,2", "2026-10 48", "2026-11 4")
	f("&day_kind=holiday,saturday", "74")
	f("&working_day=false&day_kind=working", "0")

	var got stats
	w.get("/v1/stats?"+span+"weekday,hour_of_day,small,working_day").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/stats?"+span+"weekday,small,macro_area&weekday=1,7").json(t, &got)
	if row := got.Rows[0]; row["small"] != false || row["weekday"] != 1.0 || row["macro_area"] != "centro" {
		t.Errorf("got %v", row)
	}
	if row := got.Rows[1]; row["small"] != nil || row["weekday"] != 7.0 {
		t.Errorf("got %v, want no class for a comune of no list", row)
	}
}

// What is left out by class is of the hours and places that pass.
func TestStatsLeaveOutOfWhatPasses(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	c := cell(hour(t, "2026-11-23T08:00:00Z"))
	w.memory.vote(c, schema.Green, 5)
	c.Class = schema.ClassBurst
	w.memory.vote(c, schema.Red, 7)
	c.Hour = hour(t, "2026-11-22T08:00:00Z")
	w.memory.vote(c, schema.Red, 11)
	var got stats
	w.get("/v1/stats?from=2026-11-01&to=2026-12-01&working_day=true").json(t, &got)
	if got.Meta.Excluded["burst"] != 7 || got.Rows[0]["n"] != 5.0 {
		t.Errorf("got %v, %v", got.Meta.Excluded, got.Rows)
	}
}

func TestStatsRefuseDimensions(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	f := func(ask, parameter string) {
		t.Helper()
		if got := w.get("/v1/stats?"+ask).problem(t, http.StatusBadRequest, "bad-parameter"); got.Parameter != parameter {
			t.Errorf("%s: got %q: %s", ask, got.Parameter, got.Detail)
		}
	}
	const span = "from=2026-11-01&to=2026-11-08"
	for _, filter := range []string{
		"macro_area=nord", "macro_area=", "population_class=small", "small=yes", "small=", "category=tourism", "quarter=2026-4", "quarter=2026-Q5", "year=26", "year=2100",
		"weekday=0", "weekday=8", "weekday=01", "hour_of_day=24", "hour_of_day=08", "hour_of_day=-1", "day_kind=feiertag", "working_day=1",
	} {
		name, _, _ := strings.Cut(filter, "=")
		f(span+"&"+filter, name)
	}
	f(span+"&group=day,weekday", "group")
	f(span+"&group=weekday,hour_of_day,day_kind", "group")
	f(span+"&group=weekday,weekday", "group")
	f("period=2026-11&from=2026-11-01", "period")
	f("period=2026-11&to=", "period")
	f("period=november", "period")
	f("period=", "period")
	f(span+"&compare=before", "compare")
	f(span+"&compare=", "compare")
	f(span+"&fill=none&group=day", "fill")
	f(span+"&fill=zero", "fill")
	f(span+"&fill=zero&group=comune", "fill")
	f(span+"&at_least=x", "at_least")
	f(span+"&at_least=", "at_least")
	f(span+"&limit=0", "limit")
	f(span+"&limit=100001", "limit")
	f(span+"&cursor=", "cursor")
	f(span+"&cursor=AAAA", "cursor")
	f(span+"&limit=5&top=5", "top")
	w.get("/v1/stats?"+span+"&compare=2001-01-01/2026-01-01").problem(t, http.StatusBadRequest, "too-much-asked")
	if len(w.memory.asked) > 0 {
		t.Errorf("the store was asked %d times", len(w.memory.asked))
	}
}

// The running period is marked, and no other; steps that have not begun are no
// steps of nothing.
func TestStatsOfAPeriod(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	w.memory.vote(cell(hour(t, "2026-11-26T11:00:00Z")), schema.Green, 3)
	w.memory.vote(cell(hour(t, "2026-11-24T09:00:00Z")), schema.Red, 1)
	w.checkTable("period=this-week&group=day", "", "day,green,yellow,red,n,green_share,green_low,green_high,running,status",
		"2026-11-24,0,0,1,1,0,0,0.7934506856227626,false,PL", "2026-11-26,3,0,0,3,1,0.4385029682449546,1,true,RPL")
	f := func(ask string, want ...string) {
		t.Helper()
		var got []string
		for _, row := range w.table(ask, "")[1:] {
			cells := strings.Split(row, ",")
			got = append(got, cells[0]+" "+cells[4]+" "+cells[len(cells)-1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", ask, got, want)
		}
	}
	f("period=this-week&group=day&fill=zero", "2026-11-23 0 P", "2026-11-24 1 PL", "2026-11-25 0 P", "2026-11-26 3 RPL")
	f("period=2026-Q4&group=month&fill=zero", "2026-10 0 P", "2026-11 4 RPL")
	f("from=2026-11-26T08:00:00Z&to=2026-11-26T12:00:00Z&group=hour&fill=zero", // hour_local and time_zone come last.
		"2026-11-26T08:00:00Z 0 Europe/Rome", "2026-11-26T09:00:00Z 0 Europe/Rome", "2026-11-26T10:00:00Z 0 Europe/Rome", "2026-11-26T11:00:00Z 3 Europe/Rome")
	f("period=2027&group=month&fill=zero")
	w.checkTable("period=this-week&group=weekday&fill=zero", "n", "weekday,green,yellow,red,n", "1,0,0,0,0", "2,0,0,1,1", "3,0,0,0,0", "4,3,0,0,3")
	w.checkTable("period=this-week&group=service,day&fill=zero&service=anagrafe,stato-civile&day_kind=working", "n", "service,day,green,yellow,red,n",
		"anagrafe,2026-11-23,0,0,0,0", "anagrafe,2026-11-24,0,0,1,1", "anagrafe,2026-11-25,0,0,0,0", "anagrafe,2026-11-26,3,0,0,3")
	w.checkTable("period=last-week&group=service,day&fill=zero", "n", "service,day,green,yellow,red,n") // Of which services?
	if got := w.get(week + "&group=day"); strings.Contains(string(got.body), "running") {
		t.Errorf("got %s: who does not ask is not told", got.body)
	}
	small := newWorld(t, query.Config{Now: noon, RowsMax: 3})
	small.get("/v1/stats?period=this-week&group=day&fill=zero").problem(t, http.StatusBadRequest, "too-much-asked")
}

func TestStatsCompared(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	vote := func(at string, service schema.ServiceID, v schema.Value, n uint64) {
		c := cell(hour(t, at))
		c.Service = service
		w.memory.vote(c, v, n)
	}
	vote("2026-11-26T08:00:00Z", 1, schema.Green, 3)
	vote("2026-11-26T08:00:00Z", 1, schema.Red, 1)
	vote("2026-11-26T11:00:00Z", 1, schema.Green, 100) // In the hour that is running.
	vote("2026-11-25T08:00:00Z", 1, schema.Green, 1)
	vote("2026-11-25T09:00:00Z", 2, schema.Red, 2)
	vote("2026-11-25T11:00:00Z", 1, schema.Red, 50) // After noon of the day before.
	const columns = "compare_green,compare_yellow,compare_red,compare_n,compare_green_share,n_change,green_share_change"
	w.checkTable("period=today&compare=previous", "", "green,yellow,red,n,green_share,green_low,green_high,"+columns+",status",
		"3,0,1,4,0.75,0.30064184258240184,0.9544127391902995,1,0,2,3,0.3333333333333333,0.3333333333333333,0.4166666666666667,PL")
	f := func(ask string, want ...string) {
		t.Helper()
		rows := w.table(ask, "")
		head := strings.Split(rows[0], ",")
		n, from := slices.Index(head, "n"), slices.Index(head, "compare_n")
		var got []string
		for _, row := range rows[1:] {
			cells := strings.Split(row, ",")
			got = append(got, strings.Join([]string{strings.Join(cells[:slices.Index(head, "green")], " "), cells[n], cells[from], cells[from+2]}, " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", ask, got, want)
		}
	}
	f("period=today&compare=previous&group=service", "anagrafe 4 1 3", "stato-civile 0 2 -1")
	// The hours stand side by side, not what they are called.
	f("period=today&compare=previous&group=hour", "2026-11-26T08:00:00Z 4 1 3", "2026-11-26T09:00:00Z 0 2 -1")
	f("period=2026-11-26&compare=2026-11-25/2026-11-26&group=hour_of_day", "9 4 1 3", "10 0 2 -1")
	f("period=today&compare=previous&group=weekday", "3 0 3 -1", "4 4 0 ")
	f("period=yesterday&compare=previous", " 53 0 ") // From nothing there is no change.
	f("period=this-week&compare=year&group=day&fill=zero", "2026-11-23 0 0 ", "2026-11-24 0 0 ", "2026-11-25 53 0 ", "2026-11-26 4 0 ")
	f("from=2026-11-26&to=2026-11-28&compare=2026-11-20/2026-11-27&group=day", "2026-11-26 4 0 ") // 25 November is the sixth of seven.
	got := w.get("/v1/stats?period=today&compare=previous&group=service")
	var answer struct {
		Meta map[string]any
		Rows []map[string]any
	}
	got.json(t, &answer)
	if m := answer.Meta; m["period"] != "today" || m["running"] != true || m["to"] != "2026-11-26T11:00:00Z" || m["compare"].(map[string]any)["to"] != "2026-11-25T11:00:00Z" {
		t.Errorf("got meta %v", m)
	}
	if r := answer.Rows[1]; r["green_share_change"] != nil || r["n_change"] != -1.0 || r["compare_green_share"] != 0.0 {
		t.Errorf("got row %v", r)
	}
	if span := got.Header.Get("X-MLF-Compare"); span != "2026-11-24T23:00:00Z/2026-11-25T11:00:00Z" {
		t.Errorf("got %q", span)
	}
	if excel := string(w.get("/v1/stats?period=today&compare=previous&format=excel").body); !strings.Contains(excel, ";1;0;2;3;0,3333333333333333;0,3333333333333333;") {
		t.Errorf("got %q", excel)
	}
	w.get("/v1/stats?period=today&compare=previous&scale=stars5&group=day")
}

// Pages have every row once, in whatever sizes, and whatever is counted meanwhile.
func TestStatsPages(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	country(t, w.memory)
	const all = "/v1/stats?from=2025-12-01&to=2026-12-01&group=office,hour_of_day,weekday,comune&class=all"
	var whole stats
	w.get(all).json(t, &whole)
	if len(whole.Rows) < 50 {
		t.Fatalf("got %d rows", len(whole.Rows))
	}
	key := func(row map[string]any) string {
		text, err := json.Marshal([]any{row["office"], row["hour_of_day"], row["weekday"], row["comune"]})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, limit := range []string{"13", "100", "100000"} {
		var keys []string
		cursor := ""
		for {
			var page struct {
				Meta struct {
					NextCursor string `json:"next_cursor"`
				}
				Rows []map[string]any
			}
			got := w.get(all + "&limit=" + limit + cursor)
			got.json(t, &page)
			for _, row := range page.Rows {
				keys = append(keys, key(row))
			}
			// A row that comes in moves no other.
			w.memory.vote(schema.Cell{Comune: 1001, Office: "HQ-1", Channel: 1, Scale: 1, Class: 1, Hour: hour(t, "2026-11-10T09:00:00Z")}, schema.Red, 1)
			if page.Meta.NextCursor == "" {
				break
			}
			if header := got.Header.Get("X-MLF-Cursor"); header != page.Meta.NextCursor {
				t.Fatalf("got header %q, want %q", header, page.Meta.NextCursor)
			}
			cursor = "&cursor=" + page.Meta.NextCursor
		}
		once := slices.Clone(keys)
		slices.Sort(once)
		if len(slices.Compact(once)) != len(keys) {
			t.Errorf("limit %s: a row came twice", limit)
		}
		for _, row := range whole.Rows {
			if !slices.Contains(keys, key(row)) {
				t.Errorf("limit %s: row %s is on no page", limit, key(row))
			}
		}
		if cursor != "" {
			w.get(all+"&small=true"+cursor).problem(t, http.StatusBadRequest, "bad-parameter")
		}
	}
}

// Who demands a position waits for it, and is told if it does not come.
func TestStatsAtLeast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, query.Config{Now: noon})
		at := hour(t, "2026-11-01T08:00:00Z")
		w.memory.vote(cell(at), schema.Green, 1)
		position := w.get(week).Header.Get("X-MLF-Position")
		if got := w.get(week + "&at_least=" + position); got.StatusCode != http.StatusOK {
			t.Errorf("got %d", got.StatusCode)
		}
		p, err := question.ParsePosition(position)
		if err != nil {
			t.Fatal(err)
		}
		p[0]++
		ask := week + "&at_least=" + url.QueryEscape(p.String())
		w.get(ask).problem(t, http.StatusServiceUnavailable, "behind")
		time.AfterFunc(500*time.Millisecond, func() { w.memory.vote(cell(at), schema.Green, 1) })
		var got stats
		w.get(ask).json(t, &got)
		if len(got.Rows) != 1 || got.Rows[0]["n"] != 2.0 {
			t.Errorf("got %v", got.Rows)
		}
	})
}

// Who demands no position waits as long as the ledger takes, and is told of the
// store when it fails, not of a position.
func TestASlowLedgerIsNoPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, query.Config{Now: noon})
		w.memory.pace = make(chan struct{})
		pace := w.memory.pace
		time.AfterFunc(2*time.Second, func() { close(pace) })
		if got := w.get(week); got.StatusCode != http.StatusOK {
			t.Errorf("got %d %s", got.StatusCode, got.body)
		}
	})
}
