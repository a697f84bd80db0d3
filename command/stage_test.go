package command

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestAWorkerThatWaitsForANeighbourStaysReady: a rollout must stop while new workers
// cannot recover, and a neighbour that is away must not take all workers out.
func TestAWorkerThatWaitsForANeighbourStaysReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var recovering error
		var away bool
		check := recoveryCheck(func() error { return recovering }, func() bool { return away })
		f := func(after time.Duration, isRecovering, isAway, want bool) {
			t.Helper()
			time.Sleep(after) //nolint:forbidigo // By the clock of the bubble.
			recovering, away = nil, isAway
			if isRecovering {
				recovering = errors.New("partition 1 is recovering")
			}
			if got := check.Do(t.Context()) == nil; got != want {
				t.Errorf("recovering %v, neighbour away %v: ready is %v, want %v", isRecovering, isAway, got, want)
			}
		}
		f(0, true, false, false)
		f(time.Minute, true, true, false) // A new worker that cannot recover.
		f(0, false, false, true)
		f(time.Minute, true, false, true) // It has just taken a partition over.
		f(9*time.Second, true, false, true)
		f(time.Second, true, false, false) // And it takes long.
		f(0, true, true, true)             // For a reason, as is seen now.
		f(time.Hour, true, true, true)
		f(0, true, false, true) // The neighbour is back.
		f(recoveryGrace, true, false, false)
		f(0, false, true, true)
	})
}

// TestDrainDelayHasLimits: also in a file that is only checked.
func TestDrainDelayHasLimits(t *testing.T) {
	f := func(text string, want int) {
		t.Helper()
		code, _, stderr := execute(t, "config", "check", configFile(t, text))
		if code != want || code != ExitDone && !strings.Contains(stderr, "want 0s to 1m") {
			t.Errorf("%q: exit code %d, %s", text, code, stderr)
		}
	}
	f("ingest: {kafka: k, drain-delay: 5s}\n", ExitDone)
	f("ingest: {kafka: k, drain-delay: 1m}\n", ExitDone)
	f("ingest: {kafka: k, drain-delay: 61s}\n", ExitFailed)
	f("ingest: {kafka: k, drain-delay: -1s}\n", ExitFailed)
	f("query: {kafka: k, clickhouse: 'clickhouse://h/mlf', disclosure: none, drain-delay: 2m}\n", ExitFailed)
	if code, _, stderr := execute(t, "ingest", "--kafka", "k", "--drain-delay", "2m"); code != ExitUsage {
		t.Errorf("exit code %d, want %d: %s", code, ExitUsage, stderr)
	}
}

// TestTracesGoSomewhere: what is no address of a collector is refused before anything
// begins.
func TestTracesGoSomewhere(t *testing.T) {
	f := func(flags string, want int) {
		t.Helper()
		if code, _, stderr := execute(t, "config", "check", configFile(t, "ingest: {kafka: k, "+flags+"}\n")); code != want || code != ExitDone && !strings.Contains(stderr, "--trace-") {
			t.Errorf("%s: exit code %d, %s", flags, code, stderr)
		}
	}
	f("trace-endpoint: 'http://collector:4318'", ExitDone)
	f("trace-endpoint: 'https://collector/otlp/v1/traces', trace-ratio: 1", ExitDone)
	f("trace-endpoint: 'https://user:secret@collector/otlp/v1/traces'", ExitFailed)
	f("trace-endpoint: 'collector:4318'", ExitFailed)
	f("trace-endpoint: 'http://collector:4318', trace-ratio: 2", ExitFailed)
	for _, stage := range [][]string{{"up", "--data", t.TempDir()}, {"ingest", "--kafka", "k"}, {"aggregate", "--kafka", "k", "--clickhouse", "clickhouse://h/mlf"}, {"query", "--kafka", "k", "--clickhouse", "clickhouse://h/mlf", "--disclosure", "none"}} {
		if code, _, stderr := execute(t, append(stage, "--trace-endpoint", "nowhere")...); code != ExitUsage || !strings.Contains(stderr, "--trace-endpoint") {
			t.Errorf("%s: exit code %d, want %d: %s", stage[0], code, ExitUsage, stderr)
		}
	}
}
