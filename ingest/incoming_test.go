package ingest_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"mlf/ingest"
)

// padded is a votes request of tm whose header is n bytes long.
func (tm *terminal) padded(n int) string { return tm.paddedTwice(n, 0) }

// paddedTwice returns one whose body is at least so long, too.
func (tm *terminal) paddedTwice(n, least int) string {
	body := string(tm.request(green))
	body += strings.Repeat(" ", max(0, least-len(body)))
	head := strings.ReplaceAll(tm.head(len(body)), "\n", "\r\n") + "X-Forwarded-Client-Cert: "
	return head + strings.Repeat("x", n-len(head)-4) + "\r\n\r\n" + body
}

// TestTheLeastRoomIsForTheLargestRequest: else one that keeps to the limits could
// never be taken.
func TestTheLeastRoomIsForTheLargestRequest(t *testing.T) {
	d := open(t, ingest.Config{InflightBytesMax: 294_912})
	w := d.dial()
	w.sayRaw(d.enrol(nil).paddedTwice(16<<10, 256<<10))
	if got := w.hear(); got.status != 202 {
		t.Errorf("got %d %s, want 202", got.status, got.body)
	}
}

func TestHeadersUpToTheLimit(t *testing.T) {
	f := func(cfg ingest.Config, most int) {
		t.Helper()
		d := open(t, cfg)
		tm := d.enrol(nil)
		w := d.dial()
		for _, n := range []int{1000, 1024, 1025, 2047, 2048, 2049, 4200, 8192, most - 1, most, 300} {
			if n > most {
				continue
			}
			w.sayRaw(tm.padded(n))
			if got := w.hear(); got.status != 202 || got.last {
				t.Fatalf("%d of %d bytes: got %d %s, want 202 and the connection kept", n, most, got.status, got.body)
			}
			d.wantRecords(1)
		}
		for _, n := range []int{most + 1, 2 * most} {
			w := d.dial()
			w.sayRaw(tm.padded(n))
			got := w.hear()
			wantProblem(t, got, 431, "headers-too-large")
			if want := fmt.Sprintf("want at most %d bytes", most); !strings.Contains(got.body, want) {
				t.Errorf("got %s, want %q in it", got.body, want)
			}
			w.wantEnd()
		}
		d.wantRecords(0)
	}
	f(ingest.Config{}, 16<<10)
	f(ingest.Config{HeaderBytesMax: 1 << 10}, 1<<10)
	f(ingest.Config{HeaderBytesMax: 64 << 10}, 64<<10)
}

// Long and short headers in one pipeline, whatever the network makes of it.
func TestLongHeadersInAPipeline(t *testing.T) {
	d := open(t, ingest.Config{})
	tm := d.enrol(nil)
	body := tm.request(green)
	inChunks := strings.ReplaceAll(tm.chunkedHead(""), "\n", "\r\n") + chunks(body, 33) + "0\r\n\r\n"
	said := tm.padded(300) + tm.padded(5000) + inChunks + tm.padded(2048) + "\r\n" + tm.padded(15_000) + tm.padded(2049) + inChunks
	for _, piece := range []int{len(said), 1, 7, 1000, 4096} {
		w := d.dial()
		go func() {
			for rest := said; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
				_, _ = w.Write([]byte(rest[:min(piece, len(rest))])) // hear tells.
			}
		}()
		for i := range 7 {
			if got := w.hear(); got.status != 202 {
				t.Fatalf("in pieces of %d: request %d: got %d %s, want 202", piece, i, got.status, got.body)
			}
		}
		d.wantRecords(7)
	}
}

