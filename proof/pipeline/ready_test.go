package pipeline_test

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/command"
	"mlf/proof/harness"
	"mlf/query/client"
)

// seenMax is how long it may take until metrics tell that a neighbour is frozen, or
// no longer.
const seenMax = 10 * time.Second

// A probed is a stage with its admin listener, and the neighbours that it has.
type probed struct {
	*harness.Command
	admin      string
	neighbours []string
}

// A neighbour is one that can be frozen.
type neighbour struct {
	name         string
	freeze, thaw func() error
}

// TestAFrozenNeighbourMakesNobodyUnready freezes the log, then the store: whoever
// answers goes on to be asked, and metrics tell which neighbour it is.
func TestAFrozenNeighbourMakesNobodyUnready(t *testing.T) {
	host := harness.NewUp(t) // Its broker is one that can be frozen with its process.
	host.Begin(t)
	up := probed{host.Command, host.Admin, []string{"kafka", "clickhouse"}}
	harness.Eventually(t, seenMax, func() error { return up.sees(t, "") })
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: filepath.Join(t.TempDir(), "clickhouse")}, clickhouse.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s := &harness.Stages{
		Kafka: host.Kafka, DSN: server.DSN(), Ingest: harness.FreeAddr(t), Query: harness.FreeAddr(t),
		IngestAdmin: harness.FreeAddr(t), AggregateAdmin: harness.FreeAddr(t), QueryAdmin: harness.FreeAddr(t),
	}
	stages := begin(t, s, 4)
	frozen(t, s, stages, neighbour{"kafka", host.Pause, host.Resume})
	signal := func(sig syscall.Signal) func() error { return func() error { return syscall.Kill(server.Pid(), sig) } }
	frozen(t, s, stages, neighbour{"clickhouse", signal(syscall.SIGSTOP), signal(syscall.SIGCONT)})
}

// TestKafkaFrozenMakesNobodyUnready is the same with Apache Kafka.
func TestKafkaFrozenMakesNobodyUnready(t *testing.T) {
	s := harness.NewStages(t, 1)
	frozen(t, s, begin(t, s, 2), neighbour{
		"kafka",
		func() error { return s.Cluster.Pause(0) }, func() error { return s.Cluster.Resume(0) },
	})
}

// begin makes the schema, and returns the stages when they are ready and see their
// neighbours.
func begin(t *testing.T, s *harness.Stages, partitions int) []probed {
	t.Helper()
	harness.Run(t, append([]string{"schema", "apply", "--partitions", fmt.Sprint(partitions)}, s.Neighbours()...)...)
	stages := []probed{
		{s.Stage(t, "ingest", s.IngestAdmin, "--listen", s.Ingest), s.IngestAdmin, []string{"kafka"}},
		{s.Stage(t, "aggregate", s.AggregateAdmin), s.AggregateAdmin, []string{"kafka", "clickhouse"}},
		{s.Stage(t, "query", s.QueryAdmin, "--listen", s.Query, "--disclosure", "none", "--quota-public", "off"), s.QueryAdmin, []string{"kafka", "clickhouse"}},
	}
	for _, c := range stages {
		harness.WaitReady(t, c.Command, c.admin)
		harness.Eventually(t, seenMax, func() error { return c.sees(t, "") })
	}
	return stages
}

// frozen freezes n until every stage that has it tells so, and for as long
// as probes would need to give a process up.
func frozen(t *testing.T, s *harness.Stages, stages []probed, n neighbour) {
	t.Helper()
	if err := n.freeze(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.thaw() })
	began := time.Now()
	seen := func(away string) {
		t.Helper()
		for _, c := range stages {
			harness.Eventually(t, time.Until(began.Add(seenMax)), func() error { return c.sees(t, away) })
		}
	}
	seen(n.name)
	for time.Since(began) < seenMax {
		seen(n.name)
		if status, body, err := harness.Get(t, "http://"+s.Query+"/v1/stats?period=2026-Q4"); err != nil || status != http.StatusOK {
			t.Errorf("statistics while %s is frozen: %d %s %v", n.name, status, body, err)
		}
		harness.LetPass(250 * time.Millisecond)
	}
	if err := n.thaw(); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	seen("")
	for _, c := range stages {
		if !c.Running() {
			t.Errorf("mlf %s ended: exit code %d", c.Name(), c.ExitCode())
		}
	}
}

