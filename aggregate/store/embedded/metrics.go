package embedded

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// newRestarts registers the counter of restarts with reg, which may be nil.
func newRestarts(reg prometheus.Registerer) prometheus.Counter {
	return promauto.With(reg).NewCounter(prometheus.CounterOpts{
		Name: "mlf_clickhouse_embedded_restarts_total",
		Help: "Times the embedded ClickHouse died and was started again. Each costs a replay of at least 15 minutes: read the log line before it; out of memory is the usual cause.",
	})
}
