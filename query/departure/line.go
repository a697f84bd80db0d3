package departure

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// A line is a connection that can hold what is written to it. net/http writes what it has
// as soon as its own 4 KiB are full: an answer that is longer, though all of it is there,
// leaves in two pieces, and each costs a call of the system and wakes the reader. A line
// holds the first until the second comes.
//
// Only who writes an answer holds it, over HTTP/1, and lets it go before the handler returns:
// so all of it happens in the one goroutine that writes.
type line struct {
	*net.TCPConn
	holds bool
	held  []byte
}

// heldMax is the most that a line holds: the buffer of net/http, once.
const heldMax = 4 << 10

// Lines returns ln with connections that send an answer in one piece, where OnLine is the
// ConnContext of its server.
func Lines(ln net.Listener) net.Listener { return lines{ln} }

type lines struct{ net.Listener }

// Accept returns the next connection.
func (l lines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		return &line{TCPConn: tcp}, err
	}
	return c, err //nolint:wrapcheck // It is the listener's.
}

type lineKey struct{}

// OnLine returns the context of requests that come by c.
func OnLine(ctx context.Context, c net.Conn) context.Context {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	return context.WithValue(ctx, lineKey{}, c)
}

// hold holds what is written to r's line until release is called, or there is more. flush
// has net/http write what it still has.
func hold(r *http.Request) (release func(flush func() error)) {
	l, ok := r.Context().Value(lineKey{}).(*line)
	if !ok || r.ProtoMajor != 1 { // Requests of HTTP/2 share a line.
		return func(func() error) {}
	}
	l.holds = true
	return l.release
}

// Write writes p behind what is held, or holds it, too.
func (l *line) Write(p []byte) (int, error) {
	if l.holds && len(l.held)+len(p) <= heldMax {
		l.held = append(l.held, p...)
		return len(p), nil
	}
	if len(l.held) == 0 {
		return l.TCPConn.Write(p)
	}
	first := len(l.held)
	both := net.Buffers{l.held, p}
	l.held = l.held[:0]
	n, err := both.WriteTo(l.TCPConn)
	return max(int(n)-first, 0), err
}

// release writes what is held, with what is flushed. What goes wrong here goes wrong for the
// next who writes, too.
func (l *line) release(flush func() error) {
	if len(l.held) > 0 {
		_ = flush()
	}
	if l.holds = false; len(l.held) > 0 {
		_, _ = l.Write(nil)
	}
}
