package ingest_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mlf/ingest"
	"mlf/schema"
)

// hearContinue reads an answer that asks for the body.
func (w *wire) hearContinue() {
	w.t.Helper()
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := w.ReadString('\n'); err != nil || line != want {
			w.t.Fatalf("got %q, %v, want %q", line, err, want)
		}
	}
}

func TestExpectContinue(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	body := string(tm.request(green))
	w := d.dial()
	f := func(expect string) {
		t.Helper()
		w.say(tm.head(len(body)) + expect + "\n")
		w.hearContinue()
		w.say(body)
		if got := w.hear(); got.status != 202 || got.last {
			t.Fatalf("%q: got %d %s, want 202 and the connection kept", expect, got.status, got.body)
		}
		w.say(tm.chunkedHead(expect))
		w.hearContinue()
		w.sayRaw(chunks([]byte(body), 100))
		w.sayRaw("0\r\n\r\n")
		if got := w.hear(); got.status != 202 || got.last {
			t.Fatalf("%q in chunks: got %d %s, want 202 and the connection kept", expect, got.status, got.body)
		}
		d.wantRecords(2)
	}
	f("Expect: 100-continue\n")
	f("Expect: 100-Continue\n") // Java's HttpClient.
	f("expect:  100-CONTINUE \t\n")
	f("EXPECT:100-continue\n")
	f("Expect: 100-continue,100-Continue\n")
	f("Expect: 100-continue\nExpect: 100-continue\n")

	quiet := func(what, request string) {
		t.Helper()
		w := d.dial()
		w.say(request)
		if got := w.hear(); got.status != 202 { // hear would have read a 100.
			t.Errorf("%s: got %d %s, want 202 and nothing before", what, got.status, got.body)
		}
		d.wantRecords(1)
	}
	quiet("a body that is there", tm.head(len(body))+"Expect: 100-continue\n\n"+body)
	quiet("nothing expected", tm.head(len(body))+"Expect:\n\n"+body)
	quiet("HTTP/1.0", strings.Replace(tm.head(len(body)), "HTTP/1.1", "HTTP/1.0", 1)+"Expect: 100-continue\n\n"+body)
}

// HTTP/1.0 has no answers but the last: its body is awaited in silence.
func TestHTTP10IsNotAskedForTheBody(t *testing.T) {
	d := open(t, ingest.Config{ReadMax: 50 * time.Millisecond})
	tm := d.enrol(nil)
	w := d.dial()
	w.say(strings.Replace(tm.head(10), "HTTP/1.1", "HTTP/1.0", 1) + "Expect: 100-continue\n\n")
	wantProblem(t, w.hear(), 408, "request-timeout")
}

// What the header already shows is refused instead of asking for the body.
func TestRefusalsComeInsteadOfContinue(t *testing.T) {
	d := open(t, ingest.Config{InflightBytesMax: 600 << 10})
	tm := d.enrol(nil)
	revoked := d.enrol(func(e *schema.Enrolment) { e.Revoked = true })
	f := func(request string, status int, code string) {
		t.Helper()
		w := d.dial()
		w.say(request + "Expect: 100-Continue\n\n")
		got := w.hear()
		wantProblem(t, got, status, code)
		if !got.last { // Nobody knows whether the body comes.
			t.Errorf("%d %s: got no Connection: close", status, code)
		}
		w.wantEnd()
	}
	post := tm.head(100)
	change := func(old, replacement string) string { return strings.Replace(post, old, replacement, 1) }
	f(change("/v1/votes", "/v1/vote"), 404, "not-found")
	f(change("POST", "PUT"), 405, "method-not-allowed")
	f(change("Content-Length: 100\n", ""), 411, "length-required")
	f(change("application/json", "text/plain"), 415, "unsupported-media-type")
	f(post+"Content-Encoding: br\n", 415, "unsupported-media-type")
	f(change("100\n", "300000\n"), 413, "too-large")
	f(change(tm.token, "nobody"), 401, "unknown-token")
	f(change(tm.token, revoked.token), 403, "revoked-terminal")
	f(post+"Expect: wine\n", 417, "expectation-failed")
	f(post+"Transfer-Encoding: chunked\n", 400, "malformed-request")

	streams := change("/v1/votes", "/v1/streams")
	for range 10 {
		if got := d.post("/v1/streams", tm.token, []byte("{}")); got.status != 201 {
			t.Fatalf("got %d %s, want 201", got.status, got.body)
		}
	}
	f(streams, 429, "too-fast")

	held := d.dial() // Most of the budget.
	held.say(tm.head(250<<10) + "\n")
	held.sayRaw(string(bytes.Repeat([]byte{' '}, 240<<10)))
	other := d.enrol(nil)
	second := d.dial()
	second.say(other.head(250<<10) + "\n")
	second.sayRaw(string(bytes.Repeat([]byte{' '}, 240<<10)))
	eventually(t, "most of the budget is held", func() bool { return d.gauge("mlf_ingest_inflight_bytes") == 2*(240<<10) })
	f(change("100\n", "200000\n"), 503, "overloaded")
}

func TestUnknownExpectations(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	body := string(tm.request(green))
	for _, expect := range []string{"wine", "100-continue, wine", "100-continue;q=1", "200-ok", "\"100-continue\""} {
		w := d.dial()
		w.say(tm.head(len(body)) + "Expect: " + expect + "\n\n")
		got := w.hear()
		wantProblem(t, got, 417, "expectation-failed")
		w.wantEnd()
	}
	w := d.dial()
	w.say("GET /status HTTP/1.1\nHost: mlf\nExpect: 100-Continue\n\n") // There is no body to ask for.
	if got := w.hear(); got.status != 200 {
		t.Errorf("got %d %s, want 200", got.status, got.body)
	}
	d.wantRecords(0)
}
