//go:build !unix

package client

import "os"

// takeLock takes a file. Systems without flock are left to their callers.
func takeLock(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // The caller's folder.
}
