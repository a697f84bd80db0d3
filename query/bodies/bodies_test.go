package bodies_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/query/bodies"
	"mlf/query/client"
	"mlf/schema"
)

// TestEachSeesItsOwn: a body its own, analysts and operators all, nobody else anything.
func TestEachSeesItsOwn(t *testing.T) {
	w := newWorld(t)
	p := w.process()
	union := w.enrol(func(e *schema.Enrolment) { e.Comune, e.Body = 1201, "uc_x" })
	own := w.enrol(func(e *schema.Enrolment) { e.Body = "c_i692" })
	bare := w.enrol(func(e *schema.Enrolment) { e.Office = "biblioteca" }) // Of whose comune's body it is.
	w.until(func() bool { return p.network.Terminals().ByID(bare) != nil })

	f := func(want, token, path string) {
		t.Helper()
		p.says(want, p.do(token, http.MethodGet, path, nil))
	}
	roma, sestriere := w.token("rita", "body", "mlf_bodies", "C_H501"), w.token("sara", "body", "mlf_bodies", "c_i692")
	analyst, operator := w.token("ada", "analyst"), w.token("olga", "operator")
	for _, below := range []string{"", "/terminals", "/claims", "/orders"} {
		f("200", roma, "/v1/bodies/c_h501"+below)
		f("200", roma, "/v1/bodies/C_H501"+below)
		f("404 not-found", roma, "/v1/bodies/c_i692"+below)
		f("404 not-found", roma, "/v1/bodies/c_none"+below)
		f("404 not-found", w.token("mia", "body", "mlf_comuni", "058091"), "/v1/bodies/c_h501"+below)
		f("200", analyst, "/v1/bodies/c_i692"+below)
		f("200", operator, "/v1/bodies/c_i692"+below)
		f("404 not-found", operator, "/v1/bodies/c_none"+below)
		f("401 unknown-token", "", "/v1/bodies/c_h501"+below)
		f("400 bad-parameter", roma, "/v1/bodies/c_h501"+below+"?colour=red")
	}
	f("403 forbidden", w.token("nina", "visitor"), "/v1/bodies")

	g := func(want, token, query string) {
		t.Helper()
		var answer client.Bodies
		got := p.do(token, http.MethodGet, "/v1/bodies"+query, nil)
		p.says("200", got)
		if err := json.Unmarshal(got.body, &answer); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(answer.Total, ":")
		for _, b := range answer.Bodies {
			text += fmt.Sprintf(" %s/%d/%d", b.IPA, b.Comuni, b.Terminals.Claimed)
		}
		if text != want {
			t.Errorf("%s: got %s, want %s", query, text, want)
		}
	}
	g("1: c_i692/1/2", sestriere, "")
	g("3: c_h501/1/0 c_i692/1/2 uc_x/2/1", operator, "")
	g("3: c_h501/1/0", analyst, "?limit=1")
	g("2: c_i692/1/2 uc_x/2/1", w.token("sara", "body", "mlf_bodies", "c_i692 uc_x"), "")
	g("1: uc_x/2/1", operator, "?q=MONTANA")
	g("1: uc_x/2/1", operator, "?q=UC_")
	g("0:", sestriere, "?q=roma")
	f("400 bad-parameter limit", operator, "/v1/bodies?limit=0")
	f("400 bad-parameter limit", operator, "/v1/bodies?limit=1001")
	f("400 bad-parameter q", operator, "/v1/bodies?q="+strings.Repeat("x", 201))

	h := func(want, token, path string) {
		t.Helper()
		var answer client.BodyTerminals
		got := p.do(token, http.MethodGet, path, nil)
		p.says("200", got)
		if err := json.Unmarshal(got.body, &answer); err != nil {
			t.Fatal(err)
		}
		for _, terminal := range answer.Terminals {
			want = strings.Replace(want, terminal.Terminal, "", 1)
		}
		if strings.Trim(want, " ") != fmt.Sprint(answer.Total) {
			t.Errorf("%s: got %s, want %s", path, got.body, want)
		}
	}
	h(fmt.Sprint("2 ", own, " ", bare), sestriere, "/v1/bodies/c_i692/terminals")
	h(fmt.Sprint("2 ", bare), sestriere, "/v1/bodies/c_i692/terminals?limit=1")
	h(fmt.Sprint("1 ", union), w.token("ugo", "body", "mlf_bodies", "uc_x"), "/v1/bodies/uc_x/terminals")
	h(fmt.Sprint("1 ", bare), w.token("bice", "body", "mlf_bodies", "c_i692", "mlf_offices", "biblioteca"), "/v1/bodies/c_i692/terminals")
	f("400 bad-parameter state", sestriere, "/v1/bodies/c_i692/terminals?state=dead")
	f("400 bad-parameter format", sestriere, "/v1/bodies/c_i692/terminals?format=xlsx")

	var body client.Body
	if err := json.Unmarshal(p.do(operator, http.MethodGet, "/v1/bodies/uc_x", nil).body, &body); err != nil {
		t.Fatal(err)
	}
	if m := body.Members; len(m) != 3 || m[0].Name != "Sestriere" || m[0].From != nil || m[1].From == nil || *m[1].From != body.Joined || m[2].To == nil || body.Left != nil {
		t.Errorf("got %+v", body)
	}
}

