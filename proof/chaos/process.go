package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"mlf/proof/child"
)

// restartPause is what a process supervisor waits before it starts a process
// that has ended once more.
const restartPause = 300 * time.Millisecond

// A Process is a command that is started again whenever it ends, as a process
// supervisor would.
type Process struct {
	Name  string // Of the log file, and in the report.
	Admin string // Address of its probes; empty for none.

	binary, dir string
	args        []string

	mu        sync.Mutex
	running   *child.Process // nil before the first start.
	killed    bool           // The next end is our doing.
	unplanned map[string]int // Ends that nobody asked for, by the last line said.
}

// errNotRunning is the error of what only a running process can do.
var errNotRunning = errors.New("process does not run")

// NewProcess prepares binary with args; its output goes to name.log in dir.
func NewProcess(name, binary, dir string, args ...string) *Process {
	return &Process{Name: name, args: args, binary: binary, dir: dir, unplanned: make(map[string]int)}
}

// LogFile returns where the output goes.
func (p *Process) LogFile() string { return filepath.Join(p.dir, p.Name+".log") }

// Run keeps the process running until ctx ends, then asks it to end. The error
// is that of a process that could not be started, or that had to be killed.
func (p *Process) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		r, err := p.start()
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			if err := r.Stop(child.StopMax); err != nil {
				return fmt.Errorf("stop %s: %w", p.Name, err)
			}
			return nil
		case <-r.Ended():
			p.note()
		}
		_ = pause(ctx, restartPause) // Its error is the loop's end.
	}
	return nil
}

func (p *Process) start() (*child.Process, error) {
	log, err := os.OpenFile(p.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", p.Name, err)
	}
	defer func() { _ = log.Close() }()       // The child has its own descriptor.
	cmd := exec.Command(p.binary, p.args...) //nolint:noctx // Ended by signals.
	cmd.Stdout, cmd.Stderr = log, log
	p.mu.Lock() // Whoever kills it meanwhile waits until it is there.
	defer p.mu.Unlock()
	r, err := child.Start(cmd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.running = r
	return r, nil
}

// note keeps an end that was none of our doing.
func (p *Process) note() {
	line := withoutPorts(lastLine(p.LogFile()))
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.killed {
		p.unplanned[line]++
	}
	p.killed = false
}

// Unplanned returns how often the process ended by itself, by the last line it said.
func (p *Process) Unplanned() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unplanned
}

// Kill ends the process at once; Run starts it again.
func (p *Process) Kill() error {
	return p.onRunning(func(r *child.Process) error {
		r.Kill()
		p.killed = true
		return nil
	})
}

// Pause stops the process in mid-sentence: its connections stay open.
func (p *Process) Pause() error { return p.onRunning((*child.Process).Pause) }

// Resume lets a paused process go on.
func (p *Process) Resume() error { return p.onRunning((*child.Process).Resume) }

// onRunning does something to the process, which must run.
func (p *Process) onRunning(do func(*child.Process) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil || p.running.Alive() != nil {
		return fmt.Errorf("%s: %w", p.Name, errNotRunning)
	}
	if err := do(p.running); err != nil {
		return fmt.Errorf("%s: %w", p.Name, errors.Join(errNotRunning, err))
	}
	return nil
}

// tailBytes is how much of a log's end is looked at.
const tailBytes = 4 << 10

// lastLine returns the last line of a log, empty when there is none.
func lastLine(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.Size() > tailBytes {
		if _, err := f.Seek(-tailBytes, io.SeekEnd); err != nil {
			return ""
		}
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return ""
	}
	text = bytes.TrimSpace(text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}

// withoutPorts makes lines that differ in ports and numbers of connections the same.
func withoutPorts(line string) string {
	return regexp.MustCompile(`(:|conn_id=)[0-9]+`).ReplaceAllString(line, "${1}N")
}

// panicked returns the lines of a log that only a defect of a program writes.
func panicked(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		for _, sign := range []string{"panic: ", "fatal error: ", "WARNING: DATA RACE", "BUG:"} {
			if strings.Contains(line, sign) {
				lines = append(lines, strings.TrimSpace(line))
				break
			}
		}
	}
	return lines, nil
}
