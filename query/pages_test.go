package query_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"mlf/query"
	"mlf/schema"
)

type pageSide struct {
	figure
	From, To     string
	Standardised map[string]struct{ Value, Crude, Covered float64 }
}

type pageAnswer struct {
	Place      struct{ Level, Code, Name string }
	Headline   figure
	Comparison struct {
		Of, With     pageSide
		Change       *float64                                `json:"n_change"`
		Crude        map[string]struct{ Difference float64 } `json:"crude"`
		Standardised map[string]struct{ Difference float64 } `json:"standardised"`
		Mix          []struct{ Weight float64 }
	}
	Services []struct {
		figure
		Service, Category, Channel string
		CompareN                   uint64 `json:"compare_n"`
	}
	Reasons []struct {
		Face        string
		N, Answered uint64
		Reasons     []struct{ N uint64 }
	}
	Days []struct {
		figure
		Day string
	}
	Coverage struct {
		Offices, Comuni, Services, Channels uint64
		ComuniOf                            uint64 `json:"comuni_of"`
		LastVote                            string `json:"last_vote"`
	}
	Places []struct {
		figure
		Province, Region string
	}
}

// All parts of a page are of the same votes, which are those that statistics count.
func TestPageAddsUp(t *testing.T) {
	w := filled(t)
	for address, filter := range map[string]string{"comuni/058091": "comune=058091", "regions/12": "region=12", "national": ""} {
		for _, time := range []string{"period=last-30-days", "period=2026-10", "period=2026&channel=counter", "period=2025", "period=today", "from=2026-10-05&to=2026-11-01&weekday=1,2"} {
			got := ask[pageAnswer](w, "/v1/"+address+"?"+time)
			want := ask[struct{ Rows []figure }](w, "/v1/stats?"+time+"&"+filter).Rows[0]
			compared := ask[struct {
				Rows []struct {
					figure
					CompareN uint64 `json:"compare_n"`
				}
			}](w, "/v1/stats?"+time+"&compare=previous&"+filter).Rows[0]
			if !got.Headline.same(want) || !got.Comparison.Of.same(compared.figure) || got.Comparison.With.N != compared.CompareN {
				t.Errorf("%s?%s: got %+v and %+v, want %+v and %+v", address, time, got.Headline, got.Comparison, want, compared)
			}
			var services, days, places figure
			var with, reasons uint64
			for _, s := range got.Services {
				services.add(s.figure)
				with += s.CompareN
			}
			for _, d := range got.Days {
				days.add(d.figure)
			}
			for _, p := range got.Places {
				places.add(p.figure)
			}
			for _, r := range got.Reasons {
				reasons += r.N
			}
			if !services.same(want) || !days.same(want) || reasons != want.N || with != compared.CompareN || got.Places != nil && !places.same(want) {
				t.Errorf("%s?%s: services %+v, days %+v, reasons of %d, places %+v, want %+v", address, time, services, days, reasons, places, want)
			}
		}
	}
}

// Every service went up, and all together down, because more votes came from the one
// that is rated low: with the same mix they went up.
func TestPageTellsOfAChangedMix(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	vote := func(at string, channel schema.Channel, green, red uint64) {
		c := cell(hour(t, at))
		c.Channel = channel
		w.memory.vote(c, schema.Green, green)
		w.memory.vote(c, schema.Red, red)
	}
	vote("2026-10-10T08:00:00Z", schema.ChannelCounter, 90, 10)
	vote("2026-10-10T08:00:00Z", schema.ChannelWeb, 4, 6)
	vote("2026-11-20T08:00:00Z", schema.ChannelCounter, 19, 1)
	vote("2026-11-20T09:00:00Z", schema.ChannelWeb, 50, 50)
	got := ask[pageAnswer](w, "/v1/comuni/058091")
	crude, standard := got.Comparison.Crude["green_share"].Difference, got.Comparison.Standardised["green_share"].Difference
	if crude >= 0 || standard <= 0 {
		t.Errorf("got %v and %v", crude, standard)
	}
	if got.Coverage.LastVote != "2026-11-20T09:00:00Z" || got.Place.Name != "Roma" || len(got.Days) != 30 || got.Coverage.Channels != 2 {
		t.Errorf("got %+v of %+v, %d days", got.Coverage, got.Place, len(got.Days))
	}
}

// The hour that is running is in the headline, and not in what is compared.
func TestPageComparesWhatHasPassed(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	at := schema.HourOf(noon())
	w.memory.vote(cell(at), schema.Green, 5)
	w.memory.vote(cell(at-1), schema.Green, 3)
	w.memory.vote(cell(at-24), schema.Green, 7)
	w.memory.vote(cell(at-25), schema.Green, 2)
	got := ask[pageAnswer](w, "/v1/comuni/058091?period=today")
	if got.Headline.N != 8 || got.Comparison.Of.N != 3 || got.Comparison.With.N != 2 || *got.Comparison.Change != 0.5 || !slices.Equal(got.Headline.Status, []string{"R", "P", "L"}) {
		t.Errorf("got %+v and %+v", got.Headline, got.Comparison)
	}
}

