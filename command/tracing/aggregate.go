package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"mlf/aggregate"
	"mlf/schema"
)

// Landings returns what makes a span of a flush with followed records in it. It is of
// many requests, so it is the child of none and links to the sending of each.
func (t *Tracer) Landings() func(ctx context.Context, l aggregate.Landing) {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, l aggregate.Landing) {
		var links []trace.Link
		for _, text := range l.Traces {
			if sent, ok := parse(text); ok {
				links = append(links, trace.Link{SpanContext: sent})
			}
		}
		_, span := t.spans.Start(ctx, "process "+schema.VotesTopic, trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer),
			trace.WithTimestamp(l.Begun), trace.WithLinks(links...), trace.WithAttributes(
				semconv.MessagingSystemKafka, semconv.MessagingOperationTypeProcess, semconv.MessagingOperationName("process"),
				semconv.MessagingDestinationName(schema.VotesTopic), semconv.MessagingBatchMessageCount(l.Records),
				attribute.Int("mlf.partitions", l.Partitions), attribute.Int("mlf.rows", l.Rows), attribute.Int("mlf.links.omitted", l.Omitted),
			))
		span.End(trace.WithTimestamp(l.Ended))
	}
}
