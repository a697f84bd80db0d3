package tracing

import (
	"context"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"mlf/ingest"
	"mlf/schema"
)

// Requests follows requests of terminals, which come over TLS or in the clear.
func (t *Tracer) Requests(tls bool) ingest.Follow {
	if t == nil {
		return nil
	}
	scheme := schemeOf(tls)
	return func(ctx context.Context, said []byte, began time.Time) *ingest.Span {
		parent, follow := sample(&t.sampler, said, began)
		if !follow {
			return nil
		}
		_, span := t.spans.Start(trace.ContextWithRemoteSpanContext(ctx, parent), "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(began))
		return &ingest.Span{
			Under: func(ctx context.Context) context.Context { return trace.ContextWithSpan(ctx, span) },
			End: func(a ingest.Answered) {
				end(span, answered{method: a.Method, scheme: scheme, route: a.Path, path: a.Path, status: a.Status, id: a.ID})
			},
		}
	}
}

func schemeOf(tls bool) string {
	if tls {
		return "https"
	}
	return "http"
}

// An answered is what is told of a request: not its query, which may have a stream in it,
// nor its sender's address.
type answered struct {
	method, scheme string // An empty method is none of HTTP's.
	route, path    string // Empty: none of ours, and whatever its sender wrote there.
	status         int
	id             string
}

// end ends the span of a request.
func end(span trace.Span, a answered) {
	method, name := a.method, a.method
	if method == "" {
		method, name = "_OTHER", "HTTP"
	}
	attributes := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(method), semconv.URLScheme(a.scheme), semconv.HTTPResponseStatusCode(a.status),
		attribute.String("mlf.request", a.id),
	}
	if a.route != "" {
		name += " " + a.route
		attributes = append(attributes, semconv.HTTPRoute(a.route), semconv.URLPath(a.path))
	}
	if a.status >= 500 {
		span.SetStatus(codes.Error, "")
		attributes = append(attributes, semconv.ErrorTypeKey.String(strconv.Itoa(a.status)))
	}
	span.SetName(name)
	span.SetAttributes(attributes...)
	span.End()
}

// An Appender is a log whose records may say which request they are of.
type Appender interface {
	ingest.Log

	// AppendTraced is Append of a record that has trace, as W3C's traceparent, beside it.
	AppendTraced(ctx context.Context, p schema.Partition, record []byte, trace string) error
}

// Log returns to, with a span for each record of a request that is followed.
func (t *Tracer) Log(to Appender) ingest.Log {
	if t == nil {
		return to
	}
	return &log{to, t.spans}
}

// A log has votes of requests that are followed say so.
type log struct {
	Appender
	spans trace.Tracer
}

// Append appends record, in a span where ctx is of a request that is followed.
func (l *log) Append(ctx context.Context, p schema.Partition, record []byte) error {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return l.Appender.Append(ctx, p, record)
	}
	ctx, span := l.spans.Start(ctx, "send "+schema.VotesTopic, trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		semconv.MessagingSystemKafka, semconv.MessagingOperationTypeSend, semconv.MessagingOperationName("send"),
		semconv.MessagingDestinationName(schema.VotesTopic), semconv.MessagingDestinationPartitionID(strconv.Itoa(int(p))),
		semconv.MessagingMessageBodySize(len(record)),
	))
	defer span.End()
	err := l.AppendTraced(ctx, p, record, format(span.SpanContext()))
	failed(span, err)
	return err
}

// failed notes that what span is of was not done; nil: it was. Why, the log says: texts
// of errors may quote anything.
func failed(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(semconv.ErrorType(err))
	}
}
