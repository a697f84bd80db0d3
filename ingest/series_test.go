package ingest_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/ingest"
	"mlf/proof/series"
	"mlf/schema"
)

// TestCountersBeginAtZero: see package series. That none comes later each door
// looks after when its test ends.
func TestCountersBeginAtZero(t *testing.T) {
	missing := series.Missing(func(r prometheus.Registerer) {
		if _, err := ingest.New(new(logDouble), new(schema.Terminals), ingest.Telemetry{Registerer: r}, ingest.Config{}); err != nil {
			t.Fatal(err)
		}
	})
	for _, m := range missing {
		t.Errorf("no series at the start: %s", m)
	}
}
