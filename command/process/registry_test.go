package process_test

import (
	"slices"
	"testing"

	"mlf/command/process"
)

// TestEveryProcessTellsOfItsMachine: what ARCHITECTURE.md names is there.
func TestEveryProcessTellsOfItsMachine(t *testing.T) {
	families, err := process.NewRegistry(built()).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName())
		if f.GetName() != "mlf_build_info" {
			continue
		}
		labels := make(map[string]string)
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if len(labels) != 3 || labels["version"] != "v1" || labels["revision"] != "abc" || labels["goversion"] != "go1" {
			t.Errorf("build: got %v", labels)
		}
	}
	for _, want := range []string{
		"go_sched_latencies_seconds", "go_sched_pauses_total_gc_seconds", "go_cpu_classes_gc_total_cpu_seconds_total",
		"go_gc_heap_live_bytes", "go_gc_limiter_last_enabled_gc_cycle", "go_gc_gomemlimit_bytes", "go_sched_gomaxprocs_threads",
		"process_resident_memory_bytes", "mlf_build_info",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("no metric %s", want)
		}
	}
}
