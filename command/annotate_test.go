package command

import (
	"strings"
	"testing"

	"mlf/ingest/broker"
	kafka "mlf/ingest/broker/embedded"
)

// TestAnnotate: what is added is listed, until it is removed; what no question could ask
// for is refused, and who reads terminals is not troubled by any of it.
func TestAnnotate(t *testing.T) {
	log, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir()}, kafka.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	f := func(want int, says string, args ...string) {
		t.Helper()
		code, stdout, stderr := execute(t, append(args, "--kafka", log.Addr())...)
		if code != want || !strings.Contains(stdout+stderr, says) {
			t.Errorf("%v: got exit code %d, %s%s, want %q", args, code, stdout, stderr, says)
		}
		if strings.Contains(stderr, "not applied") {
			t.Errorf("%v: %s", args, stderr)
		}
	}
	add := func(more ...string) []string {
		return append([]string{"annotate", "add", "break", "--from", "2026-03-01", "--it", "Nuovi orari"}, more...)
	}
	client, err := broker.New(broker.Config{Brokers: []string{log.Addr()}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if _, err := client.Apply(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	f(ExitDone, "annotation orari", add("--id", "orari", "--service", "anagrafe,tributi", "--comune", "058091", "--category", "anagrafe-stato-civile", "--scale", "stars5")...)
	f(ExitDone, `{"id":"2026-03-01-`, add("--to", "2026-03-02", "--json")...)
	f(ExitUsage, `service: "anagrfe"`, add("--service", "anagrfe")...)
	f(ExitUsage, "no region has the code 99", add("--region", "99")...)
	f(ExitUsage, "want a first day", add("--to", "2026-02-01")...)
	f(ExitUsage, "id", add("--id", "Orari")...)
	f(ExitUsage, "break", "annotate", "add", "rupture", "--from", "2026-03-01", "--it", "x")
	f(ExitDone, "category=anagrafe-stato-civile&comune=058091&scale=stars5&service=anagrafe,tributi", "annotate", "list")
	f(ExitDone, `"id":"orari","kind":"break","from":"2026-03-01","scope":{`, "annotate", "list", "--json")
	f(ExitDone, "TERMINAL", "terminal", "list")
	f(ExitDone, "removed", "annotate", "remove", "orari")
	f(ExitFailed, "mlf annotate list", "annotate", "remove", "orari")
	if _, stdout, _ := execute(t, "annotate", "list", "--kafka", log.Addr()); strings.Contains(stdout, "orari ") {
		t.Errorf("removed, and there: %s", stdout)
	}
}
