package packed

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"

	"mlf/query/question"
	"mlf/schema"
)

// leavesPerCheck is how many leaves are gone through between two looks at a context.
const leavesPerCheck = 1 << 12

// Counts answers a. There is no plan to choose: what is read follows from the
// question alone. Cells are of the coarsest grain that tells apart what it does.
// Leaves are taken from a list where they are few, else by the group of each. Of a
// month whose hours are all of one group the sums of its leaves are enough; of any
// other month the cells are read.
//
// Errors: schema.ErrTooManyRows, and that of ctx, which is looked at every some
// thousand leaves.
func (c *Cells) Counts(ctx context.Context, a *question.Axes) (*question.Counts, error) {
	if a.Hours != nil && len(a.Hours) != int(a.Next)-int(a.From) {
		return nil, fmt.Errorf("count: groups of %d hours for the hours from %d to %d", len(a.Hours), a.From, a.Next)
	}
	q := counting{
		ctx: ctx, cells: c, axes: a,
		selection: newSelection(c.leaves, a),
		hours:     make([]int32, 0, hoursMax),
	}
	q.tally = newTally(q.selection.groups, hourGroups(a), a.Reasons)
	if err := q.run(); err != nil {
		return nil, err
	}
	runtime.KeepAlive(c) // Blocks may lie in a file that is mapped as long as c lives.
	return q.tally.answer(q.selection.key, a.RowsMax)
}

// hoursMax is the most hours a month has: 31 days, and one more at the end of
// summer time.
const hoursMax = 31*24 + 1

// hourGroups is how many groups of hours a has, at least one.
func hourGroups(a *question.Axes) int {
	most := question.Group(0)
	for _, g := range a.Hours {
		most = max(most, g)
	}
	return int(most) + 1
}

// A counting is a question while it is answered.
type counting struct {
	ctx       context.Context // It lives for one call.
	cells     *Cells
	axes      *question.Axes
	selection *selection
	tally     *tally
	hours     []int32 // Group of each hour of the month at hand.
	next      int     // The last hour of them that is taken, and one.
	small     *small  // Of the leaf at hand.
	hits      []hit   // Memory of eachLeaf.
	out       values  // Where counts go that are not asked for.
}

func (c *counting) run() error {
	if c.axes.From >= c.axes.Next {
		return c.ctx.Err()
	}
	months := c.cells.months
	for _, m := range months[monthAt(months, c.axes.From):] {
		if m.first >= c.axes.Next {
			break
		}
		if err := c.ctx.Err(); err != nil {
			return fmt.Errorf("count: %w", err)
		}
		if err := c.month(m); err != nil {
			return err
		}
		if c.tally.rowsOver(c.axes.RowsMax) {
			return schema.ErrTooManyRows
		}
	}
	return nil
}

// month counts what m has of the question.
func (c *counting) month(m *month) error {
	if m.high <= m.low {
		return nil
	}
	c.groupHours(m)
	one, isOne := c.oneGroup(m)
	if isOne && one < 0 {
		return nil
	}
	if err := c.reasons(m); err != nil {
		return err
	}
	if isOne {
		return c.sums(m, one)
	}
	return c.decodeAll(m)
}

// groupHours sets hours to the groups of m's hours.
func (c *counting) groupHours(m *month) {
	c.hours = c.hours[:m.hours]
	from, next := max(m.first, c.axes.From), min(m.first+schema.Hour(m.hours), c.axes.Next)
	for i := range c.hours {
		c.hours[i] = out
	}
	asked := c.hours[from-m.first : next-m.first]
	if c.axes.Hours == nil {
		clear(asked)
		return
	}
	for i, g := range c.axes.Hours[from-c.axes.From : next-c.axes.From] {
		asked[i] = int32(max(g, question.Out))
	}
}

// oneGroup returns the group of all hours of m that have votes, if it is one.
func (c *counting) oneGroup(m *month) (int32, bool) {
	one := c.hours[m.low]
	for _, g := range c.hours[m.low+1 : m.high] {
		if g != one {
			return 0, false
		}
	}
	return one, true
}

