package ingest_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"mlf/ingest"
)

func TestSlowRequestsAreEnded(t *testing.T) {
	d := open(t, ingest.Config{ReadMax: 50 * time.Millisecond})
	tm := d.enrol(nil)
	f := func(request string) {
		t.Helper()
		w := d.dial()
		w.say(request)
		wantProblem(t, w.hear(), 408, "request-timeout")
		w.wantEnd()
	}
	f("POST /v1/vo")
	f(tm.head(100) + "\n{")
	f(tm.head(20_000) + "\n" + strings.Repeat(" ", 10_000))

	w := d.dial() // One that goes on, slowly, is given no more time.
	w.say(tm.head(20_000) + "\n")
	stop := w.drip(" ")
	wantProblem(t, w.hear(), 408, "request-timeout")
	stop()
}

// Memory and budget follow what has come, not what was announced: that would be
// more than the whole budget here.
func TestAnnouncedBodiesHoldNoMemory(t *testing.T) {
	const senders, announced, sent = 300, 256 << 10, 10_000
	d := open(t, ingest.Config{})
	var terminals []*terminal
	for range senders / 2 {
		terminals = append(terminals, d.enrol(nil))
	}
	before := heap()
	for i := range senders {
		tm := terminals[i/2]
		d.dial().say(tm.head(announced) + "\n" + strings.Repeat(" ", sent))
	}
	eventually(t, "every sender is being read", func() bool {
		return d.gauge("mlf_ingest_inflight_bytes") == senders*sent
	})
	if grown := heap() - before; grown > senders*40<<10 {
		t.Errorf("got %d KiB for each sender, want less than 40", grown/senders>>10)
	}
	long := terminals[0].request(green)
	long = append(long, bytes.Repeat([]byte{' '}, announced-len(long))...)
	if got := d.post("/v1/votes", terminals[0].token, long); got.status != 202 {
		t.Errorf("a terminal that is not slow: got %d %s, want 202", got.status, got.body)
	}
}

// Slow senders of one terminal hold their own share of the budget and no more.
func TestSlowBodiesOfOneTerminalHarmNobodyElse(t *testing.T) {
	const announced = 256 << 10
	d := open(t, ingest.Config{})
	stolen, honest := d.enrol(nil), d.enrol(nil)
	long := func(tm *terminal) []byte {
		body := tm.request(green)
		return append(body, bytes.Repeat([]byte{' '}, announced-len(body))...)
	}
	slow := make([]*wire, 4)
	for i := range slow {
		slow[i] = d.dial()
		slow[i].say(stolen.head(announced) + "\n" + strings.Repeat(" ", 10_000))
	}
	eventually(t, "every sender is being read", func() bool {
		return d.gauge("mlf_ingest_inflight_bytes") == float64(len(slow)*10_000)
	})
	wantProblem(t, d.post("/v1/votes", stolen.token, long(stolen)), 503, "overloaded")
	if got := d.votes(stolen, green); got.status != 202 {
		t.Errorf("a short request of the same terminal: got %d %s, want 202", got.status, got.body)
	}
	if got := d.post("/v1/votes", honest.token, long(honest)); got.status != 202 {
		t.Errorf("another terminal: got %d %s, want 202", got.status, got.body)
	}
	for _, w := range slow {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "there is room again", func() bool { return d.gauge("mlf_ingest_inflight_bytes") == 0 })
	if got := d.post("/v1/votes", stolen.token, long(stolen)); got.status != 202 {
		t.Errorf("got %d %s, want 202 when there is room again", got.status, got.body)
	}
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
