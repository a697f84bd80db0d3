package ingest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mlf/ingest"
	"mlf/schema"
)

// TestNoTokenIsLogged, at no level, however malformed the request is that has it.
func TestNoTokenIsLogged(t *testing.T) {
	d := open(t, ingest.Config{ReadMax: 100 * time.Millisecond})
	tm := d.enrol(nil)
	f := func(request string) {
		t.Helper()
		w := d.dial()
		w.sayRaw(strings.NewReplacer("\n", "\r\n", "{token}", tm.token).Replace(request))
		if got := w.hear(); strings.Contains(got.body, tm.token) {
			t.Errorf("%q: got %s, want the token kept out of it", request, got.body)
		}
	}
	const bearer = "Authorization: Bearer {token}"
	f("POST /v1/votes HTTP/1.1\nHost: mlf\n" + bearer + "\x01\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\n" + bearer + "\x7f\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nAuthorization Bearer {token}\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nAuthorization : Bearer {token}\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nBearer {token}: x\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\n: Bearer {token}\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nAuthorization:\n Bearer {token}\n Bearer\x00\n\n")
	f(bearer + "\nPOST /v1/votes HTTP/1.1\n\n")
	f("{token}\n\n")
	f("{token} /v1/votes HTTP/1.1\n\n")
	f("POST /v1/votes HTTP/{token}\nHost: mlf\n\n")
	f("POST /v1/votes?token={token}\x01 HTTP/1.1\nHost: mlf\n\n")
	f("POST {token} HTTP/1.1\nHost: mlf\n\n")
	f("POST http://[{token}/ HTTP/1.1\nHost: mlf\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: {token}\nHost: {token}\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: [{token}\n" + bearer + "\n\n")
	f("POST /v1/votes HTTP/1.1\n" + bearer + "\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nContent-Length: {token}\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nTransfer-Encoding: {token}\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nExpect: {token}\nContent-Length: 1\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\nTrailer: {token} {token}\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\n" + bearer + "\nX: " + strings.Repeat("x", 20_000) + "\n\n")
	f("POST /v1/votes HTTP/1.1\nHost: mlf\n" + bearer)
	chunked := "POST /v1/votes HTTP/1.1\nHost: mlf\n" + bearer + "\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n"
	f(chunked + "{token}\n")
	f(chunked + "0\n" + bearer + "\x00\n\n")
	f(chunked + "{token}")
	d.stop()
	logged := d.logged.String()
	if strings.Contains(logged, tm.token) || !strings.Contains(logged, "connection ended") {
		t.Errorf("got log %s, want what happened and no token", logged)
	}
}

// TestEveryRefusalHasADetail: the title names the kind, the detail what to do.
func TestEveryRefusalHasADetail(t *testing.T) {
	d := open(t, ingest.Config{ReadMax: 100 * time.Millisecond})
	tm := d.enrol(nil)
	revoked := d.enrol(func(e *schema.Enrolment) { e.Revoked = true })
	f := func(got answer, status int) {
		t.Helper()
		var p schema.Problem
		if err := json.Unmarshal([]byte(got.body), &p); err != nil || got.status != status || p.Detail == "" {
			t.Errorf("got %d %s, want %d with a detail", got.status, got.body, status)
		}
	}
	f(d.votes(&terminal{token: "nobody"}, green), 401)
	f(d.post("/v1/streams", "", []byte("{}")), 401)
	f(d.votes(revoked, green), 403)
	f(d.post("/v1/streams", revoked.token, []byte("{}")), 403)
	f(d.post("/v1/votes", tm.token, revoked.request(green)), 403)
	f(d.post("/v1/votes", tm.token, []byte(`{"stream":"x","votes":[]}`)), 403)
	f(d.post("/v1/votes", tm.token, []byte(`{`)), 400)
	f(d.post("/nowhere", tm.token, nil), 404)
	d.log.set(mood{panics: true})
	f(d.votes(tm, green), 500)
	w := d.dial()
	w.say("hello\n\n")
	f(w.hear(), 400)
}
