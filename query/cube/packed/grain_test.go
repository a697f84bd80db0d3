package packed

import (
	"fmt"
	"testing"

	"mlf/query/cube/cubetest"
	"mlf/query/question"
	"mlf/schema"
)

// TestManyLeavesAddUp: of one combo, in one hour, as many votes as a byte can say; and
// in another as many as it cannot.
func TestManyLeavesAddUp(t *testing.T) {
	b, naive := newTestBuilder(t, 0), make(naiveCells)
	cell := schema.Cell{Comune: 1001, Service: 7, Channel: schema.ChannelWeb, Scale: schema.ScaleMLF3, Class: schema.ClassOK}
	first, next := cubetest.Rome(t).Hours(cubetest.Rome(t).MonthOf(500_000))
	for i := range 3*packedMax + 5 {
		cell.Office = schema.OfficeCode(fmt.Sprint("sede", i))
		for h, n := range map[schema.Hour]uint64{first: countBase - 1, first + 300: 1, first + 400: 1 << 33, next - 1: 2} {
			cell.Hour = h
			more := naiveCell{counts: values{n}}
			naive.add(cell, more)
			b.add(cell, more)
		}
	}
	s := b.Cells()
	a := &question.Axes{From: first, Next: next, RowsMax: 10}
	checkAnswer(t, s, naive, a)
	a.Hours = make([]question.Group, next-first)
	a.Hours[400], a.Hours[len(a.Hours)-1] = 1, 2
	for _, service := range []func(schema.ServiceID) question.Group{nil, func(schema.ServiceID) question.Group { return 0 }} {
		a.Service = service
		checkAnswer(t, s, naive, a)
		if path := pathOf(s, a); (service == nil) != (path == "regions") || path == "all" {
			t.Errorf("the question goes the way %q", path)
		}
	}
}

// TestSumsAreFewerThanWhatTheyAreOf: a country that asks by region reads less.
func TestSumsAreFewerThanWhatTheyAreOf(t *testing.T) {
	w := newWorld(t, 6)
	s := w.fill(newTestBuilder(t, 10), make(naiveCells), 4000)
	for _, m := range s.months {
		for g, b := range m.blocks[1:] {
			if finer := m.blocks[g]; b.cellN > finer.cellN || b.leafN > finer.leafN {
				t.Errorf("%v: %d cells of %d numbers come to %d of %d", m.number, finer.cellN, finer.leafN, b.cellN, b.leafN)
			}
		}
	}
}
