package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Conditions are what befalls the bytes of a proxy. The zero value passes them on.
type Conditions struct {
	Lost   float64       // Share of answers that are swallowed, and their connections cut.
	Delay  time.Duration // Each piece of data waits for a random part of it, both ways.
	Silent bool          // Nothing passes, and nobody is told: connections stay open.
}

// A Proxy passes TCP connections on to a server, well or badly. It takes what
// the server sends after a client has spoken for an answer, which holds for
// HTTP/1.1 and for the protocols of Kafka and ClickHouse.
type Proxy struct {
	listener net.Listener
	target   atomic.Pointer[string]

	mu         sync.Mutex
	rng        *rand.Rand
	conditions Conditions
	changed    chan struct{} // Closed when conditions change.
	open       map[net.Conn]struct{}
	lost       int
	cut        int
}

// dialMax bounds the wait for the server behind a proxy.
const dialMax = 5 * time.Second

// NewProxy listens on a free port of loopback. Connections are accepted once Run
// runs, and reach a server once SetTarget has named it. What is lost is drawn
// from seed.
func NewProxy(seed uint64) (*Proxy, error) {
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("listen for proxy: %w", err)
	}
	return &Proxy{
		listener: ln, rng: rand.New(rand.NewPCG(seed, 0)),
		changed: make(chan struct{}), open: make(map[net.Conn]struct{}),
	}, nil
}

// Addr returns where clients connect.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// SetTarget names the server of connections from now on.
func (p *Proxy) SetTarget(addr string) { p.target.Store(&addr) }

// Set changes the conditions, for open connections too.
func (p *Proxy) Set(c Conditions) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conditions = c
	close(p.changed)
	p.changed = make(chan struct{})
}

// Cut closes every open connection, in the middle of whatever passes.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut += len(p.open)
	for conn := range p.open {
		_ = conn.Close() // Whoever uses it learns of it.
	}
}

// Counts returns how many answers were lost and how many ends of connections cut.
func (p *Proxy) Counts() (lost, cut int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost, p.cut
}

// Run passes connections on until ctx ends, and then closes them.
func (p *Proxy) Run(ctx context.Context) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	defer p.Cut()
	stop := context.AfterFunc(ctx, func() { _ = p.listener.Close() })
	defer stop()
	for {
		client, err := p.listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = client.Close()
			}
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accept at proxy: %w", err)
		}
		if err != nil {
			continue // The client was gone before it was accepted.
		}
		conns.Go(func() { p.pass(ctx, client) })
	}
}

// pass joins client with the server until either ends.
func (p *Proxy) pass(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	target := p.target.Load()
	if target == nil {
		return
	}
	dialer := net.Dialer{Timeout: dialMax}
	server, err := dialer.DialContext(ctx, "tcp", *target)
	if err != nil {
		return // The client sees its connection end, as it would without us.
	}
	defer func() { _ = server.Close() }()
	forget := p.remember(client, server)
	defer forget()

	ctx, cancel := context.WithCancel(ctx)
	var spoke atomic.Bool // The client, since the server's last piece.
	var both sync.WaitGroup
	both.Go(func() {
		defer cancel()
		p.copy(ctx, server, client, func() bool { spoke.Store(true); return true })
	})
	both.Go(func() {
		defer cancel()
		p.copy(ctx, client, server, func() bool { return !spoke.Swap(false) || p.delivers() })
	})
	<-ctx.Done()
	_, _ = client.Close(), server.Close() // Wakes the other direction.
	both.Wait()
}

// pieceBytes is the most that is read at once.
const pieceBytes = 32 << 10

// copy passes pieces from one to the other while admit agrees.
func (p *Proxy) copy(ctx context.Context, to, from net.Conn, admit func() bool) {
	piece := make([]byte, pieceBytes)
	for {
		n, err := from.Read(piece)
		if n > 0 && (!p.hold(ctx) || !admit()) {
			return
		}
		if _, werr := to.Write(piece[:n]); err != nil || werr != nil {
			return
		}
	}
}

// now returns the conditions, and a channel that is closed when they change.
func (p *Proxy) now() (Conditions, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conditions, p.changed
}

// hold keeps a piece as long as the conditions ask for; false when ctx ended.
func (p *Proxy) hold(ctx context.Context) bool {
	now, changed := p.now()
	for now.Silent {
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
		now, changed = p.now()
	}
	if now.Delay <= 0 {
		return true
	}
	p.mu.Lock()
	wait := time.Duration(p.rng.Int64N(int64(now.Delay)))
	p.mu.Unlock()
	return pause(ctx, wait) == nil
}

// delivers draws whether an answer reaches its client.
func (p *Proxy) delivers() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conditions.Lost <= 0 || p.rng.Float64() >= p.conditions.Lost {
		return true
	}
	p.lost++
	return false
}

// remember keeps conns for Cut, until forget is called.
func (p *Proxy) remember(conns ...net.Conn) (forget func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.open[c] = struct{}{}
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range conns {
			delete(p.open, c)
		}
	}
}

// pause waits for d, or until ctx ends and returns its error then.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
