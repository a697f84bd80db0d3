package packed

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"

	"mlf/query/calendar"
	"mlf/schema"
)

// A Loading is whole months on their way into an empty Builder, several at once.
// Leaves are numbered as they come, and by their order at the end.
type Loading struct {
	b *Builder

	mu      sync.Mutex // Of the builder's catalogue and packing.
	packing []*Packing
}

// Loading returns a loading into b, which nothing was added to.
func (b *Builder) Loading() *Loading { return &Loading{b: b} }

// A Packing is one month on its way into a block.
type Packing struct {
	l     *Loading
	month *month
	b     *blockBuilder

	isBegun bool
	cell    schema.Cell // At hand.
	leaf    uint32
	stamp   stamp
	counts  Values
	keys    []schema.ReasonKey
	ns      []uint64
}

// Month returns what takes the cells of a month. It belongs to one goroutine, until
// its End.
func (l *Loading) Month(number calendar.Month) *Packing {
	return &Packing{l: l, month: newMonth(l.b.cfg.Clock, number), b: newBlockBuilder(l.b.coding)}
}

// Hours returns the hours of p's month, half-open.
func (p *Packing) Hours() (first, next schema.Hour) {
	return p.month.first, p.month.first + schema.Hour(p.month.hours)
}

// Take adds votes to a cell. Those of one cell follow each other, and the cells of
// one leaf by their hours; an error says that they do not. The slices are the
// caller's.
func (p *Packing) Take(cell *schema.Cell, v *Values, keys []schema.ReasonKey, ns []uint64) error {
	if *cell != p.cell || !p.isBegun {
		if err := p.begin(cell); err != nil {
			return err
		}
	}
	addTo(&p.counts, v)
	for i, key := range keys {
		p.reason(key, ns[i])
	}
	return nil
}

// begin goes on to another cell.
func (p *Packing) begin(cell *schema.Cell) error {
	if at := int(cell.Hour) - int(p.month.first); at < 0 || at >= p.month.hours {
		return fmt.Errorf("hour %v is not of %v", cell.Hour, p.month.number)
	}
	p.endCell()
	before, after := p.cell, *cell
	before.Hour, after.Hour = 0, 0
	isSame := p.isBegun && before == after
	if isSame && cell.Hour <= p.cell.Hour {
		return fmt.Errorf("hour %v comes after %v", cell.Hour, p.cell.Hour)
	}
	p.cell, p.isBegun = *cell, true
	if isSame {
		return nil
	}
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	p.leaf = p.l.b.catalogue.leaf(cell)
	p.stamp = stampOf(p.l.b.catalogue.keys[p.leaf], cell.Office)
	return nil
}

// reason adds up a reason of the cell at hand.
func (p *Packing) reason(key schema.ReasonKey, n uint64) {
	at, ok := slices.BinarySearch(p.keys, key)
	if !ok {
		p.keys, p.ns = slices.Insert(p.keys, at, key), slices.Insert(p.ns, at, 0)
	}
	p.ns[at] += n
}

// endCell puts the cell at hand into the block.
func (p *Packing) endCell() {
	if p.counts == (Values{}) {
		p.keys, p.ns = p.keys[:0], p.ns[:0]
		return
	}
	hour := int(p.cell.Hour - p.month.first)
	p.b.add(p.leaf, p.cell.Scale, hour, &p.counts)
	for k, n := range p.counts {
		if n > 0 {
			p.month.version += p.stamp.at(p.cell.Hour, k, n)
		}
	}
	for i, key := range p.keys {
		if p.ns[i] > 0 {
			p.b.addReason(p.leaf, hour, key, p.ns[i])
			p.month.version += p.stamp.at(p.cell.Hour, int(schema.ValueMax)+int(key), p.ns[i])
		}
	}
	p.counts, p.keys, p.ns = Values{}, p.keys[:0], p.ns[:0]
}

// End says that the month has come.
func (p *Packing) End() {
	p.endCell()
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	if p.b.head.leafN > 0 {
		p.l.packing = append(p.l.packing, p)
	}
}

// Place numbers the leaves by their order and makes the blocks. An error says that
// the leaves of a month came in another order, or are too many.
func (l *Loading) Place() error {
	b := l.b
	to, sorted := b.catalogue.sorted()
	b.catalogue = sorted
	for _, k := range sorted.keys {
		b.stamps = append(b.stamps, stampOf(k, sorted.offices[k.office]))
	}
	slices.SortFunc(l.packing, func(a, b *Packing) int { return cmp.Compare(a.month.number, b.month.number) })
	for i, p := range l.packing {
		m := p.month
		if err := p.b.renumber(to); err != nil {
			return fmt.Errorf("pack %v: %w", m.number, err)
		}
		block, err := p.b.block()
		if err != nil {
			return fmt.Errorf("pack %v: %w", m.number, err)
		}
		m.hold(block, b.coding, &sorted.leaves)
		b.months = append(b.months, m)
		l.packing[i] = nil // It is as long as the block.
	}
	return nil
}

// sorted returns the catalogue of the same leaves in their order, and the number
// there of each.
func (c *catalogue) sorted() ([]uint32, *catalogue) {
	order := make([]uint32, len(c.keys))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		x, y := &c.keys[a], &c.keys[b]
		return cmp.Or(cmp.Compare(x.comune, y.comune), cmp.Compare(c.offices[x.office], c.offices[y.office]),
			cmp.Compare(x.service, y.service), cmp.Compare(x.channel, y.channel),
			cmp.Compare(x.scale, y.scale), cmp.Compare(x.class, y.class))
	})
	again := newCatalogue(c.regionOf)
	again.offices, again.officeAt = c.offices, maps.Clone(c.officeAt)
	to := make([]uint32, len(order))
	for _, old := range order {
		to[old] = again.number(c.keys[old])
	}
	return to, again
}
