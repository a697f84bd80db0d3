package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestConnectingMovesNoThreadThatStays: a thread that went to another network ends
// there. The process's first one does not end, so it must not go.
func TestConnectingMovesNoThreadThatStays(t *testing.T) {
	if err := Fit(); err != nil {
		t.Skip(err)
	}
	const self = "/proc/self/ns/net"
	home, err := os.Readlink(self)
	if err != nil {
		t.Fatal(err)
	}
	// Not by package child, which keeps a thread, perhaps the first, with each process.
	other := exec.CommandContext(t.Context(), "unshare", "--net", "sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = other.Process.Kill(), other.Wait() }()
	network, there := fmt.Sprintf("/proc/%d/ns/net", other.Process.Pid), home
	for there == home {
		if there, err = os.Readlink(network); err != nil {
			t.Fatal(err)
		}
	}
	ran := false
	for range 20 {
		ran = onFirstThread(func() {
			// What this starts is likely to run on this very thread, when this waits for it.
			if got, err := connected(network, networkOfThread); err != nil || got != there {
				t.Errorf("connected in %s, %v: want %s", got, err, there)
			}
		}) || ran
	}
	if !ran {
		t.Skip("the first thread is busy")
	}
	if now, err := os.Readlink(self); err != nil || now != home {
		t.Errorf("this process is in %s, %v: want %s", now, err, home)
	}
}

func networkOfThread() (string, error) { return os.Readlink("/proc/thread-self/ns/net") }

// onFirstThread runs f in a goroutine that is on the process's first thread, but
// not tied to it. Each goroutine that is on another one keeps that busy until f
// has returned, so that only the first is left in the end; unless it is busy with
// something else, as long as that lasts, and f is not run.
func onFirstThread(f func()) (ran bool) {
	const threads = 50
	done := make(chan struct{})
	var try func(left int)
	try = func(left int) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if unix.Gettid() != unix.Getpid() && left > 0 {
			go try(left - 1)
			<-done
			return
		}
		if ran = left > 0; ran {
			runtime.UnlockOSThread()
			f()
			runtime.LockOSThread() // For the deferred call.
		}
		close(done)
	}
	go try(threads)
	<-done
	return ran
}
