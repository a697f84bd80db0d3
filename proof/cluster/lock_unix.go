//go:build unix

package cluster

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lock waits until nobody else has the file locked, and locks it until unlock, or
// this process's end.
func lock(file string) (unlock func(), err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		_ = f.Close() // The error above says it.
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	return func() { _ = f.Close() }, nil // The lock goes with the descriptor.
}
