package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mlf/aggregate/store/embedded"
)

// holdDir makes this test binary a process that starts an engine in the named
// directory and then waits to be killed.
const holdDir = "MLF_TEST_HOLD_DIR"

// forgetful makes this test binary one that does not call ChildMain.
const forgetful = "MLF_TEST_NO_CHILD_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(forgetful) == "" {
		embedded.ChildMain()
	}
	if dir := os.Getenv(holdDir); dir != "" {
		hold(dir)
	}
	goleak.VerifyTestMain(m)
}

func hold(dir string) {
	server, err := embedded.Start(context.Background(), embedded.Config{Dir: dir}, embedded.Telemetry{}) //nolint:forbidigo // A main of its own.
	if err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString(server.DSN() + "\n")
	select {}
}

func TestStartServesSQLAndKeepsData(t *testing.T) {
	dir := t.TempDir()
	server := start(t, embedded.Config{Dir: dir})
	ask(t, server, "CREATE DATABASE mlf")
	ask(t, server, "CREATE TABLE mlf.votes (n UInt64) ENGINE = MergeTree ORDER BY n")
	ask(t, server, "INSERT INTO mlf.votes SELECT number FROM numbers(1000)")
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}

	server = start(t, embedded.Config{Dir: dir})
	if got, want := ask(t, server, "SELECT count() || ' ' || sum(n) FROM mlf.votes"), "1000 499500"; got != want {
		t.Errorf("after a restart: got %q, want %q", got, want)
	}
}

func TestStartAppliesTheMemoryLimit(t *testing.T) {
	server := start(t, embedded.Config{Dir: t.TempDir(), MemoryMax: 1 << 30})
	got := ask(t, server, "SELECT toString(getServerSetting('max_server_memory_usage'))")
	if want := "1073741824"; got != want {
		t.Errorf("memory limit: got %s, want %s", got, want)
	}
}

func TestDeadEngineIsRestartedOnTheSamePort(t *testing.T) {
	reg := prometheus.NewRegistry()
	server := startWith(t, embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{Registerer: reg})
	ask(t, server, "CREATE DATABASE mlf")

	for kills := 1; kills <= 3; kills++ {
		if err := process(t, server).Kill(); err != nil {
			t.Fatal(err)
		}
		await(t, "a restart", func() bool { return restarts(t, reg) == kills })
		if got, want := ask(t, server, "SELECT toString(count()) FROM system.databases WHERE name = 'mlf'"), "1"; got != want {
			t.Errorf("databases after kill %d: got %s, want %s", kills, got, want)
		}
	}

	if err := server.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if conn, err := net.Dial("tcp", server.Addr()); err == nil { //nolint:noctx // Refused at once.
		_ = conn.Close()
		t.Error("the engine answers after Close returned")
	}
}

func TestEngineOutlivesTheSignalsOfATerminal(t *testing.T) {
	server := start(t, embedded.Config{Dir: t.TempDir()})
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if err := process(t, server).Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := ask(t, server, "SELECT '1'"), "1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEngineEndsWithItsParentAndTheNextOneWaitsForIt(t *testing.T) {
	dir := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // This test's own binary.
	parent.Env = append(os.Environ(), holdDir+"="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "clickhouse://") {
		t.Fatalf("parent says %q, %v", line, err)
	}

	_, err = embedded.Start(t.Context(), embedded.Config{Dir: dir, LockWait: 300 * time.Millisecond}, embedded.Telemetry{})
	if err == nil || !strings.Contains(err.Error(), "another process has held the directory") {
		t.Errorf("start in a directory in use: %v", err)
	}

	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	server := start(t, embedded.Config{Dir: dir})
	if got, want := ask(t, server, "SELECT '1'"), "1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAProgramWithoutChildMainIsToldSo: it must not start itself without end.
func TestAProgramWithoutChildMainIsToldSo(t *testing.T) {
	if _, err := embedded.Library(); err != nil && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	program := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // This test's own binary.
	program.Env = append(os.Environ(), forgetful+"=1", holdDir+"="+t.TempDir())
	out, err := program.CombinedOutput()
	if want := embedded.ErrNoChildMain.Error(); err == nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
	t.Setenv(embedded.ChildMark, "1")
	if _, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{}); !errors.Is(err, embedded.ErrNoChildMain) {
		t.Errorf("start in a child: got %v, want %v", err, embedded.ErrNoChildMain)
	}
}

