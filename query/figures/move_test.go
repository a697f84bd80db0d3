package figures_test

import (
	"slices"
	"testing"

	"mlf/query/figures"
)

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
