package query_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/query"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/registry"
	"mlf/schema/schematest"
)

func TestConfig(t *testing.T) {
	f := func(cfg query.Config, ok bool) {
		t.Helper()
		if err := cfg.Validate(); (err == nil) != ok {
			t.Errorf("%+v: got %v", cfg, err)
		}
	}
	f(query.Config{}, false) // Disclosure must be said aloud.
	f(query.Config{Disclosure: "none"}, true)
	f(query.Config{Disclosure: "suppress-3"}, false)
	f(query.Config{Disclosure: "none", StatsMax: -1}, false)
	f(query.Config{Disclosure: "none", DrainMax: -1}, false)
}

func TestLedger(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 123456789, time.UTC)
	w := newWorld(t, query.Config{Now: func() time.Time { return now }, LogTimeout: time.Millisecond})
	since := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	w.memory.ledger = []schema.LedgerTotals{
		{
			PartitionState: schema.PartitionState{Partition: 0, State: schema.StateOK, Since: since},
			Next:           11, Newest: 1_795_338_000_000,
			Tally: schema.Tally{
				Records: 10, VotesIn: 100, Counted: 80, Duplicates: 15, Conflicts: 1, Quarantined: 2, Voided: 2,
				Events: schema.EventTally{In: 9, Used: 4, Repeated: 2, Stale: 1, Conflicts: 1, Quarantined: 1},
			},
		},
		{
			PartitionState: schema.PartitionState{Partition: 1, State: schema.StateHalted, Reason: "two logs"},
			Next:           6, Tally: schema.Tally{Records: 5, VotesIn: 7, Counted: 7},
		},
	}
	w.memory.ends = []schema.Offset{12, 6}
	var got struct {
		AsOf       string           `json:"as_of"`
		Totals     map[string]any   `json:"totals"`
		Partitions []map[string]any `json:"partitions"`
	}
	answer := w.get("/v1/ledger")
	answer.json(t, &got)
	if at := answer.Header.Get("X-MLF-Position"); at != question.PositionOf(w.memory.ledger).String() {
		t.Errorf("got position %q", at)
	}
	if got.AsOf != "2026-11-22T09:00:00.123Z" {
		t.Errorf("got as_of %s", got.AsOf)
	}
	want := map[string]any{
		"partition": 0.0, "state": "ok", "since": "2026-11-22T08:00:00Z", "next_offset": 11.0, "log_end": 12.0, "newest": "2026-11-22T09:00:00Z",
		"records": 10.0, "votes_in": 100.0, "counted": 80.0, "duplicates": 15.0, "conflicts": 1.0, "quarantined": 2.0, "voided": 2.0,
		"events": map[string]any{"in": 9.0, "used": 4.0, "repeated": 2.0, "stale": 1.0, "conflicts": 1.0, "quarantined": 1.0},
	}
	if len(got.Partitions) != 2 || !equal(got.Partitions[0], want) {
		t.Errorf("got  %v\nwant %v", got.Partitions, want)
	}
	if p := got.Partitions[1]; p["state"] != "halted" || p["reason"] != "two logs" || p["newest"] != nil {
		t.Errorf("got %v, want a halted partition with its reason", p)
	}
	if got.Totals["votes_in"] != 107.0 || got.Totals["counted"] != 87.0 || got.Totals["next_offset"] != 17.0 || got.Totals["log_end"] != 18.0 {
		t.Errorf("got totals %v", got.Totals)
	}

	// A log out of reach or slow leaves log_end unknown.
	f := func(what string, err error, ends ...schema.Offset) {
		t.Helper()
		w.memory.logErr, w.memory.ends = err, ends
		got.Totals, got.Partitions = nil, nil
		w.get("/v1/ledger").json(t, &got)
		if end, there := got.Partitions[0]["log_end"]; end != nil || !there || got.Totals["log_end"] != nil {
			t.Errorf("%s: got %v, want null", what, got.Partitions[0])
		}
	}
	f("unreachable", errors.New("no broker"))
	f("slow", context.DeadlineExceeded)

	w.get("/v1/ledger?x=1").problem(t, http.StatusBadRequest, "bad-parameter")
	w.memory.storeErr = errors.New("gone")
	w.get("/v1/ledger").problem(t, http.StatusServiceUnavailable, "store-unreachable")
}

