// Package harness is what the tests of whole processes share: being mlf in a child,
// starting stages and mlf up, a terminal that votes, and patience.
//
// It knows the command line and the public HTTP interfaces. It must not know the
// inside of any stage. Only tests import it.
package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"mlf/aggregate/store/embedded"
	"mlf/command"
	"mlf/proof/child"
)

// asMode makes a test binary something else than a test: mlf, so that real
// processes are started, killed and restarted without building a second binary,
// or a mode of its own.
const asMode = "MLF_TEST_AS"

const modeCommand = "mlf"

// A Mode is what a test binary can be besides mlf. Run returns the exit code.
type Mode struct {
	Name string
	Run  func() int
}

// Main is the TestMain of a package whose tests start mlf, or one of its modes.
func Main(m *testing.M, modes ...Mode) {
	embedded.ChildMain()
	switch as := os.Getenv(asMode); as {
	case "":
	case modeCommand:
		command.Main()
	default:
		for _, mode := range modes {
			if mode.Name == as {
				os.Exit(mode.Run())
			}
		}
		fmt.Fprintf(os.Stderr, "harness: no mode %q\n", as)
		os.Exit(command.ExitUsage)
	}
	os.Exit(m.Run())
}

// As returns the command that runs this test binary as one of its modes. Before
// it may stand another command, like nice.
func As(mode string, before ...string) (*exec.Cmd, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	args := append(before, binary)
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // Ended by signals.
	cmd.Env = append(os.Environ(), asMode+"="+mode)
	return cmd, nil
}

// A Command is an mlf process that a test started.
type Command struct {
	*child.Process

	t      *testing.T
	args   []string
	stdout output
	stderr output
}

// Start starts mlf with args; the test's end kills it if it still runs.
func Start(t *testing.T, args ...string) *Command {
	t.Helper()
	cmd, err := As(modeCommand)
	if err != nil {
		t.Fatal(err)
	}
	c := &Command{t: t, args: args}
	cmd.Args = append(cmd.Args, args...)
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0") // Or the race detector lets a process sleep for a second before it ends.
	cmd.Stdout, cmd.Stderr = &c.stdout, &c.stderr
	if c.Process, err = child.Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Kill()
		if t.Failed() {
			t.Logf("mlf %s\nstdout:\n%s\nstderr:\n%s", strings.Join(args, " "), Tail(c.Stdout()), Tail(c.Stderr()))
		}
	})
	return c
}

// Name returns the command's first word.
func (c *Command) Name() string { return c.args[0] }

// Stdout returns what the process has printed so far.
func (c *Command) Stdout() string { return c.stdout.String() }

// Stderr returns what the process has logged so far.
func (c *Command) Stderr() string { return c.stderr.String() }

// Stop asks the process to end and returns its exit code.
func (c *Command) Stop() int {
	c.t.Helper()
	if err := c.Interrupt(); err != nil {
		c.t.Fatal(err)
	}
	return c.Wait(child.StopMax)
}

// Wait returns the exit code once the process has ended by itself.
func (c *Command) Wait(limit time.Duration) int {
	c.t.Helper()
	select {
	case <-c.Ended():
		return c.ExitCode()
	case <-time.After(limit):
		c.t.Fatalf("mlf %s: still running after %v", strings.Join(c.args, " "), limit)
		return -1
	}
}

// Running tells whether the process has not ended.
func (c *Command) Running() bool { return c.Alive() == nil }

// Run runs mlf with args to its end and returns what it printed.
func Run(t *testing.T, args ...string) string {
	t.Helper()
	c := Start(t, args...)
	if code := c.Wait(time.Minute); code != command.ExitDone {
		t.Fatalf("mlf %s: exit code %d\n%s", strings.Join(args, " "), code, c.Stderr())
	}
	return c.Stdout()
}

// An output keeps what a process writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Tail returns the last part of a long output.
func Tail(text string) string {
	const bytesMax = 8 << 10
	if len(text) > bytesMax {
		return "…" + text[len(text)-bytesMax:]
	}
	return text
}
