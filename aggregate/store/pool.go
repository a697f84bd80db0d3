package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// A pool is connections to one server.
//
// There may be several behind one address: a balancer between replicas, a name
// with two addresses, a failover. Rows that went to one, and a checkpoint that
// went to another, would be votes that are counted nowhere. So what was done over
// a connection counts only if the server at its other end is known to be the one.
// The driver's own pool does not tell which of its connections it has used; so
// each here is a pool of one, and even that may dial a second one while the first
// is still on its way back. What was written to last is what was used.
type pool struct {
	server *server
	wait   time.Duration // For a free one.
	slots  chan struct{} // One for each that is in use.

	mu   sync.Mutex
	free []*conn // The one used last is the last.
	all  []*conn
}

// A conn is one connection, or none yet.
type conn struct {
	driver.Conn
	last atomic.Pointer[socket] // The one that was written to last.
}

// newPool dials nothing yet. Pools of one store share server.
func newPool(opt *clickhouse.Options, size int, server *server) (*pool, error) {
	p := &pool{server: server, wait: opt.DialTimeout, slots: make(chan struct{}, size)}
	for range size {
		c := new(conn)
		one := *opt
		one.MaxOpenConns, one.MaxIdleConns = 1, 1
		one.DialContext = func(ctx context.Context, addr string) (net.Conn, error) { return c.dial(ctx, addr, opt) }
		var err error
		if c.Conn, err = clickhouse.Open(&one); err != nil {
			return nil, errors.Join(fmt.Errorf("open store: %w", err), p.Close())
		}
		p.all, p.free = append(p.all, c), append(p.free, c)
	}
	return p, nil
}

// Close closes every connection, also those in use.
func (p *pool) Close() error {
	var errs []error
	for _, c := range p.all {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// use lets f do something over one connection. An error may be of where that
// leads: then what f did was done, and was in vain.
func (p *pool) use(ctx context.Context, f func(c driver.Conn) error) error {
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer p.put(c)
	if err := f(c.Conn); err != nil {
		return err
	}
	c.settle()
	return p.vouch(ctx, c)
}

// Query runs a SELECT. What its rows say holds when their Close returns nil.
func (p *pool) Query(ctx context.Context, text string) (driver.Rows, error) {
	c, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := c.Query(ctx, text)
	if err != nil {
		p.put(c)
		return nil, err
	}
	return &pooledRows{Rows: rows, p: p, c: c, ctx: ctx}, nil
}

// pooledRows give their connection back when they are closed, which is once.
type pooledRows struct {
	driver.Rows
	p   *pool
	c   *conn
	ctx context.Context //nolint:containedctx // Of the query.
}

func (r *pooledRows) Close() error {
	defer r.p.put(r.c)
	if err := r.Rows.Close(); err != nil {
		return err
	}
	r.c.settle()
	return r.p.vouch(r.ctx, r.c)
}

// take waits for a free connection, and sees where it leads.
func (p *pool) take(ctx context.Context) (*conn, error) {
	if err := p.server.problem(); err != nil {
		return nil, err
	}
	timeout := time.NewTimer(p.wait)
	defer timeout.Stop()
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timeout.C:
		return nil, clickhouse.ErrAcquireConnTimeout
	}
	p.mu.Lock()
	last := len(p.free) - 1
	c := p.free[last]
	p.free = p.free[:last]
	p.mu.Unlock()
	if used := c.last.Load(); used == nil || !p.server.knows(used) {
		if err := p.ask(ctx, c, nil); err != nil {
			p.put(c)
			return nil, err
		}
	}
	return c, nil
}

func (p *pool) put(c *conn) {
	p.mu.Lock()
	p.free = append(p.free, c)
	p.mu.Unlock()
	<-p.slots
}

// vouch tells whether what was just done over c was done on the one server. It
// need not ask, unless there was another dial, or the database is put together of
// several: those are asked each time, since the cluster may be changed at any time.
func (p *pool) vouch(ctx context.Context, c *conn) error {
	used := c.last.Load()
	switch {
	case !p.server.knows(used):
		return p.ask(ctx, c, used)
	case p.server.met().isFront():
		return p.server.meetAgain(c.asking(ctx, used))
	}
	return nil
}

// ask asks who is at the other end of c, over this socket if it is not nil.
func (p *pool) ask(ctx context.Context, c *conn, over *socket) error {
	at := p.server.round.Load()
	if err := p.server.meet(c.asking(ctx, over)); err != nil {
		return err
	}
	c.last.Load().known = at
	return nil
}

// asking asks over c, all over one socket, which is over if it is not nil.
func (c *conn) asking(ctx context.Context, over *socket) asking {
	return func(statement string, texts ...*string) error {
		into := make([]any, len(texts))
		for i, text := range texts {
			into[i] = text
		}
		if err := c.QueryRow(ctx, statement).Scan(into...); err != nil {
			return err
		}
		c.settle()
		used := c.last.Load()
		if over != nil && used != over {
			return errors.New("the connection was lost before it was known where it leads")
		}
		over = used
		return nil
	}
}

// settle lets the driver put back the connection of a query that has ended, which
// it does a moment after it says so. Who comes in between makes it dial another.
func (c *conn) settle() {
	if c.Stats().Idle > 0 {
		return
	}
	timeout, tick := time.NewTimer(settleMax), time.NewTicker(50*time.Microsecond)
	defer timeout.Stop()
	defer tick.Stop()
	for c.Stats().Idle == 0 {
		select {
		case <-tick.C:
		case <-timeout.C: // It was not put back: it was too old.
			return
		}
	}
}

// settleMax is a moment on a machine that has much else to do.
const settleMax = 2 * time.Second

// A socket notes that it is written to.
type socket struct {
	net.Conn
	owner *conn
	known uint64 // The round in which it was seen to lead to the one server; 0: never. For who holds owner.
}

// dial dials, and has the link note who owns it.
func (c *conn) dial(ctx context.Context, addr string, opt *clickhouse.Options) (net.Conn, error) {
	link, err := dialWithin(ctx, opt, addr, opt.DialTimeout)
	if err != nil {
		return nil, err
	}
	return &socket{Conn: link, owner: c}, nil
}

// Write notes and writes.
func (s *socket) Write(b []byte) (int, error) {
	s.owner.last.Store(s)
	return s.Conn.Write(b)
}

// SyscallConn is what the driver looks at, before it uses a connection again, to
// see whether the server has hung up.
func (s *socket) SyscallConn() (syscall.RawConn, error) {
	link := s.Conn
	if secure, ok := link.(*tls.Conn); ok {
		link = secure.NetConn()
	}
	raw, ok := link.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("BUG: a connection of type %T", link)
	}
	return raw.SyscallConn()
}