// fasthttp and what reads for it must agree where a header ends.
func TestLineEndsThatAreDoubtful(t *testing.T) {
	d := open(t, ingest.Config{ReadMax: 200 * time.Millisecond})
	f := func(request string, status int) {
		t.Helper()
		w := d.dial()
		w.sayRaw(request)
		if got := w.hear(); got.status != status {
			t.Errorf("%q: got %d %s, want %d", request, got.status, got.body, status)
		}
	}
	f("GET /status HTTP/1.1\r\nHost: mlf\r\n\r\n", 200)
	f("\r\n\r\nGET /status HTTP/1.1\r\nHost: mlf\r\n\r\n", 200)
	f("\nGET /status HTTP/1.1\r\nHost: mlf\r\n\r\n", 200)
	f("GET /status HTTP/1.1\nHost: mlf\r\n\r\n", 200)
	f("GET /status HTTP/1.1\nHost: mlf\nX: y\r\n\r\n", 200)
	f("GET /status HTTP/1.1\r\nHost: mlf\r\nX: a\r\n b\r\n\r\n", 200)
	f("GET /status HTTP/1.1\nHost: mlf\n\n", 400)
	f("GET /status HTTP/1.1\nHost: mlf\n\nGET /status HTTP/1.1\r\nHost: mlf\r\n\r\n", 400)
	f("GET /status HTTP/1.1\r\nHost: mlf\n\r\n", 400)
	f("GET /status HTTP/1.1\r\nHost: mlf\r\n\n\r\n", 400)
	f("GET /status HTTP/1.1\r\n\n\r\n\r\n", 400)
}

// A balancer opens connections before it has a request for them: nobody asked, so
// nobody is answered.
func TestSilentConnectionsAreClosedInSilence(t *testing.T) {
	d := open(t, ingest.Config{ReadMax: 50 * time.Millisecond, IdleMax: 100 * time.Millisecond})
	tm := d.enrol(nil)
	d.dial().wantEnd()
	w := d.dial()
	for _, n := range []int{300, 5000} {
		w.sayRaw(tm.padded(n))
		if got := w.hear(); got.status != 202 {
			t.Errorf("got %d %s, want 202", got.status, got.body)
		}
	}
	w.wantEnd()
}

// An idle connection is kept for as long as the setting says, and not for longer.
func TestIdleConnectionsAreKept(t *testing.T) {
	const idle = 300 * time.Millisecond
	d := open(t, ingest.Config{ReadMax: 20 * time.Millisecond, IdleMax: idle})
	tm := d.enrol(nil)
	for _, n := range []int{300, 5000} {
		w := d.dial()
		w.sayRaw(tm.padded(n))
		w.hear()
		began := time.Now()
		w.wantEnd()
		if kept := time.Since(began); kept < idle-idle/10 || kept > 10*idle {
			t.Errorf("after a header of %d bytes the connection was kept for %v, want %v", n, kept, idle)
		}
	}
}

// TestAnIdleConnectionHoldsLittle, however long the headers were that it has seen.
func TestAnIdleConnectionHoldsLittle(t *testing.T) {
	const conns, bytesMax = 200, 16 << 10 // At both ends.
	for _, header := range []int{300, 15_000} {
		d := open(t, ingest.Config{})
		tm := d.enrol(nil)
		request := []byte(tm.padded(header))
		before := heapBytes()
		for range conns {
			var dialer net.Dialer
			c, err := dialer.DialContext(t.Context(), "tcp", d.addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			if _, err := c.Write(request); err != nil {
				t.Fatal(err)
			}
			var answer [512]byte
			if n, err := c.Read(answer[:]); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 202 ") {
				t.Fatalf("got %q, %v, want 202", answer[:n], err)
			}
		}
		eventually(t, "every connection is idle", func() bool { return d.gauge("mlf_ingest_inflight_requests") == 0 })
		got := (heapBytes() - before) / conns
		t.Logf("an idle connection that has seen headers of %d bytes holds %d bytes", header, got)
		if got > bytesMax {
			t.Errorf("an idle connection that has seen headers of %d bytes holds %d bytes, want at most %d", header, got, bytesMax)
		}
		began := time.Now()
		d.stop()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %v to stop, want idle connections closed at once", took)
		}
	}
}
