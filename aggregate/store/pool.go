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

	"mlf/schema/sql"
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
	if used := c.last.Load(); used == nil || !used.known {
		if err := p.ask(ctx, c); err != nil {
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
// need not ask, unless there was another dial.
func (p *pool) vouch(ctx context.Context, c *conn) error {
	used := c.last.Load()
	if used.known {
		return nil
	}
	if err := p.ask(ctx, c); err != nil {
		return err
	}
	if !used.known {
		return errors.New("the connection was lost before it was known where it leads")
	}
	return nil
}

// ask asks who is at the other end of c.
func (p *pool) ask(ctx context.Context, c *conn) error {
	var n serverName
	if err := c.QueryRow(ctx, sql.Query("server")).Scan(&n.host, &n.uuid, &n.database); err != nil {
		return fmt.Errorf("ask the server who it is: %w", err)
	}
	c.settle()
	if err := p.server.recognise(n); err != nil {
		return err
	}
	c.last.Load().known = true
	return nil
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
const settleMax = 500 * time.Millisecond

// A socket notes that it is written to.
type socket struct {
	net.Conn
	owner *conn
	known bool // It leads to the one server. For who holds owner.
}

// dial does what the driver does by itself, and minds ctx, too.
func (c *conn) dial(ctx context.Context, addr string, opt *clickhouse.Options) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: opt.DialTimeout}
	dial := dialer.DialContext
	if opt.TLS != nil {
		dial = (&tls.Dialer{NetDialer: dialer, Config: opt.TLS}).DialContext
	}
	link, err := dial(ctx, "tcp", addr)
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

// A server is the one that a store is on, once it is known.
type server struct {
	mu           sync.Mutex
	first, other serverName
}

type serverName struct{ host, uuid, database string }

// recognise says who was met. The first is the server as long as this process
// runs; that there is another is never forgotten.
func (s *server) recognise(n serverName) error {
	s.mu.Lock()
	if s.first == (serverName{}) {
		s.first = n
	}
	if n.uuid != s.first.uuid || n.database != s.first.database { // A machine may be given another name.
		s.other = n
	}
	s.mu.Unlock()
	return s.problem()
}

// problem is the error of a store whose address leads to two servers.
func (s *server) problem() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.other == (serverName{}) {
		return nil
	}
	return fmt.Errorf("the store's address leads to two servers: first to %v, then to %v: what is counted into both is in neither: name one in --clickhouse and start again", s.first, s.other)
}

// String returns the name as it stands in an error.
func (n serverName) String() string {
	return fmt.Sprintf("%s (server %s, database %s)", n.host, n.uuid, n.database)
}
