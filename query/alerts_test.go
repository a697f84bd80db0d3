package query_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/query"
	"mlf/query/alert/routes"
	"mlf/query/desk"
	"mlf/schema"
	"mlf/schema/alert"
	"mlf/schema/schematest"
)

// alerts are a topic of alerts, and a server that answers from a book that follows it.
type alerts struct {
	*guarded
	book *alert.Book

	mu    sync.Mutex
	topic []alert.Record
	away  bool
	race  []alert.Record // Somebody appends them just before the next.
}

func (a *alerts) PutAlert(_ context.Context, key string, value []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.away {
		return errors.New("no acknowledgement in time")
	}
	for _, r := range append(a.race, alert.Record{Key: key, Value: slices.Clone(value)}) {
		a.topic = append(a.topic, r)
		if err := a.book.Apply(r.Key, r.Value); err != nil {
			return err
		}
	}
	a.race = nil
	return nil
}

func newAlerts(t *testing.T) *alerts {
	t.Helper()
	names := schematest.Lists(t)
	a := &alerts{guarded: &guarded{world: newWorldOf(t, query.Config{}, names)}, book: new(alert.Book)}
	a.book.SetComplete()
	parts := query.Parts{Store: func() query.Store { return a.memory }, Log: a.memory, Terminals: a.terms, Registry: names, Access: a.issuer(names)}
	parts.Desk = routes.Routes(routes.Parts{
		Book: a.book, Log: a, Joined: func(c schema.BodyCode) bool { return c != "nobody" },
		Secret: func(body schema.BodyCode, webhook string) string { return "whsec_" + string(body) + webhook },
		Check: func(kind, address string) error {
			if strings.Contains(address, "127.") {
				return fmt.Errorf("%s: want a name", kind)
			}
			return nil
		},
	})
	var err error
	if a.server, err = query.New(parts, query.Telemetry{}, query.Config{Disclosure: query.DisclosureNone}); err != nil {
		t.Fatal(err)
	}
	return a
}

