package chaos_test

import (
	"slices"
	"testing"
	"time"

	"mlf/proof/chaos"
)

// plan returns the first n faults of each lane.
func plan(seed uint64, duration time.Duration, n int) [][]chaos.Fault {
	var all [][]chaos.Fault
	for _, l := range chaos.Lanes(seed, duration) {
		var faults []chaos.Fault
		for range n {
			faults = append(faults, l.Next())
		}
		all = append(all, faults)
	}
	return all
}

func TestTheSameSeedMakesTheSamePlan(t *testing.T) {
	one, same, other := plan(1, time.Minute, 50), plan(1, time.Minute, 50), plan(2, time.Minute, 50)
	for i := range one {
		if !slices.Equal(one[i], same[i]) {
			t.Errorf("lane %d: two plans of one seed differ", i)
		}
		if slices.Equal(one[i], other[i]) {
			t.Errorf("lane %d: two seeds make one plan", i)
		}
	}
}

// TestEveryKindComesUp: in every lane, each kind is met once before one repeats.
func TestEveryKindComesUp(t *testing.T) {
	all := make(map[chaos.Kind]int)
	for _, faults := range plan(3, time.Minute, 200) {
		seen := make(map[chaos.Kind]int)
		for i, f := range faults {
			seen[f.Kind]++
			all[f.Kind]++
			for kind, n := range seen {
				if d := seen[f.Kind] - n; d > 1 {
					t.Fatalf("fault %d: %s came %d times more often than %s", i, f.Kind, d, kind)
				}
			}
		}
	}
	for _, kind := range chaos.Kinds() {
		if all[kind] == 0 {
			t.Errorf("%s never comes up", kind)
		}
		delete(all, kind)
	}
	if len(all) > 0 {
		t.Errorf("not in the list of kinds: %v", all)
	}
}

// TestFaultsAreNoLongerThanTheRunAllows: what is held up on its way into ingest
// must leave the hour of a vote certain, and the rest must leave time to recover.
func TestFaultsAreNoLongerThanTheRunAllows(t *testing.T) {
	f := func(duration, wantMax, wantMaxIngest time.Duration) {
		t.Helper()
		longest := make(map[chaos.Kind]time.Duration)
		for _, faults := range plan(4, duration, 500) {
			for _, f := range faults {
				longest[f.Kind] = max(longest[f.Kind], f.Length)
			}
		}
		for kind, length := range longest {
			if length > wantMax {
				t.Errorf("%s in %v: got %v: want at most %v", kind, duration, length, wantMax)
			}
		}
		if late := longest[chaos.PauseIngest] + longest[chaos.SilentHTTP]; late > wantMaxIngest {
			t.Errorf("in %v requests are held up for %v: want at most %v", duration, late, wantMaxIngest)
		}
	}
	f(24*time.Second, 2*time.Second, 4*time.Second)
	f(2*time.Minute, 10*time.Second, 20*time.Second)
	f(time.Hour, 30*time.Second, 20*time.Second)
}
