package child

import (
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attributes of a child: killed with its parent, and in a process group of its
// own, so that Ctrl-C in a terminal reaches the parent alone.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitPaused returns when p, which was sent SIGSTOP, stands still: until the last
// of its threads has seen the signal, it answers as ever. Only stops are looked
// at, and not taken: the end of the process is for Start to see. Looked at again
// and again, because a wait would not return when the process ends instead.
func (p *Process) awaitPaused() error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, p.Pid(), &info, unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err == nil && info.Signo != 0 {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("pause process %v: %w", p.Args(), ErrEnded)
		case <-tick.C:
		}
	}
}
