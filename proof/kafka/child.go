package kafka

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// A child is a process that ends when this one does, however this one ends.
type child struct {
	process *os.Process
	done    chan struct{} // Closed when the process has ended.
	err     error         // How it ended; to be read after done.
}

// startChild starts cmd.
//
// On Linux the kernel sends the child SIGKILL when its parent ends. "Parent" is
// the thread that started it, not the process (prctl(2), PR_SET_PDEATHSIG), and
// Go ends threads it has no use for. So a goroutine that keeps its thread to
// itself starts the child, and waits for it.
func startChild(cmd *exec.Cmd) (*child, error) {
	cmd.SysProcAttr = childAttributes()
	c := &child{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		c.process = cmd.Process
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return c, nil
}

// ended tells whether the process has ended.
func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// kill ends the process as a power cut would, and returns when it is gone.
func (c *child) kill() {
	_ = c.process.Kill() // Fails only when it has ended already.
	<-c.done
}

// stop asks the process to end, and kills it when it has not after grace. A
// paused process is woken up for it.
func (c *child) stop(grace time.Duration) {
	_ = c.process.Signal(syscall.SIGCONT) // Fails only when it has ended already,
	_ = c.process.Signal(syscall.SIGTERM) // and so does this.
	select {
	case <-c.done:
	case <-time.After(grace):
		c.kill()
	}
}
