// Package child starts, watches, freezes and ends a process that must not outlive
// the one that started it: brokers, stages, the subjects of a measurement.
//
// It knows signals and what the kernel says of a process. It must not know what
// the process is.
package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// ErrEnded is the error of what only a running process can do.
var ErrEnded = errors.New("process has ended")

// A Process is a child that ends when this process does, however this one ends.
// Safe for use by several goroutines.
type Process struct {
	cmd   *exec.Cmd
	said  *tail // nil where the caller takes what the process says.
	ended chan struct{}
	err   error // How it ended; to be read after ended.
}

// Start starts cmd, whose attributes it sets. Where cmd has nowhere to write its
// errors, their last part is kept for Said.
//
// On Linux the kernel sends the child SIGKILL when its parent ends. "Parent" is
// the thread that started it, not the process (prctl(2), PR_SET_PDEATHSIG), and
// Go ends threads that it has no use for. So a goroutine that keeps its thread to
// itself starts the child, and waits for it.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	if cmd.Stderr == nil {
		p.said = new(tail)
		cmd.Stderr = p.said
	}
	cmd.SysProcAttr = attributes()
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// StartSelf starts this very program with other arguments, and with variables
// (NAME=VALUE) beside its own: what is secret goes there, where no other user of
// the machine reads it.
func StartSelf(variables []string, args ...string) (*Process, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	cmd := exec.Command(binary, args...) //nolint:noctx // Ended by Stop, which is gentler.
	cmd.Env = append(os.Environ(), variables...)
	return Start(cmd)
}

// Pid returns the process's number.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Args returns the arguments that the process was started with.
func (p *Process) Args() []string { return p.cmd.Args[1:] }

// Ended is closed when the process is gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// ExitCode returns the exit code of a process that has ended; -1 for one that a
// signal ended.
func (p *Process) ExitCode() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// Said returns the last part of what the process wrote as errors, where Start
// found nobody else to take it.
func (p *Process) Said() string {
	if p.said == nil {
		return ""
	}
	return p.said.String()
}

// Alive returns an error, with what the process last said, once it has ended.
func (p *Process) Alive() error {
	select {
	case <-p.ended:
		return fmt.Errorf("process %v: %w (%v): %s", p.Args(), ErrEnded, p.cmd.ProcessState, p.Said())
	default:
		return nil
	}
}

// Wait returns how the process ended. When ctx ends first it is asked to end, and
// the error is at least that of ctx.
func (p *Process) Wait(ctx context.Context) error {
	var stopped error
	select {
	case <-p.ended:
	case <-ctx.Done():
		stopped = errors.Join(context.Cause(ctx), p.Stop(StopMax))
	}
	if err := errors.Join(stopped, p.err); err != nil {
		return fmt.Errorf("process %v: %w: %s", p.Args(), err, p.Said())
	}
	return nil
}

// readyEvery is how often Await looks: often enough for a measured start.
const readyEvery = 20 * time.Millisecond

// Await tries ready until it returns nil. It gives up when the process ends or
// ctx does.
func (p *Process) Await(ctx context.Context, ready func() error) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.ended:
			return p.Alive()
		case <-ctx.Done():
			return fmt.Errorf("wait for process %v: %w", p.Args(), errors.Join(context.Cause(ctx), err))
		}
	}
}

// Pause stops the process in mid-sentence, its connections open, and returns when
// it stands still. Pausing a paused process changes nothing.
func (p *Process) Pause() error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return p.awaitPaused()
}

// Resume lets a paused process go on.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

// Interrupt asks the process to end, as Kubernetes does, and does not wait.
func (p *Process) Interrupt() error { return p.signal(syscall.SIGTERM) }

// Kill ends the process as a power cut would, and returns when it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // Fails only when it has ended already.
	<-p.ended
}

// StopMax is the grace that Kubernetes gives by default after SIGTERM.
const StopMax = 30 * time.Second

// Stop asks the process to end, and kills it when it has not after grace, which
// is the error. A paused process is woken up for it.
func (p *Process) Stop(grace time.Duration) error {
	_ = p.Resume()    // Fails only when it has ended already,
	_ = p.Interrupt() // and so does this.
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.ended:
		return nil
	case <-timer.C:
		p.Kill()
		return fmt.Errorf("stop process %v: still running %v after SIGTERM", p.Args(), grace)
	}
}

func (p *Process) signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("process %v: %w", p.Args(), errors.Join(ErrEnded, err))
	}
	return nil
}
