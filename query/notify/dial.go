package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Of the addresses of one name.
const (
	addressesMax = 64              // A name with more of them is not one that anybody made for this.
	triedMax     = 4               // Addresses per attempt.
	connectMax   = 3 * time.Second // For one of them, so that the next is tried as well.
)

// A forbiddenError says that a name leads to where nobody may be sent.
type forbiddenError struct{ name string }

func (e *forbiddenError) Error() string {
	return fmt.Sprintf("%.100s leads to an address that is not public: want one that is, or its network opened", e.name)
}

// A dialer opens lines to webhooks. A name is looked up once, and what was found is both
// judged and dialled: whoever answers otherwise the second time is not asked.
type dialer struct{ cfg *Config }

func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial webhook: %w", err)
	}
	found, err := d.lookUp(ctx, name)
	if err != nil {
		return nil, err
	}
	err = errors.New("its name has no address")
	for _, a := range found[:min(len(found), triedMax)] {
		var line net.Conn
		line, err = d.connect(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil || ctx.Err() != nil {
			return line, err
		}
	}
	return nil, err
}

// lookUp returns the addresses of a name: all of them may be reached. One that may not
// spoils the others, since a name of good faith has no such.
func (d dialer) lookUp(ctx context.Context, name string) ([]netip.Addr, error) {
	resolve := d.cfg.Resolve
	if resolve == nil {
		resolve = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name+".") // The dot keeps search lists out.
		}
	}
	found, err := resolve(ctx, name)
	if err != nil {
		return nil, err
	}
	if len(found) > addressesMax {
		return nil, fmt.Errorf("its name has %d addresses: want at most %d", len(found), addressesMax)
	}
	for _, a := range found {
		if !mayReach(a, d.cfg.Networks) {
			return nil, &forbiddenError{name}
		}
	}
	return found, nil
}

func (d dialer) connect(ctx context.Context, network, address string) (net.Conn, error) {
	connect := net.Dialer{Timeout: connectMax, Control: func(_, address string, _ syscall.RawConn) error {
		// What is really dialled is judged once more, whatever came between.
		at, err := netip.ParseAddrPort(address)
		if err != nil || !mayReach(at.Addr(), d.cfg.Networks) {
			return &forbiddenError{"its name"}
		}
		return nil
	}}
	return connect.DialContext(ctx, network, address)
}
