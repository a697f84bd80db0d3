package sim_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mlf/proof/sim"
)

//nolint:gochecknoglobals // Flags must exist before main.
var (
	seeds = flag.Uint64("seeds", 60, "schedules to play, from -first on")
	first = flag.Uint64("first", 1, "the first of them")
	only  = flag.Uint64("seed", 0, "play this schedule only, and print its trace with -v")
)

// play plays one schedule in a bubble.
func play(t *testing.T, g *sim.Ground, seed uint64, trace io.Writer) (report sim.Report, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { report, err = sim.Play(t.Context(), g, seed, trace) })
	return report, err
}

func ground(t *testing.T) *sim.Ground {
	t.Helper()
	g, err := sim.NewGround()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestSeeds plays schedules until there are enough of them. A failed one is played
// again with its trace by -seed.
func TestSeeds(t *testing.T) {
	g := ground(t)
	if *only != 0 {
		var trace io.Writer
		if testing.Verbose() {
			trace = os.Stdout
		}
		report, err := play(t, g, *only, trace)
		t.Logf("%+v", report)
		if err != nil {
			t.Error(err)
		}
		return
	}
	began := time.Now()
	var next, failed, steps, votes atomic.Uint64
	var mu sync.Mutex
	hits := make(map[string]int)
	next.Store(*first)
	t.Run("all", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				for seed := next.Add(1) - 1; seed < *first+*seeds && failed.Load() < 10; seed = next.Add(1) - 1 {
					report, err := play(t, g, seed, nil)
					if err != nil {
						failed.Add(1)
						t.Errorf("seed %d (again: make sim SEED=%d):\n%v", seed, seed, err)
					}
					steps.Add(uint64(report.Steps))
					votes.Add(uint64(report.Votes))
					mu.Lock()
					for name, n := range report.Hits {
						hits[name] += n
					}
					mu.Unlock()
				}
			})
		}
	})
	took := time.Since(began)
	t.Logf("%d schedules from seed %d in %v, %.1f a second: %d steps, %d votes, %d failed",
		*seeds, *first, took.Round(time.Millisecond), float64(*seeds)/took.Seconds(), steps.Load(), votes.Load(), failed.Load())
	for _, name := range sim.Faults() {
		if hits[name] += 0; hits[name] == 0 && *seeds >= everythingWithin {
			t.Errorf("%s: did not happen in %d schedules", name, *seeds)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(hits)) {
		t.Logf("%8d %s", hits[name], name)
	}
}

// everythingWithin is how many schedules it takes until everything has gone wrong
// that can, at each point where it can.
const everythingWithin = 2000

// TestASeedPlaysTheSameScheduleAgain compares two plays, step by step.
func TestASeedPlaysTheSameScheduleAgain(t *testing.T) {
	g := ground(t)
	for seed := *first; seed < *first+40; seed++ {
		var one, two bytes.Buffer
		a, _ := play(t, g, seed, &one)
		b, _ := play(t, g, seed, &two)
		if a.Sum == b.Sum {
			continue
		}
		t.Errorf("seed %d differs:\n%s", seed, difference(one.String(), two.String()))
	}
}

// difference returns where two traces part, with the lines before it. One may end
// where the other goes on.
func difference(one, two string) string {
	x, y := strings.Split(one, "\n"), strings.Split(two, "\n")
	i := 0
	for i < min(len(x), len(y)) && x[i] == y[i] {
		i++
	}
	at := func(lines []string) string {
		if i < len(lines) {
			return lines[i]
		}
		return "(the end)"
	}
	return strings.Join(append(x[max(0, i-3):i:i], at(x), at(y)), "\n")
}

func TestDifference(t *testing.T) {
	f := func(one, two, want string) {
		t.Helper()
		if got := difference(one, two); got != want {
			t.Errorf("%q and %q: got %q, want %q", one, two, got, want)
		}
	}
	f("a\nb\nc", "a\nx\nc", "a\nb\nx")
	f("a\nb", "a\nb\nc", "a\nb\n(the end)\nc")
	f("1\n2\n3\n4\n5", "1\n2\n3\n4", "2\n3\n4\n5\n(the end)")
	f("", "a", "\na")
}
