package query_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mlf/query"
	"mlf/schema"
)

// Forty pages that are opened at once ask for the same: it is read once, and
// whoever closes theirs takes nothing from the others.
func TestManyViewersAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, query.Config{StatsMax: 1})
		w.memory.vote(cell(hour(t, "2026-11-01T08:00:00Z")), schema.Green, 7)
		w.memory.block, w.memory.pace = make(chan struct{}), make(chan struct{})
		var pages sync.WaitGroup
		for range 40 {
			for _, path := range []string{week, week + "&group=hour", week + "&group=hour&scale=mlf3&_=7", "/v1/ledger"} {
				pages.Go(func() {
					if got := w.get(path); got.StatusCode != http.StatusOK {
						t.Errorf("%s: got %d %s", path, got.StatusCode, got.body)
					}
				})
			}
		}
		synctest.Wait()
		close(w.memory.pace)
		synctest.Wait()
		close(w.memory.block)
		pages.Wait()
		if len(w.memory.asked) != 2 || w.memory.ledgered > 2 || w.memory.tallied > 2 {
			t.Errorf("the store was asked for rows %d times, for the ledger %d and %d times: want 2, and 2 at most",
				len(w.memory.asked), w.memory.ledgered, w.memory.tallied)
		}
	})
}

// A question that turns out to be dear is asked again where it may cost more,
// and one that asks for much is asked there at once: neither takes the turn of
// those that are cheap.
func TestDearQuestionsHaveTheirOwnPlace(t *testing.T) {
	w := newWorld(t, query.Config{})
	f := func(path string, want ...bool) {
		t.Helper()
		w.memory.asked = nil
		w.get(path)
		if len(w.memory.asked) != len(want) {
			t.Fatalf("%s: asked %d times, want %d", path, len(w.memory.asked), len(want))
		}
		for i, q := range w.memory.asked {
			if q.Wide != want[i] {
				t.Errorf("%s: question %d is wide: %t", path, i, q.Wide)
			}
		}
	}
	f(week+"&group=comune,hour", false)
	f("/v1/stats?from=2022-01-01&to=2026-01-01&group=month", true)
	f("/v1/stats?from=2022-01-01&to=2026-01-01&group=hour&comune=058091", false)
	w.memory.statsErr = schema.ErrTooDear
	f(week+"&group=comune,hour", false, true)
	f("/v1/stats?from=2022-01-01&to=2026-01-01&group=month", true)
	w.memory.statsErr = errors.New("gone")
	f(week, false)
}

// While all who ask for much wait, the page is answered.
func TestWideQuestionsLeaveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, query.Config{})
		w.memory.block = make(chan struct{})
		var wide sync.WaitGroup
		for _, group := range []string{"day", "hour", "comune", "service", "office", "month", "week", "channel"} {
			wide.Go(func() { w.get("/v1/stats?from=2022-01-01&to=2026-01-01&group=" + group) })
		}
		synctest.Wait()
		if len(w.memory.asked) != query.WideMaxDefault {
			t.Errorf("%d are read at once, want %d", len(w.memory.asked), query.WideMaxDefault)
		}
		page := make(chan reply)
		go func() { page <- w.get(week) }()
		synctest.Wait()
		if last := w.memory.asked[len(w.memory.asked)-1]; last.Wide || len(w.memory.asked) != query.WideMaxDefault+1 {
			t.Errorf("the page's question is not read")
		}
		close(w.memory.block)
		if got := <-page; got.StatusCode != http.StatusOK {
			t.Errorf("got %d %s", got.StatusCode, got.body)
		}
		wide.Wait()
	})
}

// stalled opens a connection, asks, and does not read the answer.
func stalled(t *testing.T, addr, path string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Clients that ask for long answers and do not read them keep nobody waiting:
// not those who ask for little, and not those who ask for as much.
func TestSlowReadersCostTheirOwnConnectionsOnly(t *testing.T) {
	w := newWorld(t, query.Config{DrainMax: time.Millisecond})
	at := hour(t, "2024-01-01T00:00:00Z")
	for i := range schema.Hour(60_000) {
		c := cell(at + i/4)
		c.Service = schema.ServiceID(i % 4)
		w.memory.vote(c, schema.Green, uint64(i)+1)
	}
	const long = "/v1/stats?from=2024-01-01&to=2026-01-01&group=comune,service,hour"
	addr, stop := listen(t, w)
	defer func() { _ = stop() }()
	for range 8 {
		stalled(t, addr, long)
	}
	until(t, func() bool { w.memory.mu.Lock(); defer w.memory.mu.Unlock(); return len(w.memory.asked) > 0 })
	client := &http.Client{Timeout: 20 * time.Second}
	for _, path := range []string{week, "/v1/ledger", long, long + "&format=csv"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || path == long && n < 5<<20 {
			t.Errorf("%s: got %d with %d bytes, %v", path, resp.StatusCode, n, err)
		}
	}
}
