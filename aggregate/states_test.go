package aggregate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/aggregate"
	"mlf/schema"
)

// stuck returns the gauge of partition 0.
func (r *rig) stuck() float64 {
	r.t.Helper()
	var value float64
	families, err := r.metrics.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "mlf_aggregate_stuck" {
			value = f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return value
}

// TestACountThatStandsStillSaysSo within 30 s, whatever the cause, and says when it
// moves again.
func TestACountThatStandsStillSaysSo(t *testing.T) {
	f := func(name, want string, told bool, harm, mend func(r *rig)) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				r.vote(10)
				r.run()
				r.counted()
				pass(time.Hour)
				r.vote(1)
				pass(time.Second)
				if r.stuck() != 0 || r.States()[0].State != schema.StateOK {
					t.Errorf("after a quiet hour: gauge %v, state %+v", r.stuck(), r.States()[0])
				}
				harm(r)
				r.vote(5)
				pass(15 * time.Second)
				if r.stuck() != 0 || r.States()[0].State != schema.StateOK {
					t.Errorf("after 15 s: gauge %v, state %+v", r.stuck(), r.States()[0])
				}
				pass(14 * time.Second)
				if r.stuck() != 1 {
					t.Errorf("after 29 s: gauge %v, want 1", r.stuck())
				}
				if got := r.States()[0]; got.State != schema.StateStuck || !strings.Contains(got.Reason, want) {
					t.Errorf("after 29 s: got %+v, want stuck: …%s…", got, want)
				}
				if told {
					r.store.look(func() {
						if got := r.store.states[0]; got.State != schema.StateStuck || !strings.Contains(got.Reason, want) {
							t.Errorf("after 29 s the store says %+v, want stuck: …%s…", got, want)
						}
					})
				}
				mend(r)
				pass(5 * time.Second)
				r.counted()
				pass(time.Second)
				r.store.look(func() {
					if got := r.store.states[0]; got.State != schema.StateOK || got.Reason != "" {
						t.Errorf("moving again: the store says %+v", got)
					}
				})
				pass(2 * time.Second)
				if r.stuck() != 0 {
					t.Errorf("moving again: gauge %v", r.stuck())
				}
				r.end()
				for _, line := range []string{"partition stands still", "partition moves again"} {
					if n := strings.Count(r.logs.String(), line); n != 1 {
						t.Errorf("%d lines say %q, want 1", n, line)
					}
				}
				compare(t, r.log, r.store)
			})
		})
	}
	refuse := func(operations ...string) func(r *rig) {
		return func(r *rig) {
			r.store.look(func() {
				r.store.fault = func(operation string) error {
					for _, o := range operations {
						if o == operation || o == "all" {
							return errWorld
						}
					}
					return nil
				}
			})
		}
	}
	takeAll := func(r *rig) { r.store.look(func() { r.store.fault = nil }) }
	const world = "the world is at fault"
	f("rows are refused", "not in the store yet: store, rollups: "+world, true, refuse("rollups"), takeAll)
	f("the account is refused", "not in the store yet: store, ledger: "+world, true, refuse("ledger"), takeAll)
	f("the store is away", world, false, refuse("all"), takeAll)
	f("fetches fail", "not come from the log: "+world, true, func(r *rig) {
		r.log.change(func() { r.log.fault = func(schema.Partition, schema.Offset) error { return errWorld } })
	}, func(r *rig) { r.log.change(func() { r.log.fault = nil }) })
	f("the log ends early", "the log ends at 8", true, func(r *rig) {
		r.log.change(func() { r.kept, r.log.records[0] = r.log.records[0], r.log.records[0][:3:3] })
	}, func(r *rig) { r.log.change(func() { r.log.records[0] = r.kept }) })

	release := make(chan struct{})
	f("the store hangs", "not in the store yet", false, func(r *rig) {
		release = make(chan struct{})
		r.store.look(func() { r.store.fault = func(string) error { <-release; return nil } })
	}, func(*rig) { close(release) })
}

