package embedded

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A reservation holds a port of loopback without listening on it, so that it
// stays the engine's while there is none: while a dead one is started again,
// nobody else can take its place and be sent the password. The system lets two
// sockets share a port only if both ask for it and belong to one user.
type reservation struct {
	fd   int
	port int
}

// reserve takes a port of the system's choice.
func reserve() (*reservation, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("reserve a port: %w", err)
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	var addr unix.Sockaddr
	if err == nil {
		addr, err = unix.Getsockname(fd)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reserve a port: %w", err), unix.Close(fd))
	}
	return &reservation{fd: fd, port: addr.(*unix.SockaddrInet4).Port}, nil
}

// release gives the port back.
func (r *reservation) release() error {
	if err := unix.Close(r.fd); err != nil {
		return fmt.Errorf("give a port back: %w", err)
	}
	return nil
}
