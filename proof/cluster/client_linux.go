package cluster

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// connected returns what open returns, run on a thread in another network. A
// socket stays in the network in which it was made.
func connected[T any](network string, open func() (T, error)) (t T, err error) {
	done := make(chan struct{})
	go func() {
		aside(func() {
			if err = enter(network); err == nil {
				t, err = open()
			}
		})
		close(done)
	}()
	<-done
	return t, err
}

// aside runs f on a thread that is never used for anything else: it ends with the
// goroutine that called this, which does not give it back. The first thread of a
// process does not end, and is the process to whoever looks at it from outside. Who
// is on that one holds it, so that another goroutine must be on another.
func aside(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		aside(f)
		close(done)
	}()
	<-done
}

// enter moves the calling thread to another network.
func enter(network string) error {
	f, err := os.Open(network)
	if err != nil {
		return fmt.Errorf("open network: %w", err)
	}
	defer func() { _ = f.Close() }() // Only a name for the kernel.
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network: %w", err)
	}
	return nil
}
