package tracing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"mlf/proof/series"
)

// An exporter is a collector that the test commands.
type exporter struct {
	mu    sync.Mutex
	err   error
	hangs bool
	sizes []int
}

func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	e.mu.Lock()
	e.sizes = append(e.sizes, len(spans))
	err, hangs := e.err, e.hangs
	e.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (e *exporter) Shutdown(context.Context) error { return nil }

func (e *exporter) set(err error, hangs bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err, e.hangs = err, hangs
}

// A waiting is a queue that runs.
type waiting struct {
	*queue
	to     *exporter
	logged *bytes.Buffer
	stop   func() (took time.Duration)
}

func begin(t *testing.T) *waiting {
	t.Helper()
	w := &waiting{to: new(exporter), logged: new(bytes.Buffer)}
	w.queue = newQueue(w.to, Telemetry{Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.NewTextHandler(w.logged, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.run(ctx) }()
	w.stop = func() time.Duration {
		began := time.Now()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return time.Since(began)
	}
	return w
}

func (w *waiting) end(n int) {
	for range n {
		w.OnEnd(tracetest.SpanStub{Name: "span"}.Snapshot())
	}
}

func (w *waiting) want(t *testing.T, sent, full, refused float64) {
	t.Helper()
	synctest.Wait()
	if a, b, c := testutil.ToFloat64(w.sent), testutil.ToFloat64(w.full), testutil.ToFloat64(w.refused); a != sent || b != full || c != refused {
		t.Errorf("sent %v, dropped as the queue was full %v, refused %v: want %v, %v, %v", a, b, c, sent, full, refused)
	}
}

// TestSpansAreSentTogether, soon, in batches, and what is left at the end.
func TestSpansAreSentTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.end(1000)
		time.Sleep(sendEvery + 1) //nolint:forbidigo // By the clock of the bubble.
		w.want(t, 1000, 0, 0)
		w.end(7)
		if took := w.stop(); took != 0 {
			t.Errorf("the end took %v", took)
		}
		w.want(t, 1007, 0, 0)
		if len(w.to.sizes) != 3 || w.to.sizes[0] != batchMax {
			t.Errorf("batches of %v", w.to.sizes)
		}
	})
}

// TestACollectorThatIsDownCostsSpansAlone: nobody waits, spans are counted, and the log
// says it twice: when it begins, and when it is over.
func TestACollectorThatIsDownCostsSpansAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.to.set(errors.New("connection refused"), false)
		for range 100 {
			w.end(10)
			time.Sleep(sendEvery) //nolint:forbidigo // By the clock of the bubble.
		}
		w.want(t, 0, 0, 1000)
		w.to.set(nil, false)
		w.end(5)
		time.Sleep(sendEvery) //nolint:forbidigo // By the clock of the bubble.
		w.want(t, 5, 0, 1000)
		w.stop()
		if lines := strings.Count(w.logged.String(), "\n"); lines != 2 {
			t.Errorf("%d lines of log, want 2:\n%s", lines, w.logged)
		}
	})
}

// TestACollectorThatHangsIsNotWaitedFor, neither by those who make spans, nor for long
// by the end of a process.
func TestACollectorThatHangsIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t)
		w.to.set(nil, true)
		began := time.Now()
		w.end(1)
		time.Sleep(sendEvery + 1) //nolint:forbidigo // By the clock of the bubble.
		w.end(spansMax + 3)
		w.want(t, 0, 3, 0)
		if took := time.Since(began); took != sendEvery+1 {
			t.Errorf("who makes spans waited for %v", took-sendEvery)
		}
		if took := w.stop(); took != lastMax {
			t.Errorf("the end took %v, want %v", took, lastMax)
		}
		w.want(t, 0, 3, spansMax+1)
	})
}

// TestCountersBeginAtZero: see package series.
func TestCountersBeginAtZero(t *testing.T) {
	for _, missing := range series.Missing(func(r prometheus.Registerer) {
		newQueue(new(exporter), Telemetry{Registerer: r, Logger: slog.New(slog.DiscardHandler)})
	}) {
		t.Errorf("no series at the start: %s", missing)
	}
}