// Partitions that were added to the topic are shown, and nothing else is the
// worse for it; whatever state one is in is passed on.
func TestLedgerOfATopicThatGrew(t *testing.T) {
	w := newWorld(t, query.Config{})
	w.memory.ledger[1].State, w.memory.ledger[1].Reason = "stuck", "no flush for 30 s"
	f := func(totalEnd any, states string, ends ...schema.Offset) {
		t.Helper()
		w.memory.ends = ends
		var got struct {
			Totals     map[string]any
			Partitions []struct {
				Partition int
				State     string
				LogEnd    *schema.Offset `json:"log_end"`
			}
		}
		w.get("/v1/ledger").json(t, &got)
		var have []string
		for i, p := range got.Partitions {
			have = append(have, p.State)
			if i < len(ends) != (p.LogEnd != nil) || p.Partition != i || p.LogEnd != nil && *p.LogEnd != ends[i] {
				t.Errorf("ends %v: got partition %d with %+v", ends, i, p)
			}
		}
		if got := got.Totals["log_end"]; got != totalEnd || strings.Join(have, " ") != states {
			t.Errorf("ends %v: got %v in all and states %v, want %v and %s", ends, got, have, totalEnd, states)
		}
	}
	f(11.0, "ok stuck", 5, 6)
	f(18.0, "ok stuck recovering recovering", 5, 6, 7, 0)
	f(nil, "ok stuck", 5) // A view of the cluster that is behind.
	w.memory.ledger = append(w.memory.ledger, schema.LedgerTotals{PartitionState: schema.PartitionState{Partition: 2, State: schema.StateHalted}})
	f(nil, "ok stuck halted", 5, 6)
	f(18.0, "ok stuck halted", 5, 6, 7)
}

// The services' codes are a list as long as the highest number: it is made once
// and not for every answer.
func TestAnAnswerCostsNoListOfServices(t *testing.T) {
	list := "id,code,label_it,label_en,label_de,category\n0,unspecified,a,b,c,\n65535,own,a,b,c,\n"
	names, err := registry.LoadFS(fstest.MapFS{"services.csv": {Data: []byte(list)}})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldOf(t, query.Config{}, names)
	ask := func() {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, week, nil)
		w.server.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}
	ask() // What is made once is made.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ask()
	runtime.ReadMemStats(&after)
	if cost := after.TotalAlloc - before.TotalAlloc; cost > 1<<20 {
		t.Errorf("an answer allocates %d bytes, want less than the list's 1 MiB", cost)
	}
}

func equal(a, b map[string]any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// enrol adds a terminal and returns its id and token.
func (w *world) enrol(revoked bool) (schema.TerminalID, string) {
	w.t.Helper()
	token := schema.NewToken()
	e := &schema.Enrolment{
		Terminal: schema.NewTerminalID(), Token: schema.HashToken([]byte(token)), Comune: roma, Channel: schema.ChannelTotem,
		Scale: schema.ScaleMLF3, Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}}, Revoked: revoked,
	}
	key, value, err := e.RegistryRecord()
	if err == nil {
		err = w.terms.Apply(key, value)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return e.Terminal, token
}

func TestWatermark(t *testing.T) {
	w := newWorld(t, query.Config{})
	key := schema.NewStreamKey(time.Unix(0, 0))
	name, value, err := key.RegistryRecord()
	if err == nil {
		err = w.terms.Apply(name, value)
	}
	if err != nil {
		t.Fatal(err)
	}
	id, token := w.enrol(false)
	other, _ := w.enrol(false)
	_, revoked := w.enrol(true)
	own := schema.Stream{Terminal: id, ID: 5, Slot: 7}
	w.memory.marks[5] = schema.Watermark{Terminal: id, Stream: 5, Highest: 43, Missing: []schema.SeqSpan{{First: 7, Next: 10}, {First: 41, Next: 42}}}

	const path = "/v1/terminals/self/watermark"
	auth := []string{"Authorization", "Bearer " + token}
	w.get(path, auth...).problem(t, http.StatusServiceUnavailable, "terminals-unread")
	w.terms.SetComplete()
	var got struct {
		Stream  string
		Highest uint64
		Missing [][2]uint64
	}
	w.get(path+"?stream="+key.Sign(own), auth...).json(t, &got)
	if got.Stream != key.Sign(own) || got.Highest != 43 || !slices.Equal(got.Missing, [][2]uint64{{7, 9}, {41, 41}}) {
		t.Errorf("got %+v", got)
	}
	fresh := w.get(path+"?stream="+key.Sign(schema.Stream{Terminal: id, ID: 6}), "Authorization", "bearer "+token)
	if !strings.Contains(string(fresh.body), `"highest":0,"missing":[]`) {
		t.Errorf("nothing yet: got %s", fresh.body)
	}
	if cc := fresh.Header.Get("Cache-Control"); cc != "no-store" {
		t.Errorf("got Cache-Control %q, want no-store", cc)
	}

	forged := schema.StreamKey{ID: key.ID, Secret: make([]byte, 32)}.Sign(own)
	foreign := key.Sign(schema.Stream{Terminal: other, ID: 5})
	if got := w.get(path + "?stream=" + foreign); got.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("got WWW-Authenticate %q", got.Header.Get("WWW-Authenticate"))
	}
	w.get(path+"?stream="+foreign).problem(t, http.StatusUnauthorized, "unknown-token")
	w.get(path, "Authorization", "Basic "+token).problem(t, http.StatusUnauthorized, "unknown-token")
	w.get(path, "Authorization", "Bearer "+schema.NewToken()).problem(t, http.StatusUnauthorized, "unknown-token")
	w.get(path, "Authorization", "Bearer "+revoked).problem(t, http.StatusForbidden, "revoked-terminal")
	w.get(path, auth...).problem(t, http.StatusBadRequest, "bad-parameter")
	w.get(path+"?stream="+foreign, auth...).problem(t, http.StatusForbidden, "foreign-stream")
	w.get(path+"?stream="+forged, auth...).problem(t, http.StatusForbidden, "foreign-stream")
	w.get(path+"?stream=x", auth...).problem(t, http.StatusForbidden, "foreign-stream")
	w.memory.storeErr = errors.New("gone")
	w.get(path+"?stream="+key.Sign(own), auth...).problem(t, http.StatusServiceUnavailable, "store-unreachable")
}

