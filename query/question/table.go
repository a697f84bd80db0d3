package question

import (
	"cmp"
	"math/bits"
	"slices"
)

// A Table is an answer: a column for each dimension of the group, in the order
// asked, and rows in the order of their texts.
type Table struct {
	Columns []Column
	Rows    []Count
	Faces   bool // The values are faces: red, yellow, green.

	// Before are the rows of what is compared with, row by row; nil where nothing is.
	Before []Count

	reasons map[Key][]ReasonCount
	partial partial

	running Group // Of time, the step that is running; Out for none.
	spans   bool  // A column of time says of its steps whether they are running.
}

// Marks tells whether rows are of spans of time, of which one may be running.
func (t *Table) Marks() bool { return t.spans }

// Running tells whether the time of row r has begun and is not over.
func (t *Table) Running(r *Count) bool { return t.spans && r.Hour == t.running }

// A Column is one dimension of a table.
type Column struct {
	*Dimension
	texts  []string // By group; "" of those that no row has.
	names  []string // Beside the texts; nil where none are asked for.
	values []uint32
	ranks  []uint32 // The order of the texts, dense.
	count  int      // Of ranks.
}

// Text returns what the column says of row r.
func (c *Column) Text(r *Count) string { return c.texts[r.of(c.Of)] }

// HasNames tells whether the column has names beside its texts.
func (c *Column) HasNames() bool { return c.names != nil }

// NameOf returns what the text of row r is called, where c has names; "" for one of no
// list.
func (c *Column) NameOf(r *Count) string { return c.names[r.of(c.Of)] }

// Value returns the number behind the text of row r: an hour, a day since 1970, a
// code. It means nothing in a column of offices.
func (c *Column) Value(r *Count) uint32 { return c.values[r.of(c.Of)] }

// N returns the votes of r.
func (r *Count) N() uint64 {
	var n uint64
	for _, v := range r.Values {
		n += v
	}
	return n
}

// Table returns the table of what was counted for f. It takes over the rows.
func (f *Frame) Table(counts *Counts) *Table {
	t := &Table{Rows: counts.Rows, Faces: f.question.Faces, running: Out, partial: newPartial(counts.Partial)}
	if s := f.sides[OfHour]; s != nil {
		t.spans = s.dims[0].spans
	}
	if g, ok := f.running(); ok {
		t.running = g
	}
	t.take(counts.Reasons)
	if len(f.question.Group) == 0 && len(t.Rows) == 0 {
		t.Rows = make([]Count, 1) // Nothing counted is an answer, too.
	}
	var place [attributes]int
	for _, d := range f.question.Group {
		t.Columns = append(t.Columns, f.column(d, place[d.Of], t.Rows))
		place[d.Of]++
	}
	t.sort()
	return t
}

// take takes over what was counted of reasons.
func (t *Table) take(reasons []ReasonCount) {
	slices.SortFunc(reasons, func(a, b ReasonCount) int { return cmp.Compare(a.Reason, b.Reason) })
	t.reasons = make(map[Key][]ReasonCount, len(reasons))
	for _, r := range reasons {
		t.reasons[r.Key] = append(t.reasons[r.Key], r)
	}
}

// Reasons returns what was counted of reasons in row r, where the axes asked for
// them: by value, then by reason. The slice is the table's.
func (t *Table) Reasons(r *Count) []ReasonCount { return t.reasons[r.Key] }

// column returns the column of dimension i of d's side.
func (f *Frame) column(d *Dimension, i int, rows []Count) Column {
	s := f.sides[d.Of]
	groups := max(len(s.keys), len(s.texts))
	c := Column{Dimension: d, texts: make([]string, groups), values: make([]uint32, groups), ranks: make([]uint32, groups)}
	if f.question.HasNames(d.Name) {
		c.names = make([]string, groups)
	}
	used := make([]bool, groups)
	var present []Group
	for k := range rows {
		if g := rows[k].of(d.Of); !used[g] {
			used[g] = true
			present = append(present, g)
		}
	}
	for _, g := range present {
		if c.texts[g] = s.text(g, i); c.names != nil {
			c.names[g] = f.question.NameOf(d.Name, c.texts[g])
		}
		if d.Of != OfOffice {
			c.values[g] = s.value(g, i)
		}
	}
	c.rank(present)
	return c
}

// rank numbers the groups in the order of their texts.
func (c *Column) rank(present []Group) {
	order := func(a, b Group) int { return cmp.Compare(c.texts[a], c.texts[b]) }
	if c.sorted {
		order = func(a, b Group) int { return cmp.Compare(c.values[a], c.values[b]) }
	}
	slices.SortFunc(present, order)
	for k, g := range present {
		if k > 0 && order(present[k-1], g) != 0 {
			c.count++
		}
		c.ranks[g] = uint32(c.count)
	}
	c.count++
}

// sort puts the rows in the order of the texts of their columns. Nearly always the
// ranks of a row fit into one number, which is quick to compare.
func (t *Table) sort() {
	width := 0
	for i := range t.Columns {
		width += bits.Len(uint(t.Columns[i].count))
	}
	if width > 64 {
		slices.SortFunc(t.Rows, t.compare)
		return
	}
	type at struct {
		rank uint64
		row  int32
	}
	order := make([]at, len(t.Rows))
	for i := range t.Rows {
		var rank uint64
		for k := range t.Columns {
			c := &t.Columns[k]
			rank = rank<<bits.Len(uint(c.count)) | uint64(c.ranks[t.Rows[i].of(c.Of)])
		}
		order[i] = at{rank, int32(i)}
	}
	slices.SortFunc(order, func(a, b at) int { return cmp.Compare(a.rank, b.rank) })
	t.arrange(func(i int) int { return int(order[i].row) }, func(i, row int) { order[i].row = int32(row) })
}

// arrange puts at i the row that stands at from(i), along the circles of that
// order, and marks with set what is in place.
func (t *Table) arrange(from func(int) int, set func(i, row int)) {
	for i := range t.Rows {
		if from(i) == i {
			continue
		}
		first := t.Rows[i]
		for k := i; ; {
			next := from(k)
			set(k, k)
			if next == i {
				t.Rows[k] = first
				break
			}
			t.Rows[k] = t.Rows[next]
			k = next
		}
	}
}

func (t *Table) compare(a, b Count) int {
	for i := range t.Columns {
		c := &t.Columns[i]
		if order := cmp.Compare(c.ranks[a.of(c.Of)], c.ranks[b.of(c.Of)]); order != 0 {
			return order
		}
	}
	return 0
}

// Slice leaves only rows [first, next).
func (t *Table) Slice(first, next int) {
	t.Rows = t.Rows[first:next]
	if t.Before != nil {
		t.Before = t.Before[first:next]
	}
}

// Top leaves only the n rows of the most votes, the most first. Of equally many
// votes, the order stays.
func (t *Table) Top(n int) {
	order := make([]int, len(t.Rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.Rows[b].N(), t.Rows[a].N()) })
	order = order[:min(n, len(order))]
	t.Rows = picked(t.Rows, order)
	if t.Before != nil {
		t.Before = picked(t.Before, order)
	}
}

func picked(rows []Count, order []int) []Count {
	top := make([]Count, len(order))
	for i, k := range order {
		top[i] = rows[k]
	}
	return top
}
