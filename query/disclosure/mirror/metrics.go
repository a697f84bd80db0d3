package mirror

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mlf/schema"
)

type metrics struct {
	errors        prometheus.Counter
	contradiction prometheus.Gauge
	lacks         *prometheus.GaugeVec
}

// newMetrics registers a Mirror's metrics with reg, which may be nil.
func newMetrics(reg prometheus.Registerer, members []Member) *metrics {
	with := promauto.With(reg)
	m := &metrics{
		errors: with.NewCounter(prometheus.CounterOpts{
			Name: "mlf_public_copy_errors_total",
			Help: "Looks after what is published in all databases that failed. Nothing new is published meanwhile; if this keeps growing, look at the log line.",
		}),
		contradiction: with.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_public_contradiction",
			Help: "1 while two databases have different releases of one number: nothing is published until one of them is taken away.",
		}),
		lacks: with.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mlf_public_copy_lacks_releases",
			Help: "Releases that hold and that the database has not got, as it was last seen. They are copied by themselves; until then nothing new is published.",
		}, []string{"database"}),
	}
	for _, one := range members {
		m.lacks.WithLabelValues(one.Name)
	}
	return m
}

// stand notes how the databases stand.
func (m *metrics) stand(looks []look, held []schema.Release, err error) {
	m.contradiction.Set(0)
	if errors.Is(err, ErrContradiction) {
		m.contradiction.Set(1)
		return
	}
	for i := range looks {
		n := 0
		for k := range held {
			if looks[i].err == nil && looks[i].rows(&held[k]) == 0 {
				n++
			}
		}
		if looks[i].err == nil {
			m.lacks.WithLabelValues(looks[i].name).Set(float64(n))
		}
	}
}
