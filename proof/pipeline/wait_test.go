package pipeline_test

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	"mlf/command"
	kafka "mlf/ingest/broker/embedded"
	"mlf/proof/chaos"
	"mlf/proof/harness"
)

// stopsMax is how long a process that waits may take to end.
const stopsMax = time.Second

// says waits until the probe of a process that runs is not ready, for a reason that says want.
func says(t *testing.T, c *harness.Command, admin, want string) {
	t.Helper()
	harness.Eventually(t, 20*time.Second, func() error {
		if !c.Running() {
			t.Fatalf("mlf %s ended: exit code %d", c.Name(), c.ExitCode())
		}
		alive, _, aliveErr := harness.Get(t, "http://"+admin+"/healthz")
		status, body, err := harness.Get(t, "http://"+admin+"/readyz")
		if aliveErr != nil || err != nil || alive != http.StatusOK || status != http.StatusServiceUnavailable || !strings.Contains(body, want) {
			return fmt.Errorf("alive %d %w, ready %d %s %w: want 200, and 503 for …%s…", alive, aliveErr, status, body, err, want)
		}
		return nil
	})
}

// stopsAtOnce asks a process that waits to end.
func stopsAtOnce(t *testing.T, c *harness.Command) {
	t.Helper()
	if err := c.Interrupt(); err != nil {
		t.Fatal(err)
	}
	if code := c.Wait(stopsMax); code != command.ExitDone {
		t.Errorf("mlf %s: exit code %d", c.Name(), code)
	}
}

// TestStagesWaitForTheirNeighbours starts everything in the wrong order: stages,
// schema apply, the log, the store. All of it comes to work, and no process ended.
func TestStagesWaitForTheirNeighbours(t *testing.T) {
	kafkaAddr := harness.FreeAddr(t)
	store, err := chaos.NewProxy(1) // The engine chooses its port itself.
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = store.Run(t.Context()) }()
	neighbours := []string{"--kafka", kafkaAddr, "--clickhouse", "clickhouse://mlf:secret@" + store.Addr() + "/mlf"}
	stage := func(admin, name string, flags ...string) *harness.Command {
		return harness.Start(t, append(append([]string{name, "--admin", admin}, neighbours...), flags...)...)
	}
	admins := []string{harness.FreeAddr(t), harness.FreeAddr(t), harness.FreeAddr(t)}
	ingest, query := harness.FreeAddr(t), harness.FreeAddr(t)
	stages := []*harness.Command{
		stage(admins[0], "ingest", "--listen", ingest, "--connections-max", "2000000000"),
		stage(admins[1], "aggregate"),
		stage(admins[2], "query", "--listen", query, "--disclosure", "none", "--quota-public", "off"),
	}
	for i, c := range stages {
		says(t, c, admins[i], "waiting for Kafka: ")
	}
	idle := stage(harness.FreeAddr(t), "aggregate")

	broker, err := kafka.Start(t.Context(), kafka.Config{Dir: filepath.Join(t.TempDir(), "kafka"), Listen: kafkaAddr}, kafka.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	for i, c := range stages {
		says(t, c, admins[i], "run mlf schema apply")
	}
	stopsAtOnce(t, idle)

	apply := harness.Start(t, append([]string{"schema", "apply", "--partitions", "2", "--wait", "1m"}, neighbours...)...)
	says(t, stages[1], admins[1], "waiting for ClickHouse: ")
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: filepath.Join(t.TempDir(), "clickhouse"), Password: "secret"}, clickhouse.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	store.SetTarget(server.Addr())
	if code := apply.Wait(time.Minute); code != command.ExitDone {
		t.Fatalf("schema apply: exit code %d, %s", code, apply.Stderr())
	}
	for i, c := range stages {
		harness.WaitReady(t, c, admins[i])
		log := c.Stderr()
		if n, over := strings.Count(log, `"msg":"waiting"`), strings.Count(log, `"msg":"waiting is over"`); n > 5 || over == 0 || over > n {
			t.Errorf("mlf %s: %d lines say that it waits, %d that it is over: want a few, and as many\n%s", c.Name(), n, over, log)
		}
	}
	if log := stages[0].Stderr(); !strings.Contains(log, "limit of open files is below") {
		t.Errorf("two billion connections: want a warning about open files in\n%s", log)
	}
	term := harness.Enrol(t, kafkaAddr, ingest, query)
	if status, body := term.Cast(`[{"seq":1,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	harness.Eventually(t, 10*time.Second, func() error {
		if got, want := harness.Faces(t, query), [3]int{1, 0, 0}; got != want {
			return fmt.Errorf("faces: got %v, want %v", got, want)
		}
		return nil
	})
	for _, c := range stages {
		if code := c.Stop(); code != command.ExitDone {
			t.Errorf("mlf %s stopped with exit code %d", c.Name(), code)
		}
	}
}

// TestAStageThatWaitsForASilentNeighbourStopsAtOnce: connections to a frozen server
// are accepted, and nothing comes of them.
func TestAStageThatWaitsForASilentNeighbourStopsAtOnce(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // Binding a port neither waits nor dials.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	broker, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir()}, kafka.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	dsn := "clickhouse://" + silent.Addr().String() + "/mlf"
	apply := harness.Start(t, "schema", "apply", "--kafka", broker.Addr(), "--clickhouse", dsn, "--wait", "1s")
	if code := apply.Wait(30 * time.Second); code != command.ExitFailed || !strings.Contains(apply.Stderr(), "i/o timeout") {
		t.Errorf("schema apply: exit code %d, %s", code, apply.Stderr())
	}
	for _, addr := range []string{silent.Addr().String(), broker.Addr()} {
		admin := harness.FreeAddr(t)
		c := harness.Start(t, "aggregate", "--kafka", addr, "--clickhouse", dsn, "--admin", admin)
		says(t, c, admin, "waiting for ")
		stopsAtOnce(t, c)
	}
}

// TestWhatWaitingCannotMendEndsAStage: its exit says what to do.
func TestWhatWaitingCannotMendEndsAStage(t *testing.T) {
	broker, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir()}, kafka.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: t.TempDir()}, clickhouse.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	harness.Run(t, "schema", "apply", "--partitions", "2", "--kafka", broker.Addr(), "--clickhouse", server.DSN())
	f := func(code int, want string, args ...string) {
		t.Helper()
		c := harness.Start(t, append(args, "--kafka", broker.Addr())...)
		if got := c.Wait(20 * time.Second); got != code || !strings.Contains(c.Stderr(), want) {
			t.Errorf("mlf %s: exit code %d, %s\nwant %d and …%s…", strings.Join(c.Args(), " "), got, c.Stderr(), code, want)
		}
	}
	stranger := "clickhouse://nobody:wrong@" + server.Addr() + "/mlf"
	f(command.ExitFailed, "nobody: Authentication failed", "aggregate", "--admin", harness.FreeAddr(t), "--clickhouse", stranger)
	f(command.ExitFailed, "2 partitions, not 3", "schema", "apply", "--partitions", "3", "--clickhouse", server.DSN())
	f(command.ExitUsage, "want the native protocol", "aggregate", "--clickhouse", "http://127.0.0.1:1")
	f(command.ExitUsage, "want at least", "ingest", "--inflight-bytes-max", "1")
	f(command.ExitUsage, "want 1024 to", "ingest", "--header-bytes-max", "1000")
	f(command.ExitUsage, "idle time", "ingest", "--idle-max=-1s")
	f(command.ExitFailed, "address already in use", "ingest", "--admin", broker.Addr())
}
