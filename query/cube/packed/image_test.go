package packed

import (
	"testing"

	"mlf/query/calendar"
	"mlf/query/cube/cubetest"
	"mlf/query/question"
	"mlf/schema"
)

// written is what Cells are in a snapshot.
type written struct {
	leaves, regions []byte
	months          []calendar.Month
	fresh           [][]byte
	blocks          [][][]byte
}

func writtenOf(t *testing.T, c *Cells) *written {
	t.Helper()
	w := &written{leaves: c.AppendLeaves(nil), regions: c.AppendRegions(nil)}
	err := c.EachMonth(func(m calendar.Month, fresh []byte, blocks [][]byte) error {
		w.months, w.fresh, w.blocks = append(w.months, m), append(w.fresh, fresh), append(w.blocks, blocks)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// read returns w as a builder reads it, that has comuni in the regions of regionOf, and
// the first n blocks of each month.
func (w *written) read(t *testing.T, regionOf func(schema.ComuneID) schema.RegionID, n int) (_ *Builder, isSame bool) {
	t.Helper()
	b := newTestBuilder(t, 100)
	b.catalogue.regionOf = regionOf
	if err := b.ReadLeaves(w.leaves); err != nil {
		t.Fatal(err)
	}
	isSame, err := b.ReadRegions(w.regions)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range w.months {
		if err := b.ReadMonth(m, w.fresh[i], w.blocks[i][:min(n, len(w.blocks[i]))], nil); err != nil {
			t.Fatal(err)
		}
	}
	return b, isSame
}

// TestSumsComeBack: they are read where they lie, and made where there are none; and
// then go on as those that were never written.
func TestSumsComeBack(t *testing.T) {
	for seed := range uint64(8) {
		w := newWorld(t, seed)
		w.drawRegions()
		b, naive := newTestBuilder(t, 60), make(naiveCells)
		b.catalogue.regionOf = w.regionOf
		c := w.fill(b, naive, 2000)
		text := writtenOf(t, c)
		for n := 1; n <= BlocksMax; n++ {
			again, isSame := text.read(t, w.regionOf, n)
			if !isSame {
				t.Error("all comuni are in their regions")
			}
			read := again.Cells()
			for i, m := range read.months {
				for g, image := range text.blocks[i][:min(n, len(text.blocks[i]))] {
					if isThere := &m.blocks[g].image[0] == &image[0]; isThere != (g == 0 || n == BlocksMax) {
						t.Errorf("%v: block %d of %d is read where it lies: %v", m.number, g, n, isThere)
					}
				}
			}
			for range 20 {
				checkAnswer(t, read, naive, w.axes())
			}
		}
	}
}

// TestSumsOfOtherRegionsAreMadeAnew: a comune that has changed its region while nobody
// looked.
func TestSumsOfOtherRegionsAreMadeAnew(t *testing.T) {
	w := newWorld(t, 31)
	naive := make(naiveCells)
	c := w.fill(newTestBuilder(t, 60), naive, 2000)
	moved := w.Comune()
	another := func(id schema.ComuneID) schema.RegionID {
		if id == moved {
			return 9
		}
		return cubetest.RegionOf(id)
	}
	b, isSame := writtenOf(t, c).read(t, another, 1)
	if isSame {
		t.Error("a comune that has changed its region was not noticed")
	}
	a := &question.Axes{Next: 1 << 30, RowsMax: 10, Comune: func(id schema.ComuneID) question.Group { return question.Group(another(id)) }}
	if path := pathOf(b.Cells(), a); path != "regions" {
		t.Errorf("the question goes the way %q", path)
	}
	checkAnswer(t, b.Cells(), naive, a)
}

// TestBlocksAreReplacedByTheirCopies: all that did not change meanwhile, and no other.
func TestBlocksAreReplacedByTheirCopies(t *testing.T) {
	w := newWorld(t, 14)
	b, naive := newTestBuilder(t, 60), make(naiveCells)
	c := w.fill(b, naive, 2000)
	copies := make(map[calendar.Month][][]byte)
	text := writtenOf(t, c)
	for i, m := range text.months {
		for _, image := range text.blocks[i] {
			copies[m] = append(copies[m], append([]byte(nil), image...))
		}
	}
	b.catalogue.regionOf = func(schema.ComuneID) schema.RegionID { return 3 }
	b.Regroup()
	cell := w.Cell()
	for i := range 100 { // One month is packed once more.
		cell.Office = schema.OfficeCode(rune('a' + i))
		more := naiveCell{counts: values{1}}
		naive.add(cell, more)
		b.add(cell, more)
	}
	packed := b.months[b.at(cubetest.Rome(t).MonthOf(cell.Hour))].number
	b.Cells()
	if err := b.Replace(c, copies, nil); err != nil {
		t.Fatal(err)
	}
	after := b.Cells()
	for _, m := range after.months {
		for g, image := range copies[m.number] {
			if isCopy := &m.blocks[g].image[0] == &image[0]; isCopy != (m.number != packed && grain(g) == leafGrain) {
				t.Errorf("%v: block %d is the copy: %v", m.number, g, isCopy)
			}
		}
	}
	w.regionOf = b.catalogue.regionOf
	for range 30 {
		checkAnswer(t, after, naive, w.axes())
	}
}