// send sends a body and holds the answer against the description.
func (a *alerts) send(method, target, body string, headers ...string) reply {
	a.t.Helper()
	here := desk.WithListener(a.t.Context(), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	r := httptest.NewRequestWithContext(here, method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	a.server.Handler().ServeHTTP(rec, r)
	got := reply{Response: rec.Result(), body: rec.Body.Bytes()}
	_ = got.Body.Close()
	a.validate(r, got)
	return got
}

// opens has an alert open.
func (a *alerts) opens(state alert.State, first schema.Hour) *alert.Alert {
	a.t.Helper()
	at := first.Time()
	of := &alert.Alert{
		Body: "c_h501", Kind: alert.Red, Scope: alert.Scope{Services: []string{"anagrafe"}, Scale: "mlf3"}, First: first, State: state, Opened: at, Updated: at, Threshold: 0.05,
		Figures: &alert.Figures{
			Share: alert.Share{N: 142, Negative: 44, Share: 0.31, Low: 0.24, High: 0.39}, Baseline: alert.Share{N: 1204, Negative: 217, Share: 0.18, Low: 0.16, High: 0.2},
			Difference: 0.13, DifferenceLow: 0.05, DifferenceHigh: 0.2, P: 0.001, Effect: 1, From: at, To: at, BaselineFrom: at, BaselineTo: at, LeftOut: []string{},
		},
	}
	if state == alert.Closed {
		of.Closed = at
	}
	of.ID = alert.ID(of.Body, of.Kind, of.Scope, of.First)
	of.Note(alert.Told{Day: "2026-11-25", Event: alert.Opened, Message: "m", At: at, Results: map[string]alert.Outcome{"webhook:a": {At: at, Delivered: true}, "email:u@x.it": {At: at, Detail: "550"}}})
	r, err := of.Record()
	if err == nil {
		err = a.PutAlert(a.t.Context(), r.Key, r.Value)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	return of
}

// TestAlertsAreTheBodys: whose they are, and who may do what.
func TestAlertsAreTheBodys(t *testing.T) {
	a := newAlerts(t)
	of := a.opens(alert.Open, 498_561)
	body, other := a.as("body", "mlf_bodies", "C_H501"), a.as("body", "mlf_bodies", "c_f205")
	f := func(status int, method, target, text string, who ...string) {
		t.Helper()
		if got := a.send(method, target, text, who...); got.StatusCode != status {
			t.Errorf("%s %s: got %d %s, want %d", method, target, got.StatusCode, got.body, status)
		}
	}
	const alertsOf, settings = "/v1/bodies/c_h501/alerts", "/v1/bodies/c_h501/alert-settings"
	ack := alertsOf + "/" + of.ID + "/acknowledgement"
	f(200, "GET", alertsOf, "", body...)
	f(200, "GET", "/v1/bodies/C_H501/alerts", "", body...)
	f(404, "GET", alertsOf, "", other...)
	f(404, "GET", "/v1/bodies/nobody/alerts", "", a.as("operator")...)
	f(200, "GET", alertsOf, "", a.as("analyst")...)
	f(401, "GET", alertsOf, "")
	f(403, "POST", ack, `{"note":"x"}`, a.as("analyst")...)
	f(404, "POST", ack, `{"note":"x"}`, other...)
	f(404, "POST", "/v1/bodies/c_f205/alerts/"+of.ID+"/acknowledgement", `{"note":"x"}`, other...) // Its own address, another's alert.
	f(404, "POST", alertsOf+"/"+strings.Repeat("0", 32)+"/notes", `{"text":"x"}`, body...)
	f(404, "GET", settings, "", other...)
	f(404, "PUT", settings, `{}`, other...)
	f(404, "POST", settings+"/test", "", other...)
	f(403, "PUT", settings, `{}`, a.as("analyst")...)
	f(405, "DELETE", settings, "", body...)
	f(400, "GET", alertsOf+"?state=ajar", "", body...)
	f(400, "GET", alertsOf+"?limit=0", "", body...)
	f(400, "GET", alertsOf+"?from=2026", "", body...)
	f(400, "POST", ack, `{"note":"x","by":"me"}`, body...)
	f(400, "POST", alertsOf+"/"+of.ID+"/notes", `{"text":""}`, body...)
	f(400, "POST", alertsOf+"/"+of.ID+"/notes", `{"text":"`+strings.Repeat("ù", 1001)+`"}`, body...)
	f(413, "POST", alertsOf+"/"+of.ID+"/notes", `{"text":"`+strings.Repeat("x", 20_000)+`"}`, body...)
	f(200, "POST", alertsOf+"/"+of.ID+"/notes", `{"text":"`+strings.Repeat("ù", 1000)+`"}`, body...)
	a.away = true
	f(503, "POST", ack, `{"note":"x"}`, body...)
}

// TestAnAlertIsAcknowledged, and what is said of it is there at once.
func TestAnAlertIsAcknowledged(t *testing.T) {
	a := newAlerts(t)
	of, ended := a.opens(alert.Open, 498_561), a.opens(alert.Closed, 498_000)
	who := a.as("body", "mlf_bodies", "c_h501")
	const at = "/v1/bodies/c_h501/alerts"
	a.send("POST", at+"/"+of.ID+"/notes", `{"text":"sportello 2 chiuso"}`, who...)
	a.send("POST", at+"/"+of.ID+"/acknowledgement", `{"note":"ci pensiamo"}`, who...)
	var got struct {
		Alerts []struct {
			ID           string
			Closed       *time.Time
			Figures      struct{ N, Negative int }
			Acknowledged *struct{ By, Note string }
			Notes        []struct{ Text string }
			Deliveries   []struct {
				Target    string
				Delivered bool
			}
		}
	}
	a.send("GET", at, "", who...).json(t, &got)
	if len(got.Alerts) != 2 || got.Alerts[0].ID != of.ID || got.Alerts[1].ID != ended.ID || got.Alerts[1].Closed == nil {
		t.Fatalf("got %+v", got)
	}
	first := got.Alerts[0]
	if first.Acknowledged == nil || first.Acknowledged.Note != "ci pensiamo" || first.Acknowledged.By == "" || len(first.Notes) != 2 || first.Notes[0].Text != "sportello 2 chiuso" ||
		first.Figures.N != 142 || len(first.Deliveries) != 2 || first.Deliveries[0].Target != "email:u@x.it" || !first.Deliveries[1].Delivered {
		t.Errorf("got %+v", first)
	}
	got.Alerts = nil
	a.send("GET", at+"?state=closed&limit=1", "", who...).json(t, &got)
	if len(got.Alerts) != 1 || got.Alerts[0].ID != ended.ID {
		t.Errorf("closed: got %+v", got)
	}
}

// TestSettingsAreNotOverwritten: whoever read older ones is told, and a secret is said once.
func TestSettingsAreNotOverwritten(t *testing.T) {
	a := newAlerts(t)
	who := a.as("body", "mlf_bodies", "c_h501")
	const at = "/v1/bodies/c_h501/alert-settings"
	wanted := func(version int, language, hooks string) string {
		return fmt.Sprintf(`{"version":%d,"language":%q,"rules":[{"kind":"red","enabled":true,"scope":{"comuni":["058091"]},"threshold":0.1}],"webhooks":[%s],"emails":["urp@comune.example.it"],"quiet_hours":{"from":"20:00","to":"07:30"}}`, version, language, hooks)
	}
	f := func(status int, says, method, target, text string) reply {
		t.Helper()
		got := a.send(method, target, text, who...)
		if got.StatusCode != status || !strings.Contains(string(got.body), says) {
			t.Errorf("%s %s: got %d %s, want %d %s", method, target, got.StatusCode, got.body, status, says)
		}
		return got
	}
	const hook = `{"id":"a","url":"https://hooks.example.it/x"}`
	f(200, `"version":0`, "GET", at, "")
	f(409, "nobody-to-tell", "POST", at+"/test", "")
	f(200, `"secrets":{"a":"whsec_c_h501a"}`, "PUT", at, wanted(0, "it", hook))
	if got := f(200, `"version":1`, "GET", at, ""); strings.Contains(string(got.body), "whsec") {
		t.Errorf("a secret was said again: %s", got.body)
	}
	f(409, `"version":1`, "PUT", at, wanted(0, "de", hook))
	if got := f(200, `"version":2`, "PUT", at, wanted(1, "de", hook)); strings.Contains(string(got.body), "whsec") {
		t.Errorf("a secret was said again: %s", got.body)
	}
	f(400, "language", "PUT", at, wanted(2, "fr", hook))
	f(400, "webhook: want a name", "PUT", at, wanted(2, "it", `{"id":"a","url":"https://127.0.0.1/x"}`))
	f(400, "want an address like https", "PUT", at, wanted(2, "it", `{"id":"a","url":"http://hooks.example.it/x"}`))
	f(400, "version: want the one that was read", "PUT", at, `{"language":"it"}`)
	f(400, "", "PUT", at, `{"version":2,"language":"it","secret":"x"}`)
	f(202, `"results":[]`, "POST", at+"/test", "")
	f(429, "rate-limited", "POST", at+"/test", "")

	other := alert.Usual("c_h501")
	other.Version, other.Change, other.By, other.At, other.Language = 3, strings.Repeat("a", 32), "altri", time.Now(), "en"
	r, err := other.Record()
	if err != nil {
		t.Fatal(err)
	}
	a.race = []alert.Record{r}
	f(409, `"version":3`, "PUT", at, wanted(2, "it", hook))
	if got := a.topic[len(a.topic)-1]; string(got.Value) != string(r.Value) || len(a.book.Behind(9)) != 0 {
		t.Errorf("what holds is not the last on the topic: %s", got.Value)
	}
	f(200, `"language":"en"`, "GET", at, "")
	a.away = true
	f(503, "unavailable", "PUT", at, wanted(3, "it", hook))
}

// TestWhatIsKeptHasNoSecret: nothing on the topic signs anything.
func TestWhatIsKeptHasNoSecret(t *testing.T) {
	a := newAlerts(t)
	a.send("PUT", "/v1/bodies/c_h501/alert-settings", `{"version":0,"language":"it","webhooks":[{"id":"a","url":"https://hooks.example.it/x"}]}`, a.as("body", "mlf_bodies", "c_h501")...)
	if len(a.topic) != 1 {
		t.Fatalf("got %d records", len(a.topic))
	}
	if text, _ := json.Marshal(a.topic); strings.Contains(string(text), "whsec") || strings.Contains(string(a.topic[0].Value), "whsec") {
		t.Errorf("got %s", a.topic[0].Value)
	}
	if got := a.do(http.MethodHead, "/v1/bodies/c_h501/alerts", a.as("operator")...); got.StatusCode != http.StatusOK {
		t.Errorf("HEAD: got %d", got.StatusCode)
	}
}
