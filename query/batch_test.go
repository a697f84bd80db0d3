package query_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mlf/query"
	"mlf/schema"
)

type batchAnswers struct {
	Position string
	Answers  []struct {
		ID     string
		Status int
		Body   json.RawMessage
	}
}

func (w *world) post(body, media string) reply {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/v1/query", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, r)
	got := reply{Response: rec.Result(), body: rec.Body.Bytes()}
	_ = got.Body.Close()
	w.validate(r, got)
	return got
}

// Every answer of a batch is the one that a GET has, or its problem.
func TestBatchAnswersAsGetsDo(t *testing.T) {
	w := filled(t)
	got := w.post(`{"queries":[
		{"id":"a","path":"/v1/stats","parameters":{"period":"2026-11","group":"comune"}},
		{"id":"é \"","path":"/v1/comuni/058091","parameters":{"channel":["web","counter"]}},
		{"id":"c","path":"/v1/trend","parameters":{"period":2026,"small":true}},
		{"id":"d","path":"/v1/stats","parameters":{"period":"2026-11","regione":"12"}},
		{"id":"e","path":"/v1/ledger"},
		{"id":"f","path":"/v1/query"},
		{"id":"g","path":"/v1/comuni/999999"},
		{"id":"h","path":"/v1/stats","parameters":{"period":"2020","at_least":"AQL___________8PAQ"}}]}`, "application/json; charset=utf-8")
	var answers batchAnswers
	got.json(t, &answers)
	if got.StatusCode != http.StatusOK || answers.Position != got.Header.Get("X-MLF-Position") || len(answers.Answers) != 8 {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	for i, target := range []string{"/v1/stats?period=2026-11&group=comune", "/v1/comuni/058091?channel=web,counter", "/v1/trend?period=2026&small=true"} {
		if a := answers.Answers[i]; a.Status != http.StatusOK || string(a.Body) != strings.TrimSpace(string(w.get(target).body)) {
			t.Errorf("%s: got %d %s", target, a.Status, a.Body)
		}
	}
	for i, want := range []int{400, 404, 404, 404, 400} {
		a := answers.Answers[3+i]
		var p schema.Problem
		if err := json.Unmarshal(a.Body, &p); err != nil || a.Status != want || p.Status != want || p.Instance == "" {
			t.Errorf("%s: got %d %s, want %d", a.ID, a.Status, a.Body, want)
		}
	}
	if answers.Answers[1].ID != "é \"" {
		t.Errorf("got %q", answers.Answers[1].ID)
	}
}

// However much is counted meanwhile, all answers of a batch are of one position.
func TestBatchIsOfOnePosition(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	w.memory.vote(cell(hour(t, "2026-11-01T08:00:00Z")), schema.Green, 1)
	w.memory.read = func() { w.memory.vote(cell(hour(t, "2026-11-02T08:00:00Z")), schema.Red, 1) }
	var queries []string
	for i := range 5 {
		queries = append(queries, fmt.Sprintf(`{"id":"%d","path":"/v1/trend","parameters":{"period":"2026-11-%02d"}}`, i, 1+i))
	}
	var answers batchAnswers
	w.post(`{"queries":[`+strings.Join(queries, ",")+`]}`, "application/json").json(t, &answers)
	for _, a := range answers.Answers {
		var body struct{ Meta struct{ Position string } }
		if err := json.Unmarshal(a.Body, &body); err != nil || a.Status != http.StatusOK || body.Meta.Position != answers.Position {
			t.Errorf("%s: got %d of %s, want %s", a.ID, a.Status, body.Meta.Position, answers.Position)
		}
	}
}

func TestBatchIsRefused(t *testing.T) {
	w := newWorld(t, query.Config{Now: noon})
	one := `{"id":"a","path":"/v1/stats"}`
	var many []string
	for i := range 33 {
		many = append(many, fmt.Sprintf(`{"id":"%d","path":"/v1/stats"}`, i))
	}
	for _, body := range []string{
		``, `[]`, `{}`, `{"queries":[]}`, `{"queries":[` + one + `,` + one + `]}`, `{"queries":[` + strings.Join(many, ",") + `]}`,
		`{"queries":[` + one + `]}{}`, `{"queries":[` + one + `],"x":1}`, `{"queries":[{"path":"/v1/stats"}]}`, `{"queries":[{"id":"a","path":"/status"}]}`,
		`{"queries":[{"id":"a","path":"/v1/stats.csv"}]}`, `{"queries":[{"id":"a","path":"/v1/stats","parameters":{"format":"csv"}}]}`,
		`{"queries":[{"id":"a","path":"/v1/stats","parameters":{"region":[1]}}]}`, `{"at_least":"x","queries":[` + one + `]}`,
	} {
		w.post(body, "application/json").problem(t, http.StatusBadRequest, "malformed-body")
	}
	w.post(`{"queries":[`+one+`]}`, "text/plain").problem(t, http.StatusUnsupportedMediaType, "unsupported-media-type")
	w.post(`{"queries":[`+one+`],"at_least":"`+strings.Repeat("A", 64<<10)+`"}`, "application/json").problem(t, http.StatusRequestEntityTooLarge, "too-large")
	if got := w.get("/v1/query"); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("got %d, Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
	if got := w.do(http.MethodOptions, "/v1/query"); got.StatusCode != http.StatusNoContent || !strings.Contains(got.Header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("got %d %v", got.StatusCode, got.Header)
	}
}
