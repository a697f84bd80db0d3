package query_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mlf/query"
	"mlf/schema"
)

type changedRow struct {
	figure
	Comune   string
	Place    int
	Value    *float64
	CompareN *uint64  `json:"compare_n"`
	Before   *float64 `json:"compare_value"`
	Change   *float64 `json:"n_change"`
	By       *float64 `json:"difference"`
	Low      *float64 `json:"difference_low"`
	High     *float64 `json:"difference_high"`
	P        *float64 `json:"p_change"`
	Q        *float64 `json:"q_change"`
}

type changes struct {
	Meta struct {
		Sort    string
		Compare *struct{ From, To string }
	}
	Compared  int
	Shared    bool
	Reference []changedRow
	Rows      []changedRow
}

func (c *changes) comuni() string {
	var codes []string
	for _, row := range c.Rows {
		codes = append(codes, row.Comune)
	}
	return strings.Join(codes, " ")
}

// Rows that are compared say by how much they changed, and whether that is chance, as a
// comparison of the two times does; without compare nothing of it is there.
func TestRankingTellsChanges(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	vote := func(at string, comune schema.ComuneID, green, red uint64) {
		c := cell(hour(t, at))
		c.Comune = comune
		w.memory.vote(c, schema.Green, green)
		w.memory.vote(c, schema.Red, red)
	}
	const october, november = "2026-10-05T08:00:00Z", "2026-11-05T08:00:00Z"
	vote(october, roma, 900, 100)
	vote(november, roma, 800, 200) // It fell, and hardly by chance.
	vote(october, bolzano, 40, 10)
	vote(november, bolzano, 38, 12) // It fell, as chance has it.
	vote(october, 58118, 60, 40)
	vote(november, 58118, 90, 10) // It rose.
	vote(october, 1272, 29, 0)
	vote(november, 1272, 10, 90) // Too few votes before: it could be the first by chance.
	vote(october, 15146, 50, 50) // Not there any more.
	f := func(query, order string) (got changes) {
		t.Helper()
		if got = ask[changes](w, "/v1/ranking?period=2026-11&by=comune&"+query); got.comuni() != order {
			t.Errorf("%s: got %s, want %s", query, got.comuni(), order)
		}
		return got
	}
	plain := f("", "058118 058091 021008 001272")
	if plain.Meta.Compare != nil || plain.Meta.Sort != "" || plain.Rows[0].CompareN != nil || plain.Rows[0].By != nil || plain.Rows[0].P != nil {
		t.Errorf("without compare: got %+v", plain)
	}
	f("compare=previous", "058118 058091 021008 001272")
	f("compare=previous&sort=difference", "058118 021008 058091 001272")
	got := f("compare=previous&sort=-difference", "058091 021008 058118 001272")
	if got.Compared != 3 || got.Shared || got.Rows[0].Place != 2 || got.Meta.Sort != "-difference" {
		t.Errorf("got %+v", got)
	}
	first, second, last := got.Rows[0], got.Rows[1], got.Rows[3]
	if *first.Q >= 0.001 || *first.High >= 0 || *second.Q <= 0.05 || *second.High <= 0 || *second.P > *second.Q {
		t.Errorf("chance: got %+v and %+v", first, second)
	}
	if last.By != nil || last.P != nil || last.Q != nil || *last.CompareN != 29 || *last.Before != 1 {
		t.Errorf("too few before: got %+v", last)
	}
	if all := got.Reference[0]; *all.CompareN != 1279 || all.Q != nil || *all.P >= 0.001 {
		t.Errorf("all: got %+v", all)
	}
	type comparison struct {
		Differences []struct {
			Crude map[string]struct {
				Difference, P *float64
				Low           *float64 `json:"difference_low"`
				High          *float64 `json:"difference_high"`
			}
		}
	}
	for _, interval := range []string{"independent", "clustered"} {
		for _, measure := range []string{"green_share", "red_share", "net"} {
			same := ask[comparison](w, "/v1/compare?interval="+interval+"&comune=058091&a="+url.QueryEscape("period=2026-10")+"&b="+url.QueryEscape("period=2026-11")).Differences[0].Crude[measure]
			rows := ask[changes](w, "/v1/ranking?period=2026-11&by=comune&compare=previous&interval="+interval+"&measure="+measure).Rows
			row := rows[slices.IndexFunc(rows, func(row changedRow) bool { return row.Comune == "058091" })]
			if *row.By != *same.Difference || *row.Low != *same.Low || *row.High != *same.High || row.P == nil || same.P != nil && *row.P != *same.P {
				t.Errorf("%s, %s: got %+v, want %+v", interval, measure, row, same)
			}
		}
	}
	if got := f("compare=2026-11-01/2026-11-10", "058118 058091 021008 001272"); !got.Shared || *got.Rows[0].By != 0 || *got.Rows[0].Q != 1 {
		t.Errorf("of the same votes: got %+v", got)
	}
	w.refuses("sort=difference", "sort")
	w.refuses("sort=difference&compare=previous&measure=n", "sort")
	w.refuses("sort=fall&compare=previous", "sort")
}

// refuses tells that a ranking is not answered because of a parameter.
func (w *world) refuses(query, parameter string) {
	w.t.Helper()
	if got := w.get("/v1/ranking?period=2026-11&by=comune&" + query); got.StatusCode != http.StatusBadRequest || !strings.Contains(string(got.body), `"parameter":"`+parameter+`"`) {
		w.t.Errorf("%s: got %d: %s", query, got.StatusCode, got.body)
	}
}
