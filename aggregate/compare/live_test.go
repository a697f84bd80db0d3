package compare_test

import (
	"strings"
	"testing"
	"time"

	"mlf/aggregate/compare"
	"mlf/schema"
)

// goesOn lets a count go on by some records of some partition whenever it is read:
// rows first, the account perhaps later.
func goesOn(c *count, draw func(int) int) {
	c.before = func() {
		p := draw(partitions)
		c.rows(p, c.next[p]+draw(7))
		if draw(3) > 0 {
			c.account(p)
		}
		if other := draw(partitions); draw(2) > 0 {
			c.account(other)
		}
	}
}

// patient compares counts that go on only when they are read.
func patient(a, b *count) compare.Config {
	cfg := config(a, b)
	cfg.Wait = time.Hour
	return cfg
}

// TestCountsAreComparedWhileTheyGrow: rows come before their account, each at its own
// pace, segments close, and nothing is taken for a difference.
func TestCountsAreComparedWhileTheyGrow(t *testing.T) {
	bounded, days := uint64(0), uint64(0)
	for seed := range uint64(300) {
		rng := random(t, seed)
		l := newLog(rng, 400)
		a, b := newCount(t, l).all(60+rng.IntN(60)), newCount(t, l).all(60+rng.IntN(60))
		goesOn(a, rng.IntN)
		goesOn(b, rng.IntN)
		r, err := run(t, patient(a, b))
		if err != nil || !r.Equal() {
			t.Fatalf("seed %d: got %+v, %v", seed, r, err)
		}
		for p := range r.From {
			if r.From[p] > r.Until[p] || r.From[p] < 60 {
				t.Fatalf("seed %d: got positions %v, %v", seed, r.From, r.Until)
			}
		}
		bounded, days = bounded+r.Cells.Bounded, days+r.Days.Bounded
	}
	if bounded == 0 || days == 0 {
		t.Errorf("%d cells and %d days grew while they were read", bounded, days)
	}
}

// TestDifferencesAreFoundWhileCountsGrow: in closed segments, always.
func TestDifferencesAreFoundWhileCountsGrow(t *testing.T) {
	for seed := range uint64(100) {
		rng := random(t, seed)
		l := newLog(rng, 400)
		a, b := newCount(t, l).all(100), newCount(t, l).all(100)
		row := l.rollups(rng.IntN(partitions), schema.Segment(rng.IntN(2)), segmentRecords*2)[0]
		row.Values[rng.IntN(3)] += 100
		if err := []*count{a, b}[rng.IntN(2)].WriteRollups(t.Context(), []schema.Rollup{row}); err != nil {
			t.Fatal(err)
		}
		goesOn(a, rng.IntN)
		goesOn(b, rng.IntN)
		r, err := run(t, patient(a, b))
		if err != nil || r.Differences != 1 {
			t.Fatalf("seed %d: got %+v, %v", seed, r, err)
		}
	}
}

// TestACountThatIsBehindIsWaitedFor, and it is said why.
func TestACountThatIsBehindIsWaitedFor(t *testing.T) {
	l := newLog(random(t, 1), 200)
	a, b := newCount(t, l).all(150), newCount(t, l).all(10)
	b.before = func() { b.all(min(150, b.next[0]+20)) }
	cfg := patient(a, b)
	var reasons []string
	cfg.Tell = func(p compare.Progress) {
		if p.Waiting != "" {
			reasons = append(reasons, p.Waiting)
		}
	}
	if r := mustRun(t, cfg); !r.Equal() || r.From[0] != 150 {
		t.Errorf("got %+v", r)
	}
	if len(reasons) < 3 || !strings.Contains(reasons[0], "second is behind: partition 0") {
		t.Errorf("got %q", reasons)
	}
}

// TestRowsThatComeLateAreWaitedFor: A was written further than its account says, and
// B's votes of it come while they are waited for.
func TestRowsThatComeLateAreWaitedFor(t *testing.T) {
	l := newLog(random(t, 1), 200)
	a, b := newCount(t, l).all(150), newCount(t, l).all(150)
	a.rows(1, 158)
	reads := 0
	b.before = func() {
		if reads++; reads == 10 {
			b.all(160)
		}
	}
	a.before = func() {
		if reads >= 10 {
			a.all(160)
		}
	}
	if r := mustRun(t, patient(a, b)); !r.Equal() || reads < 10 {
		t.Errorf("got %+v after %d reads", r, reads)
	}
}

// TestAnExcessIsNoVoteThatComesLate: on counts that stand still it is found once the
// wait is over.
func TestAnExcessIsNoVoteThatComesLate(t *testing.T) {
	l := newLog(random(t, 1), 200)
	a, b := newCount(t, l).all(150), newCount(t, l).all(150)
	a.rows(1, 158)
	r := mustRun(t, config(a, b))
	if r.Equal() || r.Cells.Different == 0 || !r.Shown[0].Open {
		t.Errorf("got %+v", r)
	}
}

func TestReleasesAreCompared(t *testing.T) {
	release := func(number uint32, attempt schema.AttemptID) schema.Release {
		return schema.Release{Number: number, Attempt: attempt, Lots: 5, Months: []schema.ReleaseMonth{{First: 1, Counted: 20}}}
	}
	f := func(a, b []schema.Release, want compare.Releases, fork bool) {
		t.Helper()
		if got := compare.Match(a, b); got != want || got.Fork() != fork {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	one, two := release(1, 7), release(2, 8)
	f(nil, nil, compare.Releases{}, false)
	f([]schema.Release{one, two}, nil, compare.Releases{A: 2}, false)
	f([]schema.Release{one, two}, []schema.Release{one}, compare.Releases{A: 2, B: 1, Same: 1}, false)
	f([]schema.Release{one, two}, []schema.Release{one, release(2, 9)}, compare.Releases{A: 2, B: 2, Same: 1}, true)
	less := release(1, 7)
	less.Months = nil
	f([]schema.Release{one}, []schema.Release{less}, compare.Releases{A: 1, B: 1}, true)
}
