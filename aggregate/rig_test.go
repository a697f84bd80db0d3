package aggregate_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate"
	"mlf/proof/series"
	"mlf/schema"
)

// A rig is one process on a log of one partition.
type rig struct {
	t        *testing.T
	log      *memLog
	store    *memStore
	between  aggregate.Store // What lies before store; nil for nothing.
	assigner *assigner
	teller   aggregate.Teller // nil: nobody is told.
	landed   func(context.Context, aggregate.Landing)
	cfg      aggregate.Config
	logs     bytes.Buffer // Of the last process; read it when that has ended or stands still (synctest.Wait).
	metrics  *prometheus.Registry
	kept     []schema.Record // Of a log that was harmed.
	*process
}

// bubble runs a test on a rig, with a clock of its own.
func bubble(t *testing.T, test func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, log: newMemLog(1), store: newMemStore(1)}
		test(r)
		if r.process != nil {
			r.end()
		}
	})
}

// run starts a process.
func (r *rig) run() {
	r.assigner = &assigner{first: []schema.Partition{0}, changes: make(chan []schema.Partition), fail: make(chan error)}
	r.logs.Reset()
	store := r.between
	if store == nil {
		store = r.store
	}
	r.metrics = prometheus.NewRegistry()
	p := &process{ended: make(chan error, 1)}
	p.Aggregator = newAggregator(r.t,
		aggregate.Parts{Log: r.log, Store: store, Assigner: r.assigner, Teller: r.teller},
		aggregate.Telemetry{Registerer: r.metrics, Logger: slog.New(slog.NewTextHandler(&r.logs, nil)), Landed: r.landed},
		r.cfg)
	series.Complete(r.t, r.metrics, nil)
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(r.t.Context())
	go func() { p.ended <- p.Run(ctx) }()
	r.process = p
}

// end stops the process and waits for it.
func (r *rig) end() {
	r.t.Helper()
	r.kill()
	if err := <-r.ended; err != nil {
		r.t.Errorf("Run: %v", err)
	}
	r.process = nil
}

// vote appends n records of one vote each, a minute apart.
func (r *rig) vote(n int) {
	for range n {
		r.followed("")
	}
}

// followed appends a record of one vote, a minute after the one before, with a trace.
func (r *rig) followed(trace string) {
	end := r.log.end(0)
	r.log.append(0, schema.Record{Trace: trace, Value: batch(counter(), schema.Vote{
		Seq: schema.Seq(end), At: nine + schema.Instant(end)*60_000, Value: schema.Green,
	})})
}

// counted waits until the store's account goes up to the log's end.
func (r *rig) counted() {
	r.t.Helper()
	for range 1000 {
		var next schema.Offset
		r.store.look(func() { next = r.store.Next(0) })
		if next == r.log.end(0) && r.Ready() == nil {
			return
		}
		pass(100 * time.Millisecond)
	}
	r.t.Fatalf("the count did not come to the log's end: %+v", r.States())
}

// halted waits until the partition is halted, everywhere it is shown, for a
// reason that says want; within must be enough.
func (r *rig) halted(within time.Duration, want string) {
	r.t.Helper()
	pass(within)
	state := r.States()[0]
	if state.State != schema.StateHalted || !strings.Contains(state.Reason, want) {
		r.t.Errorf("after %v: got %+v, want halted: …%s…", within, state, want)
	}
	pass(time.Second)
	r.store.look(func() {
		if got := r.store.states[0]; got != state {
			r.t.Errorf("store: got state %+v, want %+v", got, state)
		}
	})
	if err := r.Ready(); err != nil {
		r.t.Errorf("a halted partition keeps the process unready: %v", err)
	}
	r.end()
	if n := strings.Count(r.logs.String(), "partition is halted"); n != 1 {
		r.t.Errorf("%d log lines say that it halted, want 1", n)
	}
}

// unchanged fails if do changes what the store holds.
func (r *rig) unchanged(do func()) {
	r.t.Helper()
	var before, after int
	r.store.look(func() { before = len(r.store.journal) })
	do()
	r.store.look(func() { after = len(r.store.journal) })
	if before != after {
		r.t.Errorf("%d rows were written", after-before)
	}
}