// The last vote is told to the hour, however long ago it was.
func TestPageTellsOfTheLastVote(t *testing.T) {
	at := schema.HourOf(noon())
	for _, ago := range []schema.Hour{0, 1, 3 * 24, 4*24 - 1, 4 * 24, 4*24 + 1, 100, 20*24 + 5, 29 * 24} {
		w := newWorld(t, query.Config{Now: noon})
		w.memory.vote(cell(at-ago), schema.Green, 1)
		w.memory.vote(cell(at-ago-1), schema.Green, 1)
		got := ask[pageAnswer](w, "/v1/comuni/058091")
		if want := (at - ago).String(); got.Coverage.LastVote != want {
			t.Errorf("%d hours ago: got %s, want %s", ago, got.Coverage.LastVote, want)
		}
		n := uint64(0)
		for _, day := range got.Days {
			n += day.N
		}
		if n != got.Headline.N || n == 0 {
			t.Errorf("%d hours ago: days have %d votes, the headline %d", ago, n, got.Headline.N)
		}
	}
}

// A place that is not there is a 404, and a filter that would ask for another a 400.
func TestPageOfNoPlace(t *testing.T) {
	w := filled(t)
	for _, address := range []string{"comuni/999999", "comuni/Roma", "comuni/058091.txt", "regions/99", "regions/3"} {
		w.get("/v1/"+address).problem(t, http.StatusNotFound, "not-found")
	}
	w.get("/v1/comuni/058091?comune=015146").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/regions/03?compare=year").problem(t, http.StatusBadRequest, "bad-parameter")
	for _, address := range []string{"comuni/058091.csv", "regions/12.csv?csv=it", "national.csv", "comuni/058091?format=csv"} {
		if got := w.get("/v1/" + address); got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/csv") {
			t.Errorf("%s: got %d %s", address, got.StatusCode, got.Header.Get("Content-Type"))
		}
	}
}

// Whatever rows can be grouped by is told of, and every value of a row is one of its
// dimension's, with a name in three languages.
func TestDimensionsNameEveryValue(t *testing.T) {
	w := filled(t)
	type label struct{ It, En, De string }
	all := ask[struct {
		Data       struct{ First, Last string }
		Dimensions []struct {
			Dimension string
			Label     label
			Span      bool
		}
	}](w, "/v1/dimensions")
	if all.Data.Last != "2026-11" || len(all.Dimensions) != 22 {
		t.Errorf("got data to %s, %d dimensions", all.Data.Last, len(all.Dimensions))
	}
	for _, d := range all.Dimensions {
		address := "/v1/dimensions/" + d.Dimension
		if d.Dimension == "office" {
			address += "?comune=058091"
		}
		one := ask[struct {
			Values []struct {
				Code  any
				Label label
				First string
			}
		}](w, address)
		known := make(map[string]bool)
		for _, v := range one.Values {
			known[v.Code.(string)] = true
			if v.Label.It == "" || v.Label.En == "" || v.Label.De == "" {
				t.Errorf("%s: %v has no name: %+v", d.Dimension, v.Code, v.Label)
			}
		}
		rows := ask[struct{ Rows []map[string]any }](w, "/v1/stats?period=2026&class=all&comune=058091&group="+d.Dimension).Rows
		for _, row := range rows {
			if code := fmt.Sprint(row[d.Dimension]); !d.Span && code != "" && code != "<nil>" && !known[code] {
				t.Errorf("%s: a row has %s, which is no value", d.Dimension, code)
			}
		}
	}
	w.get("/v1/dimensions/office").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/dimensions/colour").problem(t, http.StatusNotFound, "not-found")
}

// An explanation has words for every filter and column, and a link that holds.
func TestExplain(t *testing.T) {
	w := filled(t)
	type explanation struct {
		Sentences []struct {
			About string
			Label struct{ It, En, De string }
		}
		Check string
		SQL   *string
	}
	got := ask[explanation](w, "/v1/explain?period=2026-10&comune=058091&channel=counter,web&group=service,day")
	if got.SQL == nil || !strings.Contains(*got.SQL, "comune_code IN (58091) AND scale IN ('mlf3') GROUP BY service, day") || !strings.Contains(*got.SQL, "hour >= '2026-09-30 22:00:00' AND hour < '2026-10-31 23:00:00'") {
		t.Errorf("got %v", got.SQL)
	}
	for _, s := range got.Sentences {
		if s.Label.It == "" || s.Label.En == "" || s.Label.De == "" || strings.ContainsAny(s.Label.It+s.Label.En+s.Label.De, "{}") {
			t.Errorf("got %+v", s)
		}
	}
	if rows := w.get(got.Check); rows.StatusCode != http.StatusOK {
		t.Errorf("%s: got %d %s", got.Check, rows.StatusCode, rows.body)
	}
	for _, d := range []string{"region", "population_class", "small", "office", "class", "scale", "month", "quarter", "hour_of_day", "day_kind", "working_day"} {
		filter := map[string]string{"small": "true", "day_kind": "holiday", "quarter": "2026-Q4", "class": "all"}[d]
		target := "/v1/explain?period=2026&group=" + d
		if filter != "" {
			target += "&" + d + "=" + filter
		}
		if got := ask[explanation](w, target); len(got.Sentences) < 5 {
			t.Errorf("%s: got %+v", d, got)
		}
	}
}
