package query

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are all that query reports.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	rows     prometheus.Counter
	panics   prometheus.Counter
	checks   *prometheus.CounterVec
	kept     *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, keptBytes func() int) *metrics {
	auto := promauto.With(reg)
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlf_query_kept_bytes",
		Help: "What kept answers take, of 64 MiB. Full is no fault: those that were asked for longest ago are forgotten.",
	}, func() float64 { return float64(keptBytes()) })
	return &metrics{
		requests: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_query_requests_total",
			Help: "Requests answered, by route and HTTP status. Many 503: look at the store and its limits; 499: clients gave up waiting.",
		}, []string{"route", "code"}),
		duration: auto.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mlf_query_request_duration_seconds",
			Help: "Time from a request's header to the last byte of its answer. Rising for stats alone: shorten what is asked, or give the store more.",
			// From a lookup in memory to the store's time limit.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route"}),
		rows: auto.NewCounter(prometheus.CounterOpts{
			Name: "mlf_query_rows_total",
			Help: "Rows of statistics answered. Far above the requests: somebody copies the counts; offer them a file.",
		}),
		checks: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_query_checks_total",
			Help: "Answers compared with the store (check=store), by what came of it: agrees, differs, unknown. Any that differs is a bug or damage: keep the data, restart mlf query without its snapshots, and report it.",
		}, []string{"store"}),
		kept: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_query_kept_answers_total",
			Help: "Answers from memory, by whether they were kept from an earlier request (found). Hardly any found with many readers: they ask for what changes with every vote, or for more than is kept (mlf_query_kept_bytes).",
		}, []string{"found"}),
		panics: auto.NewCounter(prometheus.CounterOpts{
			Name: "mlf_query_panics_total",
			Help: "Requests that ended in a panic and were answered 500. Any is a bug; the log has its stack.",
		}),
	}
}

func (m *metrics) observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
}
