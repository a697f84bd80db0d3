package child_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlf/proof/child"
)

// TestAProcessOutlivesTheThreadThatStartedIt: to the kernel that thread is its
// parent, with which it would be killed.
func TestAProcessOutlivesTheThreadThatStartedIt(t *testing.T) {
	started, threads := make(chan *child.Process, 1), make(chan int, 1)
	var start func()
	start = func() {
		runtime.LockOSThread() // And never unlocked: the thread ends with the goroutine.
		if syscall.Gettid() == syscall.Getpid() {
			go start() // The first thread of all would not end.
			<-t.Context().Done()
			return
		}
		threads <- syscall.Gettid()
		started <- shell(t, "while :; do echo beat >&2; sleep 0.01; done")
	}
	go start()
	p, thread := <-started, <-threads
	for ends := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread)); errors.Is(err, os.ErrNotExist) {
			break
		}
		if time.Now().After(ends) {
			t.Fatal("the thread has not ended")
		}
	}
	beats := strings.Count(p.Said(), "beat") + 20
	if err := p.Await(t.Context(), func() error {
		if strings.Count(p.Said(), "beat") < beats {
			return errors.New("not all beats yet")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
