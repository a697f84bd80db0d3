package command

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clickhouse "mlf/aggregate/store/embedded"
	kafka "mlf/ingest/broker/embedded"
	"mlf/proof/chaos"
)

// stopsMax is how long a process that waits may take to end.
const stopsMax = time.Second

// says waits until the probe of a process that runs is not ready, for a reason that says want.
func says(t *testing.T, c *command, admin, want string) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		if !c.running() {
			t.Fatalf("mlf %s ended: exit code %d", c.args[0], c.cmd.ProcessState.ExitCode())
		}
		alive, _, aliveErr := get(t, "http://"+admin+"/healthz")
		status, body, err := get(t, "http://"+admin+"/readyz")
		if aliveErr != nil || err != nil || alive != http.StatusOK || status != http.StatusServiceUnavailable || !strings.Contains(body, want) {
			return fmt.Errorf("alive %d %w, ready %d %s %w: want 200, and 503 for …%s…", alive, aliveErr, status, body, err, want)
		}
		return nil
	})
}

// stopsAtOnce asks a process that waits to end.
func stopsAtOnce(t *testing.T, c *command) {
	t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := c.wait(stopsMax); code != exitDone {
		t.Errorf("mlf %s: exit code %d", c.args[0], code)
	}
}

// TestStagesWaitForTheirNeighbours starts everything in the wrong order: stages,
// schema apply, the log, the store. All of it comes to work, and no process ended.
func TestStagesWaitForTheirNeighbours(t *testing.T) {
	kafkaAddr := freeAddr(t)
	store, err := chaos.NewProxy(1) // The engine chooses its port itself.
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = store.Run(t.Context()) }()
	neighbours := []string{"--kafka", kafkaAddr, "--clickhouse", "clickhouse://" + store.Addr() + "/mlf"}
	stage := func(admin, name string, flags ...string) *command {
		return start(t, append(append([]string{name, "--admin", admin}, neighbours...), flags...)...)
	}
	admins := []string{freeAddr(t), freeAddr(t), freeAddr(t)}
	ingest, query := freeAddr(t), freeAddr(t)
	stages := []*command{
		stage(admins[0], "ingest", "--listen", ingest, "--connections-max", "2000000000"),
		stage(admins[1], "aggregate"),
		stage(admins[2], "query", "--listen", query, "--disclosure", "none"),
	}
	for i, c := range stages {
		says(t, c, admins[i], "waiting for Kafka: ")
	}
	idle := stage(freeAddr(t), "aggregate")

	broker, err := kafka.Start(t.Context(), kafka.Config{Dir: filepath.Join(t.TempDir(), "kafka"), Listen: kafkaAddr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	for i, c := range stages {
		says(t, c, admins[i], "run mlf schema apply")
	}
	stopsAtOnce(t, idle)

	apply := start(t, append([]string{"schema", "apply", "--partitions", "2", "--wait", "1m"}, neighbours...)...)
	says(t, stages[1], admins[1], "waiting for ClickHouse: ")
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: filepath.Join(t.TempDir(), "clickhouse")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	store.SetTarget(strings.TrimSuffix(strings.TrimPrefix(server.DSN(), "clickhouse://"), "/mlf"))
	if code := apply.wait(time.Minute); code != exitDone {
		t.Fatalf("schema apply: exit code %d, %s", code, apply.stderr.String())
	}
	for i, c := range stages {
		waitReady(t, c, admins[i])
		log := c.stderr.String()
		if n, over := strings.Count(log, `"msg":"waiting"`), strings.Count(log, `"msg":"waiting is over"`); n > 5 || over == 0 || over > n {
			t.Errorf("mlf %s: %d lines say that it waits, %d that it is over: want a few, and as many\n%s", c.args[0], n, over, log)
		}
	}
	if log := stages[0].stderr.String(); !strings.Contains(log, "limit of open files is below") {
		t.Errorf("two billion connections: want a warning about open files in\n%s", log)
	}
	term := enrolTerminal(t, kafkaAddr, ingest, query)
	if status, body := term.cast(`[{"seq":1,"age_ms":0,"face":"green"}]`); status != http.StatusAccepted {
		t.Fatal(status, body)
	}
	eventually(t, 10*time.Second, func() error {
		if got, want := faces(t, query), [3]int{1, 0, 0}; got != want {
			return fmt.Errorf("faces: got %v, want %v", got, want)
		}
		return nil
	})
	for _, c := range stages {
		if code := c.stop(); code != exitDone {
			t.Errorf("mlf %s stopped with exit code %d", c.args[0], code)
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
	broker, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	dsn := "clickhouse://" + silent.Addr().String() + "/mlf"
	apply := start(t, "schema", "apply", "--kafka", broker.Addr(), "--clickhouse", dsn, "--wait", "1s")
	if code := apply.wait(30 * time.Second); code != exitFailed || !strings.Contains(apply.stderr.String(), "i/o timeout") {
		t.Errorf("schema apply: exit code %d, %s", code, apply.stderr.String())
	}
	for _, addr := range []string{silent.Addr().String(), broker.Addr()} {
		admin := freeAddr(t)
		c := start(t, "aggregate", "--kafka", addr, "--clickhouse", dsn, "--admin", admin)
		says(t, c, admin, "waiting for ")
		stopsAtOnce(t, c)
	}
}

// TestWhatWaitingCannotMendEndsAStage: its exit says what to do.
func TestWhatWaitingCannotMendEndsAStage(t *testing.T) {
	broker, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	mlf(t, "schema", "apply", "--partitions", "2", "--kafka", broker.Addr(), "--clickhouse", server.DSN())
	f := func(code int, want string, args ...string) {
		t.Helper()
		c := start(t, append(args, "--kafka", broker.Addr())...)
		if got := c.wait(20 * time.Second); got != code || !strings.Contains(c.stderr.String(), want) {
			t.Errorf("mlf %s: exit code %d, %s\nwant %d and …%s…", strings.Join(c.args, " "), got, c.stderr.String(), code, want)
		}
	}
	stranger := strings.Replace(server.DSN(), "://", "://nobody:wrong@", 1)
	f(exitFailed, "nobody: Authentication failed", "aggregate", "--admin", freeAddr(t), "--clickhouse", stranger)
	f(exitFailed, "2 partitions, not 3", "schema", "apply", "--partitions", "3", "--clickhouse", server.DSN())
	f(exitUsage, "want the native protocol", "aggregate", "--clickhouse", "http://127.0.0.1:1")
	f(exitUsage, "want at least", "ingest", "--inflight-bytes-max", "1")
	f(exitFailed, "address already in use", "ingest", "--admin", broker.Addr())
}
