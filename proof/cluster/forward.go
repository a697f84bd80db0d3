package cluster

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
)

// A Forward lets pods reach what listens on this machine, outside of the cluster:
// brokers and stores that a test has started as it always does.
type Forward struct {
	Addr string // Where pods connect.

	listener net.Listener
	cancel   context.CancelFunc
	open     sync.WaitGroup
}

// Forward passes connections to the node's port (0: a free one) on to addr, until
// Close. Nothing else of this machine can be reached from the cluster.
func (c *Cluster) Forward(ctx context.Context, port int, addr string) (*Forward, error) {
	listener, err := c.Listen(ctx, "tcp", net.JoinHostPort(nodeAddr, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	f := &Forward{Addr: listener.Addr().String(), listener: listener}
	ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	f.open.Go(func() { f.accept(ctx, addr) })
	return f, nil
}

// Close cuts all connections, and returns when nothing is passed on any more.
func (f *Forward) Close() error {
	f.cancel()
	err := f.listener.Close()
	f.open.Wait()
	return err
}

func (f *Forward) accept(ctx context.Context, addr string) {
	for {
		from, err := f.listener.Accept()
		if err != nil {
			return // Closed: nothing else ends it.
		}
		f.open.Go(func() { pass(ctx, from, addr) })
	}
}

// pass connects from with addr until both ends have said all, or ctx ends. Where
// nobody listens, from is cut off, as it would be there.
func pass(ctx context.Context, from net.Conn, addr string) {
	defer from.Close() //nolint:errcheck // Has said all, or is cut off.
	to, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return
	}
	defer to.Close() //nolint:errcheck // As above.
	stop := context.AfterFunc(ctx, func() { _, _ = from.Close(), to.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { say(to, from) })
	both.Go(func() { say(from, to) })
	both.Wait()
}

// say passes on what from says, and that it has said all.
func say(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		err = half.CloseWrite()
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		_ = to.Close() // A broken end breaks the other one.
	}
}