// TestStates: what a terminal is told to be.
func TestStates(t *testing.T) {
	w := newWorld(t)
	p := w.process()
	terminal := w.enrol(func(e *schema.Enrolment) { e.Body = "c_i692" })
	test := w.enrol(func(e *schema.Enrolment) { e.Body, e.Test = "c_i692", true })
	w.until(func() bool { return p.network.Terminals().ByID(test) != nil })
	token, now := w.token("sara", "body", "mlf_bodies", "c_i692"), time.Now()
	f := func(state, counts string) {
		t.Helper()
		answer, err := p.as(token).BodyTerminals(t.Context(), "c_i692", state)
		if err != nil || answer.Total < 1 || answer.Terminals[0].State != state {
			t.Errorf("got %+v, %v, want it %s", answer, err, state)
		}
		body, err := p.as(token).Body(t.Context(), "c_i692")
		text, _ := json.Marshal(body.Terminals)
		if want := `{"ordered":0,` + counts + `}`; err != nil || string(text) != want {
			t.Errorf("%s: got %s, %v, want %s", state, text, err, want)
		}
	}
	f("claimed", `"claimed":1,"active":null,"idle":null,"silent":null,"closed":0,"revoked":0`)
	p.seen.Store(terminal, [2]time.Time{})
	f("silent", `"claimed":1,"active":0,"idle":0,"silent":1,"closed":0,"revoked":0`)
	p.seen.Store(terminal, [2]time.Time{now.AddDate(0, 0, -29), now.AddDate(0, 0, -31)})
	f("idle", `"claimed":1,"active":0,"idle":1,"silent":0,"closed":0,"revoked":0`)
	p.seen.Store(terminal, [2]time.Time{now.AddDate(0, 0, -40), now.AddDate(0, 0, -29)})
	f("active", `"claimed":1,"active":1,"idle":0,"silent":0,"closed":0,"revoked":0`)
	p.says("200", p.do(token, http.MethodPost, "/v1/bodies/c_i692/terminals/"+terminal.String()+"/close", nil))
	f("closed", `"claimed":0,"active":0,"idle":0,"silent":0,"closed":1,"revoked":0`)
	p.says("200", p.do(token, http.MethodPost, "/v1/bodies/c_i692/terminals/"+terminal.String()+"/revoke", nil))
	f("revoked", `"claimed":0,"active":0,"idle":0,"silent":0,"closed":0,"revoked":1`)

	got := p.do(token, http.MethodGet, "/v1/bodies/c_i692/terminals?format=csv&state=claimed", nil)
	want := "terminal,comune,office,channel,services,state,device,enrolled,closed,last_seen,last_vote,test\r\n" +
		fmt.Sprintf("%v,001263,sportello,totem,anagrafe,claimed,,%s,,,,true\r\n", test, p.network.Terminals().ByID(test).Since.Format(time.RFC3339))
	if string(got.body) != want || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("got %s %s, want %s", got.Header.Get("Content-Type"), got.body, want)
	}
}

