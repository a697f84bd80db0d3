package disclosure

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mlf/query/calendar"
	"mlf/schema"
)

// newReleaseErrors registers a Releaser's metric with reg, which may be nil.
func newReleaseErrors(reg prometheus.Registerer) prometheus.Counter {
	return promauto.With(reg).NewCounter(prometheus.CounterOpts{
		Name: "mlf_public_release_errors_total",
		Help: "Releases of public figures that could not be made. They are tried again by themselves; if this keeps growing, look at the log line.",
	})
}

type shelfMetrics struct {
	errors  prometheus.Counter
	until   prometheus.Gauge
	waiting prometheus.Gauge
}

// newShelfMetrics registers a Shelf's metrics with reg, which may be nil.
func newShelfMetrics(reg prometheus.Registerer) *shelfMetrics {
	with := promauto.With(reg)
	return &shelfMetrics{
		errors: with.NewCounter(prometheus.CounterOpts{
			Name: "mlf_public_read_errors_total",
			Help: "Looks for new public figures that failed. The old ones are shown; if this keeps growing, look at the log line.",
		}),
		until: with.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_public_until_seconds",
			Help: "The end of the last day that public figures are of, as Unix time. More than 31 hours ago: no process could make last night's release.",
		}),
		waiting: with.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_public_waiting_votes",
			Help: "Votes of those days that are in no public figure, because too few could be published together.",
		}),
	}
}

// hold notes the newest release.
func (m *shelfMetrics) hold(r *schema.Release, clock calendar.Clock) {
	m.until.Set(float64(clock.Begin(calendar.Day(r.Today)).Time().Unix()))
	m.waiting.Set(float64(waiting(r)))
}
