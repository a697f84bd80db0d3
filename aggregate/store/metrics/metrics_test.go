package metrics_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store/metrics"
	"mlf/proof/series"
)

// TestCountersBeginAtZero: see package series.
func TestCountersBeginAtZero(t *testing.T) {
	for _, missing := range series.Missing(func(r prometheus.Registerer) { metrics.New(r) }) {
		t.Errorf("no series at the start: %s", missing)
	}
}
