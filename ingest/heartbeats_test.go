package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/ingest"
	"mlf/ingest/report"
	"mlf/schema"
	"mlf/schema/heartbeat"
)

// A beatLog is a topic of heartbeats that the test commands.
type beatLog struct {
	mu    sync.Mutex
	rows  []heartbeat.Heartbeat
	tried int // How often rows were put.
	err   error
	ready chan struct{} // Closed when the topic may be read to its end.
}

func newBeatLog() *beatLog { return &beatLog{ready: make(chan struct{})} }

func (l *beatLog) PutHeartbeats(_ context.Context, rows []heartbeat.Heartbeat) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tried++
	if l.err == nil {
		l.rows = append(l.rows, rows...)
	}
	return l.err
}

func (l *beatLog) FollowHeartbeats(ctx context.Context, apply func(string, []byte) error, caughtUp func()) error {
	select {
	case <-ctx.Done():
		return nil
	case <-l.ready:
	}
	for _, h := range l.all() {
		if err := apply(h.Key(), heartbeat.Append(nil, &h)); err != nil {
			return err
		}
	}
	caughtUp()
	<-ctx.Done()
	return nil
}

func (l *beatLog) all() []heartbeat.Heartbeat {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]heartbeat.Heartbeat(nil), l.rows...)
}

// puts returns how often rows were put, or it was tried.
func (l *beatLog) puts() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tried
}

func (l *beatLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// A watch is a clock that the test sets.
type watch struct {
	mu  sync.Mutex
	now time.Time
}

func (w *watch) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *watch) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// A pulse is a door that takes heartbeats, with its clock and its topic.
type pulse struct {
	*door
	*watch
	log  *beatLog
	stop func() // Ends the heartbeats, after those that wait were put.
}

func openHeartbeats(t *testing.T, log *beatLog, cfg report.HeartbeatsConfig) *pulse {
	t.Helper()
	h := report.NewHeartbeats(log, cfg)
	w := &watch{now: clock}
	p := &pulse{watch: w, log: log}
	p.door = open(t, ingest.Config{Heartbeats: h, Now: w.time})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, slog.New(slog.DiscardHandler)) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run heartbeats: %v", err)
		}
	})
	t.Cleanup(p.stop)
	return p
}

// ready lets the topic be read to its end.
func (p *pulse) ready(tm *terminal) {
	p.t.Helper()
	close(p.log.ready)
	eventually(p.t.(*testing.T), "heartbeats are taken", func() bool { return p.post("/v1/heartbeats", tm.token, []byte("{")).status == http.StatusBadRequest })
}

// beat is a heartbeat from one value to the next.
func (p *pulse) beat(tm *terminal, previous, install int) answer {
	p.t.Helper()
	return p.post("/v1/heartbeats", tm.token, fmt.Appendf(nil, `{"install":"%016x","previous":"%016x","seq":412,"waiting":7,"storage":{"free":0}}`, install, previous))
}

// TestHeartbeatIsKept: the answer says when to come again, and what it said is on the topic.
func TestHeartbeatIsKept(t *testing.T) {
	p := openHeartbeats(t, newBeatLog(), report.HeartbeatsConfig{Shown: func(e *schema.Enrolment) string { return "v" + string(e.Office) }})
	tm := p.enrol(nil)
	wantProblem(t, p.beat(tm, 0, 1), http.StatusServiceUnavailable, "heartbeats-unread")
	p.ready(tm)
	d := described(t)
	got := p.beat(tm, 0, 1)
	d.check("POST", "/v1/heartbeats", got)
	if want := `{"interval_s":244,"config":"veur"}`; got.status != http.StatusOK || got.body != want { // 240 and the jitter of these tests.
		t.Errorf("got %d %s, want %s", got.status, got.body, want)
	}
	eventually(t, "it is put", func() bool { return len(p.log.all()) == 1 })
	want := heartbeat.Heartbeat{Terminal: tm.Terminal, At: arrival, Install: 1, Seq: 412, Waiting: 7, Storage: heartbeat.Storage{Known: true}}
	if got := p.log.all()[0]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}

	soon := p.beat(tm, 1, 2)
	d.check("POST", "/v1/heartbeats", soon)
	if wantProblem(t, soon, http.StatusTooManyRequests, "too-fast"); soon.header.Get("Retry-After") != "60" {
		t.Errorf("got Retry-After %s, want 60", soon.header.Get("Retry-After"))
	}
	p.pass(59 * time.Second)
	if got := p.beat(tm, 1, 2); got.header.Get("Retry-After") != "1" {
		t.Errorf("got %d, Retry-After %s, want 1", got.status, got.header.Get("Retry-After"))
	}
	other := p.enrol(nil)
	if got := p.beat(other, 0, 5); got.status != http.StatusOK {
		t.Errorf("of another terminal: got %d %s", got.status, got.body)
	}
	p.pass(time.Second)
	if got := p.beat(tm, 1, 2); got.status != http.StatusOK {
		t.Errorf("a minute later: got %d %s", got.status, got.body)
	}
	body := d.body("POST", "/v1/heartbeats", "application/json")
	p.pass(time.Minute)
	if got := p.post("/v1/heartbeats", tm.token, body); got.status != http.StatusOK {
		t.Errorf("the example: got %d %s", got.status, got.body)
	}
}

