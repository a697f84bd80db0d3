package packed

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"mlf/query/calendar"
	"mlf/schema"
)

// A month is the cells of a month of Rome's calendar: a block and what came since.
// It never changes.
type month struct {
	number calendar.Month
	first  schema.Hour
	hours  int

	blocks [grainN]*block // The same cells by every grain; nil: none yet.
	fresh  []*run

	low, high int    // Hours of the month that have votes, half-open.
	version   uint64 // Changes with every count: the sum of stamps of all its votes.
}

// freshN is how many cells m has beside its block.
func (m *month) freshN() int {
	n := 0
	for _, r := range m.fresh {
		n += len(r.cells)
	}
	return n
}

// with returns m and r besides.
func (m *month) with(r *run, version uint64) *month {
	next := *m
	next.fresh = push(m.fresh, r)
	next.version += version
	next.low, next.high = min(m.low, r.low), max(m.high, r.high)
	return &next
}

// freshRun returns what m has beside its block.
func (m *month) freshRun() run {
	var r run
	for _, other := range m.fresh {
		r.cells = merge(r.cells, other.cells, (*addition).compare)
		r.reasons = merge(r.reasons, other.reasons, (*reasonAddition).compare)
	}
	r.cells, r.reasons = joinCells(r.cells), joinReasons(r.reasons)
	return r
}

// canBePacked tells whether a block can hold all cells of m. Else they stay where
// they are: questions of the month take longer.
func (m *month) canBePacked() bool {
	const cellMax = 2 + 1 + int(schema.ValueMax)*binary.MaxVarintLen64
	b := m.blocks[leafGrain]
	return b == nil || uint64(b.cellBytes)+uint64(m.freshN()*cellMax) <= bytesMax
}

// packed returns m with all cells in its block.
func (m *month) packed(c *coding, l *leaves) *month {
	r := m.freshRun()
	b := newBlockBuilder(c)
	packCells(b, m.blocks[leafGrain], r.cells, l)
	packReasons(b, m.blocks[leafGrain], r.reasons)
	packed, err := b.block()
	if err != nil {
		panic(fmt.Sprintf("BUG: month %v: %v", m.number, err))
	}
	next := *m
	next.fresh = nil
	next.hold(packed, c, l)
	return &next
}

// regrouped returns m with its sums made anew.
func (m *month) regrouped(c *coding, l *leaves) *month {
	next := *m
	next.hold(m.blocks[leafGrain], c, l)
	next.fresh = slices.Clone(m.fresh)
	for i, r := range next.fresh {
		if r.sums != nil {
			next.fresh[i] = r.summed(c, l)
		}
	}
	return &next
}

// sumFresh adds up the runs of m, which nobody else knows yet, that have more than most
// cells.
func (m *month) sumFresh(c *coding, l *leaves, most int) {
	for i, r := range m.fresh {
		if r.sums == nil && len(r.cells) > most {
			m.fresh[i] = r.summed(c, l)
		}
	}
}

// packCells adds the cells of old and more to b, both by leaf and hour.
func packCells(b *blockBuilder, old *block, more []addition, l *leaves) {
	put := func(a *addition) { b.add(a.leaf, l.keys[a.leaf].scale, int(a.hour), &a.counts) }
	if old != nil {
		for j := range int(old.leafN) {
			leaf := old.leaf(j)
			c := cursorOf(old.cellsOf(j), b.coding.of(l.keys[leaf].scale))
			for c.next() {
				at := addition{leaf, uint16(c.hour), c.counts}
				for len(more) > 0 && more[0].compare(&at) < 0 {
					put(&more[0])
					more = more[1:]
				}
				if len(more) > 0 && more[0].compare(&at) == 0 {
					for k, n := range more[0].counts {
						at.counts[k] += n
					}
					more = more[1:]
				}
				put(&at)
			}
		}
	}
	for i := range more {
		put(&more[i])
	}
}

// packReasons is packCells for reasons.
func packReasons(b *blockBuilder, old *block, more []reasonAddition) {
	put := func(a *reasonAddition) { b.addReason(a.leaf, int(a.hour), a.key, a.n) }
	if old != nil {
		for j := range int(old.reasonLeafN) {
			c := reasonCursor{entries: old.reasonsOf(j)}
			for c.next() {
				at := reasonAddition{old.reasonLeaf(j), uint16(c.hour), c.key, c.n}
				for len(more) > 0 && more[0].compare(&at) < 0 {
					put(&more[0])
					more = more[1:]
				}
				if len(more) > 0 && more[0].compare(&at) == 0 {
					at.n += more[0].n
					more = more[1:]
				}
				put(&at)
			}
		}
	}
	for i := range more {
		put(&more[i])
	}
}

// A stamp is what one vote of a cell adds to the version of its month. Versions
// are sums of stamps, modulo 2^64: they do not depend on the order in which votes
// came, so all processes have the same, and one that loads all anew has it again.
type stamp uint64

// stampOf returns the stamp of the leaf of c. The numbers of leaves differ from
// process to process; what is in them does not.
func stampOf(k leafKey, office schema.OfficeCode) stamp {
	h := mix(uint64(k.comune)<<32 | uint64(k.service)<<16 | uint64(k.channel)<<8 | uint64(k.scale)<<4 ^ uint64(k.class))
	for i := range len(office) {
		h = mix(h ^ uint64(office[i]))
	}
	return stamp(h)
}

// at returns what n votes of an hour and kind add: kind is a value less one, or a
// reason's key above all values.
func (s stamp) at(hour schema.Hour, kind int, n uint64) uint64 {
	return (mix(uint64(s)^(uint64(hour)<<16|uint64(kind))) | 1) * n
}

// mix spreads the bits of x over all of the result.
func mix(x uint64) uint64 {
	const a, b = 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9
	high, low := bits.Mul64(x^a, b)
	return high ^ low ^ bits.RotateLeft64(x*a, 29)
}

// monthAt returns the position in months, which are sorted, of the first that ends
// after h.
func monthAt(months []*month, h schema.Hour) int {
	i, _ := slices.BinarySearchFunc(months, h, func(m *month, h schema.Hour) int {
		if m.first+schema.Hour(m.hours) <= h {
			return -1
		}
		return 1
	})
	return i
}
