package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ports are the engine's two ports on loopback; 0: of the system's choice.
type ports struct{ tcp, http int }

// errLocked is the error of a child that found its directory locked.
var errLocked = errors.New("data directory is locked")

// settingsFile is the engine's configuration file in its data directory.
const settingsFile = "engine.xml"

// writeSettings writes the engine's configuration. Its defaults are made for a
// large machine of its own; these are for one that it shares.
func writeSettings(cfg Config) error {
	const mib = 1 << 20
	text := fmt.Sprintf(`<clickhouse>
  <max_server_memory_usage>%d</max_server_memory_usage>
  <mark_cache_size>%d</mark_cache_size>
  <primary_index_cache_size>%d</primary_index_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <merge_tree>
    <!-- Their defaults exceed the size of the pool above: nothing would merge. -->
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`, cfg.MemoryMax, 64*mib, 64*mib)
	if err := os.WriteFile(filepath.Join(cfg.Dir, settingsFile), []byte(text), 0o640); err != nil {
		return fmt.Errorf("write engine settings: %w", err)
	}
	return nil
}

// A child is one run of the engine.
type child struct {
	cmd     *exec.Cmd
	life    *os.File // The child ends when this is closed, by us or by our death.
	ports   ports
	stderr  *stderrLog
	started time.Time
	exited  chan struct{} // Closed when the process is gone and reaped.
}

// startChild starts the engine on p and returns when it answers.
func startChild(ctx context.Context, cfg Config, p ports) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own executable: %w", err)
	}
	lifeRead, life, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open life pipe: %w", err)
	}
	readyRead, ready, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open ready pipe: %w", err), lifeRead.Close(), life.Close())
	}
	c := &child{life: life, stderr: &stderrLog{logger: cfg.Logger}, started: time.Now(), exited: make(chan struct{})}
	// Not CommandContext: ctx bounds the start, the child outlives it.
	c.cmd = exec.Command(exe, cfg.Library, cfg.Dir, strconv.Itoa(p.tcp), strconv.Itoa(p.http)) //nolint:noctx // The child outlives ctx.
	c.cmd.Env = append(os.Environ(), childMark+"=1")
	c.cmd.ExtraFiles = []*os.File{lifeRead, ready}
	// Stdin stays empty: the engine runs the statements once for each line there.
	c.cmd.Stderr = c.stderr
	err = c.cmd.Start()
	// Our copies of the child's ends: without closing ready, its end is never seen.
	err = errors.Join(err, lifeRead.Close(), ready.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start embedded engine: %w", err), life.Close(), readyRead.Close())
	}
	// The goroutine lives exactly as long as the process that it reaps.
	go func() { _ = c.cmd.Wait(); close(c.exited) }()

	if c.ports, err = awaitPorts(ctx, readyRead); err == nil {
		err = ping(ctx, c.ports.http)
	}
	if err != nil {
		return nil, errors.Join(c.startError(err), c.stop())
	}
	return c, nil
}

// startError turns "no answer" into what the child said about it.
func (c *child) startError(cause error) error {
	select {
	case <-c.exited:
	case <-time.After(time.Second): // It hangs rather than dies; then only cause is known.
		return fmt.Errorf("start embedded engine: %w", cause)
	}
	words := c.stderr.said()
	if strings.Contains(words, "Cannot lock file") {
		return errLocked
	}
	return fmt.Errorf("start embedded engine: %v: %s", c.cmd.ProcessState, words)
}

// awaitPorts reads the two port numbers that the child writes once it listens,
// and closes r.
func awaitPorts(ctx context.Context, r *os.File) (ports, error) {
	defer r.Close() //nolint:errcheck // Read only.
	if err := r.SetReadDeadline(time.Now().Add(startMax)); err != nil {
		return ports{}, fmt.Errorf("bound the engine's start: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = r.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	line, err := bufio.NewReader(r).ReadString('\n')
	if ctx.Err() != nil {
		return ports{}, ctx.Err()
	}
	if err != nil {
		return ports{}, fmt.Errorf("read the engine's ports: %w", err)
	}
	var p ports
	if _, err := fmt.Sscan(line, &p.tcp, &p.http); err != nil {
		return ports{}, fmt.Errorf("read the engine's ports %q: %w", line, err)
	}
	return p, nil
}

// ping asks the HTTP port for a sign of life. The native port would not do: a
// handshake that fails there kills the engine. The connection is closed at
// once, because one that stays open holds up the engine's stop for 5 s.
func ping(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/ping", port), nil)
	if err != nil {
		return fmt.Errorf("ping engine: %w", err)
	}
	req.Close = true
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ping engine: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("ping engine: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ping engine: status %d", resp.StatusCode)
	}
	return nil
}

// stop ends the child, orderly if it takes less than stopMax, and waits for its
// end. It may be called, once, for a child that is gone.
func (c *child) stop() error {
	if err := c.life.Close(); err != nil {
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
	return fmt.Errorf("stop embedded engine: killed after %v", stopMax)
}
