package child

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

const (
	// portFirst to portNext are the ports that FreeAddr gives: below those that the
	// system gives to connections that go out (32,768 on Linux), one of which could
	// take the port before the child does.
	portFirst = 10_000
	portNext  = 32_768
)

// given are the ports that FreeAddr has returned.
var given sync.Map //nolint:gochecknoglobals // The ports are the process's, too.

// FreeAddr returns an address of loopback on which nobody listens at the moment,
// another one each time: for a child that must be told where to listen before it
// does.
func FreeAddr() (string, error) {
	var last error
	for range 1000 {
		port := portFirst + rand.IntN(portNext-portFirst)
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			last = err
			continue
		}
		return ln.Addr().String(), ln.Close()
	}
	return "", fmt.Errorf("find a free port: %w", last)
}
