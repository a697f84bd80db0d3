package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Custom is how the clients of a service that speaks TLS come to it.
type Custom int

// The customs.
const (
	Kept    Custom = iota // Every client keeps its connection open.
	Fresh                 // Every request has a connection of its own, with a full handshake.
	Resumed               // The same, and each connection resumes the session of the one before.
)

// errNotResumed is that of a client whose session the server no longer knows.
var errNotResumed = errors.New("the server made a full handshake where a session was to be resumed")

// A Secure sends requests over TLS. A client is a goroutine: the handshakes take
// more than the scheduler does. It is used by one goroutine.
type Secure struct {
	cfg     Config
	custom  Custom
	clients []*secureClient
}

// DialSecure makes the clients. Those that keep their connection open it; the others
// send a first request, so that sessions are known. nil settings stand for plain
// HTTP. The caller closes the generator. Config.Sources are not used.
func DialSecure(ctx context.Context, cfg Config, settings *tls.Config, custom Custom) (*Secure, error) {
	s := &Secure{cfg: cfg, custom: custom}
	if err := RaiseDescriptors(cfg.Connections); err != nil {
		return nil, err
	}
	for i := range cfg.Connections {
		c := &secureClient{
			addr: cfg.Addr.String(), settings: settings.Clone(), custom: custom,
			request: cfg.Requests[i%len(cfg.Requests)], read: make([]byte, secureReadBytes),
		}
		if custom == Resumed && settings != nil {
			c.settings.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		}
		s.clients = append(s.clients, c)
	}
	var dialing errgroup.Group
	dialing.SetLimit(dialsAtOnce)
	for _, c := range s.clients {
		dialing.Go(func() error { return c.begin(ctx) })
	}
	if err := dialing.Wait(); err != nil {
		s.Close()
		return nil, fmt.Errorf("open %d connections to %v: %w", cfg.Connections, cfg.Addr, err)
	}
	return s, nil
}

// secureReadBytes hold an answer to a vote.
const secureReadBytes = 4 << 10

// dialsAtOnce is how many connections are being opened at a time: fewer than a
// listener lets wait.
const dialsAtOnce = 64

// Close closes the connections.
func (s *Secure) Close() {
	for _, c := range s.clients {
		c.hangUp()
	}
}

// Run sends requests for a time: each client its next one when the last was
// answered. rate is that of Generator.Run and must be 0.
func (s *Secure) Run(ctx context.Context, rate float64, duration time.Duration) (*Tally, error) {
	if rate != 0 {
		return nil, fmt.Errorf("send requests over TLS at rate %v: want 0, a closed loop", rate)
	}
	began := time.Now()
	until, cancel := context.WithDeadline(ctx, began.Add(duration+answerMax))
	defer cancel()
	var running sync.WaitGroup
	tallies := make([]Tally, len(s.clients))
	for i, c := range s.clients {
		tallies[i].Answered = make(map[int]uint64)
		running.Go(func() { c.run(until, began.Add(duration), &tallies[i]) })
	}
	running.Wait()
	sum := &Tally{Answered: make(map[int]uint64), Wall: time.Since(began)}
	for i := range tallies {
		sum.add(&tallies[i])
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("send requests: %w", context.Cause(ctx))
	}
	return sum, nil
}

// add adds what became of another client's requests.
func (t *Tally) add(other *Tally) {
	for status, n := range other.Answered {
		t.Answered[status] += n
	}
	t.Lost += other.Lost
	t.Latencies.Merge(&other.Latencies)
}

// A secureClient is one of a Secure's.
type secureClient struct {
	addr     string
	settings *tls.Config
	custom   Custom
	request  []byte
	read     []byte
	conn     net.Conn // nil between the connections of a client that keeps none.
	known    bool     // It has a session to resume.
}

// begin opens the connection that is kept, or asks once and so gets a session.
func (c *secureClient) begin(ctx context.Context) error {
	if err := c.dial(ctx); err != nil || c.custom == Kept {
		return err
	}
	_, err := c.exchange()
	c.hangUp()
	c.known = err == nil && c.custom == Resumed && c.settings != nil
	return err
}

func (c *secureClient) run(ctx context.Context, end time.Time, tally *Tally) {
	for ctx.Err() == nil {
		began := time.Now()
		if !began.Before(end) {
			return
		}
		status, err := c.ask(ctx)
		if err != nil {
			tally.Lost++
			c.hangUp()
			continue
		}
		tally.Answered[status]++
		if status == 202 {
			tally.Latencies.Add(time.Since(began))
		}
	}
}

// ask sends a request and returns the status of its answer.
func (c *secureClient) ask(ctx context.Context) (int, error) {
	if c.conn == nil {
		if err := c.dial(ctx); err != nil {
			return 0, err
		}
	}
	a, err := c.exchange()
	if err == nil && (a.closes || c.custom != Kept) {
		c.hangUp()
	}
	return a.status, err
}

// dial opens a connection as the client's custom is.
func (c *secureClient) dial(ctx context.Context) error {
	var dialer net.Dialer
	plain, err := dialer.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	c.conn = plain
	if c.settings == nil {
		return nil
	}
	secure := tls.Client(plain, c.settings)
	c.conn = secure
	if err := errors.Join(c.conn.SetDeadline(time.Now().Add(answerMax)), secure.HandshakeContext(ctx)); err != nil {
		c.hangUp()
		return fmt.Errorf("shake hands with %s: %w", c.addr, err)
	}
	if c.known && !secure.ConnectionState().DidResume {
		c.hangUp()
		return errNotResumed
	}
	return nil
}

// exchange sends the request and reads its answer.
func (c *secureClient) exchange() (answer, error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerMax)); err != nil {
		return answer{}, err
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return answer{}, err
	}
	for filled := 0; filled < len(c.read); {
		n, err := c.conn.Read(c.read[filled:])
		filled += n
		if a, ok := parse(c.read[:filled]); ok && a.status != 0 && a.bytes == filled {
			return a, nil
		}
		if err != nil {
			return answer{}, err
		}
	}
	return answer{}, errors.New("answer is none of HTTP, or longer than one to a vote")
}

func (c *secureClient) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close() // The answer is there, or there will be none.
		c.conn = nil
	}
}
