package ingest

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"mlf/schema"
)

// conns are the open connections. They are kept here and not in fasthttp's
// Serve, because that one leaves goroutines behind when it ends, waits for a
// silent connection as long as it likes, and turns a shortage of file
// descriptors into its end.
type conns struct {
	max     int
	limits  connLimits
	now     func() time.Time
	refused atomic.Uint64

	mu   sync.Mutex
	open map[*conn]struct{}
}

// connLimits are those of one connection.
type connLimits struct {
	read, idle  time.Duration // From a request's first byte to its last; before the first.
	slack       time.Duration // By how much deadlines may be off.
	headerBytes int
}

// add takes c in; nil when there are too many.
func (s *conns) add(c net.Conn, now time.Time) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= s.max {
		s.refused.Add(1)
		return nil
	}
	if s.open == nil {
		s.open = make(map[*conn]struct{})
	}
	tracked := &conn{Conn: c, accepted: now, limits: s.limits, now: s.now}
	tracked.buf, tracked.read.wanted = tracked.first[:], now.Add(s.limits.read)
	s.open[tracked] = struct{}{}
	return tracked
}

func (s *conns) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

func (s *conns) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// freshMax is how long a new connection may be silent when the service stops:
// its request may be on the way.
const freshMax = time.Second

// hurry ends the wait of the connections that hold no request. It ends their
// reading and does not close them: what has come at the same moment is still
// answered. To be called again and again, since fasthttp may set its own
// deadline just after.
func (s *conns) hurry(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		state := fasthttp.ConnState(c.state.Load())
		if state == fasthttp.StateIdle || state == fasthttp.StateNew && now.Sub(c.accepted) > freshMax {
			_ = c.Conn.SetReadDeadline(now) // A connection that is gone needs no hurry.
		}
	}
}

// cut closes every connection at once.
func (s *conns) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		_ = c.Conn.Close() // The peer sees a cut connection, which is what is meant.
	}
}

// A conn is one open connection.
type conn struct {
	net.Conn
	incoming
	accepted time.Time
	limits   connLimits
	state    atomic.Int32 // A fasthttp.ConnState.
	linger   atomic.Bool

	// The last token that was looked up on this connection, in which version of the
	// registry, and the last stream whose signature was checked, with its text.
	// Requests of a connection come one after the other, so nothing guards them.
	token      []byte
	enrolled   *schema.Enrolment
	enrolledAt uint64

	streamText []byte
	stream     schema.Stream

	read, write deadline

	now    func() time.Time
	timing timing // Like the token, of one request after the other.
}

// A deadline is set on a connection only when something is read or written, and
// only when it is off by more than the connection's slack: every request has three,
// and nearly all are replaced before anything waits for them.
type deadline struct {
	wanted, set time.Time
}

// due tells whether to set the wanted deadline, and takes it for set.
func (d *deadline) due(slack time.Duration) bool {
	if d.wanted.Sub(d.set).Abs() <= slack {
		return false
	}
	d.set = d.wanted
	return true
}

// SetReadDeadline does nothing: fasthttp does not know when it is that a request
// begins.
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is that of net.Conn, for the next Write.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.write.wanted = t
	return nil
}

// SetDeadline is SetWriteDeadline.
func (c *conn) SetDeadline(t time.Time) error { return c.SetWriteDeadline(t) }

// Write writes, not much longer than until the write deadline.
func (c *conn) Write(p []byte) (int, error) {
	if c.write.due(c.limits.slack) {
		if err := c.Conn.SetWriteDeadline(c.write.set); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(p)
}

// Limits of lingering: what a terminal can still be sending when it is refused.
const (
	lingerMax      = 2 * time.Second
	lingerBytesMax = 1 << 20

	lingerBufferBytes = 512 // Thousands may linger, and few of them send.
)

// Close closes the connection. Where a request was refused before its body was
// read, it first says that nothing more will come and lets the rest arrive:
// closing with unread bytes makes TCP reset the connection, and the peer may
// lose the answer (RFC 9112 §9.6). A terminal that loses a 413 would send the
// same request for ever.
func (c *conn) Close() error {
	if c.left {
		return nil // Only fasthttp goes.
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.linger.Load() {
		if half.CloseWrite() == nil && c.Conn.SetReadDeadline(time.Now().Add(lingerMax)) == nil {
			unread := make([]byte, lingerBufferBytes)
			for n, left := 0, lingerBytesMax; left > 0; left -= n {
				var err error
				if n, err = c.Conn.Read(unread); err != nil {
					break // Whatever it is.
				}
			}
		}
	}
	return c.Conn.Close()
}

// noteState is fasthttp's ConnState hook. That a request has begun is noted where it
// is read: fasthttp thinks so of each connection that it is given.
func noteState(nc net.Conn, state fasthttp.ConnState) {
	if c, ok := nc.(*conn); ok && state == fasthttp.StateIdle {
		c.state.Store(int32(state))
		c.rest()
	}
}
