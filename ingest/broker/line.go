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

// A line is a connection on which no read and no write lasts for ever. kafka-go
// takes its deadlines off before it authenticates by SASL: a broker that falls
// silent just then would hold up the refresh of who leads what until it is back.
type line struct {
	net.Conn
	of *lines // nil: not tracked.
}

// SetDeadline is that of net.Conn, less that no deadline means silenceMax.
func (l *line) SetDeadline(t time.Time) error { return l.Conn.SetDeadline(orSoon(t)) }

// SetReadDeadline is that of net.Conn, less that no deadline means silenceMax.
func (l *line) SetReadDeadline(t time.Time) error { return l.Conn.SetReadDeadline(orSoon(t)) }

// SetWriteDeadline is that of net.Conn, less that no deadline means silenceMax.
func (l *line) SetWriteDeadline(t time.Time) error { return l.Conn.SetWriteDeadline(orSoon(t)) }

func orSoon(t time.Time) time.Time {
	if t.IsZero() {
		return time.Now().Add(silenceMax)
	}
	return t
}

// Close closes the connection.
func (l *line) Close() error {
	if l.of != nil {
		l.of.forget(l)
	}
	return l.Conn.Close()
}

// lines are the connections of a group membership, which can all be cut: kafka-go
// has no other way to end what it waits for.
type lines struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	open  map[*line]struct{}
	isCut bool
}

var errCut = errors.New("connections to Kafka were cut")

// Dial opens a connection that cut will close.
func (s *lines) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l := &line{Conn: conn, of: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isCut {
		return nil, errors.Join(errCut, conn.Close())
	}
	s.open[l] = struct{}{}
	return l, nil
}

func (s *lines) forget(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, l)
}

// cut closes all connections and lets no more be opened.
func (s *lines) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isCut = true
	for l := range s.open {
		_ = l.Conn.Close() // Whoever uses it hears of it.
	}
}
