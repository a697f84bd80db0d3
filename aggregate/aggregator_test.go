package aggregate_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/aggregate"
	"mlf/aggregate/fold"
	"mlf/schema"
)

func TestConfig(t *testing.T) {
	f := func(c aggregate.Config, want string) {
		t.Helper()
		_, made := aggregate.New(aggregate.Parts{}, aggregate.Telemetry{}, c)
		for _, err := range []error{c.Validate(), made} {
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%+v: got %v, want %q", c, err, want)
			}
		}
	}
	f(aggregate.Config{}, "")
	f(aggregate.Config{DrainMax: -1}, "negative")
	f(aggregate.Config{InsertRowsMax: -1}, "negative")
	f(aggregate.Config{FlushEvery: time.Minute}, "below")
	f(aggregate.Config{RulesMax: fold.RulesMax + 1}, "this version knows")
}

// newAggregator is aggregate.New where nothing can be wrong.
func newAggregator(t *testing.T, parts aggregate.Parts, tel aggregate.Telemetry, cfg aggregate.Config) *aggregate.Aggregator {
	t.Helper()
	a, err := aggregate.New(parts, tel, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestNoTelemetry: the zero value reports nowhere, and everything counts.
func TestNoTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, log: newMemLog(1), store: newMemStore(1)}
		r.vote(5)
		r.process = startWith(t, r.log, r.store, aggregate.Telemetry{})
		r.counted()
		r.end()
		compare(t, r.log, r.store)
	})
}

// TestNoGaugesOfOthers: a flush that is in the air when a partition is taken away
// does not set its gauges again.
func TestNoGaugesOfOthers(t *testing.T) {
	bubble(t, func(r *rig) {
		for r.log.end(0) < schema.SegmentRecords-1 {
			r.log.append(0, schema.Record{Key: []byte(schema.KeyGenesis)})
		}
		r.run()
		r.counted()
		asked := false
		r.store.look(func() {
			r.store.fault = func(operation string) error {
				if operation == "chains" && !asked { // The segment is of another log: the partition would be halted.
					asked = true
					r.assigner.changes <- nil
					pass(time.Second)
					r.store.Account(schema.LedgerRow{Segment: 0, Chain: schema.Chain{1}, Next: schema.SegmentRecords})
				}
				return nil
			}
		})
		r.vote(1)
		pass(5 * time.Second)
		if !asked {
			t.Fatal("no flush was in the air")
		}
		r.end()
		got, err := r.metrics.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range got {
			for _, m := range family.GetMetric() {
				for _, l := range m.GetLabel() {
					if l.GetName() == "partition" {
						t.Errorf("%s still tells of partition %s: %v", family.GetName(), l.GetValue(), m)
					}
				}
			}
		}
	})
}

func TestMetricNames(t *testing.T) {
	reg := prometheus.NewRegistry()
	newAggregator(t, aggregate.Parts{}, aggregate.Telemetry{Registerer: reg, Logger: discard()}, aggregate.Config{})
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v, %v", problems, err)
	}
}

// TestReady: not before partitions are assigned, and the log is read to its end.
func TestReady(t *testing.T) {
	bubble(t, func(r *rig) {
		r.vote(1)
		r.log.fault = func(schema.Partition, schema.Offset) error { return errWorld }
		a := newAggregator(t, aggregate.Parts{}, aggregate.Telemetry{}, aggregate.Config{})
		if err := a.Ready(); err == nil || !strings.Contains(err.Error(), "no partitions were assigned") {
			t.Errorf("before Run: got %v", err)
		}
		r.run()
		pass(time.Minute)
		if err := r.Ready(); err == nil || !strings.Contains(err.Error(), "partition 0 is recovering") {
			t.Errorf("without a log: got %v", err)
		}
		r.log.change(func() { r.log.fault = nil })
		pass(10 * time.Second)
		r.counted()
	})
}

// TestSeenSoon: a vote is in the store within FlushEvery of its record.
func TestSeenSoon(t *testing.T) {
	bubble(t, func(r *rig) {
		r.run()
		r.counted()
		for range 20 {
			r.vote(1)
			pass(510 * time.Millisecond) // The double's own poll is 250 ms more.
			r.store.look(func() {
				if got := r.store.Next(0); got != r.log.end(0) {
					t.Errorf("the store is at %d, the log at %d", got, r.log.end(0))
				}
			})
		}
	})
}

// TestStoreAway: while the store is away the log is read up to DirtyRowsMax, no
// further; then everything goes on.
func TestStoreAway(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.DirtyRowsMax = 1000
		r.log.most = 100
		r.run()
		r.counted()
		r.store.look(func() { r.store.fault = func(string) error { return errWorld } })
		var applied []schema.Offset
		r.log.change(func() {
			r.log.fault = func(_ schema.Partition, at schema.Offset) error {
				applied = append(applied, at)
				return nil
			}
		})
		for i := range 5000 { // Each in a comune of its own: 5,000 cells.
			h := counter()
			h.Comune = schema.ComuneID(1 + i)
			r.log.append(0, schema.Record{Value: batch(h, schema.Vote{Seq: schema.Seq(i + 1), At: nine, Value: 1})})
		}
		pass(time.Hour)
		r.log.change(func() {
			if got := applied[len(applied)-1]; got < 900 || got > 1400 {
				t.Errorf("the log was read to %d while the store was away, want about 1,000", got)
			}
		})
		r.store.look(func() { r.store.fault = nil })
		pass(10 * time.Second)
		r.counted()
		compare(t, r.log, r.store)
	})
}