func TestRegistry(t *testing.T) {
	w := newWorld(t, query.Config{})
	var found struct {
		Comuni []struct {
			Code, Name string
			Province   struct{ Code, Name, Sigla string }
			Region     struct{ Code, Name string }
			Population int
		}
	}
	w.get("/v1/registry/comuni?q=ROMA&limit=1").json(t, &found)
	if len(found.Comuni) != 1 || found.Comuni[0].Code != "058091" || found.Comuni[0].Province.Sigla != "RM" || found.Comuni[0].Region.Code != "12" {
		t.Errorf("got %+v", found)
	}
	found.Comuni = nil
	w.get("/v1/registry/comuni?code=058091,999999,021008").json(t, &found)
	if len(found.Comuni) != 2 || found.Comuni[0].Name != "Roma" || found.Comuni[1].Name != "Bolzano/Bozen" {
		t.Errorf("got %+v", found)
	}
	found.Comuni = nil
	w.get("/v1/registry/comuni?q=xyzzy").json(t, &found)
	if found.Comuni == nil || len(found.Comuni) != 0 {
		t.Errorf("got %+v, want an empty list", found)
	}
	w.get("/v1/registry/comuni?province=007").json(t, &found)
	if len(found.Comuni) != 74 || found.Comuni[0].Name != "Allein" || found.Comuni[0].Province.Sigla != "AO" {
		t.Errorf("got %d comuni, %+v", len(found.Comuni), found.Comuni[:1])
	}
	w.get("/v1/registry/comuni?province=999").json(t, &found)
	if len(found.Comuni) != 0 {
		t.Errorf("got %+v, want an empty list", found)
	}
	for _, bad := range []string{"", "?q=", "?q=a&code=058091", "?q=a&province=058", "?province=58", "?province=058&limit=5", "?province=058,059", "?q=a&limit=0", "?q=a&limit=101", "?code=1", "?name=a", "?q=" + strings.Repeat("a", 101)} {
		w.get("/v1/registry/comuni"+bad).problem(t, http.StatusBadRequest, "bad-parameter")
	}
	for path, want := range map[string]string{
		"/v1/registry/services": `{"code":"anagrafe","label":{"it":`,
		"/v1/registry/labels":   `"faces":[{"code":"red","label":{"it":`,
	} {
		if got := w.get(path); !strings.Contains(string(got.body), want) {
			t.Errorf("%s: got %s", path, got.body)
		}
		w.get(path+"?lang=it").problem(t, http.StatusBadRequest, "bad-parameter")
	}
}