func TestStartWithoutLibrarySaysHowToInstallIt(t *testing.T) {
	t.Setenv("MLF_LIBCHDB", "")
	t.Setenv("MLF_CACHE", t.TempDir())
	_, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if !errors.Is(err, embedded.ErrNoLibrary) || !strings.Contains(err.Error(), "make engine") {
		t.Errorf("got %v, want %v", err, embedded.ErrNoLibrary)
	}
}

func TestStartWithAForeignLibraryFails(t *testing.T) {
	library := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(library, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir(), Library: library}, embedded.Telemetry{})
	if err == nil || !strings.Contains(err.Error(), library) {
		t.Errorf("got %v, want an error that names %s", err, library)
	}
}

func TestConfigValidate(t *testing.T) {
	f := func(c embedded.Config, ok bool) {
		t.Helper()
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("%+v: got %v", c, err)
		}
	}
	f(embedded.Config{}, false)
	f(embedded.Config{Dir: "d"}, true)
	f(embedded.Config{Dir: "d", LockWait: -1}, false)
	f(embedded.Config{Dir: "d", MemoryMax: -1}, false)
	f(embedded.Config{Dir: "d", Password: "Geheim1"}, true)
	f(embedded.Config{Dir: "d", Password: "ge:heim"}, false)
	f(embedded.Config{Dir: "d", Password: "Geheim1", Cluster: []string{"127.0.0.1:9000"}}, true)
	f(embedded.Config{Dir: "d", Password: "Geheim1", Cluster: []string{"127.0.0.1"}}, false)
	f(embedded.Config{Dir: "d", Password: "Geheim1", Cluster: []string{"a&b:9000"}}, false)
	f(embedded.Config{Dir: "d", Cluster: []string{"127.0.0.1:9000"}}, false)
}

// start starts an engine that ends with the test.
func start(t *testing.T, cfg embedded.Config) *embedded.Server {
	t.Helper()
	return startWith(t, cfg, embedded.Telemetry{})
}

func startWith(t *testing.T, cfg embedded.Config, tel embedded.Telemetry) *embedded.Server {
	t.Helper()
	server, err := embedded.Start(t.Context(), cfg, tel)
	if errors.Is(err, embedded.ErrNoLibrary) && os.Getenv("MLF_REQUIRE_ENGINE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// process returns the engine's child.
func process(t *testing.T, server *embedded.Server) *os.Process {
	t.Helper()
	p, err := os.FindProcess(server.Pid())
	if err != nil || p.Pid == os.Getpid() {
		t.Fatalf("engine has process %d, %v", server.Pid(), err)
	}
	return p
}

// restarts returns the value of the only metric.
func restarts(t *testing.T, reg *prometheus.Registry) int {
	t.Helper()
	metrics, err := reg.Gather()
	if err != nil || len(metrics) != 1 {
		t.Fatalf("%d metrics, %v: want one", len(metrics), err)
	}
	return int(metrics[0].GetMetric()[0].GetCounter().GetValue())
}

// ask runs one statement, and returns the text that a SELECT answers with.
func ask(t *testing.T, server *embedded.Server, sql string) string {
	t.Helper()
	answer, err := try(t, server.DSN(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// try runs one statement over a connection of its own, without naming a database.
func try(t *testing.T, dsn, sql string) (answer string, err error) {
	t.Helper()
	opt, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if opt.Auth.Database == "mlf" {
		opt.Auth.Database = "default"
	}
	conn, err := clickhouse.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if strings.HasPrefix(sql, "SELECT") {
		err = conn.QueryRow(t.Context(), sql).Scan(&answer)
		return answer, err
	}
	return "", conn.Exec(t.Context(), sql)
}

// await polls until ok or 20 s have passed.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("no %s within 20 s", what)
		case <-tick.C:
		}
	}
}
