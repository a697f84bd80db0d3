package brokertest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// A wire is what lies between a client and the brokers. It can be cut, fall
// silent, or change bytes on their way to the client.
type wire struct {
	mu      sync.Mutex
	conns   map[*wireConn]struct{}
	isCut   bool
	silent  bool
	corrupt func(b []byte) // Called with what a read got.
}

var errWireCut = errors.New("wire is cut")

func newWire() *wire { return &wire{conns: make(map[*wireConn]struct{})} }

// Dial opens a connection through the wire.
func (w *wire) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	isCut := w.isCut
	w.mu.Unlock()
	if isCut {
		return nil, errWireCut
	}
	conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	wc := &wireConn{Conn: conn, wire: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[wc] = struct{}{}
	return wc, nil
}

// cut closes all connections and lets no more be opened, until mend.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	for c := range w.conns {
		_ = c.Conn.Close()
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut, w.silent, w.corrupt = false, false, nil
}

// silence loses whatever is sent, until mend.
func (w *wire) silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = true
}

// replace changes what comes back, until mend: each old, which must not be torn
// apart by a read, becomes new.
func (w *wire) replace(old, with []byte) {
	w.change(func(b []byte) {
		for i := bytes.Index(b, old); i >= 0; i = bytes.Index(b, old) {
			copy(b[i:], with)
		}
	})
}

func (w *wire) change(corrupt func([]byte)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corrupt = corrupt
}

type wireConn struct {
	net.Conn
	wire *wire
}

func (c *wireConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	if c.wire.corrupt != nil && n > 0 {
		c.wire.corrupt(b[:n])
	}
	return n, err
}

func (c *wireConn) Write(b []byte) (int, error) {
	c.wire.mu.Lock()
	silent := c.wire.silent
	c.wire.mu.Unlock()
	if silent {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *wireConn) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.conns, c)
	c.wire.mu.Unlock()
	return c.Conn.Close()
}

// eventually waits until cond holds.
func eventually(ctx context.Context, t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within the time of the case", what)
		case <-tick.C:
		}
	}
}

func isErr(err error, sentinels ...error) bool {
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

// A testWriter logs lines to a test while it runs.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Log(string(bytes.TrimSpace(b)))
	}
	return len(b), nil
}
