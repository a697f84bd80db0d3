package command

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	kafka "mlf/ingest/broker/embedded"
	"mlf/proof/child"
)

// TestToolsGiveUpOnAKafkaThatDoesNotAnswer: whoever types a command gets an answer,
// also from an address where nobody listens or one that takes connections and is
// silent.
func TestToolsGiveUpOnAKafkaThatDoesNotAnswer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // Binding a port neither waits nor dials.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	const id = "t-0000000000002"
	for _, tool := range [][]string{
		{"terminal", "list"},
		{"annotate", "list"},
		{"log", "archive"},
		{"terminal", "revoke", id},
		{"terminal", "token", id},
		{"terminal", "enrol", "--comune", "058091", "--channel", "counter", "--services", "anagrafe"},
		{"simulate", "--ingest", "http://127.0.0.1:1", "--query", "http://127.0.0.1:1"},
		{"schema", "apply", "--clickhouse", "clickhouse://127.0.0.1:1/mlf"},
		{"schema", "apply", "--clickhouse", "clickhouse://127.0.0.1:1/mlf", "--replicas", "1"},
	} {
		for _, addr := range []string{freeAddr(t), silent.Addr().String()} {
			t.Run(strings.Join(tool[:2], " "), func(t *testing.T) {
				t.Parallel()
				args := slices.Clone(tool) // The other subtest has the same.
				if tool[0] == "log" {
					args = append(args, "--to", t.TempDir())
				}
				began := time.Now()
				code, _, stderr := execute(t, append(args, "--kafka", addr, "--wait", "1s")...)
				if took := time.Since(began); code != ExitFailed || took > 10*time.Second {
					t.Errorf("exit code %d after %v: want %d within some seconds", code, took, ExitFailed)
				}
				if !strings.Contains(stderr, addr) || !strings.Contains(stderr, "--wait") {
					t.Errorf("want the address and what to do in: %s", stderr)
				}
			})
		}
	}
}

// TestSchemaApplyGivesUpOnAClickHouseThatDoesNotAnswer: the same for its other half.
func TestSchemaApplyGivesUpOnAClickHouseThatDoesNotAnswer(t *testing.T) {
	log, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir()}, kafka.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	silent, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // Binding a port neither waits nor dials.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for _, addr := range []string{freeAddr(t), silent.Addr().String()} {
		began := time.Now()
		code, _, stderr := execute(t, "schema", "apply", "--kafka", log.Addr(), "--clickhouse", "clickhouse://"+addr+"/mlf", "--partitions", "1", "--wait", "1s")
		if took := time.Since(began); code != ExitFailed || took > 15*time.Second {
			t.Errorf("exit code %d after %v: want %d within some seconds", code, took, ExitFailed)
		}
		if !strings.Contains(stderr, addr) || !strings.Contains(stderr, "--wait") {
			t.Errorf("want the address and what to do in: %s", stderr)
		}
	}
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
