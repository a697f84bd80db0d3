package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/aggregate/store/model"
	"mlf/query/disclosure"
	"mlf/query/disclosure/mirror"
	"mlf/schema"
)

// nights lets processes publish and copy for some nights of half an hour, and returns
// what is shown in the end. Whatever any of them shows meanwhile goes on from what was
// shown before by any other.
func nights(t *testing.T, when string, n int, rng *rand.Rand, processes ...*mirror.Mirror) []page {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var mu sync.Mutex
	var most []page
	for _, m := range processes {
		running.Go(func() { _ = m.Run(ctx) })
		seed := rng.Uint64()
		running.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // A test's.
			for ctx.Err() == nil {
				_ = publish(ctx, m, rng)
				pass(time.Duration(rng.IntN(600)) * time.Second)
			}
		})
		running.Go(func() {
			for ctx.Err() == nil {
				pages, err := shown(ctx, m)
				mu.Lock()
				if few := min(len(pages), len(most)); err == nil {
					goesOn(t, when, most[:few], pages)
					if len(pages) > len(most) {
						most = pages
					}
				}
				mu.Unlock()
				pass(time.Minute)
			}
		})
	}
	pass(time.Duration(n) * 30 * time.Minute)
	stop()
	running.Wait()
	return most
}

// TestWhatIsShownIsInEveryDatabase: two processes publish while writes break. Then the
// first database is lost, at any time, and the other one has all that was ever shown,
// as it was; it is published from there on, and copied into a new one.
func TestWhatIsShownIsInEveryDatabase(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 4)) //nolint:gosec // A test's.
				a, b, c := newDatabase(seed), newDatabase(seed+100), newDatabase(seed+200)
				lost, kept := a, b
				if seed%2 == 1 {
					lost, kept = b, a
				}
				lost.left = 1 + rng.IntN(60)
				a.odd, b.odd = int(seed%3)*6, int(seed%5)*6
				of := map[string]*database{"a": a, "b": b}
				before := nights(t, "both", 12, rng, mirrorOf(t, of), mirrorOf(t, of))
				kept.odd = 0
				left := map[string]*database{"kept": kept}
				after := nights(t, "one is left", 4, rng, mirrorOf(t, left))
				goesOn(t, "when the other is lost", before, after)
				if len(after) <= len(before) {
					t.Errorf("%d releases when one was lost, %d afterwards", len(before), len(after))
				}
				left["new"] = c
				third := nights(t, "a new one", 6, rng, mirrorOf(t, left), mirrorOf(t, left))
				goesOn(t, "with a new one", after, third)
				whole(t, "the new one", c, third)
				if len(third) <= len(after) {
					t.Error("with a new one nothing was published")
				}
			})
		})
	}
}

// TestWhatIsNotEverywhereIsNotShown: a release that the second database has not got is
// not shown, however long that takes; nor is another made.
func TestWhatIsNotEverywhereIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newDatabase(1), newDatabase(2)
		m := mirrorOf(t, map[string]*database{"a": a, "b": b})
		rng := rand.New(rand.NewPCG(1, 5)) //nolint:gosec // A test's.
		if err := publish(t.Context(), m, rng); err != nil {
			t.Fatal(err)
		}
		b.be(func() { b.away = true })
		pass(time.Hour)
		if err := m.Keep(t.Context()); !errors.Is(err, errAway) {
			t.Errorf("got %v, want who is away", err)
		}
		if pages, err := shown(t.Context(), m); err != nil || len(pages) > 0 {
			t.Errorf("%d releases are shown, %v: want none", len(pages), err)
		}
		if err := publish(t.Context(), m, rng); !errors.Is(err, errAway) {
			t.Errorf("to publish: got %v, want who is away", err)
		}
		b.be(func() { b.away = false })
		if err := m.Keep(t.Context()); err != nil {
			t.Error(err)
		}
		if pages, err := shown(t.Context(), m); err != nil || len(pages) > 0 {
			t.Errorf("%d releases are shown, %v: want none before it has settled there", len(pages), err)
		}
		pass(disclosure.SettleAfter)
		if err := m.Keep(t.Context()); err != nil {
			t.Error(err)
		}
		a.be(func() { a.away = true })
		if pages, err := shown(t.Context(), m); err != nil || len(pages) != 1 {
			t.Errorf("%d releases are shown without the first database, %v: want 1", len(pages), err)
		}
	})
}

