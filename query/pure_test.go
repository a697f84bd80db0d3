package query

import (
	"math"
	"testing"
	_ "time/tzdata" // As main does.

	"pgregory.net/rapid"
)

// The values are the roots p of (k/n - p)² = z² p(1-p)/n, found by bisection with
// 40 digits: another way than the closed form under test.
func TestWilson(t *testing.T) {
	f := func(k, n uint64, low, high float64) {
		t.Helper()
		gotLow, gotHigh := wilson(k, n)
		if math.Abs(gotLow-low) > 5e-7 || math.Abs(gotHigh-high) > 5e-7 {
			t.Errorf("%d of %d: got %.6f to %.6f, want %.6f to %.6f", k, n, gotLow, gotHigh, low, high)
		}
	}
	f(0, 1, 0, 0.793451)
	f(1, 1, 0.206549, 1)
	f(0, 10, 0, 0.277533)
	f(10, 10, 0.722467, 1)
	f(5, 10, 0.236593, 0.763407)
	f(9, 10, 0.595850, 0.982124)
	f(27, 30, 0.743789, 0.965400)
	f(90, 100, 0.825634, 0.944771)
	f(900, 1000, 0.879848, 0.917091)
	f(7, 8, 0.529112, 0.977583)
}

func TestWilsonIsAnInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, 1<<53).Draw(t, "n")
		k := rapid.Uint64Range(0, n).Draw(t, "k")
		low, high := wilson(k, n)
		share := float64(k) / float64(n)
		const dust = 1e-9
		if !(0 <= low && low <= share+dust && share-dust <= high && high <= 1 && low <= high) {
			t.Fatalf("%d of %d: got %v to %v around %v", k, n, low, high, share)
		}
		// What is green for one is not green for the other.
		mirroredLow, mirroredHigh := wilson(n-k, n)
		if math.Abs(low-(1-mirroredHigh)) > dust || math.Abs(high-(1-mirroredLow)) > dust {
			t.Fatalf("%d of %d: not symmetric", k, n)
		}
	})
}
