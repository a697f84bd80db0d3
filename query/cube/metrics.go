package cube

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are what the cube tells about itself.
type metrics struct {
	standing   prometheus.Gauge
	stopped    prometheus.Gauge
	imbalances prometheus.Counter
	loads      *prometheus.CounterVec
	gaps       prometheus.Counter
	rows       prometheus.Counter
	foreign    prometheus.Counter
	feedErrors prometheus.Counter
	storeError prometheus.Counter
	sealed     prometheus.Counter
	cells      *prometheus.GaugeVec
	bytes      prometheus.Gauge
	published  prometheus.Histogram

	snapshotTaken  prometheus.Gauge
	snapshotErrors *prometheus.CounterVec
}

// newMetrics registers them with reg, which may be nil. Each series is there from
// the start: a rate sees no first event without a 0 before it.
func newMetrics(reg prometheus.Registerer) *metrics {
	m := register(promauto.With(reg))
	for _, why := range []string{"start", "imbalance", "log", "behind"} {
		m.loads.WithLabelValues(why)
	}
	for _, operation := range []string{"write", "read"} {
		m.snapshotErrors.WithLabelValues(operation)
	}
	for _, kind := range []string{"counted", "open"} {
		m.cells.WithLabelValues(kind)
	}
	return m
}

func register(f promauto.Factory) *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: "mlf_query_cube_" + name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: "mlf_query_cube_" + name + "_total", Help: help})
	}
	return &metrics{
		standing:   gauge("standing", "1 while answers come from memory. 0 for minutes: see the log for what the load waits for."),
		stopped:    gauge("stopped", "1 when a segment did not balance with the store's ledger twice, so that nothing is answered from memory any more. Page somebody: compare the segment that the log names with the store; all is loaded anew each minute meanwhile."),
		imbalances: counter("imbalances", "Segments whose votes were not those of the store's ledger; all was loaded anew. Any: see whether the store has lost rows, and report it."),
		loads: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_query_cube_loads_total",
			Help: "Loads of everything, by why: start, imbalance, log (the store counts another), behind (more to read again than a load is). Often, but for start: see whether the topic of counts keeps its records.",
		}, []string{"why"}),
		gaps:       counter("gaps", "Partitions read again from the store, because claims were missing or came to an end. Rising for long: see whether workers can write to the topic of counts, and its retention."),
		rows:       counter("rows", "Rows that workers told."),
		foreign:    counter("foreign", "Records of another log, left out. Any: two installations tell on one topic."),
		feedErrors: counter("feed_errors", "Reads of what workers tell that failed and were tried again. If it keeps rising, see the brokers."),
		storeError: counter("store_errors", "Reads of the store that failed and were tried again. Answers go on meanwhile; if it keeps rising, see the store."),
		sealed:     counter("sealed", "Segments that balanced with the store's ledger, vote by vote."),
		cells: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mlf_query_cube_cells",
			Help: "Cells in memory, by kind: counted, and open ones, of segments that are not closed, which take some 80 bytes more each.",
		}, []string{"kind"}),
		bytes: gauge("bytes", "Bytes of the counts, most of them in a mapped file. Well above the machine's free memory: questions wait for its disk."),
		published: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "mlf_query_cube_publish_seconds",
			Help:    "Time it took to make a state of what came, blocks made anew included. Beyond a second: the machine is too small for what comes.",
			Buckets: []float64{.0001, .001, .01, .05, .1, .25, .5, 1, 2.5},
		}),
		snapshotTaken: gauge("snapshot_timestamp_seconds", "When the newest snapshot was taken. Half an hour ago: see the log; a start would take longer."),
		snapshotErrors: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_query_cube_snapshot_errors_total",
			Help: "Snapshots that could not be written or read, by operation. Write: make room on the disk. Read: see the disk; an older one was taken, or all was loaded.",
		}, []string{"operation"}),
	}
}