// TestADatabaseThatIsNew is shown from, and published from, when it has all.
func TestADatabaseThatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newDatabase(1), newDatabase(2)
		rng := rand.New(rand.NewPCG(1, 6)) //nolint:gosec // A test's.
		one := mirrorOf(t, map[string]*database{"a": a})
		before := nights(t, "alone", 5, rng, one)
		both := mirrorOf(t, map[string]*database{"a": a, "b": b})
		if pages, err := shown(t.Context(), both); err != nil || len(pages) < len(before) {
			t.Errorf("%d releases are shown before the new one has any, %v: want at least %d", len(pages), err, len(before))
		}
		if err := publish(t.Context(), both, rng); !errors.Is(err, mirror.ErrBehind) {
			t.Errorf("to publish: got %v, want %v", err, mirror.ErrBehind)
		}
		b.be(func() { b.left = len(before) + 7 }) // It knows what there is, and has a release or two.
		if err := both.Keep(t.Context()); !errors.Is(err, errAway) {
			t.Errorf("got %v, want it broken off", err)
		}
		a.be(func() { a.away = true })
		b.be(func() { b.away = false })
		alone := mirrorOf(t, map[string]*database{"b": b})
		_ = alone.Keep(t.Context())
		pass(time.Hour)
		if pages, err := shown(t.Context(), alone); err == nil {
			t.Errorf("half a copy alone shows %d releases: want an error", len(pages))
		}
		if err := publish(t.Context(), alone, rng); !errors.Is(err, mirror.ErrBehind) {
			t.Errorf("half a copy alone publishes: got %v, want %v", err, mirror.ErrBehind)
		}
		a.be(func() { a.away = false })
		if err := both.Keep(t.Context()); err != nil {
			t.Error(err)
		}
		whole(t, "after all", b, before)
	})
}

// TestTwoThatContradictEachOther: each was published from alone. Nothing is shown or
// published from both, and a metric says so.
func TestTwoThatContradictEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newDatabase(1), newDatabase(2)
		rng := rand.New(rand.NewPCG(1, 7)) //nolint:gosec // A test's.
		nights(t, "a", 1, rng, mirrorOf(t, map[string]*database{"a": a}))
		nights(t, "b", 1, rng, mirrorOf(t, map[string]*database{"b": b}))
		was := len(notesOf(t, a)) + len(notesOf(t, b))
		reg := prometheus.NewRegistry()
		m, err := mirror.New(mirror.Telemetry{Registerer: reg}, mirror.Member{Name: "a", Copy: a}, mirror.Member{Name: "b", Copy: b})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := shown(t.Context(), m); !errors.Is(err, mirror.ErrContradiction) {
			t.Errorf("to show: got %v", err)
		}
		if err := publish(t.Context(), m, rng); !errors.Is(err, mirror.ErrContradiction) {
			t.Errorf("to publish: got %v", err)
		}
		if err := m.Keep(t.Context()); !errors.Is(err, mirror.ErrContradiction) {
			t.Errorf("to copy: got %v", err)
		}
		if got := testutil.ToFloat64(gauge(t, reg, "mlf_public_contradiction")); got != 1 {
			t.Errorf("the metric is %v: want 1", got)
		}
		if n := len(notesOf(t, a)) + len(notesOf(t, b)); n != was {
			t.Errorf("%d notes, before %d: want that nothing is written", n, was)
		}
		b.Store = model.NewStore(time.Now()) // Somebody has emptied the wrong one.
		if err := m.Keep(t.Context()); err != nil {
			t.Error(err)
		}
		if pages, err := shown(t.Context(), m); err != nil || len(pages) == 0 {
			t.Errorf("%d releases are shown, %v", len(pages), err)
		}
	})
}

// TestAListThatChanges: while the old processes still have both databases, the new ones
// publish from the second alone. What they publish holds, and the others follow.
func TestAListThatChanges(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 8)) //nolint:gosec // A test's.
			a, b := newDatabase(seed), newDatabase(seed+1)
			both := map[string]*database{"a": a, "b": b}
			before := nights(t, "both", 3, rng, mirrorOf(t, both))
			after := nights(t, "in between", 8, rng, mirrorOf(t, both), mirrorOf(t, map[string]*database{"b": b}))
			goesOn(t, "in between", before, after)
			if len(after) <= len(before) {
				t.Error("nothing was published")
			}
			last := nights(t, "back", 3, rng, mirrorOf(t, both))
			goesOn(t, "back", after, last)
			whole(t, "the first", a, last)
		})
	}
}

// TestOneDatabase holds what was written before there were notes, by its own clock.
func TestOneDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newDatabase(1)
		header := schema.Release{Number: 1, Attempt: 7, K: 3}
		if err := a.WriteRelease(t.Context(), header); err != nil {
			t.Fatal(err)
		}
		m := mirrorOf(t, map[string]*database{"a": a})
		if headers, _, err := m.Releases(t.Context()); err != nil || len(headers) > 0 {
			t.Errorf("at once: got %+v, %v", headers, err)
		}
		pass(disclosure.SettleAfter)
		if headers, _, err := m.Releases(t.Context()); err != nil || len(headers) != 1 || headers[0].Attempt != 7 {
			t.Errorf("got %+v, %v, want the release", headers, err)
		}
	})
}

func gauge(t *testing.T, reg *prometheus.Registry, name string) prometheus.Collector {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name})
			g.Set(f.GetMetric()[0].GetGauge().GetValue())
			return g
		}
	}
	t.Fatalf("no metric %s", name)
	return nil
}
