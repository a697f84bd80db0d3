package kafka

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// childAttributes: killed with its parent, and in a process group of its own, so
// that Ctrl-C in a terminal reaches the parent alone.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// waitPaused returns when c, which was sent SIGSTOP, stands still: until the last
// of its threads has seen the signal, it answers as ever. Only stops are looked
// at, and not taken: the end of the process is for startChild to see. Looked at
// again and again, because a wait would not return when the process ends instead.
func waitPaused(c *child) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, c.process.Pid, &info, unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err == nil && info.Signo != 0 {
			return nil
		}
		select {
		case <-c.done:
			return errNotRunning
		case <-tick.C:
		}
	}
}
