package aggregate_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate"
	"mlf/proof/series"
)

// TestCountersBeginAtZero: see package series. That none comes later each rig looks
// after when its test ends.
func TestCountersBeginAtZero(t *testing.T) {
	for _, missing := range series.Missing(func(r prometheus.Registerer) {
		if _, err := aggregate.New(aggregate.Parts{}, aggregate.Telemetry{Registerer: r}, aggregate.Config{}); err != nil {
			t.Fatal(err)
		}
	}) {
		t.Errorf("no series at the start: %s", missing)
	}
}
