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
