// Package lines are the connections to Kafka: none on which anything lasts for ever,
// TLS where that is asked for, and some that can all be cut.
//
// It knows sockets and handshakes. It must not know Kafka's protocol, nor who is
// let in.
package lines

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// A Dialer opens connections. Its zero value does not work: Raw is required.
type Dialer struct {
	Raw func(ctx context.Context, network, address string) (net.Conn, error)

	// TLS returns the settings of one more connection; nil: none is encrypted. It is
	// asked before each handshake.
	TLS func() *tls.Config
}

// Dial opens a connection, and shakes hands.
func (d Dialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Raw(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return d.secured(ctx, &boundedConn{Conn: conn}, address)
}

// secured makes conn, which was dialled at address, speak TLS where that is asked
// for. It closes conn if that fails. kafka-go would do the same by settings that
// never change.
func (d Dialer) secured(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	if d.TLS == nil {
		return conn, nil
	}
	settings := d.TLS()
	if settings.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("shake hands with Kafka: %w", err), conn.Close())
		}
		settings = settings.Clone()
		settings.ServerName = host
	}
	secure := tls.Client(conn, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("shake hands with Kafka at %s: %w", address, err), conn.Close())
	}
	return secure, nil
}

// silenceMax is the longest wait on a connection for which nobody named a limit.
const silenceMax = 5 * time.Second

// A boundedConn is a connection on which no read and no write lasts for ever.
// kafka-go takes its deadlines off before it authenticates by SASL: a broker that
// falls silent just then would hold up the refresh of who leads what until it is
// back.
type boundedConn struct {
	net.Conn
	of *Set // nil: not tracked.
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

// A Set is connections which can all be cut: kafka-go has no other way to end what
// a member of a group waits for. Safe for use by several goroutines.
type Set struct {
	dialer Dialer

	mu    sync.Mutex
	open  map[*boundedConn]struct{}
	isCut bool
}

var errCut = errors.New("connections to Kafka were cut")

// NewSet returns a set of no connections yet.
func NewSet(d Dialer) *Set { return &Set{dialer: d, open: make(map[*boundedConn]struct{})} }

// Dial opens a connection that Cut will close.
func (s *Set) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return s.dialer.secured(ctx, c, address)
}

func (s *Set) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.dialer.Raw(ctx, network, address)
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

func (s *Set) forget(c *boundedConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// Cut closes all connections and lets no more be opened.
func (s *Set) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isCut = true
	for c := range s.open {
		_ = c.Conn.Close() // Whoever uses it hears of it.
	}
}
