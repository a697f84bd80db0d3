package aggregate

import "github.com/prometheus/client_golang/prometheus"

// begin makes every series that has no partition: a rate sees no first event
// without a 0 before it.
func (m *metrics) begin() {
	for vec, values := range map[*prometheus.CounterVec][]string{
		m.events:      {"used", "repeated", "stale", "conflict", "quarantined"},
		m.votes:       {"counted", "duplicate", "conflict", "quarantined", "voided"},
		m.flushRows:   {"rollup", "ledger", "watermark", "day"},
		m.tellErrors:  {"failed", "full"},
		m.storeErrors: {"started", "ledger", "chains", "rollups", "days", "checkpoint", "state", "recover"},
		m.recoveries:  {"checkpoint", "genesis"},
	} {
		for _, value := range values {
			vec.WithLabelValues(value)
		}
	}
}
