package chaos

import (
	"maps"
	"testing"
)

func TestAMeterAddsUpProcesses(t *testing.T) {
	const gaps, loads = "mlf_query_cube_gaps_total", `mlf_query_cube_loads_total{why="start"}`
	var m meter
	for _, now := range []map[string]float64{
		{gaps: 1, "mlf_query_cube_bytes": 7, "go_goroutines": 9},
		{gaps: 3, loads: 1},
		{gaps: 0, loads: 1}, // Another process.
		{gaps: 2, loads: 1},
		{gaps: 1},
	} {
		m.read(now)
	}
	if got, want := m.sums(), map[string]float64{gaps: 3 + 2 + 1, loads: 1}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
