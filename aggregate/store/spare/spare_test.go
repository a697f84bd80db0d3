package spare

import (
	"slices"
	"testing"
	"time"

	"mlf/schema"
)

// TestSurplusKeepsTheRightOnes takes a checkpoint a minute for four days, with a
// pause of some hours, and asks after each that there is one to go back to.
func TestSurplusKeepsTheRightOnes(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	first := at
	var kept []schema.CheckpointInfo
	for i := range 4 * 24 * 60 {
		at = at.Add(time.Minute)
		paused := i >= 3000
		if i == 3000 {
			at = at.Add(7 * time.Hour)
		}
		written := schema.CheckpointInfo{Next: schema.Offset(i), Taken: at}
		kept = slices.Insert(kept, 0, written)
		for _, info := range Surplus(kept, written) {
			kept = slices.DeleteFunc(kept, func(k schema.CheckpointInfo) bool { return k == info })
		}
		if len(kept) > newestKept+2*len(keptAges()) {
			t.Fatalf("minute %d: %d kept", i, len(kept))
		}
		for k := range min(newestKept, i) {
			if kept[k].Next != schema.Offset(i-k) {
				t.Fatalf("minute %d: newest %d is %d", i, k, kept[k].Next)
			}
		}
		for _, age := range keptAges() {
			if at.Sub(first) < 2*age || paused {
				continue // There was none so old, or nothing to keep in the pause.
			}
			found := slices.ContainsFunc(kept, func(k schema.CheckpointInfo) bool {
				d := at.Sub(k.Taken)
				return d >= age && d <= 2*age
			})
			if !found {
				t.Fatalf("minute %d: none is %v to %v old: %v", i, age, 2*age, kept)
			}
		}
	}
	for _, age := range keptAges() { // After the pause one is old enough, if not the youngest that could be.
		if !slices.ContainsFunc(kept, func(k schema.CheckpointInfo) bool { return at.Sub(k.Taken) >= age }) {
			t.Errorf("none is %v old: %v", age, kept)
		}
	}
}

func TestSurplus(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	info := func(next schema.Offset, minutes int) schema.CheckpointInfo {
		return schema.CheckpointInfo{Next: next, Taken: at.Add(-time.Duration(minutes) * time.Minute)}
	}
	f := func(written schema.CheckpointInfo, want []schema.Offset, infos ...schema.CheckpointInfo) {
		t.Helper()
		var got []schema.Offset
		for _, s := range Surplus(infos, written) {
			got = append(got, s.Next)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	f(info(9, 0), nil)
	f(info(9, 0), nil, info(9, 0), info(8, 1), info(7, 2), info(6, 3))
	f(info(9, 0), []schema.Offset{5}, info(9, 0), info(8, 1), info(7, 2), info(6, 3), info(5, 4), info(4, 14))
	f(info(9, 0), []schema.Offset{3}, info(9, 0), info(8, 1), info(7, 2), info(6, 3), info(5, 4), info(4, 15), info(3, 16), info(2, 59))
	// A worker that went back: what it has just written is behind the others.
	f(info(1, 0), nil, info(9, 4), info(8, 5), info(7, 6), info(6, 7), info(1, 0))
	f(info(2, 0), []schema.Offset{1}, info(9, 4), info(8, 5), info(7, 6), info(6, 7), info(2, 0), info(1, 1))
	// Ages count from the newest, not from what was written: it is 16 min older there.
	f(info(1, 0), nil, info(9, 40), info(8, 41), info(7, 42), info(6, 43), info(5, 50), info(4, 56), info(1, 0))
	// Two payloads under one key are kept or dropped together.
	f(info(9, 0), nil, info(9, 0), info(8, 1), info(7, 2), info(6, 3), info(6, 3))
}
