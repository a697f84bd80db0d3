package alerts

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	judging "mlf/query/alert"
	"mlf/query/notify"
	"mlf/query/notify/words"
	"mlf/schema"
	"mlf/schema/alert"
	"mlf/schema/network"
	"mlf/schema/schematest"
)

func newCarrier(t *testing.T) *carrier {
	t.Helper()
	names := schematest.Lists(t)
	s, err := notify.New(notify.Config{})
	if err != nil {
		t.Fatal(err)
	}
	body := &network.Body{Code: "c_h501", Name: "Comune di Roma"}
	c := &carrier{key: strings.Repeat("k", 32), url: "https://mlf.example.it/", names: names, zone: time.UTC, bodies: func(code schema.BodyCode) *network.Body {
		if code == body.Code {
			return body
		}
		return nil
	}}
	c = c.sendBy(s)
	c.words = words.Read()
	return c
}

func silent(n int) *alert.Alert {
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	a := &alert.Alert{
		Body: "c_h501", Kind: alert.Silence, Scope: alert.Scope{Offices: []string{strings.Repeat("o", n%30+1)}}, First: schema.HourOf(at) + schema.Hour(n), State: alert.Open,
		Opened: at, Updated: at, Count: 60, Terminals: make([]schema.TerminalID, 50),
	}
	a.ID = alert.ID(a.Body, a.Kind, a.Scope, a.First)
	return a
}

// described holds what a webhook is sent to the document.
func described(t *testing.T, m *notify.Message) {
	t.Helper()
	doc := schematest.Document(t)
	text, err := json.Marshal(map[string]any{"type": m.Kind, "timestamp": m.At, "data": m.Body})
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	body := doc.Webhooks["alert"].Post.RequestBody.Value.Content["application/json"]
	if err := body.Schema.Value.VisitJSON(value, openapi3.EnableFormatValidation()); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}

// TestLetters: a message says the same to webhooks and people, and fits its limits however much
// there is to say.
func TestLetters(t *testing.T) {
	c := newCarrier(t)
	for _, language := range []string{"it", "en", "de"} {
		s := &alert.Settings{Body: "c_h501", Language: language}
		a := silent(0)
		m := c.letter(s, &judging.Message{ID: a.ID + "-20261125", Day: "2026-11-25", Event: alert.Opened, Alerts: []*alert.Alert{a}})
		var told struct {
			IPA, Name string
			Alert     struct {
				ID, Event, Link string
				Terminals       []string
				Count           int `json:"terminals_count"`
			}
		}
		if err := json.Unmarshal(m.Body, &told); err != nil || told.IPA != "c_h501" || told.Name != "Comune di Roma" || told.Alert.ID != a.ID || told.Alert.Event != "opened" ||
			len(told.Alert.Terminals) != 50 || told.Alert.Count != 60 || told.Alert.Link != "https://mlf.example.it/body?alert="+a.ID+"&ipa=c_h501" {
			t.Errorf("%s: %v, %+v", language, err, told)
		}
		described(t, m)
		if m.Kind != "alert.opened" || !strings.Contains(m.Text, told.Alert.Link) || !strings.Contains(m.Text, "part=settings") || !strings.Contains(m.Subject, "Roma") {
			t.Errorf("%s: %s\n%s", language, m.Subject, m.Text)
		}
	}
	var many []*alert.Alert
	for n := range 500 {
		many = append(many, silent(n))
	}
	red := silent(0)
	red.Kind, red.Terminals, red.Count, red.State, red.Closed = alert.Red, nil, 0, alert.Closed, red.Opened.Add(time.Hour)
	red.Figures = &alert.Figures{Share: alert.Share{N: 100, Negative: 40, Share: 0.4, Low: 0.31, High: 0.5}, Effect: 1.1, LeftOut: []string{}}
	described(t, c.letter(&alert.Settings{Body: "c_h501", Language: "de"}, &judging.Message{ID: red.ID + "-20261125", Day: "2026-11-25", Event: alert.Ended, Alerts: []*alert.Alert{red}}))
	stars := *red
	stars.Scope = alert.Scope{Scale: "stars5"}
	if m := c.letter(&alert.Settings{Body: "c_h501", Language: "en"}, &judging.Message{ID: red.ID + "-20261126", Day: "2026-11-26", Event: alert.Ended, Alerts: []*alert.Alert{&stars}}); strings.Contains(m.Text, " red ") || !strings.Contains(m.Text, "negative") {
		t.Errorf("stars are not red:\n%s", m.Text)
	}
	described(t, c.test(&alert.Settings{Body: "c_h501", Language: "it"}, &alert.Test{ID: red.ID, By: "anna", Asked: red.Opened}))
	m := c.letter(&alert.Settings{Body: "c_h501", Language: "it"}, &judging.Message{ID: "d", Day: "2026-11-25", Event: judging.Digest, Alerts: many})
	described(t, m)
	var told struct {
		Alerts []json.RawMessage
		More   int
	}
	if err := json.Unmarshal(m.Body, &told); err != nil || len(told.Alerts) != 50 || told.More != 450 || len(m.Body) > 64<<10 {
		t.Errorf("a digest: %v, %d and %d more, %d bytes", err, len(told.Alerts), told.More, len(m.Body))
	}
}

// TestSecretsAreMadeAgain: of one key, body and webhook the same, of any other another.
func TestSecretsAreMadeAgain(t *testing.T) {
	seen := make(map[string]bool)
	for _, key := range []string{strings.Repeat("a", 32), strings.Repeat("b", 32)} {
		for _, body := range []schema.BodyCode{"a", "ab"} {
			for _, hook := range []string{"b", "bb"} {
				s := string(secret(key, body, hook))
				if seen[s] || len(s) != 32 || s != string(secret(key, body, hook)) {
					t.Errorf("secret of %s, %s: %x", body, hook, s)
				}
				seen[s] = true
			}
		}
	}
}

// TestWhatIsNeverTakenIsAnOutcome, and no message that is tried for ever.
func TestWhatIsNeverTakenIsAnOutcome(t *testing.T) {
	c := newCarrier(t)
	a := silent(0)
	s := &alert.Settings{Body: "c_h501", Language: "it", Emails: []string{"urp@comune.example.it"}, Webhooks: []alert.Webhook{{ID: "a", URL: "https://hooks.example.org/x"}}}
	f := func(target, detail string) {
		t.Helper()
		var got []alert.Outcome
		taken := c.Send(s, target, &judging.Message{ID: a.ID, Day: "2026-11-25", Event: alert.Opened, Alerts: []*alert.Alert{a}}, func(o alert.Outcome) { got = append(got, o) })
		if !taken || len(got) != 1 || got[0].Delivered || !strings.Contains(got[0].Detail, detail) || got[0].At.IsZero() || len(c.done) != 0 {
			t.Errorf("%s: got %v, %+v", target, taken, got)
		}
	}
	f("email:urp@comune.example.it", "the operator has set no mail server")
	f("webhook:gone", "want a URL")
	c.key = ""
	f("webhook:a", "no key")
}
