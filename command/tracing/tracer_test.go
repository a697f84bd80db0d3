package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mlf/aggregate"
	"mlf/command/tracing"
	"mlf/ingest"
	"mlf/proof/collector"
	"mlf/query"
	"mlf/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sampled   = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
)

// start returns a tracer for whom nobody is followed whose sender does not say so, and
// what ends it when all spans were sent.
func start(t *testing.T, url string) (tracer *tracing.Tracer, end func()) {
	t.Helper()
	tracer, err := tracing.New(t.Context(), tracing.Config{TraceEndpoint: url}, tracing.Process{Name: "test", Version: "v1"},
		tracing.Telemetry{Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- tracer.Part().Run(ctx) }()
	return tracer, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// A logDouble keeps what was appended.
type logDouble struct {
	err    error
	traces []string
}

func (l *logDouble) Partitions() int { return 8 }

func (l *logDouble) Append(context.Context, schema.Partition, []byte) error {
	l.traces = append(l.traces, "")
	return l.err
}

func (l *logDouble) AppendTraced(_ context.Context, _ schema.Partition, _ []byte, trace string) error {
	l.traces = append(l.traces, trace)
	return l.err
}

// A database answers nothing at once.
type database struct {
	query.Store
	err error
}

func (d database) Place() string { return "host:9000/mlf" }

func (d database) Ledger(context.Context) ([]schema.LedgerTotals, error) { return nil, d.err }

// lines writes spans for people, in order of their beginning: names of spans for ids,
// and what is not the same each time left out.
func lines(spans []collector.Span) (all []string) {
	names := map[string]string{"": "none", "00f067aa0ba902b7": "the caller"}
	for _, s := range spans {
		names[s.ID] = s.Name
	}
	slices.SortStableFunc(spans, func(a, b collector.Span) int { return a.Start.Compare(b.Start) })
	for _, s := range spans {
		var attributes, links []string
		for name, value := range s.Attributes {
			attributes = append(attributes, name+"="+value)
		}
		slices.Sort(attributes)
		for _, link := range s.Links {
			links = append(links, names[link[33:]])
		}
		line := fmt.Sprintf("%s of %s, below %s, linked to %v, failed %v%s\n  %s", s.Name, strings.TrimPrefix(s.Kind, "SPAN_KIND_"),
			names[s.Parent], links, s.Failed, s.Message, strings.Join(attributes, "\n  "))
		all = append(all, line)
	}
	return all
}

// TestWhatSpansSay, to the last word: by the conventions for HTTP, messaging and
// databases, and nothing of whoever votes or reads.
func TestWhatSpansSay(t *testing.T) {
	r := collector.Receive(t)
	tracer, end := start(t, r.URL)

	to := new(logDouble)
	log := tracer.Log(to)
	request := func(said string, answered ingest.Answered) {
		span := tracer.Requests(true)(t.Context(), []byte(said), time.Now())
		if span == nil {
			t.Fatal("not followed")
		}
		to.err = nil
		if answered.Status >= 500 {
			to.err = fmt.Errorf("append: terminal 4711: %w", context.DeadlineExceeded)
		}
		if answered.Path == "/v1/votes" {
			_ = log.Append(span.Under(t.Context()), 3, make([]byte, 70))
		}
		span.End(answered)
	}
	request(sampled, ingest.Answered{Method: "POST", Path: "/v1/votes", Status: 202, ID: "p-1"})
	request(sampled, ingest.Answered{Method: "POST", Path: "/v1/votes", Status: 503, ID: "p-2"})
	request(sampled, ingest.Answered{Status: 404, ID: "p-3"})

	tracer.Landings()(t.Context(), aggregate.Landing{
		Begun: time.Now(), Ended: time.Now().Add(time.Second), Partitions: 2, Records: 9, Rows: 12, Traces: append(to.traces[:1:1], "nonsense"), Omitted: 4,
	})

	mux := http.NewServeMux()
	mux.HandleFunc("/v1/ledger", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-ID", "q-1")
		_, _ = tracer.Store(database{}).Ledger(r.Context())
		_, _ = tracer.Store(database{err: errors.New("stream 4711")}).Ledger(r.Context())
		_, _ = io.WriteString(w, "{}")
	})
	mux.HandleFunc("/", http.NotFound)
	answer := tracer.Around()(mux)
	for _, target := range []string{"/v1/ledger?stream=4711", "/4711"} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		req.Header.Set("Traceparent", sampled)
		answer.ServeHTTP(httptest.NewRecorder(), req)
	}
	end()

	want := []string{
		`POST /v1/votes of SERVER, below the caller, linked to [], failed false
  http.request.method=POST
  http.response.status_code=202
  http.route=/v1/votes
  mlf.request=p-1
  url.path=/v1/votes
  url.scheme=https`,
		`send votes.v1 of PRODUCER, below POST /v1/votes, linked to [], failed false
  messaging.destination.name=votes.v1
  messaging.destination.partition.id=3
  messaging.message.body.size=70
  messaging.operation.name=send
  messaging.operation.type=send
  messaging.system=kafka`,
		`POST /v1/votes of SERVER, below the caller, linked to [], failed true
  error.type=503
  http.request.method=POST
  http.response.status_code=503
  http.route=/v1/votes
  mlf.request=p-2
  url.path=/v1/votes
  url.scheme=https`,
		`send votes.v1 of PRODUCER, below POST /v1/votes, linked to [], failed true
  error.type=context.deadlineExceededError
  messaging.destination.name=votes.v1
  messaging.destination.partition.id=3
  messaging.message.body.size=70
  messaging.operation.name=send
  messaging.operation.type=send
  messaging.system=kafka`,
		`HTTP of SERVER, below the caller, linked to [], failed false
  http.request.method=_OTHER
  http.response.status_code=404
  mlf.request=p-3
  url.scheme=https`,
		`process votes.v1 of CONSUMER, below none, linked to [send votes.v1], failed false
  messaging.batch.message_count=9
  messaging.destination.name=votes.v1
  messaging.operation.name=process
  messaging.operation.type=process
  messaging.system=kafka
  mlf.links.omitted=4
  mlf.partitions=2
  mlf.rows=12`,
		`GET /v1/ledger of SERVER, below the caller, linked to [], failed false
  http.request.method=GET
  http.response.status_code=200
  http.route=/v1/ledger
  mlf.request=q-1
  url.path=/v1/ledger
  url.scheme=http`,
		`SELECT ledger of CLIENT, below GET /v1/ledger, linked to [], failed false
  db.operation.name=SELECT
  db.query.summary=SELECT ledger
  db.system.name=clickhouse
  mlf.database=host:9000/mlf`,
		`SELECT ledger of CLIENT, below GET /v1/ledger, linked to [], failed true
  db.operation.name=SELECT
  db.query.summary=SELECT ledger
  db.system.name=clickhouse
  error.type=*errors.errorString
  mlf.database=host:9000/mlf`,
		`GET of SERVER, below the caller, linked to [], failed false
  http.request.method=GET
  http.response.status_code=404
  mlf.request=
  url.scheme=http`,
	}
	got := lines(r.Spans())
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("span %d: got\n%s\nwant\n%s", i, g, w)
		}
	}
	for _, s := range r.Spans() {
		if s.Trace != sampled[3:35] && s.Parent != "" {
			t.Errorf("%s: trace %s is not the caller's", s.Name, s.Trace)
		}
	}
}

