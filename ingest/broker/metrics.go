package broker

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"mlf/schema"
)

// The values of the label result.
const (
	resultOK        = "ok"
	resultError     = "error"
	resultAbandoned = "abandoned"
	resultRange     = "out_of_range"
	resultCorrupt   = "corrupt"
	resultGap       = "gap"
	resultStopped   = "stopped"
)

type metrics struct {
	batches      *prometheus.CounterVec
	duration     prometheus.Histogram
	retries      prometheus.Counter
	batchRecords prometheus.Histogram
	batchBytes   prometheus.Histogram
	pending      prometheus.Gauge
	full         prometheus.Counter
	skew         prometheus.Gauge

	fetches      *prometheus.CounterVec
	fetchBytes   prometheus.Counter
	fetchRecords prometheus.Counter

	generations prometheus.Counter
	held        prometheus.Gauge
	registry    prometheus.Counter

	told       prometheus.Counter
	toldBytes  prometheus.Counter
	unreadable prometheus.Counter

	served, heartbeats, alerts prometheus.Counter
}

// newMetrics registers the client's metrics with reg, which may be nil. Each series
// is there from the start: a rate sees no first event without a 0 before it.
func newMetrics(reg prometheus.Registerer, inflightBytesMax int64) *metrics {
	m := register(promauto.With(reg))
	promauto.With(reg).NewGauge(prometheus.GaugeOpts{
		Name: "mlf_kafka_produce_pending_bytes_max",
		Help: "The most bytes that may wait for their acknowledgement. mlf_kafka_produce_pending_bytes above half of it: Kafka is slower than votes come in, look at the brokers before votes are answered 503.",
	}).Set(float64(inflightBytesMax))
	for _, result := range []string{resultOK, resultError, resultAbandoned} {
		m.batches.WithLabelValues(result)
	}
	for _, result := range []string{resultOK, resultError, resultRange, resultCorrupt, resultGap, resultStopped} {
		m.fetches.WithLabelValues(result)
	}
	return m
}

func register(f promauto.Factory) *metrics {
	return &metrics{
		batches: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_kafka_produce_batches_total",
			Help: "Record batches by how they ended. error: Kafka refused or was away too long, look at the brokers; abandoned: nobody waited for it any more, as after an outage.",
		}, []string{"result"}),
		duration: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "mlf_kafka_produce_duration_seconds",
			Help:    "Time from a batch's first attempt to its acknowledgement by all in-sync replicas. Rising: look at the brokers' disks and at replication.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5},
		}),
		retries: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_kafka_produce_retries_total",
			Help: "Attempts to append that were made again. A few at a change of leader are normal; steady ones point to the network or to too few in-sync replicas.",
		}),
		batchRecords: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "mlf_kafka_produce_batch_records",
			Help:    "Records (requests of terminals) that shared a batch. Rising means that Kafka is slower than votes come in: batches grow to make up for it.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 8),
		}),
		batchBytes: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "mlf_kafka_produce_batch_bytes",
			Help:    "Size of batches. At the upper end add partitions to the next log, or brokers.",
			Buckets: prometheus.ExponentialBuckets(256, 4, 7),
		}),
		pending: f.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_kafka_produce_pending_bytes",
			Help: "Bytes of records that wait for their acknowledgement. At mlf_kafka_produce_pending_bytes_max votes are answered 503.",
		}),
		full: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_kafka_produce_full_total",
			Help: "Records refused because too many bytes were pending. The terminals keep them; Kafka is away or too slow.",
		}),
		skew: f.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_kafka_clock_skew_seconds",
			Help: "By how much the brokers' clock is ahead of this process's, at the least, as of the last append. Beyond 1 s votes near a full hour may count in the wrong one: check the time service of both.",
		}),
		fetches: f.NewCounterVec(prometheus.CounterOpts{
			Name: "mlf_kafka_fetches_total",
			Help: "Fetches by how they ended. corrupt and gap halt the partition when they last: compare the replicas' log files. out_of_range: retention has overtaken the count, or the log was cut.",
		}, []string{"result"}),
		fetchBytes: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_kafka_fetch_bytes_total",
			Help: "Bytes of record batches read from the votes topic.",
		}),
		fetchRecords: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_kafka_fetch_records_total",
			Help: "Records read from the votes topic, those read again after a restart included.",
		}),
		generations: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_consumer_rebalances_total",
			Help: "Times that partitions were given out anew among the workers. Steady growth without deployments: workers lose touch with Kafka.",
		}),
		held: f.NewGauge(prometheus.GaugeOpts{
			Name: "mlf_kafka_group_partitions",
			Help: "Partitions that this worker holds. The sum over all workers is the partition count.",
		}),
		registry: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_kafka_registry_records_total",
			Help: "Records of the registry topic applied: enrolments, revocations, stream keys.",
		}),
		told: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_aggregate_tell_records_total",
			Help: "Records appended to the counts topic: one each time that anything was counted, more where it does not fit.",
		}),
		toldBytes: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_aggregate_tell_bytes_total",
			Help: "Bytes of those records. Times the topic's retention it is what they take on disk.",
		}),
		unreadable: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_kafka_counts_unreadable_total",
			Help: "Records of the counts topic that were left out, as they are damaged, foreign, or of a newer version. What they said is read from the store. If it rises after an update, update mlf query, too.",
		}),
		served: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_kafka_served_records_total",
			Help: "Records of the topic of served users applied, those read again after a restart included.",
		}),
		heartbeats: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_kafka_heartbeat_records_total",
			Help: "Records of the topic of heartbeats applied, those read again after a restart included.",
		}),
		alerts: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_kafka_alert_records_total",
			Help: "Records of the topic of alerts applied, those read again after a restart included.",
		}),
	}
}

// appended notes a batch that was acknowledged.
func (m *metrics) appended(records int32, bytes int, took time.Duration) {
	m.batches.WithLabelValues(resultOK).Inc()
	m.duration.Observe(took.Seconds())
	m.batchRecords.Observe(float64(records))
	m.batchBytes.Observe(float64(bytes))
}

func fetchResult(ctx context.Context, err error) string {
	switch {
	case errors.Is(err, schema.ErrOffsetOutOfRange):
		return resultRange
	case errors.Is(err, schema.ErrCorrupt):
		return resultCorrupt
	case errors.Is(err, schema.ErrGap):
		return resultGap
	case ctx.Err() != nil:
		return resultStopped
	}
	return resultError
}