// TestTwoDevicesWithOneImageAreBothTold, once each, in this process and in one that starts
// later and reads what this one has put.
func TestTwoDevicesWithOneImageAreBothTold(t *testing.T) {
	log := newBeatLog()
	p := openHeartbeats(t, log, report.HeartbeatsConfig{})
	tm := p.enrol(nil)
	p.ready(tm)
	d := described(t)
	f := func(previous, install, status int) {
		t.Helper()
		got := p.beat(tm, previous, install)
		d.check("POST", "/v1/heartbeats", got)
		if got.status != status {
			t.Errorf("%d to %d: got %d %s, want %d", previous, install, got.status, got.body, status)
		}
		if status == http.StatusConflict {
			wantProblem(t, got, status, "copied")
		}
		p.pass(time.Minute)
	}
	f(0, 10, 200)
	f(10, 11, 200)
	f(10, 21, 409) // The device with the copied image,
	f(11, 12, 409) // and the one that it was copied from.
	f(21, 22, 200)
	f(12, 13, 200)
	p.stop()
	if got := log.all(); len(got) != 6 || got[2].Copy.Told != got[2].At || got[5].Copy.Seen != got[5].At {
		t.Fatalf("got %+v, want all six, with what was told", got)
	}

	log.rows, log.ready = log.rows[3:], make(chan struct{}) // As compaction may leave it, or more.
	p = openHeartbeats(t, log, report.HeartbeatsConfig{})
	p.pass(10 * time.Minute)
	k, value, err := tm.RegistryRecord()
	p.apply(k, value, err)
	p.terminals.SetComplete()
	p.ready(tm)
	f(13, 14, 200)
	f(12, 31, 409) // A third device.
	f(22, 23, 200)
}

// TestALogThatIsAway: heartbeats are answered until too many wait, and are put when it is
// back; votes go on.
func TestALogThatIsAway(t *testing.T) {
	log := newBeatLog()
	log.fail(errors.New("away"))
	p := openHeartbeats(t, log, report.HeartbeatsConfig{WaitingMax: 3})
	var all []*terminal
	for range 5 {
		all = append(all, p.enrol(nil))
	}
	p.ready(all[0])
	full := func() bool { // Also when those that came first are in the air, and not before.
		return log.puts() > 0 && p.beat(p.enrol(nil), 0, 1).status == http.StatusServiceUnavailable
	}
	p.beat(all[1], 0, 1)
	eventually(t, "too many wait", full)
	d := described(t)
	got := p.beat(all[0], 0, 1)
	d.check("POST", "/v1/heartbeats", got)
	wantProblem(t, got, http.StatusServiceUnavailable, "overloaded")
	if got := p.votes(all[0], `{"seq":1,"age_ms":0,"face":"green"}`); got.status != http.StatusAccepted {
		t.Errorf("a vote: got %d %s", got.status, got.body)
	}
	log.fail(nil)
	eventually(t, "there is room again", func() bool { return p.beat(all[0], 0, 1).status == http.StatusOK })
	p.stop()
	if got := log.all(); len(got) < 4 || got[len(got)-1].Terminal != all[0].Terminal {
		t.Errorf("got %d heartbeats, want all that were answered, the last one last", len(got))
	}
}

func TestHeartbeatsAreRefused(t *testing.T) {
	p := openHeartbeats(t, newBeatLog(), report.HeartbeatsConfig{})
	tm := p.enrol(nil)
	p.ready(tm)
	long := []byte(`{"install":"0000000000000001"` + strings.Repeat(" ", 4096) + `}`)
	wantProblem(t, p.post("/v1/heartbeats", "", []byte("{}")), http.StatusUnauthorized, "unknown-token")
	wantProblem(t, p.send(http.MethodGet, "/v1/heartbeats", tm.token, nil), http.StatusMethodNotAllowed, "method-not-allowed")
	wantProblem(t, p.post("/v1/heartbeats", tm.token, []byte(`{"install":7}`)), http.StatusBadRequest, "malformed-body")
	wantProblem(t, p.post("/v1/heartbeats", tm.token, long), http.StatusRequestEntityTooLarge, "too-large")
	wantProblem(t, p.post("/v1/heartbeats", tm.token, zip(long), "Content-Encoding", "gzip"), http.StatusRequestEntityTooLarge, "too-large")
	wantProblem(t, p.post("/v1/heartbeats", tm.token, []byte("{}"), "Content-Type", "text/csv"), http.StatusUnsupportedMediaType, "unsupported-media-type")
	preflight := p.send(http.MethodOptions, "/v1/heartbeats", "", nil, "Origin", "https://totem.example.it", "Access-Control-Request-Method", "POST")
	if preflight.status != http.StatusNoContent {
		t.Errorf("preflight: got %d %s", preflight.status, preflight.body)
	}
	revoked := p.enrol(func(e *schema.Enrolment) { e.Revoked = true })
	wantProblem(t, p.beat(revoked, 0, 1), http.StatusForbidden, "revoked-terminal")
	wantProblem(t, open(t, ingest.Config{}).post("/v1/heartbeats", "", nil), http.StatusNotFound, "not-found")
	p.stop()
	if got := p.log.all(); len(got) != 0 {
		t.Errorf("got %+v, want nothing", got)
	}
}
