package alarmed

import (
	"context"
	"syscall"
	"time"
)

// gone are processes that do not run.
func (t *trial) gone() (g struct{ kafka, store, ingest, aggregate, query, probe fault }) {
	g.kafka = fault{
		name: "Kafka killed", expects: withoutKafka(), may: []string{"MlfIngestSlow"},
		breaks: func(context.Context) (mending, error) {
			return func(ctx context.Context) error { return t.Kafka().Restart(ctx, 0) }, t.Kafka().Kill(0)
		},
	}
	g.store = fault{
		name: "ClickHouse killed", lasts: 20 * time.Second, // It is started again by itself.
		breaks: func(context.Context) (mending, error) { return nil, syscall.Kill(t.Store().Pid(), syscall.SIGKILL) },
	}
	g.ingest = fault{
		name: "no ingest", breaks: t.without("ingest", replicas), until: t.probeSays("vote"),
		expects: []string{"MlfAbsent ingest", "MlfProbeFails"},
	}
	g.aggregate = fault{
		name: "no aggregate", breaks: t.without("aggregate", replicas), until: t.probeSays("show"),
		expects: []string{"MlfAbsent aggregate", "MlfUncounted", "MlfProbeFails"},
	}
	g.query = fault{
		name: "no query", breaks: t.without("query", replicas), until: t.probeSays("ask", "show"),
		expects: []string{"MlfAbsent query", "MlfProbeFails"},
	}
	g.probe = fault{name: "no probe", isShort: true, breaks: t.without("probe", 1), expects: []string{"MlfAbsent probe"}}
	return g
}

// without takes all pods of a stage away.
func (t *trial) without(stage string, n int) func(context.Context) (mending, error) {
	return func(ctx context.Context) (mending, error) {
		return func(ctx context.Context) error { return t.Scale(ctx, stage, n) }, t.Scale(ctx, stage, 0)
	}
}
