package aggregate_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate"
	"mlf/schema"
)

// Processes are stopped and go on later: a virtual machine that is moved, a SIGSTOP.
// Then an answer is old when it is heard. Both tests were schedules of proof/sim.

// sleep is longer than any wait after which a worker decides something.
const sleep = 20 * time.Minute

// startOn starts a process that counts partition 0 of a log into a store.
func startOn(t *testing.T, log aggregate.Log, store aggregate.Store) *process {
	return startWith(t, log, store, aggregate.Telemetry{Registerer: prometheus.NewRegistry(), Logger: discard()})
}

func startWith(t *testing.T, log aggregate.Log, store aggregate.Store, tel aggregate.Telemetry) *process {
	p := &process{ended: make(chan error, 1)}
	p.Aggregator = newAggregator(t,
		aggregate.Parts{Log: log, Store: store, Assigner: &assigner{first: []schema.Partition{0}}},
		tel, aggregate.Config{})
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(t.Context())
	go func() { p.ended <- p.Run(ctx) }()
	return p
}

// A sleepyStore lets the process sleep, once, when it has asked in which run a
// checkpoint's rows were acknowledged.
type sleepyStore struct {
	*memStore
	armed  atomic.Bool
	ledger time.Time // When the ledger was last written.
}

func (s *sleepyStore) WriteLedger(ctx context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error {
	s.ledger = time.Now()
	return s.memStore.WriteLedger(ctx, rows, marks)
}

func (s *sleepyStore) Started(ctx context.Context) (time.Time, error) {
	at, err := s.memStore.Started(ctx)
	if s.armed.Load() && time.Now().Equal(s.ledger) {
		s.armed.Store(false)
		pass(sleep)
	}
	return at, err
}

// TestACheckpointIsNoYoungerThanItsRun: the store's power is cut while a process
// sleeps between asking for the run and writing a checkpoint. That checkpoint must
// not prove the one before it, whose rows are gone.
func TestACheckpointIsNoYoungerThanItsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, log: newMemLog(1), store: newMemStore(1)}
		store := &sleepyStore{memStore: r.store}
		r.vote(5)
		r.process = startOn(t, r.log, store)
		r.counted()
		pass(time.Second)

		store.armed.Store(true)
		for i := range schema.Seq(2000) { // In another cell, until a checkpoint is due.
			if !store.armed.Load() {
				break
			}
			r.log.append(0, schema.Record{Value: batch(counter(), schema.Vote{Seq: 99 + i, At: nine + 5*3_600_000, Value: schema.Green})})
			pass(100 * time.Millisecond)
			synctest.Wait()
		}
		var kept []schema.Checkpoint
		r.store.look(func() { kept = slices.Clone(r.store.Tables.Checkpoints) })
		r.store.restart(3*time.Second, time.Hour, 1)
		r.store.look(func() { r.store.Tables.Checkpoints = kept })

		pass(sleep + 10*time.Minute)
		r.counted()
		r.end()
		compare(t, r.log, r.store)
	})
}

// A sleepyLog lets the process sleep with the second of two answers that say that
// the log ends too early.
type sleepyLog struct {
	*memLog
	bounds, fetches int // How many answers are such, from now on.
}

func (l *sleepyLog) Bounds(ctx context.Context, p schema.Partition) (first, next schema.Offset, err error) {
	if l.bounds == 0 {
		return l.memLog.Bounds(ctx, p)
	}
	if l.bounds--; l.bounds == 0 {
		pass(sleep)
	}
	return 0, 0, nil
}

func (l *sleepyLog) Fetch(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Fetched, error) {
	if l.fetches == 0 {
		return l.memLog.Fetch(ctx, p, at)
	}
	if l.fetches--; l.fetches == 0 {
		pass(sleep)
	}
	return schema.Fetched{}, schema.ErrOffsetOutOfRange
}

// TestAnOldAnswerIsNoLoss: that the log ended early long ago says nothing.
func TestAnOldAnswerIsNoLoss(t *testing.T) {
	for name, set := range map[string]func(*sleepyLog){
		"bounds": func(l *sleepyLog) { l.bounds = 3 }, // One that is not compared with anything comes first.
		"fetch":  func(l *sleepyLog) { l.fetches = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &rig{t: t, log: newMemLog(1), store: newMemStore(1)}
				log := &sleepyLog{memLog: r.log}
				set(log)
				r.vote(5)
				r.process = startOn(t, log, r.store)
				pass(sleep + time.Minute)
				r.counted()
				r.end()
				compare(t, r.log, r.store)
			})
		})
	}
}
