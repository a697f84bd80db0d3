package tracing

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"mlf/command/process"
)

const (
	// spansMax is how many spans wait to be sent, some 4 MB; beyond, they are dropped.
	spansMax = 4096

	// batchMax is how many are sent at once.
	batchMax = 512

	// sendEvery is how long a span waits for others.
	sendEvery = time.Second

	// sendMax is how long a collector may take for a batch.
	sendMax = 5 * time.Second

	// lastMax is how long the end of a process may wait for a collector.
	lastMax = time.Second
)

// A queue holds spans that have ended until they are sent. Nobody ever waits for it:
// where a collector takes too few, or none, spans are dropped and counted.
//
// The SDK's own processor does not say how many it has dropped, and begins a goroutine
// that is no part of the process.
type queue struct {
	ended   chan sdk.ReadOnlySpan
	to      sdk.SpanExporter
	log     *slog.Logger
	sent    prometheus.Counter
	full    prometheus.Counter
	refused prometheus.Counter
	failing bool
}

func newQueue(to sdk.SpanExporter, tel Telemetry) *queue {
	f := promauto.With(tel.Registerer)
	dropped := f.NewCounterVec(prometheus.CounterOpts{
		Name: "mlf_trace_spans_dropped_total",
		Help: "Spans that nobody will see. refused: the collector (--trace-endpoint) did not take them, see the log; full: more end than it takes. Lower --trace-ratio, or look at the collector; nothing else is lost.",
	}, []string{"reason"})
	return &queue{
		ended: make(chan sdk.ReadOnlySpan, spansMax), to: to, log: tel.Logger,
		sent: f.NewCounter(prometheus.CounterOpts{
			Name: "mlf_trace_spans_sent_total",
			Help: "Spans that the collector has taken.",
		}),
		full: dropped.WithLabelValues("full"), refused: dropped.WithLabelValues("refused"),
	}
}

// OnStart is for the SDK.
func (q *queue) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd takes s, or drops it.
func (q *queue) OnEnd(s sdk.ReadOnlySpan) {
	select {
	case q.ended <- s:
	default:
		q.full.Inc()
	}
}

// ForceFlush is for the SDK; nobody calls it.
func (q *queue) ForceFlush(context.Context) error { return nil }

// Shutdown is for the SDK; nobody calls it.
func (q *queue) Shutdown(context.Context) error { return nil }

// run sends what has ended until ctx ends, and what is left then, for lastMax at most.
func (q *queue) run(ctx context.Context) error {
	sending, stop := process.Delayed(ctx, lastMax)
	defer stop()
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	for last := false; !last; {
		select {
		case <-ctx.Done():
			last = true
		case <-tick.C:
		}
		for batch := q.next(); len(batch) > 0; batch = q.next() {
			q.send(sending, batch)
		}
	}
	return nil
}

// next takes the batch that is to be sent next; nothing where no span has ended.
func (q *queue) next() (batch []sdk.ReadOnlySpan) {
	for len(batch) < batchMax {
		select {
		case s := <-q.ended:
			batch = append(batch, s)
		default:
			return batch
		}
	}
	return batch
}

// send sends batch once. That it cannot is said when it begins, and when it ends.
func (q *queue) send(ctx context.Context, batch []sdk.ReadOnlySpan) {
	ctx, cancel := context.WithTimeout(ctx, sendMax)
	defer cancel()
	err := q.to.ExportSpans(ctx, batch)
	if err == nil {
		q.sent.Add(float64(len(batch)))
	} else {
		q.refused.Add(float64(len(batch)))
	}
	if failing := err != nil; failing != q.failing {
		q.failing = failing
		if failing {
			q.log.Warn("spans are not taken: they are dropped", slog.Any("err", err))
		} else {
			q.log.Info("spans are taken again")
		}
	}
}
