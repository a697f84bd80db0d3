package copies_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/query/copies"
	"mlf/schema"
)

// A database counts one partition.
type database struct {
	mu           sync.Mutex
	log          schema.LogID
	next         schema.Offset
	away, frozen bool
}

func (d *database) be(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do()
}

func (d *database) ask(ctx context.Context) error {
	d.mu.Lock()
	away, frozen := d.away, d.frozen
	d.mu.Unlock()
	if frozen {
		<-ctx.Done()
		return ctx.Err()
	}
	if away {
		return errors.New("away")
	}
	return nil
}

func (d *database) Identity(ctx context.Context) (schema.Identity, error) {
	err := d.ask(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	return schema.Identity{Log: d.log, Partitions: 1}, err
}

func (d *database) Tallies(ctx context.Context) ([]schema.LedgerTotals, error) {
	err := d.ask(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	return []schema.LedgerTotals{{Next: d.next}}, err
}

// A world is two databases of one log, the first of which is asked in doubt.
type world struct {
	t    *testing.T
	a, b *database
	set  *copies.Set[*database]
	reg  *prometheus.Registry
}

// watched runs a test on a world, in which it is before anybody looks.
func watched(t *testing.T, before, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, reg: prometheus.NewRegistry(),
			a: &database{log: schema.LogID{1}, next: 100}, b: &database{log: schema.LogID{1}, next: 100},
		}
		before(w)
		member := func(name string, d *database) copies.Member[*database] {
			return copies.Member[*database]{Name: name, Copy: d, Check: d.ask}
		}
		var err error
		if w.set, err = copies.New(copies.Config{Registry: w.reg}, member("a", w.a), member("b", w.b)); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.set.Run(ctx) }()
		pass(1500 * time.Millisecond)
		test(w)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func nothing(*world) {}

func pass(d time.Duration) { <-time.After(d) }

// asks fails unless want is asked now.
func (w *world) asks(when string, want *database) {
	w.t.Helper()
	if got := w.set.Pick(); got != want {
		w.t.Errorf("%s: the other one is asked", when)
	}
}

// TestWhoDoesNotAnswerIsAskedNoMore within five seconds, whether it refuses or hangs;
// nor is one again because it is back: the other has all it has.
func TestWhoDoesNotAnswerIsAskedNoMore(t *testing.T) {
	f := func(name string, harm, mend func(d *database)) {
		t.Run(name, func(t *testing.T) {
			watched(t, nothing, func(w *world) {
				w.asks("at first", w.a)
				w.a.be(func() { harm(w.a) })
				pass(2 * time.Second)
				w.asks("after two seconds", w.a)
				pass(2900 * time.Millisecond)
				w.asks("after five seconds", w.b)
				w.a.be(func() { mend(w.a) })
				pass(time.Minute)
				w.asks("after it is back", w.b)
				w.b.be(func() { harm(w.b) })
				pass(5 * time.Second)
				w.asks("after the other is away", w.a)
				w.a.be(func() { harm(w.a) })
				pass(time.Minute)
				w.asks("when nobody answers", w.a)
			})
		})
	}
	f("away", func(d *database) { d.away = true }, func(d *database) { d.away = false })
	f("frozen", func(d *database) { d.frozen = true }, func(d *database) { d.frozen = false })
}

// TestWhoIsBehindIsAskedNoMore: but one that is some records behind at every look, and
// comes there, is.
func TestWhoIsBehindIsAskedNoMore(t *testing.T) {
	watched(t, nothing, func(w *world) {
		for range 60 { // Always a flush behind.
			w.b.be(func() { w.b.next += 10 })
			pass(500 * time.Millisecond)
			w.a.be(func() { w.a.next = w.b.next - 5 })
			pass(500 * time.Millisecond)
		}
		w.asks("a flush behind", w.a)
		for range 10 { // It is not counted any more.
			w.b.be(func() { w.b.next += 10 })
			pass(time.Second)
		}
		w.asks("not counted", w.b)
		w.a.be(func() { w.a.next = w.b.next })
		pass(time.Minute)
		w.asks("both at the end", w.b)
	})
}

// TestAStartWithOneOfThem: whoever is there is asked, and the other when it is further.
func TestAStartWithOneOfThem(t *testing.T) {
	watched(t, func(w *world) { w.a.away = true; w.b.next = 7 }, func(w *world) {
		if err := w.set.Wait(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		w.asks("alone", w.b)
		w.a.be(func() { w.a.away = false })
		pass(10 * time.Second)
		w.asks("the other is further", w.a)
	})
}

// TestAStartWithNoneOfThem says why, of each.
func TestAStartWithNoneOfThem(t *testing.T) {
	watched(t, func(w *world) { w.a.away, w.b.frozen = true, true }, func(w *world) {
		ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
		defer cancel()
		err := w.set.Wait(ctx)
		if err == nil || !strings.Contains(err.Error(), "a: away") || !strings.Contains(err.Error(), "b: context deadline exceeded") {
			t.Errorf("got %v", err)
		}
	})
}

// TestAnotherLogIsNeverAsked, however far its count is.
func TestAnotherLogIsNeverAsked(t *testing.T) {
	watched(t, nothing, func(w *world) {
		w.b.be(func() { w.b.log, w.b.next = schema.LogID{2}, 1000 })
		pass(time.Minute)
		w.asks("the other counts another log", w.a)
		w.a.be(func() { w.a.away = true })
		pass(time.Minute)
		w.asks("there is no other", w.a)
	})
}

// TestMetrics says of each how it is.
func TestMetrics(t *testing.T) {
	watched(t, nothing, func(w *world) {
		w.b.be(func() { w.b.next = 70 })
		pass(2 * time.Second)
		w.a.be(func() { w.a.frozen = true })
		pass(10 * time.Second)
		want := `
			# HELP mlf_query_copy_asked 1 for the database that is asked now, where memory does not answer.
			# TYPE mlf_query_copy_asked gauge
			mlf_query_copy_asked{database="a"} 0
			mlf_query_copy_asked{database="b"} 1
			# HELP mlf_query_copy_behind_records Records that the database has not counted, and the furthest has, as they were last seen. Growing: see the workers of this one.
			# TYPE mlf_query_copy_behind_records gauge
			mlf_query_copy_behind_records{database="a"} 0
			mlf_query_copy_behind_records{database="b"} 30
			# HELP mlf_query_copy_up 1 while the database answers. 0: see it; answers come from another, if there is one.
			# TYPE mlf_query_copy_up gauge
			mlf_query_copy_up{database="a"} 0
			mlf_query_copy_up{database="b"} 1
		`
		if err := testutil.GatherAndCompare(w.reg, strings.NewReader(want), "mlf_query_copy_asked", "mlf_query_copy_behind_records", "mlf_query_copy_up"); err != nil {
			t.Error(err)
		}
		if problems, err := testutil.GatherAndLint(w.reg); err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
	})
}
