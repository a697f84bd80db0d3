package tracing

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"mlf/query"
	"mlf/schema"
)

// Around follows requests of readers.
func (t *Tracer) Around() func(all http.Handler) http.Handler {
	if t == nil {
		return nil
	}
	return func(all http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var said string
			if values := r.Header["Traceparent"]; len(values) == 1 {
				said = values[0] // What comes twice says nothing.
			}
			began := time.Now()
			if parent, follow := sample(&t.sampler, said, began); follow {
				t.follow(all, w, r, parent)
				return
			}
			all.ServeHTTP(w, r)
		})
	}
}

// follow has all answer r, in a span.
func (t *Tracer) follow(all http.Handler, w http.ResponseWriter, r *http.Request, parent trace.SpanContext) {
	ctx, span := t.spans.Start(trace.ContextWithRemoteSpanContext(r.Context(), parent), "request", trace.WithSpanKind(trace.SpanKindServer))
	r = r.WithContext(ctx)
	a := &answering{ResponseWriter: w}
	defer func() {
		of := answered{method: methodOf(r), scheme: schemeOf(r.TLS != nil), status: cmp.Or(a.status, http.StatusOK), id: w.Header().Get("X-Request-ID")}
		if r.Pattern != "/" { // Which is whatever is nowhere.
			of.route, of.path = r.Pattern, r.URL.Path
		}
		end(span, of)
	}()
	all.ServeHTTP(a, r)
}

// methodOf returns the method of r; empty for one that we do not know.
func methodOf(r *http.Request) string {
	known := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace}
	if slices.Contains(known, r.Method) {
		return r.Method
	}
	return ""
}

// An answering is a ResponseWriter that remembers its status.
type answering struct {
	http.ResponseWriter
	status int // 0 until something was written.
}

// WriteHeader notes the last status that is one.
func (a *answering) WriteHeader(status int) {
	if a.status < http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write notes what a status is that nobody says.
func (a *answering) Write(b []byte) (int, error) {
	if a.status < http.StatusOK {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Flush is for those who ask for an http.Flusher.
func (a *answering) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() } // It can, or has nothing to.

// Unwrap lets http.ResponseController reach the connection.
func (a *answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// A Database is what statistics are read from.
type Database interface {
	query.Store
	Place() string // Names it.
}

// Store returns d, with a span for each read for a request that is followed.
func (t *Tracer) Store(d Database) query.Store {
	if t == nil {
		return d
	}
	return store{d, t.spans}
}

// A store is read in spans. What several requests wait for is in that of the first.
type store struct {
	Database
	spans trace.Tracer
}

// read calls do, in a span where ctx is of a request that is followed.
func read[T any](ctx context.Context, s *store, what string, do func(ctx context.Context) (T, error)) (T, error) {
	ctx, span := s.spans.Start(ctx, "SELECT "+what, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.DBSystemNameClickHouse, semconv.DBOperationName("SELECT"), semconv.DBQuerySummary("SELECT "+what), attribute.String("mlf.database", s.Place()),
	))
	defer span.End()
	answer, err := do(ctx)
	failed(span, err)
	return answer, err
}

// follows tells whether ctx is of a request that is followed.
func follows(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// Stats is query.Store's.
func (s store) Stats(ctx context.Context, q schema.StatsQuery) (schema.StatsAnswer, error) {
	if !follows(ctx) {
		return s.Database.Stats(ctx, q)
	}
	return read(ctx, &s, "stats", func(ctx context.Context) (schema.StatsAnswer, error) { return s.Database.Stats(ctx, q) })
}

// Ledger is query.Store's.
func (s store) Ledger(ctx context.Context) ([]schema.LedgerTotals, error) {
	if !follows(ctx) {
		return s.Database.Ledger(ctx)
	}
	return read(ctx, &s, "ledger", s.Database.Ledger)
}

// States is query.Store's.
func (s store) States(ctx context.Context) ([]schema.PartitionState, error) {
	if !follows(ctx) {
		return s.Database.States(ctx)
	}
	return read(ctx, &s, "states", s.Database.States)
}

// Tallies is query.Store's.
func (s store) Tallies(ctx context.Context) ([]schema.LedgerTotals, error) {
	if !follows(ctx) {
		return s.Database.Tallies(ctx)
	}
	return read(ctx, &s, "tallies", s.Database.Tallies)
}

// Watermark is query.Store's.
func (s store) Watermark(ctx context.Context, terminal schema.TerminalID, stream schema.StreamID) (schema.Watermark, bool, error) {
	if !follows(ctx) {
		return s.Database.Watermark(ctx, terminal, stream)
	}
	type found struct {
		mark schema.Watermark
		ok   bool
	}
	got, err := read(ctx, &s, "watermark", func(ctx context.Context) (found, error) {
		mark, ok, err := s.Database.Watermark(ctx, terminal, stream)
		return found{mark, ok}, err
	})
	return got.mark, got.ok, err
}