// sees returns nil when all neighbours of c but one that is away are up by its
// metrics and by its probe, which says that it is ready all the while.
func (c probed) sees(t *testing.T, away string) error {
	t.Helper()
	status, body, err := harness.Get(t, "http://"+c.admin+"/readyz?verbose")
	if err != nil || status != http.StatusOK {
		t.Errorf("mlf %s: %s frozen, ready: %d %s %v", c.Name(), away, status, body, err)
	}
	metrics, err := client.Metrics(t.Context(), &http.Client{Timeout: time.Second}, c.admin)
	if err != nil {
		return err
	}
	if metrics["mlf_ready"] != 1 {
		t.Errorf("mlf %s: mlf_ready is %v", c.Name(), metrics["mlf_ready"])
	}
	said := harness.Decode[struct{ Dependencies map[string]string }](t, body).Dependencies
	for _, n := range c.neighbours {
		up, known := metrics[fmt.Sprintf("mlf_dependency_up{dependency=%q}", n)]
		if want := n != away; !known || (up == 1) != want || (said[n] == "ok") != want {
			return fmt.Errorf("mlf %s, %s: mlf_dependency_up is %v (%v), the probe says %q", c.Name(), n, up, known, said[n])
		}
		last := metrics[fmt.Sprintf("mlf_dependency_last_success_timestamp_seconds{dependency=%q}", n)]
		if age := time.Since(time.Unix(int64(last), 0)); n != away && age > 2*seenMax {
			return fmt.Errorf("mlf %s, %s: last success %v ago", c.Name(), n, age)
		}
	}
	if len(said) != len(c.neighbours) {
		return fmt.Errorf("mlf %s: dependencies %v, want %v", c.Name(), said, c.neighbours)
	}
	return nil
}

// TestDrainDelay: for so long after it was asked to end a process serves new
// connections, ends them with their answers, and tells by its probe that it shall be
// left; then it refuses them.
func TestDrainDelay(t *testing.T) {
	host := harness.NewUp(t)
	host.Begin(t)
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: filepath.Join(t.TempDir(), "clickhouse")}, clickhouse.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	neighbours := []string{"--kafka", host.Kafka, "--clickhouse", server.DSN()}
	harness.Run(t, append([]string{"schema", "apply", "--partitions", "4"}, neighbours...)...)
	const delay = 2 * time.Second
	start := func(flags ...string) (c *harness.Command, admin, listen string) {
		admin, listen = harness.FreeAddr(t), harness.FreeAddr(t)
		flags = append(flags, "--admin", admin, "--listen", listen, "--drain-delay", delay.String())
		c = harness.Start(t, append(flags, neighbours...)...)
		harness.WaitReady(t, c, admin)
		return c, admin, listen
	}
	for path, flags := range map[string][]string{
		"/openapi.yaml":            {"ingest"},
		"/v1/stats?period=2026-Q4": {"query", "--disclosure", "none", "--quota-public", "off"},
	} {
		c, admin, listen := start(flags...)
		served, _, _ := harness.Get(t, "http://"+listen+path)
		if dismissed(t, "http://"+listen+path) {
			t.Errorf("mlf %s keeps no connection", c.Name())
		}
		began := time.Now()
		if err := c.Interrupt(); err != nil {
			t.Fatal(err)
		}
		harness.Eventually(t, delay/2, func() error {
			if status, body, err := harness.Get(t, "http://"+admin+"/readyz"); err != nil || status != http.StatusServiceUnavailable || !strings.Contains(body, "draining") {
				return fmt.Errorf("ready: %d %s %w: want 503 that says draining", status, body, err)
			}
			if !dismissed(t, "http://"+listen+path) {
				return errors.New("connections are kept")
			}
			return nil
		})
		for time.Since(began) < delay*3/4 {
			if status, body, err := harness.Get(t, "http://"+listen+path); err != nil || status != served {
				t.Fatalf("mlf %s, %v after it was asked to end: %d %s %v, want %d", c.Name(), time.Since(began), status, body, err, served)
			}
		}
		if code := c.Wait(30 * time.Second); code != command.ExitDone || time.Since(began) < delay {
			t.Errorf("mlf %s: exit code %d after %v", c.Name(), code, time.Since(began))
		}
		if _, _, err := harness.Get(t, "http://"+listen+path); err == nil {
			t.Errorf("mlf %s still answers", c.Name())
		}
	}

	c, _, _ := start("ingest")
	if err := c.Interrupt(); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, delay/2, func() error {
		if !strings.Contains(c.Stderr(), "asked to end") {
			return fmt.Errorf("no line says that it was asked to end")
		}
		return nil
	})
	if err := c.Interrupt(); err != nil {
		t.Fatal(err)
	}
	if code := c.Wait(delay / 2); code == command.ExitDone {
		t.Errorf("a second signal: exit code %d, want that it ends at once", code)
	}
}

// dismissed tells whether the answer of url ends its connection.
func dismissed(t *testing.T, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.Close
}