// A code that ended is answered, with what became of it.
func TestRegistryOfCodesThatChanged(t *testing.T) {
	w := newWorld(t, query.Config{Now: func() time.Time { return time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC) }})
	f := func(ask string, want ...string) {
		t.Helper()
		var found struct{ Comuni []map[string]any }
		w.get("/v1/registry/comuni?"+ask).json(t, &found)
		var got []string
		for _, c := range found.Comuni {
			line := fmt.Sprint(c["code"], " ", c["name"], " ", c["province"].(map[string]any)["name"])
			for _, key := range []string{"valid_from", "valid_to", "current_code", "former_codes", "merged_into", "merged_from"} {
				if v, ok := c[key]; ok {
					line += fmt.Sprint(", ", key, " ", v)
				}
			}
			got = append(got, line)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", ask, got, want)
		}
	}
	f("code=090001", "090001 Aggius Sassari, valid_to 2026-01-01, current_code 113001")
	f("code=113001", "113001 Aggius Gallura Nord-Est Sardegna, valid_from 2026-01-01, former_codes [090001]")
	f("q=090001", "113001 Aggius Gallura Nord-Est Sardegna, valid_from 2026-01-01, former_codes [090001]")
	f("q=111009", "119003 Carbonia Sulcis Iglesiente, valid_from 2026-01-01, former_codes [111009]")
	f("q=lirio", "018082 Lirio Pavia, valid_to 2026-01-31, merged_into map[code:018094 name:Montalto Pavese]")
	f("q=nanto", "024071 Nanto Vicenza, valid_to 2026-02-21, merged_into map[code:024129 name:Castegnero Nanto]",
		"024129 Castegnero Nanto Vicenza, valid_from 2026-02-21, merged_from [024027 024071]")
	f("code=018094", "018094 Montalto Pavese Pavia, valid_from 2026-01-31, merged_from [018082]")
	f("code=058091", "058091 Roma Roma")
	f("code=104001")
}

func TestRoutes(t *testing.T) {
	w := newWorld(t, query.Config{})
	w.get("/v2/stats").problem(t, http.StatusNotFound, "not-found")
	w.get("/assets/none.js").problem(t, http.StatusNotFound, "not-found")
	w.get("/assets/").problem(t, http.StatusNotFound, "not-found")
	w.do(http.MethodPost, "/nowhere").problem(t, http.StatusNotFound, "not-found")
	post := w.do(http.MethodPost, "/v1/stats")
	post.problem(t, http.StatusMethodNotAllowed, "method-not-allowed")
	if got := post.Header.Get("Allow"); got != "GET, HEAD, OPTIONS" {
		t.Errorf("got Allow %q", got)
	}
	if got := w.do(http.MethodOptions, "/v1/stats"); got.StatusCode != http.StatusNoContent || got.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("got %d %v", got.StatusCode, got.Header)
	}
	if got := w.get("/status"); got.StatusCode != http.StatusOK || strings.TrimSpace(string(got.body)) != `{"status":"ok"}` {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	if got := w.get("/openapi.yaml"); !strings.HasPrefix(string(got.body), "openapi: 3.1.0\n") {
		t.Errorf("got %.40s", got.body)
	}
	first, second := w.get("/status").Header.Get("X-Request-ID"), w.get("/status").Header.Get("X-Request-ID")
	if first == "" || first == second {
		t.Errorf("got request ids %q and %q", first, second)
	}
}

// A panic is one request's, not the process's.
func TestPanic(t *testing.T) {
	w := newWorld(t, query.Config{})
	w.memory.ledger = []schema.LedgerTotals{{PartitionState: schema.PartitionState{Partition: -1}}}
	w.memory.ends = nil
	w.memory.cells = nil
	w.memory.marks = nil
	w.memory.storeErr = panicking{}
	w.get(week).problem(t, http.StatusInternalServerError, "internal")
	if n := testutil.CollectAndCount(w.reg, "mlf_query_panics_total"); n != 1 {
		t.Errorf("got %d series", n)
	}
}

// panicking is an error that is worse than it looks.
type panicking struct{}

func (panicking) Error() string   { panic("BUG: as intended by the test") }
func (panicking) Is(e error) bool { panic("BUG: as intended by the test: " + e.Error()) }

func TestMetrics(t *testing.T) {
	w := newWorld(t, query.Config{})
	w.get(week)
	w.get(week + "&x=1")
	w.get("/nowhere")
	families, err := w.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if n := m.GetCounter().GetValue(); n > 0 && f.GetName() == "mlf_query_requests_total" {
				got[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = n
			}
		}
	}
	if want := map[string]float64{"200 stats": 1, "400 stats": 1, "404 other": 1}; !maps.Equal(got, want) {
		t.Errorf("got requests %v, want %v", got, want)
	}
	lint, err := testutil.GatherAndLint(w.reg)
	if err != nil || len(lint) > 0 {
		t.Errorf("got %v, %v", lint, err)
	}
}

func TestNewNeedsNoRegisterer(t *testing.T) {
	names := schematest.Lists(t)
	if _, err := query.New(query.Parts{Registry: names}, query.Telemetry{}, query.Config{Disclosure: "none"}); err != nil {
		t.Error(err)
	}
	if _, err := query.New(query.Parts{Registry: names}, query.Telemetry{Registerer: prometheus.NewRegistry()}, query.Config{}); err == nil {
		t.Error("got no error, want one that names disclosure")
	}
}
