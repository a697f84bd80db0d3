//go:build !linux

package cluster

// connected is for Linux: elsewhere there are no such networks.
func connected[T any](string, func() (T, error)) (t T, err error) { return t, ErrUnfit }