// row returns where the counts of a leaf's group and an hour's go, until the next
// call.
func (c *counting) row(group, hour int32) *values {
	if group >= 0 && c.tally.dense != nil {
		return &c.tally.dense[int(group)*c.tally.hours+int(hour)]
	}
	return c.otherRow(group, hour)
}

// otherRow is row where counts are not in an array.
func (c *counting) otherRow(group, hour int32) *values {
	if group >= 0 {
		return c.tally.sparse.at(uint64(group)*uint64(c.tally.hours) + uint64(hour))
	}
	return &c.tally.excluded[excludedClass(group)]
}

// addTo adds v. It is written out, because it is most of what some questions do.
func addTo(to, v *values) {
	to[0] += v[0]
	to[1] += v[1]
	to[2] += v[2]
	to[3] += v[3]
	to[4] += v[4]
}

// sums adds what the month has of each leaf.
func (c *counting) sums(m *month, hour int32) error {
	return c.each(m, func(group int32, a *addition) { addTo(c.row(group, hour), &a.counts) }, func(b *block, hits []hit) {
		for _, h := range hits {
			b.addSum(int(h.at), c.row(h.group, hour))
		}
	})
}

// each calls fresh for the cells of m that are taken and in no block, and leaves for what
// of each block is taken.
func (c *counting) each(m *month, fresh func(group int32, a *addition), leaves func(b *block, hits []hit)) error {
	s := c.selection
	one := func(b *block) error {
		return c.eachLeaf(b.leaves, &s.cells, func(hits []hit) { leaves(b, hits) })
	}
	for _, r := range m.fresh {
		if r.sums == nil || s.grain != regionGrain {
			c.freshCells(r, fresh)
		} else if err := one(r.sums); err != nil {
			return err
		}
	}
	if b := m.blocks[s.grain]; b != nil {
		return one(b)
	}
	return nil
}

// decodeAll adds the cells themselves.
func (c *counting) decodeAll(m *month) error {
	scales := c.cells.leaves.scales[c.selection.grain]
	for c.next = m.hours; c.hours[c.next-1] < 0; c.next-- { // Not all are out: month has seen to that.
	}
	return c.each(m, func(group int32, a *addition) {
		if hour := c.hours[a.hour]; hour >= 0 {
			addTo(c.row(group, hour), &a.counts)
		}
	}, func(b *block, hits []hit) {
		for _, h := range hits {
			c.small = c.cells.coding.of(scales[b.leaf(int(h.at))])
			c.decode(b.cellsOf(int(h.at)), h.group)
		}
	})
}

// decode adds the cells of one leaf. It is the innermost loop of all: everything
// that a cursor does, once more in one function. As long as cells are of the same
// hour's group their counts are added up side by side in one number.
func (c *counting) decode(cells []byte, group int32) {
	hours, packed := c.hours[:c.next], &c.small.packed
	at, before, n := -1, out, 0
	sum, to := uint64(0), &c.out
	for i := 0; i < len(cells); {
		gap := int(cells[i])
		i++
		if gap >= gapLong {
			gap = (gap-gapLong)<<8 | int(cells[i])
			i++
		}
		at += gap
		if at >= len(hours) {
			break
		}
		token := cells[i]
		i++
		if hour := hours[at]; hour != before || n == packedMax {
			if sum != 0 {
				addPacked(to, sum)
			}
			sum, n, before, to = 0, 0, hour, &c.out
			if hour >= 0 {
				to = c.row(group, hour)
			}
		}
		sum += packed[token]
		n++
		if int(token) >= smallMax {
			var v values
			v, i = c.small.long(token, cells, i)
			addTo(to, &v)
		}
	}
	addPacked(to, sum)
}

