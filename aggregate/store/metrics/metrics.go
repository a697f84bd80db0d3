// Package metrics is what the store tells of its inserts and reads, and what to do about
// it.
//
// It knows the names of tables and queries. It must not know how they are asked, nor a
// driver.
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics are counters of inserts and reads. Safe for use by several goroutines.
type Metrics struct {
	insertSeconds *prometheus.HistogramVec
	insertRows    *prometheus.CounterVec
	readSeconds   *prometheus.HistogramVec
	insertErrors  *prometheus.CounterVec
	readErrors    *prometheus.CounterVec
}

// New registers the store's metrics with reg, which may be nil. Each series
// of what processes write and read all the time is there from the start: a rate sees
// no first event without a 0 before it.
func New(reg prometheus.Registerer) *Metrics {
	m := register(promauto.With(reg))
	for _, table := range []string{
		"rollup", "ledger", "watermark", "day", "checkpoint", "state", "public_lot", "public_taken", "public_release", "public_turnout",
	} {
		m.insertSeconds.WithLabelValues(table)
		m.insertRows.WithLabelValues(table)
		for _, code := range []string{NoCode, "241", "243", "252"} { // Memory, disk, parts.
			m.insertErrors.WithLabelValues(table, code)
		}
	}
	for _, query := range []string{
		"chains", "checkpoint", "checkpoint_ids", "checkpoints", "day_span", "days", "identity", "last_votes", "ledger", "newest_votes", "open", "present", "public_lots", "public_lots_ordered",
		"public_lots_span", "public_releases", "public_taken", "public_taken_ordered", "public_turnout", "segments", "settled", "share", "span", "started",
		"states", "stats", "watermark",
	} {
		m.readSeconds.WithLabelValues(query)
		for _, code := range []string{NoCode, "159", "160", "241"} { // Time, time foreseen, memory.
			m.readErrors.WithLabelValues(query, code)
		}
	}
	return m
}

func register(with promauto.Factory) *Metrics {
	// 1 ms is a statement that finds nothing, 20 s the default limit of a read.
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 60}
	return &Metrics{
		insertSeconds: with.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "mlf_clickhouse_insert_duration_seconds",
			Help:    "Time from the start of an insert to its acknowledgement. Above 0.25 s the counts come late: look at the disk's fsync time and at merges.",
			Buckets: buckets,
		}, []string{"table"}),
		insertRows: with.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_clickhouse_insert_rows_total",
			Help: "Rows acknowledged by ClickHouse. Rows sent again count again.",
		}, []string{"table"}),
		readSeconds: with.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "mlf_clickhouse_read_duration_seconds",
			Help:    "Time from the start of a read to its last row. If stats grow slow, ask for shorter periods or give ClickHouse more cores.",
			Buckets: buckets,
		}, []string{"query"}),
		insertErrors: with.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_clickhouse_insert_errors_total",
			Help: "Inserts that failed, by ClickHouse's error code (243: disk full, 241: memory) or \"connection\". They are sent again by themselves; if this keeps growing, look at ClickHouse.",
		}, []string{"table", "code"}),
		readErrors: with.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_clickhouse_read_errors_total",
			Help: "Reads that failed, by ClickHouse's error code or \"connection\". 159, 160, 241: questions too dear for the limits. Others: look at ClickHouse.",
		}, []string{"query", "code"}),
	}
}

// Inserted notes the end of an insert of rows that began at since. code is the server's
// where it failed, or NoCode; "" where it did not.
func (m *Metrics) Inserted(table string, rows int, since time.Time, code string) {
	if code != "" {
		m.insertErrors.WithLabelValues(table, code).Inc()
		return
	}
	m.insertSeconds.WithLabelValues(table).Observe(time.Since(since).Seconds())
	m.insertRows.WithLabelValues(table).Add(float64(rows))
}

// Read notes the end of a read that began at since, as Inserted does.
func (m *Metrics) Read(query string, since time.Time, code string) {
	if code != "" {
		m.readErrors.WithLabelValues(query, code).Inc()
		return
	}
	m.readSeconds.WithLabelValues(query).Observe(time.Since(since).Seconds())
}

// NoCode stands for a code where the server has said nothing.
const NoCode = "connection"
