package ingest

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/valyala/fasthttp"

	"mlf/ingest/report"
	"mlf/ingest/wire"
)

// An endpoint is what metrics tell requests apart by.
type endpoint uint8

const (
	otherEndpoint endpoint = iota
	votesEndpoint
	streamsEndpoint
	servedEndpoint
	heartbeatsEndpoint
	statusEndpoint
	ratingsEndpoint
	uplinksEndpoint
	callsEndpoint
	countersEndpoint
	pagesEndpoint
	configEndpoint
	claimsEndpoint
)

// endpoints is how many endpoints there are.
const endpoints = int(claimsEndpoint) + 1

func (e endpoint) String() string {
	switch e {
	case otherEndpoint:
		return "other"
	case votesEndpoint:
		return "votes"
	case streamsEndpoint:
		return "streams"
	case servedEndpoint:
		return "served"
	case heartbeatsEndpoint:
		return "heartbeats"
	case statusEndpoint:
		return "status"
	case ratingsEndpoint:
		return "ratings"
	case uplinksEndpoint:
		return "uplinks"
	case callsEndpoint:
		return "calls"
	case countersEndpoint:
		return "counters"
	case pagesEndpoint:
		return "pages"
	case configEndpoint:
		return "config"
	case claimsEndpoint:
		return "claims"
	}
	panic("BUG: unknown endpoint")
}

// success is the status of the endpoint's usual answer.
func (e endpoint) success() int {
	switch e {
	case votesEndpoint, servedEndpoint, countersEndpoint:
		return fasthttp.StatusAccepted
	case streamsEndpoint, claimsEndpoint:
		return fasthttp.StatusCreated
	case heartbeatsEndpoint, statusEndpoint, ratingsEndpoint, uplinksEndpoint, callsEndpoint, pagesEndpoint, configEndpoint:
		return fasthttp.StatusOK
	default:
		return fasthttp.StatusNotFound
	}
}

// failures are the statuses that the endpoint answers beside success. Those of the
// connection (a request that is no HTTP, too slow or too long) are otherEndpoint's.
func (e endpoint) failures() []int {
	switch e {
	case votesEndpoint, servedEndpoint:
		return []int{204, 400, 401, 403, 405, 408, 411, 413, 415, 417, 500, 503}
	case streamsEndpoint:
		return []int{204, 400, 401, 403, 405, 408, 411, 413, 415, 417, 429, 500, 503}
	case heartbeatsEndpoint:
		return []int{204, 400, 401, 403, 405, 408, 409, 411, 413, 415, 417, 429, 500, 503}
	case statusEndpoint:
		return []int{204, 400, 405, 500}
	case ratingsEndpoint, uplinksEndpoint, callsEndpoint, countersEndpoint:
		return []int{204, 400, 401, 403, 404, 405, 408, 411, 413, 415, 417, 422, 429, 500, 503}
	case pagesEndpoint:
		return []int{204, 304, 308, 400, 405, 500}
	case configEndpoint:
		return []int{204, 304, 400, 401, 403, 405, 500, 503}
	case claimsEndpoint:
		return []int{200, 204, 400, 404, 405, 408, 410, 411, 413, 415, 417, 429, 500, 503}
	default:
		return []int{400, 408, 431, 500, 503}
	}
}

// metrics are the front door's figures. Counters of the common answers are
// looked up once, so that the hot path does not.
type metrics struct {
	requests  *prometheus.CounterVec
	succeeded [endpoints]prometheus.Counter // The endpoint's usual answer.
	durations [endpoints]prometheus.Observer
	accepted  prometheus.Counter
	findings  [wire.Codes]prometheus.Counter // Votes rejected for the code, or warnings.
	inflight  prometheus.Gauge
	served    *prometheus.CounterVec
	panics    prometheus.Counter
	unacked   prometheus.Counter
	said      *prometheus.CounterVec
	refused   *prometheus.CounterVec

	heartbeats *prometheus.CounterVec

	handshakes, resumed prometheus.Counter // Of TLS.
}

