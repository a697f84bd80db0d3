package ingest_test

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"mlf/ingest"
	"mlf/schema"
)

func TestStreamIsIssuedAndAccepted(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	f := func(body []byte, header ...string) {
		t.Helper()
		got := d.post("/v1/streams", tm.token, body, header...)
		var issued struct {
			Stream   string `json:"stream"`
			FirstSeq int    `json:"first_seq"`
		}
		if err := json.Unmarshal([]byte(got.body), &issued); err != nil || got.status != 201 {
			t.Fatalf("got %d %s, want 201", got.status, got.body)
		}
		if len(issued.Stream) > 64 || issued.Stream == tm.stream || issued.FirstSeq != 1 {
			t.Errorf("got %s, want a new stream that begins at 1", got.body)
		}
		tm.stream = issued.Stream
		if got := d.votes(tm, green); got.status != 202 {
			t.Errorf("got %d %s, want 202 on the new stream", got.status, got.body)
		}
	}
	f([]byte(`{}`))
	f([]byte(` {"later": [1, {"x": null}]} `))
	f([]byte(`{}`), "Content-Type", "")
	f([]byte{}, "Content-Type", "")
	f(zip([]byte(`{}`)), "Content-Encoding", "gzip")
	stream, err := d.terminals.Stream([]byte(tm.stream))
	if err != nil || stream.Terminal != tm.Terminal || stream.Slot != tm.Slot {
		t.Errorf("got %+v, %v, want the terminal and its slot", stream, err)
	}
}

func TestStreamsAreRefused(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	revoked := d.enrol(func(e *schema.Enrolment) { e.Revoked = true })
	f := func(a answer, status int, code string) {
		t.Helper()
		wantProblem(t, a, status, code)
	}
	f(d.send(http.MethodGet, "/v1/streams", "", nil), 405, "method-not-allowed")
	f(d.post("/v1/streams", "", []byte(`{}`), "Content-Type", "text/plain"), 415, "unsupported-media-type")
	f(d.post("/v1/streams", "", []byte(`{}`)), 401, "unknown-token")
	f(d.post("/v1/streams", revoked.token, []byte(`{}`)), 403, "revoked-terminal")
	for _, body := range []string{`[]`, `null`, `{`, `{}x`, `"{}"`, ` `} {
		f(d.post("/v1/streams", tm.token, []byte(body)), 400, "malformed-body")
	}
}

func TestNoStreamsBeforeTheRegistryIsReadAndWithoutAKey(t *testing.T) {
	d := open(t, ingest.Config{})
	e := schema.Enrolment{
		Terminal: 1, Comune: 1, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3, Since: clock,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}}, Token: schema.HashToken([]byte("secret")),
	}
	d.apply(e.RegistryRecord())
	for _, token := range []string{"secret", "not read yet"} { // Neither is refused for good.
		wantProblem(t, d.post("/v1/streams", token, []byte(`{}`)), 503, "terminals-unread")
	}
	d.terminals.SetComplete()
	wantProblem(t, d.post("/v1/streams", "not read yet", []byte(`{}`)), 401, "unknown-token")
	wantProblem(t, d.post("/v1/streams", "secret", []byte(`{}`)), 503, "no-signing-key")
}

func TestTenStreamsAnHour(t *testing.T) {
	var passed atomic.Int64
	pass := func(d time.Duration) { passed.Add(int64(d)) }
	d := open(t, ingest.Config{Now: func() time.Time { return clock.Add(time.Duration(passed.Load())) }})
	tm, other := d.enrol(nil), d.enrol(nil)
	issue := func(tm *terminal) answer { return d.post("/v1/streams", tm.token, []byte(`{}`)) }
	for range 10 {
		if got := issue(tm); got.status != 201 {
			t.Fatalf("got %d %s, want 201", got.status, got.body)
		}
		pass(time.Minute)
	}
	got := issue(tm)
	wantProblem(t, got, 429, "too-fast")
	if got, want := got.header.Get("Retry-After"), "3000"; got != want { // 50 min.
		t.Errorf("got Retry-After %s, want %s: when the first is an hour old", got, want)
	}
	if got := issue(other); got.status != 201 {
		t.Errorf("got %d, want 201: the limit is each terminal's own", got.status)
	}
	pass(50 * time.Minute)
	if got := issue(tm); got.status != 201 {
		t.Errorf("got %d, want 201 after an hour", got.status)
	}
	wantProblem(t, issue(tm), 429, "too-fast")
}

// TestAClosedTerminalDrains: it is given no stream, and what it holds is taken.
func TestAClosedTerminalDrains(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	d.apply(schema.Closure{Terminal: tm.Terminal, At: clock.Add(-time.Hour)}.RegistryRecord())
	wantProblem(t, d.post("/v1/streams", tm.token, []byte(`{}`)), 403, "closed-terminal")
	got := d.votes(tm, `{"seq":1,"face":"red","age_ms":3600000},{"seq":2,"face":"red","age_ms":0},{"seq":3,"face":"red"}`)
	const want = `{"accepted":2,"rejected":[{"index":1,"seq":2,"code":"closed","detail":"cast after the terminal was closed"}],` +
		`"warnings":[{"index":2,"seq":3,"code":"bad_time","detail":"neither age_ms nor at; counted in the hour of arrival"}]}`
	if got.status != 202 || got.body != want {
		t.Errorf("got %d %s, want 202 %s", got.status, got.body, want)
	}
	_, votes, _ := d.batch()
	if len(votes) != 3 || votes[0].Value != schema.Red || votes[1].Value != schema.Voided || votes[1].Seq != 2 || votes[2].Value != schema.Red {
		t.Errorf("got %+v on the log, want the second voided", votes)
	}
	described(t).check("POST", "/v1/votes", got)
}

// TestTwoStreamsOfOneConnection: a connection belongs to nobody. A proxy's carries
// the requests of many terminals, and each goes by its own stream and token.
func TestTwoStreamsOfOneConnection(t *testing.T) {
	d := open(t, ingest.Config{})
	tm, other := d.enrol(nil), d.enrol(nil)
	w := d.dial()
	post := func(as *terminal, body string) answer {
		w.say(as.head(len(body)) + "\n" + body)
		return w.hear()
	}
	f := func(as *terminal, want schema.Stream) {
		t.Helper()
		if got := post(as, string(as.request(green))); got.status != 202 {
			t.Fatalf("got %d %s, want 202", got.status, got.body)
		}
		if header, _, _ := d.batch(); header.Terminal != want.Terminal || header.Stream != want.ID || header.Slot != want.Slot {
			t.Errorf("got %+v, want stream %+v", header, want)
		}
	}
	f(tm, tm.Stream)
	f(other, other.Stream)
	second := schema.Stream{Terminal: tm.Terminal, ID: tm.Stream.ID + 1, Slot: 3}
	tm.stream = key().Sign(second)
	f(tm, second)
	f(tm, second)
	wantProblem(t, post(other, string(tm.request(green))), 403, "foreign-stream")
}
