package pipeline_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mlf/proof/harness"
)

// TestProbe: its votes come through, are in no figure of citizens, and it says at which
// stage they stand while a neighbour is frozen, and that they have come through after.
func TestProbe(t *testing.T) {
	t.Parallel()
	e := startEngines(t)
	_, page := e.count(t, "mlf")
	ingest, admin := harness.FreeAddr(t), harness.FreeAddr(t)
	e.stage(t, "mlf", "ingest", "--listen", ingest)
	enrolled := harness.Decode[struct{ Token string }](t, harness.Run(t, "terminal", "enrol", "--kafka", e.log.Addr(), "--test",
		"--comune", "058091", "--office", "PROBE", "--channel", "digital", "--services", "anagrafe", "--json"))
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(enrolled.Token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	probe := harness.Start(t, "probe", "--ingest", "http://"+ingest, "--query", "http://"+page, "--token-file", file,
		"--comune", "058091", "--office", "PROBE", "--every", "500ms", "--deadline", "4s", "--admin", admin)
	harness.WaitReady(t, probe, admin)
	becomes(t, admin, "mlf_probe_success", 1)
	becomes(t, admin, "mlf_probe_visible_seconds_count", 2)
	becomes(t, admin, "mlf_probe_counted_seconds_count", 2)
	if got := votesIn(t, page, ""); got != 0 {
		t.Errorf("%d votes of citizens, want none", got)
	}

	if err := syscall.Kill(e.store.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(e.store.Pid(), syscall.SIGCONT) })
	becomes(t, admin, "mlf_probe_success", 0)
	becomes(t, admin, "mlf_probe_pending_seconds", 4)
	if _, body, err := harness.Get(t, "http://"+admin+"/metrics"); err != nil || strings.Contains(body, `mlf_probe_rounds_total{stage="count"} 0`) {
		t.Errorf("it does not say that a vote is shown, and not in the store: %v\n%s", err, body)
	}
	if err := syscall.Kill(e.store.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	becomes(t, admin, "mlf_probe_success", 1)

	// The token is another one from now on: the file is read again.
	line := harness.Run(t, "terminal", "list", "--kafka", e.log.Addr(), "--json")
	id := harness.Decode[struct{ Terminal string }](t, line).Terminal
	again := harness.Decode[struct{ Token string }](t, harness.Run(t, "terminal", "token", "--kafka", e.log.Addr(), "--json", id))
	becomes(t, admin, "mlf_probe_success", 0)
	if err := os.WriteFile(file, []byte(again.Token), 0o600); err != nil {
		t.Fatal(err)
	}
	becomes(t, admin, "mlf_probe_success", 1)
	if got := votesIn(t, page, "&class=test"); got < 5 {
		t.Errorf("%d votes for tests, want some", got)
	}
	if code := probe.Stop(); code != 0 {
		t.Errorf("exit code %d, %s", code, probe.Stderr())
	}
}

// votesIn returns how many votes statistics of some classes show.
func votesIn(t *testing.T, page, class string) (n int) {
	t.Helper()
	status, body, err := harness.Get(t, "http://"+page+"/v1/stats?from=2026-01-01&to=2030-01-01"+class)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, body, err)
	}
	for _, row := range harness.Decode[struct{ Rows []struct{ N int } }](t, body).Rows {
		n += row.N
	}
	return n
}
