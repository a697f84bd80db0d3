package packed

import (
	"maps"
	"slices"
	"testing"

	"mlf/query/calendar"
	"mlf/query/cube/cubetest"
	"mlf/schema"
)

// ordered returns the cells of n as a store gives them.
func (n naiveCells) ordered() []schema.Cell {
	return slices.SortedFunc(maps.Keys(n), func(a, b schema.Cell) int { return a.Compare(&b) })
}

// load takes cells as whole months, each cell in two pieces.
func (n naiveCells) load(b *Builder, clock calendar.Clock, cells []schema.Cell) error {
	loading := b.Loading()
	months := make(map[calendar.Month]*Packing)
	for _, c := range cells {
		m := clock.MonthOf(c.Hour)
		if months[m] == nil {
			months[m] = loading.Month(m)
		}
		half, rest := n[c].counts, n[c].counts
		for k := range half {
			half[k] /= 2
			rest[k] -= half[k]
		}
		if err := months[m].Take(&c, &half, nil, nil); err != nil {
			return err
		}
		var keys []schema.ReasonKey
		var ns []uint64
		for _, of := range n[c].reasons {
			keys, ns = append(keys, of.Key), append(ns, of.N)
		}
		if err := months[m].Take(&c, &rest, keys, ns); err != nil {
			return err
		}
	}
	for _, p := range months {
		p.End()
	}
	return loading.Place()
}

// TestWholeMonthsCountAsAdditionsDo: what is loaded is as if it had been added, and
// what is added to it, too.
func TestWholeMonthsCountAsAdditionsDo(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t, seed)
		naive := make(naiveCells)
		added := w.fill(newTestBuilder(t, 100), naive, 500)
		b := newTestBuilder(t, 50)
		if err := naive.load(b, cubetest.Rome(t), naive.ordered()); err != nil {
			t.Fatal(err)
		}
		loaded := b.Cells()
		if got, want := loaded.Version(0, 1<<30), added.Version(0, 1<<30); got != want {
			t.Errorf("seed %d: version %s, want %s", seed, got, want)
		}
		then := maps.Clone(naive)
		after := w.fill(b, naive, 200)
		for range 20 {
			a := w.axes()
			checkAnswer(t, loaded, then, a)
			checkAnswer(t, after, naive, a)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestMonthsOutOfOrderAreRefused: they cannot be packed as they come.
func TestMonthsOutOfOrderAreRefused(t *testing.T) {
	w := newWorld(t, 4)
	naive := make(naiveCells)
	w.fill(newTestBuilder(t, 100), naive, 400)
	cells := naive.ordered()
	for range 50 {
		mixed := slices.Clone(cells)
		i := w.IntN(len(mixed) - 1)
		j := i + 1
		for j < len(mixed)-1 && cubetest.Rome(t).MonthOf(mixed[j].Hour) != cubetest.Rome(t).MonthOf(mixed[i].Hour) {
			j++
		}
		if cubetest.Rome(t).MonthOf(mixed[j].Hour) != cubetest.Rome(t).MonthOf(mixed[i].Hour) {
			continue
		}
		mixed[i], mixed[j] = mixed[j], mixed[i]
		if err := naive.load(newTestBuilder(t, 100), cubetest.Rome(t), mixed); err == nil {
			t.Fatalf("%v and %v have changed places, and nobody noticed", mixed[i], mixed[j])
		}
	}
	c := cells[0]
	if err := newTestBuilder(t, 1).Loading().Month(cubetest.Rome(t).MonthOf(c.Hour)+1).Take(&c, &values{1}, nil, nil); err == nil {
		t.Error("an hour of another month was taken")
	}
}
