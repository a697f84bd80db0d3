package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/proof/child"
)

// asCommand makes the test binary behave as mlf: real processes are started,
// killed and restarted by the tests without building a second binary.
const asCommand = "MLF_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	clickhouse.ChildMain()
	if os.Getenv(asCommand) == "1" {
		Main()
	}
	os.Exit(m.Run())
}

// A command is an mlf process that a test started.
type command struct {
	t      *testing.T
	cmd    *exec.Cmd
	args   []string
	stdout lockedBuffer
	stderr lockedBuffer
	done   chan struct{} // Closed when the process has ended.
}

// start starts mlf with args; the test's end kills it if it still runs.
func start(t *testing.T, args ...string) *command {
	t.Helper()
	c := &command{t: t, args: args, done: make(chan struct{})}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd = exec.Command(binary, args...) //nolint:noctx // Ended by signal, so that the end is what is tested.
	// The race detector would let a process sleep for a second before it ends.
	c.cmd.Env = append(os.Environ(), asCommand+"=1", "GORACE=atexit_sleep_ms=0")
	c.cmd.Stdout, c.cmd.Stderr = &c.stdout, &c.stderr
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = c.cmd.Wait() // The exit code is in ProcessState.
		close(c.done)
	}()
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			t.Logf("mlf %s\nstdout:\n%s\nstderr:\n%s", strings.Join(args, " "), tail(c.stdout.String()), tail(c.stderr.String()))
		}
	})
	return c
}

// kill ends the process at once, as a power switch would.
func (c *command) kill() {
	_ = c.cmd.Process.Kill() // It may have ended already.
	<-c.done
}

// stop asks the process to end and returns its exit code.
func (c *command) stop() int {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatalf("mlf %s: %v", c.args[0], err)
	}
	return c.wait(30 * time.Second)
}

// wait returns the exit code once the process has ended by itself.
func (c *command) wait(limit time.Duration) int {
	c.t.Helper()
	select {
	case <-c.done:
		return c.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		c.t.Fatalf("mlf %s: still running after %v", strings.Join(c.args, " "), limit)
		return -1
	}
}

// running tells whether the process has not ended.
func (c *command) running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// mlf runs a command to its end and returns what it printed.
func mlf(t *testing.T, args ...string) string {
	t.Helper()
	c := start(t, args...)
	if code := c.wait(time.Minute); code != exitDone {
		t.Fatalf("mlf %s: exit code %d\n%s", strings.Join(args, " "), code, c.stderr.String())
	}
	return c.stdout.String()
}

// A lockedBuffer takes a process's output while the test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// tail returns the last part of a long output.
func tail(text string) string {
	const bytesMax = 8 << 10
	if len(text) > bytesMax {
		return "…" + text[len(text)-bytesMax:]
	}
	return text
}

// An upProcess is mlf up with its addresses, to be killed and started again.
type upProcess struct {
	*command
	data, ingest, query, admin, kafka string
	extra                             []string
}

// newUp picks addresses and a data folder; begin starts it.
func newUp(t *testing.T, extra ...string) *upProcess {
	t.Helper()
	return &upProcess{
		data: filepath.Join(t.TempDir(), "data"), extra: extra,
		ingest: freeAddr(t), query: freeAddr(t), admin: freeAddr(t), kafka: freeAddr(t),
	}
}

// begin starts the process and returns when it is ready.
func (u *upProcess) begin(t *testing.T) {
	t.Helper()
	u.launch(t)
	waitReady(t, u.command, u.admin)
}

// launch starts the process.
func (u *upProcess) launch(t *testing.T) {
	t.Helper()
	u.command = start(t, append([]string{
		"up", "--data", u.data, "--ingest", u.ingest, "--query", u.query, "--admin", u.admin, "--kafka-listen", u.kafka,
	}, u.extra...)...)
}

// freeAddr returns a loopback address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := child.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// waitReady returns when the process's /readyz answers 200.
func waitReady(t *testing.T, c *command, admin string) {
	t.Helper()
	var last string
	eventually(t, 90*time.Second, func() error {
		if !c.running() {
			t.Fatalf("mlf %s ended: exit code %d", c.args[0], c.cmd.ProcessState.ExitCode())
		}
		status, body, err := get(t, "http://"+admin+"/readyz")
		last = body
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("not ready: %s", last)
		}
		return err
	})
}

// eventually tries f until it returns nil, for at most limit.
func eventually(t *testing.T, limit time.Duration, f func() error) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(limit)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %v", limit, err)
		}
		<-tick.C
	}
}

func get(t *testing.T, url string) (int, string, error) {
	t.Helper()
	return do(t, http.MethodGet, url, "", "")
}

// do sends a request with a JSON body and a terminal's token, where given.
func do(t *testing.T, method, url, token, body string) (int, string, error) {
	t.Helper()
	var sent io.Reader
	if body != "" {
		sent = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, sent)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), errors.Join(err, resp.Body.Close())
}

// decode reads a JSON answer.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

var errNotYet = errors.New("not yet")