// TestARecoveryThatStandsStillSaysSo, and is not ready all the same.
func TestARecoveryThatStandsStillSaysSo(t *testing.T) {
	bubble(t, func(r *rig) {
		r.vote(10)
		r.store.fault = func(operation string) error {
			if operation == "checkpoints" {
				return errWorld
			}
			return nil
		}
		r.run()
		pass(29 * time.Second)
		if got := r.States()[0]; got.State != schema.StateStuck || r.stuck() != 1 || r.store.states[0].State != schema.StateStuck {
			t.Errorf("after 29 s: got %+v, gauge %v, in the store %+v", got, r.stuck(), r.store.states[0])
		}
		if err := r.Ready(); err == nil || !strings.Contains(err.Error(), "recovering") {
			t.Errorf("ready: got %v", err)
		}
		r.store.look(func() { r.store.fault = nil })
		pass(5 * time.Second)
		r.counted()
	})
}

// A pickyStore takes no checkpoint of partition 0.
type pickyStore struct {
	*memStore
	refused int
}

func (s *pickyStore) WriteCheckpoint(ctx context.Context, c schema.Checkpoint) error {
	if c.Partition == 0 {
		s.look(func() { s.refused++ })
		return errWorld
	}
	return s.memStore.WriteCheckpoint(ctx, c)
}

// TestOneCheckpointHarmsNoOther: that the store refuses one silences neither the
// checkpoints of later partitions nor the states, and no vote is seen later.
func TestOneCheckpointHarmsNoOther(t *testing.T) {
	bubble(t, func(r *rig) {
		r.log, r.store = newMemLog(3), newMemStore(3)
		r.metrics = prometheus.NewRegistry()
		store := &pickyStore{memStore: r.store}
		p := &process{ended: make(chan error, 1)}
		p.Aggregator = newAggregator(r.t,
			aggregate.Parts{Log: r.log, Store: store, Assigner: &assigner{first: []schema.Partition{0, 1, 2}}},
			aggregate.Telemetry{Registerer: r.metrics}, aggregate.Config{})
		var ctx context.Context
		ctx, p.cancel = context.WithCancel(r.t.Context())
		go func() { p.ended <- p.Run(ctx) }()
		r.process = p
		r.vote(5)
		pass(10 * time.Second)
		if store.refused == 0 {
			t.Fatal("no checkpoint of partition 0 was tried")
		}
		r.log.append(2, schema.Record{Value: newerFormat()}) // It halts.
		for range 100 {
			r.vote(1)
			pass(760 * time.Millisecond) // The flush, and the double's own poll.
			r.store.look(func() {
				if got := r.store.Next(0); got != r.log.end(0) {
					t.Errorf("the store is at %d, the log at %d", got, r.log.end(0))
				}
			})
		}
		r.store.look(func() {
			if len(r.store.CheckpointsOf(1)) == 0 {
				t.Error("no checkpoint of partition 1")
			}
			if got := r.store.states[2].State; got != schema.StateHalted {
				t.Errorf("the store says that partition 2 is %q, want halted", got)
			}
			if store.refused < 3 || store.refused > 30 {
				t.Errorf("the checkpoint of partition 0 was tried %d times, want a few", store.refused)
			}
		})
		if got := testutil.CollectAndCount(r.metrics, "mlf_aggregate_stuck"); got != 3 {
			t.Errorf("%d partitions say whether they stand still, want 3", got)
		}
	})
}

// TestAReasonIsASentence: a server's error can be a page.
func TestAReasonIsASentence(t *testing.T) {
	bubble(t, func(r *rig) {
		r.vote(1)
		r.run()
		r.counted()
		r.store.look(func() {
			r.store.fault = func(string) error { return errors.New(strings.Repeat("è", 5000)) }
		})
		r.vote(1)
		pass(29 * time.Second)
		got := r.States()[0]
		if got.State != schema.StateStuck || len(got.Reason) > 1000 || !utf8.ValidString(got.Reason) || !strings.HasSuffix(got.Reason, "è…") {
			t.Errorf("got %+v", got)
		}
		r.store.look(func() { r.store.fault = nil })
	})
}
