package aggregate

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mlf/schema"
)

// metrics are what a process that counts tells about itself. Labels have few
// values: partitions at most.
type metrics struct {
	votes         *prometheus.CounterVec
	events        *prometheus.CounterVec
	records       prometheus.Counter
	endToEnd      prometheus.Histogram
	flushSeconds  prometheus.Histogram
	flushRows     *prometheus.CounterVec
	flushInterval prometheus.Gauge
	tellRows      prometheus.Counter
	tellSeconds   prometheus.Histogram
	tellErrors    *prometheus.CounterVec
	lastFlush     prometheus.Gauge
	logErrors     prometheus.Counter
	storeErrors   *prometheus.CounterVec
	unreadable    prometheus.Counter
	recoveries    *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		votes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_aggregate_votes_total",
			Help: "Votes folded, by what became of them; a replay counts again. Look into conflicts (a cloned terminal?) and quarantined (a foreign or broken producer, or a terminal whose votes come for gaps that were closed long ago).",
		}, []string{"result"}),
		events: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_aggregate_events_total",
			Help: "Events of sources without state folded, by what became of them; a replay counts again. Many quarantined: a device's clock or counters are wrong, or it is believed too few votes a minute. Many stale: a network delivers frames late.",
		}, []string{"result"}),
		records: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_aggregate_records_total",
			Help: "Records folded; a replay counts again.",
		}),
		endToEnd: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "mlf_pipeline_end_to_end_seconds",
			Help:    "Time from a record's ingest to the store's acknowledgement of its counts. Records that were on the log when this process took its partition over are left out.",
			Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800},
		}),
		flushSeconds: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "mlf_aggregate_flush_duration_seconds",
			Help:    "Time a flush took from collecting its rows to the store's acknowledgement, repetitions included.",
			Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60},
		}),
		flushRows: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_aggregate_flush_rows_total",
			Help: "Rows acknowledged by the store, by table.",
		}, []string{"table"}),
		flushInterval: f.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_aggregate_flush_interval_seconds",
			Help: "Time between flushes. Above the setting it has stretched, because there are more rows than the limit per second: expected after an outage, a reason to add processes otherwise.",
		}),
		tellRows: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_aggregate_tell_rows_total",
			Help: "Rows told to followers, who answer from them before the store has them.",
		}),
		tellSeconds: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "mlf_aggregate_tell_duration_seconds",
			Help:    "Time from collecting what has changed to its acknowledgement by the counts topic. Rising: see the brokers.",
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5},
		}),
		tellErrors: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_aggregate_tell_errors_total",
			Help: "Claims that followers were not told, so that they read from the store. failed: no acknowledgement; if it keeps rising, run mlf schema apply (is there a counts topic?) and see the brokers. full: more rows than may wait, because telling is slow.",
		}, []string{"reason"}),
		lastFlush: f.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_aggregate_last_flush_timestamp_seconds",
			Help: "When the store last acknowledged a flush; 0: not yet. Long ago is no fault where nothing waits (mlf_aggregate_oldest_unflushed_seconds).",
		}),
		logErrors: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_aggregate_log_errors_total",
			Help: "Fetches that failed and were tried again. If it keeps rising, see the brokers.",
		}),
		storeErrors: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_aggregate_store_errors_total",
			Help: "Operations of the store that failed and were tried again. If it keeps rising, see the store.",
		}, []string{"operation"}),
		unreadable: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_aggregate_checkpoints_unreadable_total",
			Help: "Checkpoints that a recovery had to pass over for an older one. Any: see the store's disks.",
		}),
		recoveries: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_aggregate_recoveries_total",
			Help: "Recoveries, by where they began. From genesis the whole log is read again: expected for a new store only.",
		}, []string{"from"}),
	}
}

// fold tells what applying some records has added to a fold's total.
func (m *metrics) fold(before, after schema.Tally) {
	m.records.Add(float64(after.Records - before.Records))
	m.votes.WithLabelValues("counted").Add(float64(after.Counted - before.Counted))
	m.votes.WithLabelValues("duplicate").Add(float64(after.Duplicates - before.Duplicates))
	m.votes.WithLabelValues("conflict").Add(float64(after.Conflicts - before.Conflicts))
	m.votes.WithLabelValues("quarantined").Add(float64(after.Quarantined - before.Quarantined))
	m.votes.WithLabelValues("voided").Add(float64(after.Voided - before.Voided))
	if after.Events != before.Events {
		m.events.WithLabelValues("used").Add(float64(after.Events.Used - before.Events.Used))
		m.events.WithLabelValues("repeated").Add(float64(after.Events.Repeated - before.Events.Repeated))
		m.events.WithLabelValues("stale").Add(float64(after.Events.Stale - before.Events.Stale))
		m.events.WithLabelValues("conflict").Add(float64(after.Events.Conflicts - before.Events.Conflicts))
		m.events.WithLabelValues("quarantined").Add(float64(after.Events.Quarantined - before.Events.Quarantined))
	}
}

// landed tells of a flush that the store has acknowledged.
func (m *metrics) landed(fl *flight, now time.Time) {
	m.flushSeconds.Observe(now.Sub(fl.begun).Seconds())
	m.lastFlush.Set(float64(now.UnixMilli()) / 1000)
	for _, part := range fl.parts {
		m.flushRows.WithLabelValues("rollup").Add(float64(len(part.rows.Rollups)))
		m.flushRows.WithLabelValues("ledger").Add(float64(len(part.rows.Ledger)))
		m.flushRows.WithLabelValues("watermark").Add(float64(len(part.rows.Watermarks)))
		m.flushRows.WithLabelValues("day").Add(float64(len(part.rows.Days)))
		for _, at := range part.arrivals {
			m.endToEnd.Observe(max(0, now.Sub(at.Time()).Seconds()))
		}
	}
}

func label(p schema.Partition) string { return strconv.Itoa(int(p)) }