// TestToEndATerminal: it is done once, by who may, and says by whom.
func TestToEndATerminal(t *testing.T) {
	w := newWorld(t)
	p := w.process()
	terminal := w.enrol(func(e *schema.Enrolment) { e.Body = "c_i692" })
	lost := w.enrol(func(e *schema.Enrolment) { e.Body = "c_i692" })
	w.until(func() bool { return p.network.Terminals().ByID(lost) != nil })
	path := func(id schema.TerminalID, what string) string {
		return "/v1/bodies/c_i692/terminals/" + id.String() + "/" + what
	}
	f := func(want, token, path string, body any) {
		t.Helper()
		p.says(want, p.do(token, http.MethodPost, path, body))
	}
	sestriere, roma := w.token("sara", "body", "mlf_bodies", "c_i692"), w.token("rita", "body", "mlf_bodies", "c_h501")
	f("404 not-found", roma, path(terminal, "close"), nil)
	f("404 not-found", roma, "/v1/bodies/c_h501/terminals/"+terminal.String()+"/close", nil)
	f("404 not-found", sestriere, "/v1/bodies/c_i692/terminals/t-1/close", nil)
	f("404 not-found", w.token("bice", "body", "mlf_bodies", "c_i692", "mlf_offices", "biblioteca"), path(terminal, "revoke"), nil)
	f("403 forbidden the token's role may read this, and change nothing", w.token("ada", "analyst"), path(terminal, "close"), nil)
	f("401 unknown-token", "", path(terminal, "revoke"), nil)
	f("400 malformed-body", sestriere, path(terminal, "close"), `{"when":"2026-11-27T12:30:00Z"}`)
	f("400 malformed-body", sestriere, path(terminal, "close"), `{"at":"yesterday"}`)
	f("400 bad-member at", sestriere, path(terminal, "close"), map[string]any{"at": time.Now().Add(time.Minute)})
	f("400 bad-member at", sestriere, path(terminal, "close"), map[string]any{"at": time.Now().AddDate(-1, 0, 0)})
	f("413 too-large", sestriere, path(terminal, "close"), `{"at":"`+strings.Repeat("x", 2000)+`"}`)
	f("400 malformed-body", sestriere, path(terminal, "revoke"), `{"at":"2026-11-27T12:30:00Z"}`)
	if e := p.network.Terminals().ByID(terminal); !e.Closed.IsZero() || e.Revoked {
		t.Fatalf("got %+v, want it as it was", e)
	}

	// The answer is lost after it was closed, and the same is sent again, to another process.
	at := time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)
	p.fails.after.Store(true)
	f("503 unacknowledged", sestriere, path(terminal, "close"), map[string]any{"at": at})
	p.fails.after.Store(false)
	other := w.process()
	for _, of := range []*process{other, p, other} {
		closed, err := of.as(sestriere).CloseTerminal(t.Context(), "c_i692", terminal.String(), at)
		if err != nil || closed.State != "closed" || !closed.Closed.Equal(at) {
			t.Errorf("got %+v, %v", closed, err)
		}
	}
	if again, err := p.as(sestriere).CloseTerminal(t.Context(), "c_i692", terminal.String(), time.Time{}); err != nil || !again.Closed.Equal(at) {
		t.Errorf("got %+v, %v, want it closed since %v", again, err, at)
	}

	p.fails.before.Store(true)
	got := p.do(sestriere, http.MethodPost, path(lost, "revoke"), nil)
	p.says("503 unacknowledged", got)
	if got.Header.Get("Retry-After") != "2" {
		t.Errorf("got Retry-After %q", got.Header.Get("Retry-After"))
	}
	p.fails.before.Store(false)
	for range 2 {
		if revoked, err := p.as(w.token("olga", "operator")).RevokeTerminal(t.Context(), "c_i692", lost.String()); err != nil || revoked.State != "revoked" {
			t.Errorf("got %+v, %v", revoked, err)
		}
	}
	records := w.records()
	for key, want := range map[string]string{"closed/" + terminal.String(): `"by":"sara"`, "revoked/" + lost.String(): `"by":"olga"`} {
		if !strings.Contains(records[key], want) {
			t.Errorf("%s: got %s, want %s", key, records[key], want)
		}
	}
}

// records returns the newest value of each key of the registry topic.
func (w *world) records() map[string]string {
	w.t.Helper()
	all := make(map[string]string)
	err := w.client().ReadRecords(w.t.Context(), func(key string, value []byte) error {
		all[key] = string(value)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func TestKioskIsChecked(t *testing.T) {
	for address, ok := range map[string]bool{"": true, "https://totem.example.it/k/": true, "totem.example.it": false, "ftp://x/": false, "https://x/#c=": false} {
		if _, err := bodies.New(bodies.Parts{Kiosk: address}); (err == nil) != ok {
			t.Errorf("%q: got %v", address, err)
		}
	}
}
