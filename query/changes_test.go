package query_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/query"
	"mlf/query/question"
	"mlf/schema"
)

// changesOf returns the rows of an answer as text, and whether they are all there are.
func (w *world) changesOf(target string, headers ...string) (rows string, all bool) {
	w.t.Helper()
	var answer struct {
		Meta struct {
			All             *bool
			Since, Position string
		}
		Rows []map[string]*string
	}
	got := w.get(target, headers...)
	if got.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: got %d %s", target, got.StatusCode, got.body)
	}
	got.json(w.t, &answer)
	for _, row := range answer.Rows {
		for name, value := range row {
			if name != "month" && value == nil {
				rows += "? " + *row["month"] + " "
			} else if name != "month" {
				rows += *value + " " + *row["month"] + " "
			}
		}
	}
	if answer.Meta.All == nil || answer.Meta.Position == "" {
		w.t.Fatalf("%s: got %s", target, got.body)
	}
	return strings.TrimSpace(rows), *answer.Meta.All
}

// TestChanges: what has changed is told by the places of today, and everything where it
// is not known.
func TestChanges(t *testing.T) {
	w, h := holding(t)
	h.changed = []question.PlaceMonth{{Comune: roma, Month: 2026*12 + 10}, {Comune: roma, Month: 2025 * 12}, {Comune: milano, Month: 2026*12 + 10}, {}}
	h.vote(cell(hour(t, "2009-01-02T08:00:00Z")), schema.Green, 1)
	burst := cell(hour(t, "2026-10-31T23:30:00Z")) // November in Rome.
	burst.Class, burst.Scale = schema.ClassBurst, schema.ScaleStars5
	h.vote(burst, 5, 3)
	f := func(query, want string, wantAll bool) {
		t.Helper()
		if got, all := w.changesOf("/v1/changes?" + query); got != want || all != wantAll {
			t.Errorf("%s: got %s %t, want %s", query, got, all, want)
		}
	}
	at := func(p ...schema.Offset) string { return "since=" + question.Position(p).String() }
	f(at(1), "? 0000-01 015146 2026-11 058091 2025-01 058091 2026-11", false)
	f(at(2)+"&by=province", "? 0000-01 015 2026-11 058 2025-01 058 2026-11", false)
	f(at(1)+"&by=region", "? 0000-01 03 2026-11 12 2025-01 12 2026-11", false)
	const everything = "058091 2009-01 058091 2026-11"
	f("", everything, true)
	f(at(0, 0), everything, true)
	f("by=region", "12 2009-01 12 2026-11", true)
	if got := string(w.get("/v1/changes.csv?" + at(1)).body); !strings.HasSuffix(got, "comune,month\r\n,0000-01\r\n015146,2026-11\r\n058091,2025-01\r\n058091,2026-11\r\n") {
		t.Errorf("got %q", got)
	}
	w.get("/v1/changes?since=x").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/changes?by=office").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/changes?comune=058091").problem(t, http.StatusBadRequest, "bad-parameter")
	w.get("/v1/changes?"+at(99)).problem(t, http.StatusServiceUnavailable, "behind")
	if got := w.post(`{"queries":[{"id":"a","path":"/v1/changes","parameters":{"since":"`+question.Position{1}.String()+`"}}]}`, "application/json"); !strings.Contains(string(got.body), `"comune":"058091"`) {
		t.Errorf("batch: got %s", got.body)
	}
	tag := w.get("/v1/changes?" + at(1)).Header.Get("ETag")
	h.vote(cell(hour(t, "2009-01-02T08:00:00Z")), schema.Green, 1)
	if again := w.get("/v1/changes?"+at(1), "If-None-Match", tag); again.StatusCode != http.StatusOK {
		t.Errorf("after a vote: got %d", again.StatusCode)
	}
	h.changed = nil
	if p := w.get("/v1/changes").problem(t, http.StatusServiceUnavailable, "loading"); p.Detail == "" {
		t.Error("it does not say why")
	}
}

// TestChangesAreOfThoseWhoAsk: the public's position is a release, and what has changed
// are its lots; a body is told of its own places, and of nothing that part of their
// offices may not have.
func TestChangesAreOfThoseWhoAsk(t *testing.T) {
	inBubble(t, query.DisclosureLots, nil, func(t *testing.T, g *guarded) {
		g.cast(roma, schema.Green, 5)
		pass(36 * time.Hour)
		f := func(query, want string, wantAll bool, who ...string) {
			t.Helper()
			if got, all := g.changesOf("/v1/changes?"+query, who...); got != want || all != wantAll {
				t.Errorf("%s: got %q %t, want %q", query, got, all, want)
			}
		}
		last := func() string {
			var answer struct{ Meta struct{ Position string } }
			g.get("/v1/changes").json(t, &answer)
			return "since=" + answer.Meta.Position
		}
		before := last()
		f("", "058091 2000-01", true)
		f(before, "", false)
		g.cast(milano, schema.Red, 4)
		g.cast(roma, schema.Red, 1) // Waits.
		pass(24 * time.Hour)
		f(before, "015146 2000-01", false)
		f("since="+question.Position{0}.String(), "015146 2000-01 058091 2000-01", false)
		at := "since=" + question.Position{1, 0}.String()
		f(at, "015146 2000-02 058091 2000-01", false, g.as("analyst")...)
		f(at, "058091 2000-01", false, g.as("body", "mlf_comuni", roma.String())...)
		f(at, "058091 2000-01", true, g.as("body", "mlf_comuni", roma.String(), "mlf_services", "anagrafe")...)
		g.get("/v1/changes?"+at).problem(t, http.StatusBadRequest, "bad-parameter")
	})
}
