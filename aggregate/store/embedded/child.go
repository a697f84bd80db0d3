package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// childMark is the environment variable that makes a process the engine's child.
const childMark = "MLF_ENGINE_CHILD"

// The two lines that a child tells its parent.
const (
	lineChild = "child" // The child has come into ChildMain.
	lineReady = "ready" // The engine listens.
)

// errLocked is the error of a child that found its directory locked.
var errLocked = errors.New("data directory is locked")

// A child is one run of the engine.
type child struct {
	cmd      *exec.Cmd
	terminal *os.File // The child ends when this is closed, by us or by our death.
	stderr   *stderrLog
	started  time.Time
	exited   chan struct{} // Closed when the process is gone and reaped.
}

// startChild starts the engine and returns when it listens.
func (s *Server) startChild(ctx context.Context) (*child, error) {
	if err := writeSettings(s.cfg, s.Addr()); err != nil { // Each time: who started there in vain has written its own.
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own executable: %w", err)
	}
	terminal, stdin, err := openTerminal()
	if err != nil {
		return nil, err
	}
	readyRead, ready, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open ready pipe: %w", err), terminal.Close(), stdin.Close())
	}
	c := &child{terminal: terminal, stderr: &stderrLog{logger: s.logger}, started: time.Now(), exited: make(chan struct{})}
	// Not CommandContext: ctx bounds the start, the child outlives it.
	c.cmd = exec.Command(exe, s.cfg.Library, s.cfg.Dir, strconv.Itoa(s.port.port)) //nolint:noctx // The child outlives ctx.
	c.cmd.Env = append(os.Environ(), childMark+"=1")
	c.cmd.Stdin, c.cmd.Stderr, c.cmd.ExtraFiles = stdin, c.stderr, []*os.File{ready}
	// A session of its own: the engine would find the terminal that we run in, and write to it.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = c.cmd.Start()
	// Our copies of the child's ends: without closing them, their end is never seen.
	err = errors.Join(err, stdin.Close(), ready.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start embedded engine: %w", err), terminal.Close(), readyRead.Close())
	}
	// The goroutine lives exactly as long as the process that it reaps.
	go func() { _ = c.cmd.Wait(); close(c.exited) }()

	if err := awaitReady(ctx, readyRead); err != nil {
		return nil, errors.Join(c.startError(err), c.stop())
	}
	return c, nil
}

// startError turns "no answer" into what the child said about it.
func (c *child) startError(cause error) error {
	if errors.Is(cause, ErrNoChildMain) {
		return cause
	}
	select {
	case <-c.exited:
	case <-time.After(time.Second): // It hangs rather than dies.
		return fmt.Errorf("start embedded engine: %w: %s", cause, c.stderr.said())
	}
	words := c.stderr.said()
	if strings.Contains(words, "Cannot lock file") {
		return errLocked
	}
	return fmt.Errorf("start embedded engine: %v: %s", c.cmd.ProcessState, words)
}

// awaitReady reads the lines that tell how far the child is, and closes r.
func awaitReady(ctx context.Context, r *os.File) error {
	defer r.Close() //nolint:errcheck // Read only.
	stop := context.AfterFunc(ctx, func() { _ = r.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	lines := bufio.NewReader(r)
	for _, want := range []struct {
		line  string
		max   time.Duration
		cause error
	}{
		{lineChild, childMax, ErrNoChildMain},
		{lineReady, startMax, errors.New("the engine does not listen")},
	} {
		if err := r.SetReadDeadline(time.Now().Add(want.max)); err != nil {
			return fmt.Errorf("bound the engine's start: %w", err)
		}
		if ctx.Err() != nil { // It may have ended before that, and its deadline been replaced.
			return ctx.Err()
		}
		line, err := lines.ReadString('\n')
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || strings.TrimSpace(line) != want.line {
			return want.cause
		}
	}
	return nil
}

// stop ends the child, orderly if it takes less than stopMax, and waits for its
// end. A child that is killed loses nothing that it has acknowledged: it syncs its
// files. It may be called, once, for a child that is gone.
func (c *child) stop() error {
	if err := c.terminal.Close(); err != nil {
		return fmt.Errorf("stop embedded engine: %w", err)
	}
	timeout := time.NewTimer(stopMax)
	defer timeout.Stop()
	select {
	case <-c.exited:
		return nil
	case <-timeout.C:
	}
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill embedded engine: %w", err)
	}
	<-c.exited
	c.stderr.logger.Warn("embedded engine did not end in time and was killed", slog.Duration("took", stopMax))
	return nil
}
