package aggregate_test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/aggregate"
	"mlf/aggregate/store/model"
	"mlf/schema"
)

// A listener hears what is told of partition 0, and follows it by the rule of
// schema.Claim.
type listener struct {
	mu     sync.Mutex
	fault  func(ctx context.Context) error // Asked before anything is heard; nil for none.
	claims []schema.Claim                  // Without their rows.
	gaps   int
	next   schema.Offset
	*model.Tables
}

func newListener() *listener { return &listener{Tables: model.New()} }

// Tell hears claims, and spoils their memory: it is the caller's again.
func (l *listener) Tell(ctx context.Context, claims []schema.Claim) error {
	l.mu.Lock()
	fault := l.fault
	l.mu.Unlock()
	if fault != nil {
		if err := fault(ctx); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range claims {
		c := &claims[i]
		for _, r := range c.Rollups {
			l.Rollup(r)
			clear(r.Reasons)
		}
		for _, r := range c.Ledger {
			l.Account(r)
		}
		if c.After > l.next {
			l.gaps++
		}
		l.next = max(l.next, c.Next)
		heard := *c
		heard.Rollups, heard.Ledger = nil, slices.Clone(c.Ledger)
		l.claims = append(l.claims, heard)
		clear(c.Rollups)
		clear(c.Ledger)
	}
	return nil
}

func (l *listener) look(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *listener) disturb(fault func(ctx context.Context) error) { l.look(func() { l.fault = fault }) }

// told waits until the listener has heard all that is on the log.
func (r *rig) told(l *listener) {
	r.t.Helper()
	var next schema.Offset
	for range 100 {
		if l.look(func() { next = l.next }); next == r.log.end(0) {
			return
		}
		pass(100 * time.Millisecond)
	}
	r.t.Fatalf("told up to %d, the log ends at %d", next, r.log.end(0))
}

// same sees that the listener holds the rows of the store.
func (r *rig) same(l *listener) {
	r.t.Helper()
	r.store.look(func() {
		if !reflect.DeepEqual(l.Rollups, r.store.Rollups) {
			r.t.Errorf("heard %d rows, the store has %d others", len(l.Rollups), len(r.store.Rollups))
		}
	})
}

// listened is bubble with somebody who listens.
func listened(t *testing.T, test func(r *rig, l *listener)) {
	bubble(t, func(r *rig) {
		l := newListener()
		r.teller = l
		test(r, l)
	})
}

// TestClaimsOfAProcess: they tile the log from its beginning on, whatever else
// happens; those of the next process from its checkpoint on; and at the end of Run
// nothing is left untold.
func TestClaimsOfAProcess(t *testing.T) {
	listened(t, func(r *rig, l *listener) {
		r.run()
		for range 20 {
			r.vote(3)
			pass(130 * time.Millisecond)
		}
		r.told(l)
		r.vote(2)
		pass(600 * time.Millisecond) // They are read.
		r.end()
		r.told(l)
		r.same(l)
		if l.gaps > 0 || l.claims[0].After != 0 {
			t.Errorf("%d gaps; first claim %+v", l.gaps, l.claims[0])
		}
		for i := 1; i < len(l.claims); i++ {
			if l.claims[i].After != l.claims[i-1].Next || l.claims[i].Next <= l.claims[i].After {
				t.Errorf("claim %+v after %+v", l.claims[i], l.claims[i-1])
			}
		}
		for k, row := range l.Ledger {
			if got := r.store.Ledger[k]; got != row {
				t.Errorf("heard account %+v, the store has %+v", row, got)
			}
		}

		heard, from := len(l.claims), r.store.CheckpointsOf(0)[0].Next
		r.run()
		r.counted()
		pass(time.Second)
		if len(l.claims) > heard {
			t.Errorf("nothing was counted, and told: %+v", l.claims[heard:])
		}
		r.vote(1)
		r.told(l)
		if got := l.claims[heard]; got.After != from || got.Next != r.log.end(0) {
			t.Errorf("got %+v from a checkpoint at %d", got, from)
		}
		r.end()
		r.same(l)
	})
}

// TestTheLastClaim: what is counted last is told when the process stops, however
// long the time between two claims.
func TestTheLastClaim(t *testing.T) {
	listened(t, func(r *rig, l *listener) {
		r.cfg.TellEvery = time.Hour
		r.vote(5)
		r.run()
		r.counted()
		if len(l.claims) > 0 {
			t.Fatalf("told before its time: %+v", l.claims)
		}
		r.end()
		r.told(l)
		r.same(l)
	})
}

// TestClaimsAfterAStepBack: the store has restarted, the partition begins at its
// checkpoint again, and so do its claims.
func TestClaimsAfterAStepBack(t *testing.T) {
	listened(t, func(r *rig, l *listener) {
		r.vote(10)
		r.run()
		r.counted()
		r.told(l)
		pass(time.Minute)
		heard := len(l.claims)
		r.store.restart(time.Second, time.Hour, 1)
		pass(10 * time.Second)
		r.vote(3)
		r.counted()
		r.told(l)
		if got := l.claims[heard]; got.After != 0 {
			t.Errorf("got %+v where all was lost and counted again", got)
		}
		r.end()
		r.same(l)
	})
}

// TestAHaltedPartitionIsTold up to where it halted, and no further.
func TestAHaltedPartitionIsTold(t *testing.T) {
	listened(t, func(r *rig, l *listener) {
		r.vote(4)
		r.log.append(0, schema.Record{Value: newerFormat()})
		r.vote(4)
		r.run()
		pass(5 * time.Second)
		if l.next != 5 {
			t.Errorf("told up to %d, want 5", l.next)
		}
		r.end()
		r.same(l)
	})
}

// TestAReleasedPartition is told of no more by who had it.
func TestAReleasedPartition(t *testing.T) {
	listened(t, func(r *rig, l *listener) {
		r.vote(4)
		r.run()
		r.counted()
		r.told(l)
		r.assigner.changes <- nil
		r.vote(4)
		pass(5 * time.Second)
		if l.next != 5 {
			t.Errorf("told up to %d, want 5", l.next)
		}
		from := r.store.CheckpointsOf(0)[0].Next
		heard := len(l.claims)
		r.assigner.changes <- []schema.Partition{0}
		r.told(l)
		if got := l.claims[heard]; got.After != from {
			t.Errorf("got %+v from a checkpoint at %d", got, from)
		}
	})
}

// A hangingStore takes no rows until it is let go.
type hangingStore struct {
	*memStore
	open chan struct{}
}

func (s hangingStore) WriteRollups(ctx context.Context, rows []schema.Rollup) error {
	select {
	case <-s.open:
		return s.memStore.WriteRollups(ctx, rows)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// TestTellingGoesOnWithoutTheStore as far as counting does: up to DirtyRowsMax rows
// that wait.
func TestTellingGoesOnWithoutTheStore(t *testing.T) {
	listened(t, func(r *rig, l *listener) {
		hanging := hangingStore{r.store, make(chan struct{})}
		r.between, r.cfg.DirtyRowsMax = hanging, 50
		r.run()
		for range 20 { // A cell for an hour: 10 cells, a stream and an account wait, all the while.
			r.vote(30)
			r.told(l)
		}
		r.store.look(func() {
			if len(r.store.Rollups) > 0 {
				t.Errorf("the store has %d rows", len(r.store.Rollups))
			}
		})
		r.vote(60 * 100)
		pass(time.Minute)
		if next := l.next; next >= r.log.end(0) || next < 601 {
			t.Errorf("told up to %d of %d: want to where counting waits", next, r.log.end(0))
		}
		close(hanging.open)
		r.counted()
		r.told(l)
		r.end()
		if l.gaps > 0 {
			t.Errorf("%d gaps", l.gaps)
		}
		r.same(l)
	})
}

// TestWhatCannotBeToldIsAGap: it is not told again, everybody sees that it is
// missing, and counting has not noticed.
func TestWhatCannotBeToldIsAGap(t *testing.T) {
	listened(t, func(r *rig, l *listener) {
		r.run()
		r.vote(5)
		r.told(l)
		l.disturb(func(context.Context) error { return errWorld })
		for range 10 {
			r.vote(5)
			r.counted()
		}
		if l.next != 6 || len(l.claims) == 0 {
			t.Fatalf("told up to %d without anybody to tell", l.next)
		}
		l.disturb(nil)
		r.vote(5)
		r.told(l)
		r.vote(5)
		r.told(l)
		if l.gaps != 1 {
			t.Errorf("%d gaps, want 1", l.gaps)
		}
		r.end()
		for _, line := range []string{"followers are not told", "followers are told again"} {
			if n := strings.Count(r.logs.String(), line); n != 1 {
				t.Errorf("%d lines say %q, want 1", n, line)
			}
		}
		if n, err := testutil.GatherAndCount(r.metrics, "mlf_aggregate_tell_errors_total"); n == 0 || err != nil {
			t.Errorf("no error was counted: %v", err)
		}
		compare(t, r.log, r.store)
	})
}

// TestATellerThatHangs holds up neither counting nor memory: more rows than may wait
// are dropped, and missing in the claims.
func TestATellerThatHangs(t *testing.T) {
	listened(t, func(r *rig, l *listener) {
		r.cfg.DirtyRowsMax = 20
		hang := make(chan struct{})
		l.disturb(func(ctx context.Context) error {
			select {
			case <-hang:
			case <-ctx.Done():
			}
			return nil
		})
		r.run()
		for range 20 {
			r.vote(600)
			r.counted()
		}
		if n := r.Untold(); n > 2*20+10 { // A cell an hour, and 256 records at a time.
			t.Errorf("%d rows wait to be told, of at most 40", n)
		}
		close(hang)
		r.vote(1)
		r.told(l)
		if l.gaps == 0 {
			t.Error("rows were dropped, and there is no gap")
		}
		r.end()
		compare(t, r.log, r.store)
		missing := maps.Clone(r.store.Rollups)
		maps.DeleteFunc(missing, func(k model.RollupKey, _ schema.Rollup) bool { return l.Rollups[k].Values != [5]uint64{} })
		if len(missing) == 0 {
			t.Error("nothing is missing: the test dropped nothing")
		}
	})
}

var _ aggregate.Teller = (*listener)(nil)
