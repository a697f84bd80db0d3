package query_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"mlf/query"
	"mlf/schema"
	book "mlf/schema/served"
)

// A bulletin, as far as tests look at it.
type bulletinOf struct {
	Meta struct {
		Vintage   int
		Release   uint32
		Published uint64
		Place     struct{ Level, Code, Name string }
	}
	Headline struct {
		N                   uint64
		PreviousN           *uint64  `json:"previous_n"`
		PreviousShareChange *float64 `json:"previous_green_share_change"`
		YearAgoN            *uint64  `json:"year_ago_n"`
	}
	Places []struct {
		Code string
		N    uint64
	}
	Reasons []struct {
		Face, Reason string
		N            uint64
		Share        *float64
	}
	Participation []struct {
		By, Code      string
		N             uint64
		Votes, Served *uint64
		Participation *float64
	}
	Coverage  struct{ Comuni uint64 }
	Revisions []struct {
		Vintage int
		N       uint64
		NChange *float64 `json:"n_change"`
	}
}

func (g *guarded) bulletin(target string) bulletinOf {
	g.t.Helper()
	got := g.get("/v1/bulletin/" + target)
	if got.StatusCode != http.StatusOK {
		g.t.Fatalf("%s: answer %d: %s", target, got.StatusCode, got.body)
	}
	var b bulletinOf
	got.json(g.t, &b)
	return b
}

// noonOf is the hour of noon of a day of 2000.
func noonOf(m time.Month, day int) schema.Hour {
	return schema.HourOf(time.Date(2000, m, day, 11, 0, 0, 0, time.UTC))
}

// castIn counts votes of another hour, which come now.
func (g *guarded) castIn(at schema.Hour, comune schema.ComuneID, v schema.Value, n uint64) {
	c := cell(at)
	c.Comune = comune
	g.memory.vote(c, v, n)
}

// served tells how many were served in Roma where cell votes.
func (g *guarded) served(at schema.Hour, users uint32, revision uint64) {
	c := cell(at)
	g.book.Note(book.Served{
		Key:   book.Key{Comune: roma, Office: c.Office, Service: c.Service, Channel: c.Channel, Day: schema.Day(at / 24)},
		Users: users, Revision: revision,
	})
}

// TestABulletinIsFrozen plays three months whose votes come late: a vintage is the same
// to the byte whatever comes after it, and the next says what was added.
func TestABulletinIsFrozen(t *testing.T) {
	for _, rule := range []string{query.DisclosureNone, query.DisclosureLots} {
		t.Run(rule, func(t *testing.T) {
			inBubble(t, rule, nil, func(t *testing.T, g *guarded) { playBulletins(t, g, rule == query.DisclosureLots) })
		})
	}
}

func playBulletins(t *testing.T, g *guarded, lots bool) {
	g.castIn(noonOf(time.January, 20), roma, schema.Green, 20)
	g.castIn(noonOf(time.January, 20), milano, schema.Green, 4)
	g.castIn(noonOf(time.January, 20), milano, schema.Red, 4)
	c := cell(noonOf(time.January, 21))
	g.memory.voteFor(c, schema.Red, 2, 5)
	g.served(noonOf(time.January, 20), 50, 1)
	g.served(noonOf(time.January, 21), 25, 1)
	pass(30 * time.Hour)
	if got := g.get("/v1/bulletin/2000-01").problem(t, http.StatusNotFound, "not-found"); !strings.Contains(got.Detail, "2000-02-04") {
		t.Errorf("while the month runs: got %q, want the day on which it is due", got.Detail)
	}
	pass(8 * 24 * time.Hour)
	january := g.bulletin("2000-01")
	if january.Meta.Vintage != 1 || january.Headline.N != 33 || january.Headline.PreviousN != nil || january.Coverage.Comuni != 2 {
		t.Errorf("the first vintage: got %+v", january)
	}
	if got := fmt.Sprint(january.Places); got != "[{03 8} {12 25}]" {
		t.Errorf("regions: got %s", got)
	}
	of := january.Participation[0]
	if of.By != "all" || of.N != 33 || of.Votes == nil || *of.Votes != 25 || *of.Served != 75 {
		t.Errorf("participation: got %+v, want the votes of Roma by 75", of)
	}
	first := g.get("/v1/bulletin/2000-01?vintage=1")
	g.served(noonOf(time.January, 20), 99, 2) // It was told wrong.
	g.castIn(noonOf(time.January, 21), roma, schema.Green, 4)
	g.castIn(noonOf(time.February, 10), roma, schema.Red, 6)
	pass(10 * 24 * time.Hour)
	if got := g.bulletin("2000-01"); got.Meta.Vintage != 1 || got.Headline.N != 33 {
		t.Errorf("in the middle of a month: got %+v, want the first vintage", got)
	}
	pass(20 * 24 * time.Hour)
	second := g.bulletin("2000-01")
	if second.Meta.Vintage != 2 || second.Headline.N != 37 || len(second.Revisions) != 2 || second.Revisions[0].N != 33 || second.Revisions[1].N != 37 {
		t.Errorf("the second vintage: got %+v", second)
	}
	if of := second.Participation[0]; *of.Votes != 29 || *of.Served != 124 {
		t.Errorf("its participation: got %d of %d, want what was known then", *of.Votes, *of.Served)
	}
	if got := g.bulletin("2000-02"); got.Headline.N != 6 || got.Headline.PreviousN == nil || *got.Headline.PreviousN != 37 || *got.Headline.PreviousShareChange > -0.5 {
		t.Errorf("February: got %+v, want it beside January's newest vintage", got.Headline)
	}
	again := g.get("/v1/bulletin/2000-01?vintage=1")
	if !bytes.Equal(again.body, first.body) || again.Header.Get("ETag") != first.Header.Get("ETag") {
		t.Errorf("the first vintage is now %s\nand was %s", again.body, first.body)
	}
	checkParticipation(t, g, lots)
	checkBulletinHeaders(t, g, first)
	checkBulletinPlaces(t, g)
	checkBulletinForms(t, g)
}

