package packed

import (
	"cmp"
	"slices"

	"mlf/schema"
)

// An addition is what came to a cell since its month's block was made.
type addition struct {
	leaf   uint32
	hour   uint16 // Of the month.
	counts values
}

// A reasonAddition is what came to a reason of a cell.
type reasonAddition struct {
	leaf uint32
	hour uint16
	key  schema.ReasonKey
	n    uint64
}

// A run is some additions, each cell once, by leaf and hour; it never changes.
// What a month has in fresh cells is the sum of a few runs, each at most half as
// long as the one before it: to take some more costs few copies, and readers need
// no order among runs, because they add.
type run struct {
	cells   []addition
	reasons []reasonAddition
	sums    *block // Of cells, by region without service; nil where they are few.
	low     int    // Hours of cells, half-open.
	high    int
}

func (a *addition) compare(b *addition) int {
	return cmp.Or(cmp.Compare(a.leaf, b.leaf), cmp.Compare(a.hour, b.hour))
}

func (a *reasonAddition) compare(b *reasonAddition) int {
	return cmp.Or(cmp.Compare(a.leaf, b.leaf), cmp.Compare(a.hour, b.hour), cmp.Compare(a.key, b.key))
}

// newRun returns the run of additions in any order, whose memory it takes.
func newRun(cells []addition, reasons []reasonAddition) *run {
	slices.SortFunc(cells, func(a, b addition) int { return a.compare(&b) })
	slices.SortFunc(reasons, func(a, b reasonAddition) int { return a.compare(&b) })
	return runOf(joinCells(cells), joinReasons(reasons))
}

// merged returns the run of what a and b have.
func merged(a, b *run) *run {
	cells := merge(a.cells, b.cells, (*addition).compare)
	reasons := merge(a.reasons, b.reasons, (*reasonAddition).compare)
	return runOf(joinCells(cells), joinReasons(reasons))
}

func runOf(cells []addition, reasons []reasonAddition) *run {
	r := &run{cells: cells, reasons: reasons, low: 1 << 16}
	for i := range cells {
		r.low, r.high = min(r.low, int(cells[i].hour)), max(r.high, int(cells[i].hour)+1)
	}
	return r
}

// merge joins two sorted slices into a new one.
func merge[T any](a, b []T, compare func(a, b *T) int) []T {
	out := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compare(&a[0], &b[0]) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// joinCells adds up neighbours of the same cell, in place.
func joinCells(cells []addition) []addition {
	out := cells[:0]
	for i := range cells {
		if last := len(out) - 1; last >= 0 && out[last].compare(&cells[i]) == 0 {
			for k, n := range cells[i].counts {
				out[last].counts[k] += n
			}
			continue
		}
		out = append(out, cells[i])
	}
	return out
}

// joinReasons adds up neighbours of the same reason, in place.
func joinReasons(reasons []reasonAddition) []reasonAddition {
	out := reasons[:0]
	for i := range reasons {
		if last := len(out) - 1; last >= 0 && out[last].compare(&reasons[i]) == 0 {
			out[last].n += reasons[i].n
			continue
		}
		out = append(out, reasons[i])
	}
	return out
}

// push returns runs with r, joined so that each stays at most half of the one
// before it. The slice given is not changed.
func push(runs []*run, r *run) []*run {
	out := append(slices.Clone(runs), r)
	for len(out) > 1 && 2*len(out[len(out)-1].cells) > len(out[len(out)-2].cells) {
		last := len(out) - 1
		out[last-1] = merged(out[last-1], out[last])
		out = out[:last]
	}
	return out
}
