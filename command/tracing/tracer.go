package tracing

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"mlf/command/process"
)

// A Tracer follows requests, and sends the spans that they leave. Nil follows none: what
// it returns is nil then, or what it was given. Safe for use by several goroutines.
type Tracer struct {
	sampler sampler
	spans   trace.Tracer
	queue   *queue
}

// New returns a tracer for the process of a name, as cfg says; nil where cfg says
// nothing. It sends nothing before its part runs. Errors are of cfg and the environment.
func New(ctx context.Context, cfg Config, of Process, tel Telemetry) (*Tracer, error) {
	if cfg.TraceEndpoint == "" {
		return nil, nil
	}
	to, err := cfg.url()
	if err != nil {
		return nil, err
	}
	who, err := of.resource(ctx)
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	var said atomic.Bool // The SDK has one handler for all that it does not return.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		if !said.Swap(true) {
			tel.Logger.Warn("not all spans are taken; this is not said again", slog.Any("err", err))
		}
	}))
	t := &Tracer{queue: newQueue(otlptrace.NewUnstarted(client(to)), tel)}
	t.sampler.ratio = cfg.TraceRatio
	// Who is followed was decided before a span is begun.
	provider := sdk.NewTracerProvider(sdk.WithResource(who), sdk.WithSampler(sdk.AlwaysSample()), sdk.WithSpanProcessor(t.queue))
	t.spans = provider.Tracer("mlf", trace.WithInstrumentationVersion(of.Version), trace.WithSchemaURL(semconv.SchemaURL))
	return t, nil
}

// A Process is who sends spans.
type Process struct{ Name, Version string }

// resource is how spans say whose they are; the environment has the last word.
func (p Process) resource(ctx context.Context) (*resource.Resource, error) {
	return resource.New(ctx, resource.WithSchemaURL(semconv.SchemaURL), resource.WithTelemetrySDK(), resource.WithAttributes(
		semconv.ServiceNamespace("mlf"), semconv.ServiceName("mlf-"+p.Name), semconv.ServiceVersion(p.Version), semconv.ServiceInstanceID(rand.Text()),
	), resource.WithFromEnv())
}

// client posts spans to to, once. What its environment says of headers, certificates and
// compression (OTEL_EXPORTER_OTLP_HEADERS and so on) holds.
func client(to string) otlptrace.Client {
	return otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(to), otlptracehttp.WithTimeout(sendMax),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
}

// Part sends spans for the life of the process. It comes behind those that leave some,
// and takes a second at most to end.
func (t *Tracer) Part() process.Part {
	return process.Part{Name: "traces", Run: func(ctx context.Context) error {
		if t == nil {
			<-ctx.Done()
			return nil
		}
		return t.queue.run(ctx)
	}}
}
