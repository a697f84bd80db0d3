package ingest_test

import (
	"slices"
	"testing"
	"time"

	"mlf/bench/measure"
	"mlf/command"
	"mlf/proof/harness"
)

// TestBenchIngestMeasuresEverySubject holds the measurement together, not the
// figures: a run this short says nothing about speed.
func TestBenchIngestMeasuresEverySubject(t *testing.T) {
	report := harness.Decode[measure.Report](t, harness.Run(t, "bench", "ingest", "--json", "-", "--runs", "1", "--time", "100ms",
		"--partitions", "2", "--workloads", "one,zstd"))
	var got []string
	for _, r := range report.Results {
		got = append(got, r.Subject)
		for _, metric := range []string{"cpu_us_per_request", "votes_per_core_second", "votes_per_second", "resident_peak_mib"} {
			if f := r.Figure(metric); f.Median <= 0 {
				t.Errorf("%s of %s: got %+v", metric, r.Subject, f)
			}
		}
		if r.Subject == "mlf" && r.Figure("kafka_bytes_per_vote").Median <= 0 {
			t.Error("bytes per vote on the log were not measured")
		}
	}
	want := []string{"parse-only", "A", "A-fastjson", "B", "mlf", "B", "mlf"}
	if !slices.Equal(got, want) {
		t.Errorf("results of %v: want %v", got, want)
	}
}

func TestBenchIngestMeasuresVotesOverTLS(t *testing.T) {
	report := harness.Decode[measure.Report](t, harness.Run(t, "bench", "ingest", "--json", "-", "--runs", "1", "--time", "100ms",
		"--partitions", "2", "--workloads", "tls-new,tls-resumed,tls-kept", "--subjects", "mlf,mlf-plain"))
	var got []string
	for _, r := range report.Results {
		got = append(got, r.Subject)
		if f := r.Figure("cpu_us_per_vote"); f.Median <= 0 {
			t.Errorf("%s, %s: got %+v", r.Workload, r.Subject, f)
		}
	}
	if want := []string{"mlf", "mlf-plain", "mlf", "mlf", "mlf-plain"}; !slices.Equal(got, want) {
		t.Fatalf("results of %v: want %v", got, want)
	}
	if ratio := report.Results[2].Figure("cpu_us_per_vote").Ratios["tls-new mlf"]; ratio <= 0 {
		t.Error("a resumed session was not compared with a full handshake")
	}
	if tls, plain := report.Results[3].Figure("idle_connection_kib"), report.Results[4].Figure("idle_connection_kib"); plain.Median <= 0 || tls.Median <= plain.Median {
		t.Errorf("idle connections: got %v KiB with TLS, %v without", tls.Median, plain.Median)
	}
}

func TestBenchIngestRefusesNonsense(t *testing.T) {
	for _, args := range [][]string{
		{"--workloads", "two"},
		{"--subjects", "C"},
		{"--runs", "0"},
		{"--time", "1ms"},
	} {
		c := harness.Start(t, append([]string{"bench", "ingest"}, args...)...)
		if code := c.Wait(time.Minute); code != command.ExitUsage {
			t.Errorf("%v: exit code %d, want %d", args, code, command.ExitUsage)
		}
	}
}