// TestWhoseSpansTheyAre, the environment says in the end.
func TestWhoseSpansTheyAre(t *testing.T) {
	r := collector.Receive(t)
	f := func(service, attributes string, want map[string]string) {
		t.Helper()
		t.Setenv("OTEL_SERVICE_NAME", service)
		t.Setenv("OTEL_RESOURCE_ATTRIBUTES", attributes)
		tracer, end := start(t, r.URL+"/")
		tracer.Requests(false)(t.Context(), []byte(sampled), time.Now()).End(ingest.Answered{})
		end()
		spans := r.Spans()
		got := spans[len(spans)-1].ResourceAttributes
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s: got %q, want %q of %v", name, got[name], value, got)
			}
		}
		if got["service.instance.id"] == "" || got["telemetry.sdk.language"] != "go" {
			t.Errorf("got %v", got)
		}
	}
	f("", "", map[string]string{"service.name": "mlf-test", "service.namespace": "mlf", "service.version": "v1"})
	f("votes", "k8s.pod.name=a,service.namespace=region", map[string]string{"service.name": "votes", "service.namespace": "region", "k8s.pod.name": "a"})
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "nonsense")
	if _, err := tracing.New(t.Context(), tracing.Config{TraceEndpoint: r.URL}, tracing.Process{}, tracing.Telemetry{}); err == nil {
		t.Error("attributes that are none were taken")
	}
}

