package rig_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mlf/bench/measure"
	"mlf/command"
	"mlf/proof/harness"
)

// measured runs a measurement that is too small to say anything, and returns its
// report.
func measured(t *testing.T, args ...string) measure.Report {
	t.Helper()
	c := harness.Start(t, append([]string{"--log-level", "error", "bench"}, args...)...)
	if code := c.Wait(5 * time.Minute); code != command.ExitDone {
		t.Fatalf("mlf bench %s: exit code %d\n%s", strings.Join(args, " "), code, c.Stderr())
	}
	var report measure.Report
	if err := json.Unmarshal([]byte(c.Stdout()), &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// has tells whether the report has a positive figure.
func has(r measure.Report, subject, metric string) bool {
	for i := range r.Results {
		if r.Results[i].Subject == subject && r.Results[i].Figure(metric).Median > 0 {
			return true
		}
	}
	return false
}

func TestBenchAggregateMeasures(t *testing.T) {
	report := measured(t, "aggregate", "--parts", "count,raw", "--votes", "20000", "--terminals", "20", "--runs", "1", "--json", "-")
	for _, subject := range []string{"mlf, 100 a record", "mlf, 1 a record", "C"} {
		if !has(report, subject, "cpu_ns_per_vote") {
			t.Errorf("no cost of %s in %+v", subject, report.Results)
		}
	}
	if !has(report, "D, materialised view", "database_cpu_ns_per_vote") {
		t.Errorf("no cost of D in %+v", report.Results)
	}
}

func TestBenchQueryMeasures(t *testing.T) {
	report := measured(t, "query", "--parts", "stats", "--rows", "50000", "--runs", "1", "--json", "-")
	for _, question := range []string{"country by month", "one comune, 30 days"} {
		if !has(report, question, "answer_ms") || !has(report, question, "answer_bytes") {
			t.Errorf("no answer to %s in %+v", question, report.Results)
		}
	}
}

// TestBenchCountryMeasures: twice over one folder, which is filled once; whoever
// answers says the same.
func TestBenchCountryMeasures(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		report := measured(t, "query", "--parts", "country", "--scale", "0.002", "--time", "50ms", "--data", dir, "--runs", "1", "--json", "-")
		for _, subject := range []string{"cube", "store", "raw votes"} {
			if !has(report, subject, "answer_p99_ms") || !has(report, subject, "thread_cpu_p50_ms") || !has(report, subject, "database_cpu_ms") {
				t.Errorf("no cost of an answer by %s in %+v", subject, report.Results)
			}
		}
		for _, subject := range []string{"store, in columns", "cube, without snapshot", "cube, with snapshot"} {
			if !has(report, subject, "load_seconds") {
				t.Errorf("no cost of a load by %s in %+v", subject, report.Results)
			}
		}
		notes := strings.Join(report.Notes, " ")
		if !strings.Contains(notes, "to one question compared, 0 differ") || !strings.Contains(notes, "one by one between cube and store, 0 differ") {
			t.Errorf("nothing was compared: %v", report.Notes)
		}
	}
}
