package query_test

import (
	"net/http"
	"strings"
	"testing"

	"mlf/query"
	"mlf/schema/annotation"
	"mlf/schema/registry"
)

// note puts an annotation of some days, as 2026-03-01/2026-03-31; its text is its id.
func (w *world) note(kind annotation.Kind, id, days string, scope map[string][]string) {
	w.t.Helper()
	a := annotation.Annotation{ID: id, Kind: kind, Scope: scope, Text: registry.Label{IT: id}}
	first, last, _ := strings.Cut(days, "/")
	var err error
	if a.From, err = registry.ParseDate(first); err != nil {
		w.t.Fatal(err)
	}
	if a.To = a.From; last != "" {
		if a.To, err = registry.ParseDate(last); err != nil {
			w.t.Fatal(err)
		}
	}
	key, value, err := a.RegistryRecord()
	if err == nil {
		err = w.notes.Apply(key, value)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestAnnotations: those that may be about what is asked for, in the order of their days.
func TestAnnotations(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	w.get("/v1/annotations").problem(t, http.StatusServiceUnavailable, "loading")
	w.notes.SetComplete()
	w.note(annotation.Break, "everywhere", "2026-03-01", nil)
	w.note(annotation.Event, "lazio", "2025-12-01/2026-02-28", map[string][]string{"region": {"12"}})
	w.note(annotation.Break, "roma-web", "2026-10-25", map[string][]string{"comune": {"058091"}, "channel": {"web", "digital"}})
	w.note(annotation.Event, "nothing", "2026-10-25", map[string][]string{"service": {"not of this registry"}})
	w.note(annotation.Event, "stars", "2009-01-01/2020-01-01", map[string][]string{"scale": {"stars5"}, "service": {"anagrafe"}})
	f := func(query, want string) {
		t.Helper()
		var answer struct{ Rows []struct{ ID string } }
		w.get("/v1/annotations?"+query).json(t, &answer)
		var ids []string
		for _, row := range answer.Rows {
			ids = append(ids, row.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	f("", "stars lazio everywhere nothing roma-web")
	f("period=2026", "lazio everywhere nothing roma-web")
	f("from=2026-02-28&to=2026-03-01", "lazio nothing")
	f("from=2026-03-01&to=2026-03-02", "everywhere nothing")
	f("comune=058091", "stars lazio everywhere nothing roma-web")
	f("comune=015146&scale=mlf3", "everywhere nothing")
	f("province=058&channel=counter", "stars lazio everywhere nothing")
	f("region=12&category=anagrafe-stato-civile", "stars lazio everywhere nothing roma-web")
	tag := w.get("/v1/annotations").Header.Get("ETag")
	if again := w.get("/v1/annotations", "If-None-Match", tag); again.StatusCode != http.StatusNotModified {
		t.Errorf("the same again: got %d", again.StatusCode)
	}
	w.note(annotation.Break, "everywhere", "2026-03-02", nil)
	if again := w.get("/v1/annotations", "If-None-Match", tag); again.StatusCode != http.StatusOK {
		t.Errorf("after a change: got %d", again.StatusCode)
	}
	if got := string(w.get("/v1/annotations.csv?from=2026-10-25&to=2026-10-26&comune=058091").body); !strings.Contains(got, "roma-web,break,2026-10-25,2026-10-25,\"channel=web,digital&comune=058091\",roma-web,roma-web,roma-web\r\n") {
		t.Errorf("got %q", got)
	}
	w.get("/v1/annotations?class=ok").problem(t, http.StatusBadRequest, "bad-parameter")
	if got := w.post(`{"queries":[{"id":"a","path":"/v1/annotations","parameters":{"comune":"058091"}}]}`, "application/json"); !strings.Contains(string(got.body), `"id":"roma-web","kind":"break"`) {
		t.Errorf("batch: got %s", got.body)
	}
}
