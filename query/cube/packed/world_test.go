package packed

import (
	"testing"

	"mlf/query/cube/cubetest"
	"mlf/query/question"
	"mlf/schema"
)

// A naiveCell is a cell with nothing packed.
type naiveCell struct {
	counts  values
	reasons []schema.ReasonNumber
}

// naiveCells are all cells in a map: what Cells are compared with.
type naiveCells map[schema.Cell]naiveCell

func (n naiveCells) add(c schema.Cell, more naiveCell) {
	sum := n[c]
	addTo(&sum.counts, &more.counts)
	sum.reasons = schema.AddReasons(sum.reasons, more.reasons)
	n[c] = sum
}

// counts answers a by looking at every row.
func (n naiveCells) counts(a *question.Axes) map[question.Key]values {
	rows, _, _ := n.answer(a)
	return rows
}

type naiveReason struct {
	question.Key
	schema.ReasonKey
}

func ask[T any](f func(T) question.Group, v T) question.Group {
	if f == nil {
		return 0
	}
	return f(v)
}

func (n naiveCells) answer(a *question.Axes) (map[question.Key]values, map[naiveReason]uint64, [schema.ClassMax + 1]uint64) {
	rows, reasons := make(map[question.Key]values), make(map[naiveReason]uint64)
	var excluded [schema.ClassMax + 1]uint64
	for c, r := range n {
		if c.Hour < a.From || c.Hour >= a.Next {
			continue
		}
		k := question.Key{
			Comune: ask(a.Comune, c.Comune), Office: ask(a.Office, c.Office), Service: ask(a.Service, c.Service),
			Channel: ask(a.Channel, c.Channel), Scale: ask(a.Scale, c.Scale), Class: ask(a.Class, c.Class),
		}
		if a.Hours != nil {
			k.Hour = a.Hours[c.Hour-a.From]
		}
		if k.Comune < 0 || k.Office < 0 || k.Service < 0 || k.Channel < 0 || k.Scale < 0 || k.Hour < 0 {
			continue
		}
		if k.Class < 0 {
			excluded[c.Class] += total(&r.counts)
			continue
		}
		sum := rows[k]
		addTo(&sum, &r.counts)
		if sum != (values{}) {
			rows[k] = sum
		}
		for _, of := range r.reasons {
			reasons[naiveReason{k, of.Key}] += of.N
		}
	}
	if !a.Reasons {
		reasons = nil
	}
	return rows, reasons, excluded
}

// A world draws rows of a small country.
type world struct {
	*cubetest.World
	regionOf func(schema.ComuneID) schema.RegionID
}

func newWorld(t testing.TB, seed uint64) *world {
	t.Helper()
	return &world{cubetest.NewWorld(t, seed), cubetest.RegionOf}
}

// drawRegions draws which region each comune is in: two, or one for most comuni.
func (w *world) drawRegions() {
	salt, n := w.IntN(100), []int{2, 14}[w.IntN(2)]
	w.regionOf = func(c schema.ComuneID) schema.RegionID {
		return schema.RegionID(1 + (int(c)%1000+4*int(c)/1000+salt)%n)
	}
}

func (w *world) more() (schema.Cell, naiveCell) {
	c, more := w.Cell(), naiveCell{}
	for v := range c.Scale.Max() {
		more.counts[v] = w.Count()
	}
	more.counts[0]++
	if w.IntN(3) == 0 {
		more.reasons = w.Reasons()
	}
	return c, more
}

// group draws a function with up to n groups, some values left out.
func group[T ~uint8 | ~uint16 | ~uint32 | ~string](w *world, n int, key func(T) int) func(T) question.Group {
	salt, leave := w.IntN(100), w.IntN(3)
	switch w.IntN(4) {
	case 0:
		return nil
	case 1:
		return func(T) question.Group { return 0 }
	}
	return func(v T) question.Group {
		k := key(v) + salt
		if leave > 0 && k%5 == 0 {
			return question.Out
		}
		return question.Group(k % n)
	}
}

func number[T ~uint8 | ~uint16 | ~uint32](v T) int { return int(v) }

func (w *world) axes() *question.Axes {
	a := &question.Axes{
		Office:  group(w, 3, func(o schema.OfficeCode) int { return len(o) }),
		Service: group(w, 3, number[schema.ServiceID]),
		Channel: group(w, 5, number[schema.Channel]),
		Scale:   group(w, 3, number[schema.Scale]),
		Class:   group(w, 4, number[schema.Class]),
		Reasons: w.IntN(2) == 0,
		RowsMax: 1 << 30,
	}
	if w.IntN(2) == 0 {
		a.Office = nil
	}
	w.places(a)
	w.span(a)
	return a
}

func (w *world) places(a *question.Axes) {
	regionOf := w.regionOf
	switch w.IntN(5) {
	case 0:
		a.Comune = group(w, 6, number[schema.ComuneID])
	case 1: // By region, the first left out now and then.
		but := question.Group(w.IntN(2) + 1)
		a.Comune = func(c schema.ComuneID) question.Group { return question.Group(regionOf(c)) - but }
	case 2: // One region.
		w.region(a, regionOf(w.Comune()))
	case 3: // Few, by a list.
		some := map[schema.ComuneID]question.Group{}
		for range 1 + w.IntN(4) {
			some[w.Comune()] = question.Group(len(some))
		}
		a.Comune = func(c schema.ComuneID) question.Group {
			if g, ok := some[c]; ok {
				return g
			}
			return question.Out
		}
		if w.IntN(2) == 0 {
			for c := range some {
				a.Comuni = append(a.Comuni, c)
			}
		}
	}
	if w.IntN(3) == 0 { // As most questions.
		a.Office, a.Service = nil, nil
	}
	if w.IntN(8) == 0 && a.Comune != nil { // Groups so many that no array holds them.
		of := a.Comune
		a.Comune = func(c schema.ComuneID) question.Group {
			if g := of(c); g >= 0 {
				return g * 3_000_000
			}
			return question.Out
		}
	}
}

// region asks for one region, all of it or all but a comune, by a list or not.
func (w *world) region(a *question.Axes, region schema.RegionID) {
	regionOf, but := w.regionOf, schema.ComuneID(0)
	if w.IntN(4) == 0 {
		but = w.Comune()
	}
	a.Comune = func(c schema.ComuneID) question.Group {
		if c == but || regionOf(c) != region {
			return question.Out
		}
		return 0
	}
	if w.IntN(2) == 0 {
		return
	}
	a.Comuni = []schema.ComuneID{}
	for province := range schema.ComuneID(4) {
		for i := range schema.ComuneID(4) {
			if c := 1000*(1+province) + 1 + i; a.Comune(c) >= 0 {
				a.Comuni = append(a.Comuni, c)
			}
		}
	}
}

// span draws hours: from long before the data to long after, or some of them, by
// day, by hour of the day, or with some left out.
func (w *world) span(a *question.Axes) {
	from, next := int(w.First)-500, int(w.First)+w.Hours+500
	if w.IntN(2) == 0 {
		from += w.IntN(w.Hours + 600)
		next = from + w.IntN(next-from+1)
	}
	a.From, a.Next = schema.Hour(from), schema.Hour(next)
	kind := w.IntN(6)
	if kind < 2 {
		return
	}
	a.Hours = make([]question.Group, next-from)
	for i := range a.Hours {
		h := from + i
		switch kind {
		case 2:
			a.Hours[i] = question.Group(i / 24)
		case 3:
			a.Hours[i] = question.Group(h % 24)
		case 4:
			a.Hours[i] = question.Group(h/700%4) - 1
		default:
			a.Hours[i] = question.Group(i)
		}
	}
}