// reasons adds the reasons of m, where they are asked for.
func (c *counting) reasons(m *month) error {
	if !c.axes.Reasons {
		return nil
	}
	for _, r := range m.fresh {
		c.freshReasons(r)
	}
	b := m.blocks[leafGrain]
	if b == nil {
		return nil
	}
	return c.eachLeaf(b.rLeaves, &c.selection.each, func(hits []hit) {
		for _, h := range hits {
			entries := reasonCursor{entries: b.reasonsOf(int(h.at))}
			for h.group >= 0 && entries.next() {
				if hour := c.hours[entries.hour]; hour >= 0 {
					c.tally.reason(h.group, hour, entries.key, entries.n)
				}
			}
		}
	})
}

// A hit is a leaf of a column that is taken.
type hit struct {
	at    uint32 // Its position.
	group int32
}

// eachLeaf calls f with the leaves of column that are taken, some at a time.
func (c *counting) eachLeaf(column []byte, of *taking, f func([]hit)) error {
	n := len(column) / 4
	if of.isFew {
		f(c.lookUp(column, of.picked))
		return nil
	}
	for first := 0; first < n; first += leavesPerCheck {
		if c.ctx.Err() != nil {
			return fmt.Errorf("count: %w", c.ctx.Err())
		}
		hits := c.hits[:0]
		for j := first; j < min(n, first+leavesPerCheck); j++ {
			if group := of.groups[binary.LittleEndian.Uint32(column[4*j:])]; group != out {
				hits = append(hits, hit{uint32(j), group})
			}
		}
		c.hits = hits
		f(hits)
	}
	return nil
}

// lookUp returns the few leaves that are picked, as far as column has them.
func (c *counting) lookUp(column []byte, picked []pick) []hit {
	hits := c.hits[:0]
	j, n := 0, len(column)/4
	for _, p := range picked {
		if j < n && binary.LittleEndian.Uint32(column[4*j:]) < p.leaf {
			j = seek(column, n, j+1, p.leaf)
		}
		if j >= n {
			break
		}
		if binary.LittleEndian.Uint32(column[4*j:]) == p.leaf {
			hits = append(hits, hit{uint32(j), p.group})
			j++ // Most leaves of a comune follow each other.
		}
	}
	c.hits = hits
	return hits
}

// freshCells calls f for the cells of r that are taken, whatever their hour.
func (c *counting) freshCells(r *run, f func(group int32, a *addition)) {
	s := c.selection
	if s.combos != nil {
		for i := range r.cells {
			if group := s.combos[s.leaves.combos[r.cells[i].leaf]]; group != out {
				f(group, &r.cells[i])
			}
		}
		return
	}
	if !s.cells.isFew {
		for i := range r.cells {
			if group := s.cells.groups[r.cells[i].leaf]; group != out {
				f(group, &r.cells[i])
			}
		}
		return
	}
	rest := r.cells
	for _, p := range s.cells.picked {
		if len(rest) > 0 && rest[0].leaf < p.leaf {
			rest = rest[gallop(len(rest), func(i int) bool { return rest[i].leaf >= p.leaf }):]
		}
		for ; len(rest) > 0 && rest[0].leaf == p.leaf; rest = rest[1:] {
			f(p.group, &rest[0])
		}
	}
}

// freshReasons adds the reasons of r that are taken.
func (c *counting) freshReasons(r *run) {
	add := func(group int32, a *reasonAddition) {
		if hour := c.hours[a.hour]; group >= 0 && hour >= 0 {
			c.tally.reason(group, hour, a.key, a.n)
		}
	}
	of := &c.selection.each
	if !of.isFew {
		for i := range r.reasons {
			add(of.groups[r.reasons[i].leaf], &r.reasons[i])
		}
		return
	}
	rest := r.reasons
	for _, p := range of.picked {
		if len(rest) > 0 && rest[0].leaf < p.leaf {
			rest = rest[gallop(len(rest), func(i int) bool { return rest[i].leaf >= p.leaf }):]
		}
		for ; len(rest) > 0 && rest[0].leaf == p.leaf; rest = rest[1:] {
			add(p.group, &rest[0])
		}
	}
}
