package broker_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/ingest/broker"
	"mlf/proof/series"
)

// TestCountersBeginAtZero: see package series. That none comes later each client of
// newClient looks after when its test ends.
func TestCountersBeginAtZero(t *testing.T) {
	for _, missing := range series.Missing(func(r prometheus.Registerer) {
		client, err := broker.New(broker.Config{Brokers: []string{"127.0.0.1:1"}}, broker.Telemetry{Registerer: r})
		if err != nil {
			t.Fatal(err)
		}
		client.Close()
	}) {
		t.Errorf("no series at the start: %s", missing)
	}
}