// checkParticipation: by lots, participation is of whole months, as their bulletins have
// it; by exact counts it is the same, and of any days.
func checkParticipation(t *testing.T, g *guarded, lots bool) {
	t.Helper()
	f := func(query, want string) {
		t.Helper()
		rows := ask[struct{ Rows []turnout }](g.world, "/v1/participation?"+query).Rows
		var got []string
		for _, r := range rows {
			votes, users := "-", "-"
			if r.Votes != nil {
				votes, users = fmt.Sprint(*r.Votes), fmt.Sprint(*r.Served)
			}
			got = append(got, fmt.Sprintf("%s %d %s/%s", r.Comune, r.N, votes, users))
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%s: got %q, want %q", query, text, want)
		}
	}
	f("period=2000-01", " 37 29/124")
	f("period=2000-01&by=comune", "015146 8 -/-; 058091 29 29/124")
	f("period=2000-01&comune=015146", " 8 -/-")
	f("from=1999-12-10&to=2000-02-20", " 43 29/124")
	if lots {
		f("from=2000-01-02&to=2000-02-01", " 37 -/-")
		f("period=2000-01&scale=mlf3", " 37 -/-")
		f("period=2000-01&by=channel", " 37 29/124")
		f("period=2000-01&weekday=4", " 28 -/-")
		return
	}
	f("from=2000-01-02&to=2000-02-01", " 37 29/124")
	f("period=2000-01&scale=mlf3", " 37 29/124")
}

func checkBulletinHeaders(t *testing.T, g *guarded, first reply) {
	t.Helper()
	if got := first.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("a vintage: got Cache-Control %q", got)
	}
	newest := g.get("/v1/bulletin/2000-01?region=12")
	if got := newest.Header.Get("Cache-Control"); got != "public, max-age=60" {
		t.Errorf("the newest: got Cache-Control %q", got)
	}
	at := newest.Header.Get("Content-Location")
	if named := g.get("/v1/bulletin/" + at); at != "2000-01?region=12&vintage=2" || !bytes.Equal(named.body, newest.body) {
		t.Errorf("the newest is at %q, and there is %s", at, named.body)
	}
	if got := g.get("/v1/bulletin/2000-01?vintage=1", "If-None-Match", first.Header.Get("ETag")); got.StatusCode != http.StatusNotModified || len(got.body) > 0 {
		t.Errorf("asked again: got %d %s", got.StatusCode, got.body)
	}
	g.get("/v1/bulletin/2000-01?vintage=3").problem(t, http.StatusNotFound, "not-found")
	g.get("/v1/bulletin/2000-03").problem(t, http.StatusNotFound, "not-found")
	g.get("/v1/bulletin/1999-12").problem(t, http.StatusNotFound, "not-found")
	g.get("/v1/bulletin/2000-13").problem(t, http.StatusNotFound, "not-found")
	for _, wrong := range []string{"vintage=0", "vintage=01", "vintage=x", "region=99", "region=12&comune=058091", "table=x&format=csv", "from=2000-01-01", "comune=058091&comune=015146"} {
		g.get("/v1/bulletin/2000-01?"+wrong).problem(t, http.StatusBadRequest, "bad-parameter")
	}
}

