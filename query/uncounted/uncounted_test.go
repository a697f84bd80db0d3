package uncounted_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/query/uncounted"
	"mlf/schema"
)

// A world is a log of one partition, and a store that has counted some of it.
type world struct {
	mu                     sync.Mutex
	appended               []schema.Instant // From first on.
	first, counted         schema.Offset
	logFrozen, storeFrozen bool
	leaderless, timeless   bool
}

func (w *world) look(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
}

// append appends n records now.
func (w *world) append(n int) {
	w.look(func() {
		for range n {
			w.appended = append(w.appended, schema.InstantOf(time.Now()))
		}
	})
}

// wait blocks while what is asked is frozen.
func (w *world) wait(ctx context.Context, frozen *bool) error {
	w.mu.Lock()
	hangs := *frozen
	w.mu.Unlock()
	if hangs {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (w *world) Bounds(ctx context.Context) ([]schema.Bounds, error) {
	if err := w.wait(ctx, &w.logFrozen); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leaderless {
		return []schema.Bounds{{First: schema.OffsetUnknown, Next: schema.OffsetUnknown}}, nil
	}
	return []schema.Bounds{{First: w.first, Next: w.first + schema.Offset(len(w.appended))}}, nil
}

func (w *world) Appended(ctx context.Context, _ schema.Partition, at schema.Offset) (schema.Instant, error) {
	if err := w.wait(ctx, &w.logFrozen); err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timeless || at < w.first || int(at-w.first) >= len(w.appended) {
		return 0, errors.New("out of range")
	}
	return w.appended[at-w.first], nil
}

func (w *world) Tallies(ctx context.Context) ([]schema.LedgerTotals, error) {
	if err := w.wait(ctx, &w.storeFrozen); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return []schema.LedgerTotals{{Next: w.counted}}, nil
}

// absent stands for a gauge that nobody tells.
const absent = -999

// watched runs a test on a world, and what it sees of gauges of partition 0.
func watched(t *testing.T, test func(w *world, gauge func(name string, least, most float64))) {
	synctest.Test(t, func(t *testing.T) {
		w, reg := new(world), prometheus.NewRegistry()
		w.append(3)
		w.counted = 3
		o, err := uncounted.New(uncounted.Config{Log: w, Store: w, Registry: reg})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- o.Run(ctx) }()
		pass(time.Second)
		test(w, func(name string, least, most float64) {
			t.Helper()
			got := float64(absent)
			families, err := reg.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				if f.GetName() == name {
					got = f.GetMetric()[0].GetGauge().GetValue()
				}
			}
			if got < least || got > most {
				t.Errorf("%s is %v, want %v to %v", name, got, least, most)
			}
		})
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func pass(d time.Duration) { <-time.After(d) }

// TestWhatNobodyCountsIsSeen while workers are dead, the store is frozen, the log is,
// or both are; and is known to be over.
func TestWhatNobodyCountsIsSeen(t *testing.T) {
	f := func(name string, freeze, mend func(w *world)) {
		t.Run(name, func(t *testing.T) {
			watched(t, func(w *world, gauge func(string, float64, float64)) {
				gauge("mlf_uncounted_records", 0, 0)
				gauge("mlf_counted_age_seconds", 0, 0)
				pass(time.Hour)
				gauge("mlf_counted_age_seconds", 0, 0)
				w.append(2)
				pass(6 * time.Second) // A look.
				w.look(func() { freeze(w) })
				for range 10 {
					pass(time.Minute)
				}
				gauge("mlf_uncounted_records", 2, 2)
				gauge("mlf_counted_age_seconds", 606, 606)
				w.look(func() { mend(w); w.counted = 5 })
				pass(11 * time.Second)
				gauge("mlf_uncounted_records", 0, 0)
				gauge("mlf_counted_age_seconds", 0, 0)
			})
		})
	}
	f("workers", func(*world) {}, func(*world) {})
	f("store", func(w *world) { w.storeFrozen = true }, func(w *world) { w.storeFrozen = false })
	f("log", func(w *world) { w.logFrozen = true }, func(w *world) { w.logFrozen = false })
	f("both", func(w *world) { w.storeFrozen, w.logFrozen = true, true }, func(w *world) { w.storeFrozen, w.logFrozen = false, false })
	f("leader", func(w *world) { w.leaderless = true }, func(w *world) { w.leaderless = false })
	f("times", func(w *world) { w.timeless = true }, func(w *world) { w.timeless = false })
}

// TestTheLogGoesOnBesideAFrozenStore: what it appends is seen as not counted.
func TestTheLogGoesOnBesideAFrozenStore(t *testing.T) {
	watched(t, func(w *world, gauge func(string, float64, float64)) {
		seen := float64(time.Now().Unix())
		w.look(func() { w.storeFrozen = true })
		for range 60 {
			w.append(1)
			pass(time.Minute)
		}
		gauge("mlf_uncounted_records", 60, 60)
		gauge("mlf_counted_age_seconds", 3600, 3600)
		gauge("mlf_counted_offset", 3, 3)
		gauge("mlf_log_end_offset", 63, 63)
		gauge("mlf_uncounted_seen_timestamp_seconds", seen+3590, seen+3600) // The log's.
	})
}

// TestAnAgeIsOfTheLog and not of the process that asks: one that starts during an
// outage says how long it has lasted.
func TestAnAgeIsOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, reg := new(world), prometheus.NewRegistry()
		w.append(1)
		pass(time.Hour)
		o, err := uncounted.New(uncounted.Config{Log: w, Store: w, Registry: reg})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := testutil.GatherAndCount(reg); n != 2 || err != nil {
			t.Errorf("%d series before anything was seen, %v: want those that say so", n, err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- o.Run(ctx) }()
		pass(time.Second)
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if got := f.GetMetric()[0].GetGauge().GetValue(); f.GetName() == "mlf_counted_age_seconds" && got != 3601 {
				t.Errorf("age %v, want 3601", got)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestMargin: how far retention is behind what is counted.
func TestMargin(t *testing.T) {
	watched(t, func(w *world, gauge func(string, float64, float64)) {
		gauge("mlf_retention_margin_records", absent, absent)
		gauge("mlf_retention_margin_seconds", absent, absent)
		for range 10 {
			pass(time.Hour)
			w.append(1)
		}
		w.look(func() { w.counted, w.first, w.appended = 8, 4, w.appended[4:] })
		pass(10 * time.Second)
		gauge("mlf_retention_margin_records", 4, 4)
		gauge("mlf_retention_margin_seconds", 4*3600, 4*3600) // From the second hour's record to the sixth's.
		w.look(func() { w.first, w.appended = 8, w.appended[4:] })
		pass(10 * time.Second)
		gauge("mlf_retention_margin_records", 0, 0)
		gauge("mlf_retention_margin_seconds", 0, 0)
		w.look(func() { w.first, w.appended = 10, w.appended[2:] })
		pass(10 * time.Second)
		gauge("mlf_retention_margin_records", -2, -2)
		gauge("mlf_retention_margin_seconds", 0, 0)
		w.look(func() { w.counted = 13 })
		pass(10 * time.Second)
		gauge("mlf_retention_margin_records", 3, 3)
		gauge("mlf_retention_margin_seconds", 2*3600, 2*3600+60)
	})
}