// TestOffIsNothing: what is asked for is not there, or is what was given.
func TestOffIsNothing(t *testing.T) {
	off, err := tracing.New(t.Context(), tracing.Config{TraceRatio: 1}, tracing.Process{}, tracing.Telemetry{})
	if off != nil || err != nil {
		t.Fatal(off, err)
	}
	to, d := new(logDouble), database{}
	if off.Requests(true) != nil || off.Landings() != nil || off.Around() != nil || off.Log(to) != ingest.Log(to) || off.Store(d) != query.Store(d) {
		t.Error("something is there")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := off.Part().Run(ctx); err != nil {
		t.Error(err)
	}
}

// TestWhoIsNotFollowedPaysNothing: not one allocation, of a request, of its append, of an
// answer or of what that reads.
func TestWhoIsNotFollowedPaysNothing(t *testing.T) {
	tracer, end := start(t, collector.Receive(t).URL)
	defer end()
	log, to, d := tracer.Log(new(quiet)), new(quiet), tracer.Store(database{})
	requests, record, said, nonsense := tracer.Requests(true), make([]byte, 70), []byte(unsampled), []byte("nonsense")
	answer := tracer.Around()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	bare := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/stats", nil)
	no := bare.Clone(t.Context())
	no.Header.Set("Traceparent", unsampled)
	w, now := httptest.NewRecorder(), time.Now()
	for what, do := range map[string]func(){
		"request":               func() { requests(t.Context(), nil, now) },
		"request, by a word":    func() { requests(t.Context(), said, now) },
		"append":                func() { _ = log.Append(t.Context(), 1, record) },
		"append without":        func() { _ = to.Append(t.Context(), 1, record) },
		"answer":                func() { answer.ServeHTTP(w, bare) },
		"answer, by a word":     func() { answer.ServeHTTP(w, no) },
		"what an answer reads":  func() { _, _ = d.Ledger(t.Context()) },
		"no word that is known": func() { requests(t.Context(), nonsense, now) },
	} {
		if got := testing.AllocsPerRun(100, do); got != 0 {
			t.Errorf("%s: %v allocations", what, got)
		}
	}
}

// quiet is a log that keeps nothing.
type quiet struct{}

func (*quiet) Partitions() int { return 1 }

func (*quiet) Append(context.Context, schema.Partition, []byte) error { return nil }

func (*quiet) AppendTraced(context.Context, schema.Partition, []byte, string) error { return nil }

// BenchmarkRequest is what a request and its append cost: off, not followed, followed.
func BenchmarkRequest(b *testing.B) {
	record := make([]byte, 70)
	one := func(b *testing.B, follow ingest.Follow, log ingest.Log, said []byte) {
		b.ReportAllocs()
		for b.Loop() {
			ctx := b.Context()
			var span *ingest.Span
			if follow != nil {
				if span = follow(ctx, said, time.Now()); span != nil {
					ctx = span.Under(ctx)
				}
			}
			_ = log.Append(ctx, 1, record)
			if span != nil {
				span.End(ingest.Answered{Method: "POST", Path: "/v1/votes", Status: 202, ID: "p-1"})
			}
		}
	}
	tracer, err := tracing.New(b.Context(), tracing.Config{TraceEndpoint: "http://127.0.0.1:1", TraceRatio: 1}, tracing.Process{},
		tracing.Telemetry{Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("off", func(b *testing.B) { one(b, nil, new(quiet), nil) })
	b.Run("not followed", func(b *testing.B) { one(b, tracer.Requests(true), tracer.Log(new(quiet)), []byte(unsampled)) })
	b.Run("followed", func(b *testing.B) { one(b, tracer.Requests(true), tracer.Log(new(quiet)), nil) })
}

func TestConfig(t *testing.T) {
	f := func(c tracing.Config, want string) {
		t.Helper()
		got := ""
		if err := c.Check(); err != nil {
			got = err.Error()
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%+v: got %q, want %q", c, got, want)
		}
		if strings.Contains(got, "geheim") {
			t.Errorf("a secret is said: %s", got)
		}
	}
	f(tracing.Config{}, "")
	f(tracing.Config{TraceRatio: -1}, "") // It is off.
	f(tracing.Config{TraceEndpoint: "http://h:4318"}, "")
	f(tracing.Config{TraceEndpoint: "https://h/otlp/v1/traces", TraceRatio: 1}, "")
	f(tracing.Config{TraceEndpoint: "https://user:geheim@h/otlp/v1/traces"}, "OTEL_EXPORTER_OTLP_HEADERS")
	f(tracing.Config{TraceEndpoint: "https://h/otlp/v1/traces?key=geheim"}, "OTEL_EXPORTER_OTLP_HEADERS")
	f(tracing.Config{TraceEndpoint: "https://user:geheim@h:x/"}, "--trace-endpoint")
	f(tracing.Config{TraceEndpoint: "h:4318"}, "--trace-endpoint")
	f(tracing.Config{TraceEndpoint: "grpc://h:4317"}, "--trace-endpoint")
	f(tracing.Config{TraceEndpoint: "http://"}, "--trace-endpoint")
	f(tracing.Config{TraceEndpoint: "http://h", TraceRatio: 1.1}, "--trace-ratio")
	f(tracing.Config{TraceEndpoint: "http://h", TraceRatio: -0.1}, "--trace-ratio")
}