func checkBulletinPlaces(t *testing.T, g *guarded) {
	t.Helper()
	for _, tt := range []struct {
		place, places string
		n             uint64
	}{
		{"region=12", "[{058 29}]", 29}, {"province=058", "[{058091 29}]", 29}, {"comune=058091", "", 29}, {"region=03", "[{015 8}]", 8}, {"region=01", "[]", 0},
	} {
		got := g.bulletin("2000-01?" + tt.place)
		if got.Headline.N != tt.n || tt.places != "" && fmt.Sprint(got.Places) != tt.places {
			t.Errorf("%s: got %d votes, %v, want %d, %s", tt.place, got.Headline.N, got.Places, tt.n, tt.places)
		}
		if of := got.Participation[:min(1, len(got.Participation))]; tt.n == 29 && (len(of) == 0 || of[0].Served == nil || *of[0].Served != 124) {
			t.Errorf("%s: got participation %+v", tt.place, of)
		}
	}
	reasons := g.bulletin("2000-01?comune=058091").Reasons
	if len(reasons) != 2 || reasons[0].Face != "red" || reasons[0].N != 5 || *reasons[0].Share != 1 || reasons[1].Reason != "not_offered" {
		t.Errorf("reasons: got %+v", reasons)
	}
}

func checkBulletinForms(t *testing.T, g *guarded) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(g.get("/v1/bulletin/2000-01.csv?vintage=2&table=revisions").body)).ReadAll()
	if err != nil || len(rows) != 3 || rows[0][0] != "month" || rows[1][0] != "2000-01" {
		t.Errorf("csv: got %v, %v", rows, err)
	}
	one, two := g.get("/v1/bulletin/2000-01.xlsx"), g.get("/v1/bulletin/2000-01.xlsx?vintage=2")
	book, err := excelize.OpenReader(bytes.NewReader(one.body))
	if err != nil {
		t.Fatal(err)
	}
	if sheets := book.GetSheetList(); len(sheets) != 12 || sheets[0] != "bulletin headline" || sheets[11] != "notes" || !bytes.Equal(one.body, two.body) {
		t.Errorf("xlsx: got sheets %v", sheets)
	}
	sdmx := g.get("/v1/bulletin/2000-01", "Accept", "application/vnd.sdmx.data+csv")
	rows, err = csv.NewReader(bytes.NewReader(sdmx.body)).ReadAll()
	if err != nil || !slices.Equal(rows[0], []string{"STRUCTURE", "STRUCTURE_ID", "ACTION", "TIME_PERIOD", "LEVEL", "CODE", "MEASURE", "OBS_VALUE", "OBS_STATUS"}) ||
		!slices.Equal(rows[1], []string{"dataflow", "MLF:BULLETIN_PLACES(1.0.0)", "I", "2000-01", "region", "03", "GREEN", "4", "P"}) {
		t.Errorf("sdmx-csv: got %v, %v", rows[:2], err)
	}
	if same := g.get("/v1/bulletin/2000-01.sdmx.csv"); !bytes.Equal(same.body, sdmx.body) || !strings.HasPrefix(same.Header.Get("Content-Type"), "application/vnd.sdmx.data+csv; version=2.0.0") {
		t.Errorf("by its ending: got %s %s", same.Header.Get("Content-Type"), same.body)
	}
	for _, target := range []string{"/v1/bulletin/2000-01.jsonstat?table=headline", "/v1/stats.jsonstat?period=2000-01&group=region", "/v1/trend?period=2000-01&step=month&format=json-stat"} {
		var cube struct {
			Version string
			Value   map[string]json.Number
		}
		g.get(target).json(t, &cube)
		if cube.Version != "2.0" || len(cube.Value) == 0 {
			t.Errorf("%s: got %+v", target, cube)
		}
	}
	g.get("/v1/heatmap?period=2000-01&format=json-stat").problem(t, http.StatusBadRequest, "bad-parameter")
	for _, f := range []string{"ndjson", "parquet", "excel"} {
		if got := g.get("/v1/bulletin/2000-01?format=" + f); got.StatusCode != http.StatusOK || len(got.body) == 0 {
			t.Errorf("%s: got %d", f, got.StatusCode)
		}
	}
}
