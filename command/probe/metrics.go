package probe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	success, lastSuccess       prometheus.Gauge
	rounds                     *prometheus.CounterVec
	accepted, visible, counted prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, pending func() time.Duration) *metrics {
	f := promauto.With(reg)
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlf_probe_pending_seconds",
		Help: "How long the vote for tests that is on its way has been; 0 for none. Above the deadline: see mlf_probe_rounds_total, at which stage.",
	}, func() float64 { return pending().Seconds() })
	seconds := func(name, help string) prometheus.Histogram {
		return f.NewHistogram(prometheus.HistogramOpts{
			Name: "mlf_probe_" + name + "_seconds", Help: help,
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		})
	}
	m := &metrics{
		success: f.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_probe_success",
			Help: "1 when the last vote for tests was accepted, shown and counted in time; 0 when it is late, and before the first. 0: votes of citizens fare alike.",
		}),
		lastSuccess: f.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_probe_last_success_timestamp_seconds",
			Help: "When a vote for tests was last accepted, shown and counted in time; 0: not yet.",
		}),
		rounds: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_probe_rounds_total",
			Help: "Votes for tests by how far they came in time; while one is late, each that would have been cast meanwhile. ask: statistics cannot be read; vote: it is not accepted, see ingest and Kafka; show: it is in no answer, see the workers and mlf query; count: it is not in the store, see ClickHouse; success: all of it.",
		}, []string{"stage"}),
		accepted: seconds("accepted", "Time from a vote for tests to its 202, repetitions included."),
		visible:  seconds("visible", "Time from a vote for tests until statistics show it."),
		counted:  seconds("counted", "Time from a vote for tests until the watermark has it: it is in the store. Looked at each second."),
	}
	for _, s := range stages() {
		m.rounds.WithLabelValues(string(s))
	}
	return m
}
