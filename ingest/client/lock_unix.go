//go:build unix

package client

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// takeLock takes a file for this process, until it is closed or the process ends.
func takeLock(name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // The caller's folder.
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil { //nolint:gosec // A descriptor is small.
		return nil, errors.Join(fmt.Errorf("another process has it: %w", err), file.Close())
	}
	return file, nil
}
