// Package metrics is what query tells of its answers and of how near its limits are.
//
// It knows what the metrics are called, and what to do about them. It must not know
// what is asked, nor who limits what.
package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// StatusClientGone stands for the status of an answer that nobody waited for, as
// nginx has it.
const StatusClientGone = 499

// Metrics are all that query reports. Safe for concurrent use.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	rows     prometheus.Counter
	panics   prometheus.Counter
	checks   *prometheus.CounterVec
	kept     *prometheus.CounterVec

	routes        map[string]route   // Their series, which are looked up once, and not with every request.
	found, missed prometheus.Counter // Of kept.
}

// A route is the series of a route's answers.
type route struct {
	usual    map[int]prometheus.Counter // By status.
	duration prometheus.Observer
}

// usualStatuses are those that routes have from the start.
func usualStatuses() []int {
	return []int{200, 304, 400, 404, 429, StatusClientGone, 500, 503}
}

// A Limit is how much of something is used, and may be. Used does not block.
type Limit struct {
	Used func() int64
	Max  int64
}

// Limits are those of a process that answers.
type Limits struct {
	KeptBytes Limit
	Listeners Limit
	Reads     map[string]Limit // Of the store, by kind.
	Departing map[string]Limit // Bytes of answers on their way, short and long ones.
}

// New registers the metrics with reg, which may be nil. Each series of what is
// answered usually by one of routes is there from the start, as are verdicts of
// checks: a rate sees no first event without a 0 before it.
func New(reg prometheus.Registerer, routes, verdicts []string, limits Limits) *Metrics {
	auto := promauto.With(reg)
	limits.show(auto)
	m := register(auto)
	for _, name := range routes {
		of := route{make(map[int]prometheus.Counter), m.duration.WithLabelValues(name)}
		for _, status := range usualStatuses() {
			of.usual[status] = m.requests.WithLabelValues(name, strconv.Itoa(status))
		}
		m.routes[name] = of
	}
	for _, v := range verdicts {
		m.checks.WithLabelValues(v)
	}
	m.found, m.missed = m.kept.WithLabelValues("true"), m.kept.WithLabelValues("false")
	return m
}

// show shows how near the limits are.
func (l Limits) show(auto promauto.Factory) {
	gauge := func(name, help string, labels prometheus.Labels, value func() int64) {
		auto.NewGaugeFunc(prometheus.GaugeOpts{Name: "mlf_query_" + name, Help: help, ConstLabels: labels}, func() float64 { return float64(value()) })
	}
	pair := func(name, help, helpMax string, labels prometheus.Labels, limit Limit) {
		gauge(name, help, labels, limit.Used)
		gauge(name+"_max", helpMax, labels, func() int64 { return limit.Max })
	}
	pair("kept_bytes", "What kept answers take. At mlf_query_kept_bytes_max is no fault: those that were asked for longest ago are forgotten.",
		"The most bytes that kept answers may take.", nil, l.KeptBytes)
	pair("listeners", "Listeners of live figures. At mlf_query_listeners_max others are answered 503: add processes.",
		"The most listeners of live figures.", nil, l.Listeners)
	for kind, reads := range l.Reads {
		pair("store_reads", "Reads of the store for answers under way, by kind. At mlf_query_store_reads_max for long: questions wait, then are answered 503; give the store more, or add processes.",
			"The most reads of the store at the same time, by kind.", prometheus.Labels{"kind": kind}, reads)
	}
	for length, bytes := range l.Departing {
		pair("departing_bytes", "Bytes of answers on their way to readers, short and long ones. Near mlf_query_departing_bytes_max: readers are slow, and others are answered 503; add processes.",
			"The most bytes of answers on their way.", prometheus.Labels{"length": length}, bytes)
	}
}

func register(auto promauto.Factory) *Metrics {
	return &Metrics{
		routes: make(map[string]route),
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

// Answered counts a request that one of the routes has answered, and how long that took.
func (m *Metrics) Answered(route string, status int, took time.Duration) {
	of := m.routes[route]
	counter, ok := of.usual[status]
	if !ok {
		counter = m.requests.WithLabelValues(route, strconv.Itoa(status))
	}
	counter.Inc()
	of.duration.Observe(took.Seconds())
}

// Sent counts rows of statistics.
func (m *Metrics) Sent(rows int) { m.rows.Add(float64(rows)) }

// Panicked counts a request that ended in a panic.
func (m *Metrics) Panicked() { m.panics.Inc() }

// Checked counts an answer that was compared with the store.
func (m *Metrics) Checked(verdict string) { m.checks.WithLabelValues(verdict).Inc() }

// Kept counts an answer from memory, by whether it was found among those that are kept.
func (m *Metrics) Kept(found bool) {
	if found {
		m.found.Inc()
	} else {
		m.missed.Inc()
	}
}
