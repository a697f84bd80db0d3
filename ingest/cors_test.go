package ingest_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mlf/ingest"
	"mlf/schema"
)

// wantShared checks that a page of any origin may read an answer.
func wantShared(t *testing.T, what string, got answer) {
	t.Helper()
	if origin := got.header.Values("Access-Control-Allow-Origin"); !slices.Equal(origin, []string{"*"}) {
		t.Errorf("%s: %d: got Access-Control-Allow-Origin %q, want *", what, got.status, origin)
	}
	if exposed := got.header.Get("Access-Control-Expose-Headers"); exposed != "ETag, Retry-After, X-Request-Id" {
		t.Errorf("%s: %d: got Access-Control-Expose-Headers %q", what, got.status, exposed)
	}
	if got.header.Get("X-Request-Id") == "" {
		t.Errorf("%s: %d: got no X-Request-Id", what, got.status)
	}
	if _, ok := got.header["Access-Control-Allow-Credentials"]; ok {
		t.Errorf("%s: %d: got Access-Control-Allow-Credentials, want none ever", what, got.status)
	}
}

// A page that may not read an error takes every error for a broken network.
func TestEveryAnswerIsShared(t *testing.T) {
	d := open(t, ingest.Config{ReadMax: 100 * time.Millisecond, ConnsMax: 50})
	tm := d.enrol(nil)
	revoked := d.enrol(func(e *schema.Enrolment) { e.Revoked = true })
	f := func(status int, got answer) {
		t.Helper()
		if got.status != status {
			t.Errorf("got %d %s, want %d", got.status, got.body, status)
		}
		wantShared(t, "", got)
	}
	raw := func(request string) answer {
		w := d.dial()
		w.say(request)
		return w.hear()
	}
	f(202, d.post("/v1/votes", tm.token, tm.request(green), "Origin", "https://totem.example"))
	f(202, d.votes(tm, green))
	f(201, d.post("/v1/streams", tm.token, []byte("{}"), "Origin", "null"))
	f(200, d.send(http.MethodGet, "/status", "", nil))
	f(200, d.send(http.MethodHead, "/status", "", nil))
	f(400, d.post("/v1/votes", tm.token, []byte("{")))
	f(400, raw("hello\n\n"))
	f(400, raw("GET http://[::1/ HTTP/1.1\nHost: mlf\n\n"))
	f(401, d.post("/v1/votes", "", tm.request(green)))
	f(403, d.votes(revoked, green))
	f(404, d.send(http.MethodGet, "/nowhere", "", nil))
	f(404, d.send(http.MethodOptions, "/nowhere", "", nil))
	f(405, d.send(http.MethodGet, "/v1/votes", "", nil))
	f(408, raw(tm.head(10)+"\n"))
	f(408, raw("POST /v1/vo"))
	f(411, raw("POST /v1/votes HTTP/1.1\nHost: mlf\n\n"))
	f(413, d.post("/v1/votes", tm.token, make([]byte, 300_000)))
	f(415, d.post("/v1/votes", tm.token, nil, "Content-Type", "text/plain"))
	f(417, raw(tm.head(10)+"Expect: wine\n\n"))
	f(431, raw("GET / HTTP/1.1\nX: "+strings.Repeat("x", 20_000)+"\n\n"))
	for range 9 {
		d.post("/v1/streams", tm.token, []byte("{}"))
	}
	f(429, d.post("/v1/streams", tm.token, []byte("{}")))
	d.log.set(mood{err: errors.New("no leader")})
	f(503, d.votes(tm, green))
	d.log.set(mood{panics: true})
	f(500, d.votes(tm, green))
}

func TestOneConnectionTooManyIsShared(t *testing.T) {
	d := open(t, ingest.Config{ConnsMax: 1})
	w := d.dial()
	w.say("GET /status HTTP/1.1\nHost: mlf\n\n")
	w.hear()
	got := d.dial().hear()
	wantProblem(t, got, 503, "overloaded")
	wantShared(t, "", got)
}

func TestPreflight(t *testing.T) {
	d := open(t, ingest.Config{})
	f := func(path, methods string) {
		t.Helper()
		got := d.send(http.MethodOptions, path, "", nil, "Origin", "https://totem.example", "Content-Type", "",
			"Access-Control-Request-Method", strings.Split(methods, ",")[0], "Access-Control-Request-Headers", "authorization,content-type")
		wantShared(t, path, got)
		want := map[string]string{
			"Allow":                        methods + ", OPTIONS",
			"Access-Control-Allow-Methods": methods + ", OPTIONS",
			"Access-Control-Allow-Headers": "Authorization, Cache-Control, Content-Type, Content-Encoding, If-None-Match, Traceparent, Tracestate",
			"Access-Control-Max-Age":       "86400",
			"Content-Length":               "",
		}
		for name, value := range want {
			if got.header.Get(name) != value {
				t.Errorf("%s: got %s %q, want %q", path, name, got.header.Get(name), value)
			}
		}
		if got.status != 204 || got.body != "" || got.last {
			t.Errorf("%s: got %d %q, want 204 and the connection kept", path, got.status, got.body)
		}
		got = d.send(http.MethodOptions, path, "", nil) // No browser's.
		if got.status != 204 || got.header.Get("Allow") != methods+", OPTIONS" || got.header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: got %d %v, want 204 and Allow only", path, got.status, got.header)
		}
	}
	f("/v1/votes", "POST")
	f("/v1/streams", "POST")
	f("/status", "GET, HEAD")
	if got := d.counted("mlf_ingest_requests_total", "votes", "204"); got != 2 {
		t.Errorf("got %v requests counted as 204, want 2", got)
	}
	if got := d.counted("mlf_ingest_requests_total", "votes", "202"); got != 0 {
		t.Errorf("got %v requests counted as 202, want 0", got)
	}
}

// counted returns a counter by its endpoint and code.
func (d *door) counted(name, endpoint, code string) float64 {
	d.t.Helper()
	families, err := d.metrics.Gather()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if f.GetName() == name && labels["endpoint"] == endpoint && labels["code"] == code {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}
