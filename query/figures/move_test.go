package figures_test

import (
	"math"
	"slices"
	"testing"

	"mlf/query/figures"
)

// Of a scale of two values a mean is a share, and so is its test; of no more votes than a
// scale has, it says nothing.
func TestTestMeans(t *testing.T) {
	f := func(a, b []uint64, want float64) {
		t.Helper()
		if p, ok := figures.TestMeans(a, b, figures.Independent, figures.Independent); !ok || math.Abs(p-want) > 1e-9 {
			t.Errorf("%v and %v: got %v, %t, want %v", a, b, p, ok, want)
		}
	}
	share, _ := figures.Compare(figures.Sample{K: 80, N: 100}, figures.Sample{K: 210, N: 300})
	f([]uint64{20, 80}, []uint64{90, 210}, share.P)
	f([]uint64{20, 0, 80}, []uint64{90, 0, 210}, share.P)
	f([]uint64{0, 5, 0}, []uint64{0, 9, 0}, 1)
	f([]uint64{10, 10, 10}, []uint64{20, 20, 20}, 1)
	f([]uint64{10, 0, 90}, []uint64{10, 0, 90}, 1)
	if _, ok := figures.TestMeans([]uint64{0, 0, 0}, []uint64{1, 0, 0}, 0, 0); ok {
		t.Error("tested without votes")
	}
	single, _ := figures.TestMeans([]uint64{20, 10, 70}, []uint64{30, 10, 60}, 0, 0)
	alike, _ := figures.TestMeans([]uint64{40, 20, 140}, []uint64{60, 20, 120}, 2, 2) // Twice the votes, of which two are one.
	if math.Abs(single-alike) > 1e-12 {
		t.Errorf("got %v of votes that come in twos, want %v", alike, single)
	}
}

// Who fell most is the first from below; of whom it is not known comes last, whichever way
// one looks.
func TestMoves(t *testing.T) {
	move := func(value, p float64) *figures.Move {
		return &figures.Move{Estimate: figures.Estimate{Value: value}, Known: true, P: p}
	}
	fell, rose, unknown := move(-0.1, 0.01), move(0.2, 0.04), new(figures.Move)
	f := func(lowest bool, want ...*figures.Move) {
		t.Helper()
		moves := []*figures.Move{unknown, rose, fell}
		slices.SortStableFunc(moves, func(a, b *figures.Move) int { return a.Compare(b, lowest) })
		if !slices.Equal(moves, want) {
			t.Errorf("lowest first is %t: got %v", lowest, moves)
		}
	}
	f(true, fell, rose, unknown)
	f(false, rose, fell, unknown)
	figures.Discover([]*figures.Move{rose, fell})
	if fell.Q != 0.02 || rose.Q != 0.04 {
		t.Errorf("got q %v and %v", fell.Q, rose.Q)
	}
}
