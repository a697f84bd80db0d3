package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Process is a child whose processor time and memory are read from outside,
// so that neither the generator of load nor the engines are in its figures.
type Process struct {
	cmd    *exec.Cmd
	stderr tailBuffer
	ended  chan struct{}
}

// StartSelf starts this very program with other arguments. The child ends with
// its parent, however that ends.
func StartSelf(args ...string) (*Process, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	return Start(binary, args...)
}

// Start starts a program.
func Start(binary string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(binary, args...), ended: make(chan struct{})} //nolint:noctx // Ended by Stop, which is gentler.
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	go func() {
		_ = p.cmd.Wait() // How it ended is in ProcessState.
		close(p.ended)
	}()
	return p, nil
}

// Pid returns the process's number.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Alive returns an error, with what the process last said, once it has ended.
func (p *Process) Alive() error {
	select {
	case <-p.ended:
		return fmt.Errorf("process %v ended (%v): %s", p.cmd.Args[1:], p.cmd.ProcessState, p.stderr.String())
	default:
		return nil
	}
}

// Await tries ready until it returns nil. It gives up when the process ends or
// ctx does.
func (p *Process) Await(ctx context.Context, ready func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
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
			return fmt.Errorf("wait for process %v: %w", p.cmd.Args[1:], errors.Join(context.Cause(ctx), err))
		}
	}
}

// stopMax is how long a process may take to end after it was asked to.
const stopMax = 30 * time.Second

// Stop asks the process to end, and kills it when it does not.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // It may have ended already.
	select {
	case <-p.ended:
	case <-time.After(stopMax):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// CPU returns the processor time that the process has used so far, user and
// system, of all its threads, to the nanosecond.
func (p *Process) CPU() (time.Duration, error) { return CPU(p.Pid()) }

// CPU returns the processor time that process pid has used so far.
func CPU(pid int) (time.Duration, error) {
	// clock_getcpuclockid(3): the process's number inverted, and the kind
	// CPUCLOCK_SCHED. /proc/PID/stat has the same figure in ticks of 10 ms.
	const schedClock = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedClock), &t); err != nil {
		return 0, fmt.Errorf("read processor time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// A Memory is what a process holds resident, in bytes.
type Memory struct {
	Now  int64 // VmRSS.
	Peak int64 // VmHWM: the most since it began.
}

// Memory returns what the process holds.
func (p *Process) Memory() (Memory, error) { return MemoryOf(p.Pid()) }

// MemoryOf returns what process pid holds.
func MemoryOf(pid int) (Memory, error) {
	file := fmt.Sprintf("/proc/%d/status", pid)
	text, err := os.ReadFile(file)
	if err != nil {
		return Memory{}, fmt.Errorf("read memory of process %d: %w", pid, err)
	}
	var m Memory
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(string(fields[1]), 10, 64) // Other lines are no numbers.
		switch string(fields[0]) {
		case "VmRSS:":
			m.Now = kib << 10
		case "VmHWM:":
			m.Peak = kib << 10
		}
	}
	if m.Peak == 0 {
		return m, fmt.Errorf("read memory of process %d: no VmHWM in %s", pid, file)
	}
	return m, nil
}

// A tailBuffer keeps the last part of what is written to it.
type tailBuffer struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4 << 10

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	if n := len(b.text); n > 2*tailBytes {
		b.text = append(b.text[:0], b.text[n-tailBytes:]...)
	}
	return len(p), nil
}

func (b *tailBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}