func newMetrics(reg prometheus.Registerer, b *budget, c *conns) *metrics {
	auto := promauto.With(reg)
	m := &metrics{
		requests: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_ingest_requests_total",
			Help: "Requests answered, by endpoint and status. Many 503: look at mlf_ingest_unacknowledged_total and mlf_ingest_inflight_bytes. Many 401: tokens were changed, or somebody guesses.",
		}, []string{"endpoint", "code"}),
		inflight: auto.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_ingest_inflight_requests",
			Help: "Requests being answered. Rising with a quiet processor: the log's acknowledgements are slow.",
		}),
		served: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_ingest_served_rows_total",
			Help: "Numbers of served users that came, by what became of them. Many stale or conflict: two programs tell of one office, service and channel.",
		}, []string{"result", "reason"}),
		heartbeats: newHeartbeats(auto),
		panics: auto.NewCounter(prometheus.CounterOpts{
			Name: "mlf_ingest_panics_total",
			Help: "Requests that met a defect of the program and were answered 500. Anything but 0: report the stack in the log.",
		}),
		unacked: auto.NewCounter(prometheus.CounterOpts{
			Name: "mlf_ingest_unacknowledged_total",
			Help: "Requests whose votes the log did not acknowledge; the terminals send again. Rising: look at the brokers.",
		}),
	}
	durations := auto.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "mlf_ingest_request_duration_seconds",
		Help:    "Time from a request's header to its answer. Slow votes with a quiet processor: the log's acknowledgements are slow.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"endpoint"})
	votes := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "mlf_ingest_votes_total",
		Help: "Votes of answered requests. Accepted ones are on the log. Rejected ones above a few: a terminal's program is defective, the reason tells.",
	}, []string{"result", "reason"})
	warnings := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "mlf_ingest_warnings_total",
		Help: "Accepted votes with something wrong, by the answer's code. bad_time: clocks of terminals are wrong. unknown_service: terminals were enrolled with other services than they offer.",
	}, []string{"code"})
	handshakes := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "mlf_ingest_tls_handshakes_total",
		Help: "TLS connections made, by kind. resumed costs a fraction of full. Many full: terminals do not keep their sessions, or mlf schema apply has not made a ticket secret.",
	}, []string{"kind"})
	m.handshakes, m.resumed = handshakes.WithLabelValues("full"), handshakes.WithLabelValues("resumed")
	m.accepted = votes.WithLabelValues("accepted", "")
	for c := range wire.Codes {
		name, _ := wire.Code(c).Text()
		if wire.Code(c).Rejects() {
			m.findings[c] = votes.WithLabelValues("rejected", name)
		} else {
			m.findings[c] = warnings.WithLabelValues(name)
		}
	}
	for e := range endpoint(endpoints) {
		m.succeeded[e] = m.requests.WithLabelValues(e.String(), strconv.Itoa(e.success()))
		m.durations[e] = durations.WithLabelValues(e.String())
		for _, status := range e.failures() {
			m.requests.WithLabelValues(e.String(), strconv.Itoa(status))
		}
	}
	m.served.WithLabelValues("accepted", "")
	m.served.WithLabelValues("unchanged", "")
	for _, code := range wire.ServedFaults() {
		m.served.WithLabelValues("rejected", code)
	}
	m.registerEvents(auto)
	registerLimits(auto, b, c)
	return m
}

// registerEvents counts what sources say that keep no state.
func (m *metrics) registerEvents(auto promauto.Factory) {
	m.said = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "mlf_ingest_events_total",
		Help: "What sources without state have said and is on the log, by kind: rating, reading, call.",
	}, []string{"kind"})
	m.refused = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "mlf_ingest_events_refused_total",
		Help: "What sources without state have said and was not taken, by the answer's type. unknown-device: a box is not enrolled. other-way: a site sends by two ways. uncountable: a box is set to tell only what is new.",
	}, []string{"code"})
	for _, kind := range []string{"rating", "reading", "call"} {
		m.said.WithLabelValues(kind)
	}
	for _, p := range []problem{notFound, unknownDevice, unknownToken, revokedTerminal, otherOrigin, otherWay, malformedBody, badValue, uncountable, tooFast} {
		m.refused.WithLabelValues(codeOf(p))
	}
}

// newHeartbeats registers what counts heartbeats.
func newHeartbeats(auto promauto.Factory) *prometheus.CounterVec {
	all := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "mlf_ingest_heartbeats_total",
		Help: "Heartbeats of devices, by what became of them. copied: a terminal is in two devices, /v1/fleet?state=copied of mlf query says which. full: the log does not take them, look at the brokers. too_soon or rejected above a few: a device's program is defective.",
	}, []string{"outcome"})
	for _, outcome := range report.Outcomes() {
		all.WithLabelValues(outcome)
	}
	return all
}

// registerLimits shows how near the limits are.
func registerLimits(auto promauto.Factory, b *budget, c *conns) {
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlf_ingest_inflight_bytes",
		Help: "Bytes of requests held. Near mlf_ingest_inflight_bytes_max: the log is slow, or more processes are needed.",
	}, func() float64 { return float64(b.used.Load()) })
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlf_ingest_inflight_bytes_max",
		Help: "The most bytes of requests held before terminals are told to come back.",
	}, func() float64 { return float64(b.max) })
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlf_ingest_connections",
		Help: "Open connections. Near mlf_ingest_connections_max: more processes are needed, or a proxy holds too many.",
	}, func() float64 { return float64(c.count()) })
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "mlf_ingest_connections_max",
		Help: "The most open connections; beyond, new ones are refused.",
	}, func() float64 { return float64(c.max) })
	auto.NewCounterFunc(prometheus.CounterOpts{
		Name: "mlf_ingest_connections_refused_total",
		Help: "Connections refused because too many were open. Rising: see mlf_ingest_connections.",
	}, func() float64 { return float64(c.refused.Load()) })
}

// answered counts one answer.
func (m *metrics) answered(e endpoint, status int, took time.Duration) {
	if status == e.success() {
		m.succeeded[e].Inc()
	} else {
		m.requests.WithLabelValues(e.String(), strconv.Itoa(status)).Inc()
	}
	m.durations[e].Observe(took.Seconds())
}

// judged counts the votes of one request that was answered 202.
func (m *metrics) judged(n *wire.Counts) {
	m.accepted.Add(float64(n.Accepted))
	for c, found := range n.Found {
		if found > 0 {
			m.findings[c].Add(float64(found))
		}
	}
}

// reported counts the rows of one request that was answered 202.
func (m *metrics) reported(r *wire.ServedReport) {
	m.served.WithLabelValues("accepted", "").Add(float64(len(r.Rows)))
	m.served.WithLabelValues("unchanged", "").Add(float64(r.Unchanged))
	for _, f := range r.Rejected {
		m.served.WithLabelValues("rejected", f.Code).Inc()
	}
}
