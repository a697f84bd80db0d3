package broker

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// silenceMax is the longest wait on a connection for which nobody named a limit.
const silenceMax = 5 * time.Second

// A boundedConn is a connection on which no read and no write lasts for ever.
// kafka-go takes its deadlines off before it authenticates by SASL: a broker that
// falls silent just then would hold up the refresh of who leads what until it is
// back.
type boundedConn struct {
	net.Conn
	of *memberConns // nil: not tracked.
}

// SetDeadline is that of net.Conn, less that no deadline means silenceMax.
func (c *boundedConn) SetDeadline(t time.Time) error { return c.Conn.SetDeadline(orSoon(t)) }

// SetReadDeadline is that of net.Conn, less that no deadline means silenceMax.
func (c *boundedConn) SetReadDeadline(t time.Time) error { return c.Conn.SetReadDeadline(orSoon(t)) }

// SetWriteDeadline is that of net.Conn, less that no deadline means silenceMax.
func (c *boundedConn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(orSoon(t)) }

func orSoon(t time.Time) time.Time {
	if t.IsZero() {
		return time.Now().Add(silenceMax)
	}
	return t
}

// Close closes the connection.
func (c *boundedConn) Close() error {
	if c.of != nil {
		c.of.forget(c)
	}
	return c.Conn.Close()
}

// memberConns are the connections of a group membership, which can all be cut:
// kafka-go has no other way to end what it waits for.
type memberConns struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	open  map[*boundedConn]struct{}
	isCut bool
}

var errCut = errors.New("connections to Kafka were cut")

// Dial opens a connection that cut will close.
func (s *memberConns) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &boundedConn{Conn: conn, of: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isCut {
		return nil, errors.Join(errCut, conn.Close())
	}
	s.open[c] = struct{}{}
	return c, nil
}

func (s *memberConns) forget(c *boundedConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// cut closes all connections and lets no more be opened.
func (s *memberConns) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isCut = true
	for c := range s.open {
		_ = c.Conn.Close() // Whoever uses it hears of it.
	}
}
