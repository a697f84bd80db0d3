package watch

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/proof/series"
	"mlf/schema/alert"
)

// TestCountersBeginAtZero: see package series.
func TestCountersBeginAtZero(t *testing.T) {
	for _, missing := range series.Missing(func(r prometheus.Registerer) { newMetrics(r, new(alert.Book)) }) {
		t.Errorf("no series at the start: %s", missing)
	}
}