// TestFlushStretches: above RowsPerSecondMax flushes are fewer.
func TestFlushStretches(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.RowsPerSecondMax = 100
		r.run()
		r.counted()
		flushes := func() (n int) {
			r.store.look(func() { n = r.store.calls["ledger"] })
			return n
		}
		before := flushes()
		for i := range 600 { // A minute of 500 rows a second: 50 cells, changed all the time.
			for c := range 50 {
				h := counter()
				h.Comune, h.Stream = schema.ComuneID(1+c), schema.StreamID(c)
				r.log.append(0, schema.Record{Value: batch(h, schema.Vote{Seq: schema.Seq(i + 1), At: nine, Value: 1})})
			}
			pass(100 * time.Millisecond)
		}
		if n := flushes() - before; n < 50 || n > 70 {
			t.Errorf("%d flushes of 100 rows in a minute, want about 60", n)
		}
		r.counted()
	})
}

// TestInsertsAreBounded: no insert has more than InsertRowsMax rows.
func TestInsertsAreBounded(t *testing.T) {
	bubble(t, func(r *rig) {
		r.cfg.InsertRowsMax = 7
		for i := range 50 {
			h := counter()
			h.Comune = schema.ComuneID(1 + i)
			r.log.append(0, schema.Record{Value: batch(h, schema.Vote{Seq: schema.Seq(i + 1), At: nine, Value: 1})})
		}
		r.run()
		r.counted()
		pass(time.Second)
		r.store.look(func() {
			if got := r.store.calls["rollups"]; got != 8 {
				t.Errorf("50 rows in %d inserts of at most 7, want 8", got)
			}
		})
		compare(t, r.log, r.store)
	})
}

// TestAssignments: a partition that is held before and after goes on; one that is
// taken away ends, and begins anew when it comes back.
func TestAssignments(t *testing.T) {
	bubble(t, func(r *rig) {
		r.log, r.store = newMemLog(2), newMemStore(2)
		r.run()
		pass(time.Second)
		held := func(want ...schema.Partition) {
			t.Helper()
			var got []schema.Partition
			for _, s := range r.States() {
				got = append(got, s.Partition)
			}
			if len(got) != len(want) || len(got) > 0 && (got[0] != want[0] || got[len(got)-1] != want[len(want)-1]) {
				t.Errorf("got partitions %v, want %v", got, want)
			}
		}
		held(0)
		since := r.States()[0].Since
		r.assigner.changes <- []schema.Partition{0, 1}
		pass(time.Second)
		held(0, 1)
		if r.States()[0].Since != since {
			t.Error("partition 0 did not go on")
		}
		r.assigner.changes <- []schema.Partition{1}
		pass(time.Second)
		held(1)
		r.vote(3)
		r.assigner.changes <- []schema.Partition{0}
		pass(time.Second)
		held(0)
		r.counted()
		r.assigner.changes <- nil
		pass(time.Second)
		held()
		if err := r.Ready(); err != nil {
			t.Errorf("a process without partitions, for there are more processes than those, is not ready: %v", err)
		}
	})
}

// TestAssignerFails: Run ends, after it has written what it had.
func TestAssignerFails(t *testing.T) {
	bubble(t, func(r *rig) {
		r.run()
		pass(time.Second)
		r.vote(3)
		pass(time.Second)
		r.assigner.fail <- errWorld
		if err := <-r.ended; !errors.Is(err, errWorld) {
			t.Errorf("got %v, want %v", err, errWorld)
		}
		r.process = nil
		compare(t, r.log, r.store)
	})
}

// TestDrainIsBounded: a store that is away does not keep the process.
func TestDrainIsBounded(t *testing.T) {
	bubble(t, func(r *rig) {
		r.run()
		r.counted()
		r.vote(3)
		r.store.look(func() { r.store.fault = func(string) error { return errWorld } })
		pass(5 * time.Second)
		begun := time.Now()
		r.end()
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("Run went on for %v", took)
		}
		if !strings.Contains(r.logs.String(), "stopped before everything was written") {
			t.Error("the log does not say that something was left")
		}
		r.store.look(func() { r.store.fault = nil })
		r.run()
		r.counted()
		compare(t, r.log, r.store)
	})
}

// TestStopWritesAll: what was read is in the store when Run returns.
func TestStopWritesAll(t *testing.T) {
	bubble(t, func(r *rig) {
		r.run()
		r.counted()
		r.vote(3)
		pass(260 * time.Millisecond)
		r.end()
		compare(t, r.log, r.store)
		if got := r.assigner.commits[0]; got != r.log.end(0) {
			t.Errorf("the group was told %d, want %d", got, r.log.end(0))
		}
	})
}
