package command

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
)

// TestDoctorOfUp: Kafka's part of mlf up, before and after it was set up; and what a
// script reads of it.
func TestDoctorOfUp(t *testing.T) {
	b, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	f := func(want int, says string, args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		got := run(t.Context(), append([]string{"doctor", "--kafka", b.Addr()}, args...), &stdout, &stderr)
		if got != want || !strings.Contains(stdout.String(), says) {
			t.Errorf("%v: got exit code %d and\n%s%s\nwant %d and %q", args, got, stdout.String(), stderr.String(), want, says)
		}
		if want != ExitUsage && len(args) > 0 && args[0] == "--json" && !json.Valid(stdout.Bytes()) {
			t.Errorf("no JSON: %s", stdout.String())
		}
	}
	f(ExitFailed, "fail    kafka.topic votes.v1: there is no such topic")
	client, err := broker.New(broker.Config{Brokers: []string{b.Addr()}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Apply(t.Context(), broker.TopicsConfig{Partitions: 2, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	f(ExitDone, "ok      kafka.topic votes.v1: replication.factor=1")
	f(ExitDone, "skipped clickhouse: no --clickhouse was named")
	f(ExitDone, `"totals"`, "--json")
	f(ExitFailed, "fail    certificates /nowhere", "--certificate", "/nowhere")
	f(ExitUsage, "", "--limit", "0s")
	f(ExitFailed, "fail    clickhouse.tables 127.0.0.1:1/mlf: it does not answer", "--clickhouse", "clickhouse://127.0.0.1:1/mlf", "--limit", "2s")
}
