package packed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"mlf/query/cube/cubetest"
	"mlf/query/question"
	"mlf/schema"
)

// TestEveryPathCountsWhatAMapDoes: whatever is asked of whatever rows, the answer is
// that of a look at every row, also when comuni have changed their regions.
func TestEveryPathCountsWhatAMapDoes(t *testing.T) {
	paths := make(map[string]int)
	for seed := range uint64(60) {
		w := newWorld(t, seed)
		w.drawRegions()
		c, naive := newTestBuilder(t, 1+w.IntN(200)), make(naiveCells)
		c.catalogue.regionOf = w.regionOf
		s := w.fill(c, naive, 1+w.IntN(4000))
		for i := range 36 {
			if i%12 == 11 {
				w.drawRegions()
				c.catalogue.regionOf = w.regionOf
				c.Regroup()
				s = w.fill(c, naive, 1+w.IntN(40))
			}
			a := w.axes()
			checkAnswer(t, s, naive, a)
			for _, way := range waysOf(s, a) {
				paths[pathOf(s, a)+way]++
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, path := range []string{"few", "all", "regions", "regions with reasons", "regions with few reasons", "combos", "listed"} {
		for _, way := range []string{"", " by sums", " by sums, fresh cells", " by sums, fresh sums", " by hours", " by hours, fresh cells", " by hours, fresh sums"} {
			if paths[path+way] == 0 {
				t.Errorf("no question took the way %q: %v", path+way, paths)
			}
		}
	}
}

func newTestBuilder(t testing.TB, freshMax int) *Builder {
	return NewBuilder(Config{Clock: cubetest.Rome(t), RegionOf: cubetest.RegionOf, FreshMax: freshMax})
}

// fill adds n times to b and naive, with some Cells between, and returns the last.
func (w *world) fill(b *Builder, naive naiveCells, n int) *Cells {
	for range n {
		c, more := w.more()
		naive.add(c, more)
		b.add(c, more)
		if w.IntN(n/8+1) == 0 {
			b.Cells()
		}
	}
	return b.Cells()
}

func (b *Builder) add(c schema.Cell, more naiveCell) {
	leaf := b.Leaf(&c)
	b.Add(leaf, c.Hour, &more.counts)
	for _, of := range more.reasons {
		b.AddReason(leaf, c.Hour, of.Key, of.N)
	}
}

// pathOf says which way the leaves of a question are found.
func pathOf(s *Cells, a *question.Axes) string {
	of := newSelection(s.leaves, a)
	switch {
	case of.grain == comboGrain:
		return "combos"
	case of.grain == regionGrain && a.Reasons && of.each.isFew:
		return "regions with few reasons"
	case of.grain == regionGrain && a.Reasons:
		return "regions with reasons"
	case of.grain == regionGrain:
		return "regions"
	case of.each.isFew:
		return "few"
	case of.numbers != nil:
		return "listed"
	}
	return "all"
}

// waysOf says which ways the months of a question are counted, and "".
func waysOf(s *Cells, a *question.Axes) []string {
	ways := []string{""}
	c := counting{axes: a, hours: make([]int32, 0, hoursMax)}
	for _, m := range s.months {
		if m.first >= a.Next || m.first+schema.Hour(m.hours) <= a.From || m.blocks[leafGrain] == nil {
			continue
		}
		c.groupHours(m)
		way := " by hours"
		if one, isOne := c.oneGroup(m); isOne && one >= 0 {
			way = " by sums"
		}
		switch {
		case len(m.fresh) > 0 && m.fresh[0].sums != nil:
			way += ", fresh sums"
		case len(m.fresh) > 0:
			way += ", fresh cells"
		}
		ways = append(ways, way)
	}
	return ways
}

func checkAnswer(t testing.TB, v *Cells, naive naiveCells, a *question.Axes) {
	t.Helper()
	got, err := v.Counts(t.Context(), a)
	if err != nil {
		t.Errorf("counts: %v", err)
		return
	}
	rows, reasons, excluded := naive.answer(a)
	gotRows := make(map[question.Key]values)
	for _, r := range got.Rows {
		gotRows[r.Key] = r.Values
	}
	if len(gotRows) != len(got.Rows) || !maps.Equal(gotRows, rows) {
		t.Errorf("rows: got %d, want %d: %s", len(got.Rows), len(rows), difference(gotRows, rows))
	}
	gotReasons := make(map[naiveReason]uint64)
	for _, r := range got.Reasons {
		gotReasons[naiveReason{r.Key, r.Reason}] = r.N
	}
	if len(gotReasons) != len(got.Reasons) || !maps.Equal(gotReasons, reasons) {
		t.Errorf("reasons: got %v, want %v", gotReasons, reasons)
	}
	if got.Excluded != excluded {
		t.Errorf("excluded: got %v, want %v", got.Excluded, excluded)
	}
}

func difference(got, want map[question.Key]values) string {
	for k := range want {
		if got[k] != want[k] {
			return fmt.Sprintf("%v is %v, want %v", k, got[k], want[k])
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			return fmt.Sprintf("%v is %v, want none", k, got[k])
		}
	}
	return "none"
}

// TestAnOlderStateStays: what was answered once is answered again, whatever came since.
func TestAnOlderStateStays(t *testing.T) {
	w := newWorld(t, 7)
	c, naive := newTestBuilder(t, 50), make(naiveCells)
	s := w.fill(c, naive, 300)
	then := maps.Clone(naive)
	w.fill(c, naive, 3000)
	c.catalogue.regionOf = func(schema.ComuneID) schema.RegionID { return 1 }
	c.Regroup()
	for range 50 {
		checkAnswer(t, s, then, w.axes())
	}
}

// TestRegionsMayChange: sums by region are then of the new ones.
func TestRegionsMayChange(t *testing.T) {
	w := newWorld(t, 11)
	c, naive := newTestBuilder(t, 100), make(naiveCells)
	before := w.fill(c, naive, 2000)
	then := maps.Clone(naive)
	another := func(id schema.ComuneID) schema.RegionID { return schema.RegionID(1 + id%2) }
	c.catalogue.regionOf = another
	if !c.Regroup() || c.Regroup() {
		t.Error("comuni change their regions once")
	}
	s := w.fill(c, naive, 100)
	hours := make([]question.Group, w.Hours)
	for i := range hours {
		hours[i] = question.Group(i / 24)
	}
	by := func(regionOf func(schema.ComuneID) schema.RegionID) *question.Axes {
		return &question.Axes{
			From: w.First, Next: w.First + schema.Hour(w.Hours), RowsMax: 1000,
			Comune: func(id schema.ComuneID) question.Group { return question.Group(regionOf(id)) - 1 },
		}
	}
	for _, groups := range [][]question.Group{nil, hours} {
		old, a := by(cubetest.RegionOf), by(another)
		old.Hours, a.Hours = groups, groups
		if got := pathOf(s, a); got != "regions" {
			t.Errorf("a question by the new regions goes the way %q", got)
		}
		if got := pathOf(s, old); got == "regions" {
			t.Errorf("a question by the old regions goes the way %q", got)
		}
		for _, a := range []*question.Axes{a, old} {
			checkAnswer(t, s, naive, a)
			checkAnswer(t, before, then, a)
		}
	}
}

func TestMoreRowsThanAskedForAreRefused(t *testing.T) {
	w := newWorld(t, 3)
	naive := make(naiveCells)
	s := w.fill(newTestBuilder(t, 1000), naive, 2000)
	for _, scale := range []question.Group{1, 4_000_000} { // In an array, and in a table.
		a := &question.Axes{
			From: 0, Next: 1 << 30,
			Comune: func(id schema.ComuneID) question.Group { return question.Group(id%1000) * scale },
		}
		n := len(naive.counts(a))
		a.RowsMax = n
		if _, err := s.Counts(t.Context(), a); err != nil {
			t.Errorf("%d rows of %d: %v", n, a.RowsMax, err)
		}
		a.RowsMax = n - 1
		if _, err := s.Counts(t.Context(), a); !errors.Is(err, schema.ErrTooManyRows) {
			t.Errorf("%d rows of %d: got %v, want ErrTooManyRows", n, a.RowsMax, err)
		}
	}
}

func TestAnEndedQuestionIsNotAnswered(t *testing.T) {
	w := newWorld(t, 5)
	s := w.fill(newTestBuilder(t, 1000), make(naiveCells), 100)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Counts(ctx, &question.Axes{Next: 1 << 30, RowsMax: 10}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestAVersionIsOfItsMonths: it changes with them, and not with others; who takes the
// same rows in another order has the same.
func TestAVersionIsOfItsMonths(t *testing.T) {
	w := newWorld(t, 2)
	w.Hours = 24 * 200
	c, again := newTestBuilder(t, 100), newTestBuilder(t, 7)
	type addition struct {
		schema.Cell
		naiveCell
	}
	var all []addition
	for range 1000 {
		cell, more := w.more()
		all = append(all, addition{cell, more})
		c.add(cell, more)
	}
	s := c.Cells()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := range all {
		again.add(all[i].Cell, all[i].naiveCell)
	}
	for _, m := range s.months {
		from, next := m.first, m.first+schema.Hour(m.hours)
		if a, b := s.Version(from, next), again.Cells().Version(from, next); a != b {
			t.Errorf("%v: version %s here, %s there", m.number, a, b)
		}
	}
	cell := w.Cell()
	cell.Hour = s.months[1].first + 5
	c.add(cell, naiveCell{counts: values{1: 1}})
	after := c.Cells()
	for i, m := range after.months {
		from, next := m.first, m.first+schema.Hour(m.hours)
		if changed := s.Version(from, next) != after.Version(from, next); changed != (i == 1) {
			t.Errorf("%v: version changed: %v", m.number, changed)
		}
	}
}
