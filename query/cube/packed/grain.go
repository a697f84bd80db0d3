package packed

import (
	"fmt"
	"math"
	"math/bits"

	"mlf/schema"
)

// A grain is what cells of an hour are told apart by. Those of each month are kept by
// every grain, exact and hour by hour: a question is answered from the coarsest that
// tells apart what it does.
type grain int

// The grains, each coarser than the one before.
const (
	leafGrain   grain = iota // By all that a cell is.
	comboGrain               // By region, service, channel, scale and class.
	regionGrain              // By region, channel, scale and class.
	grainN
)

// A combo is what a leaf has in common with the others of its region that are of
// the same service, channel, scale and class, whatever their comune and office.
type combo struct {
	region  schema.RegionID
	service schema.ServiceID
	channel schema.Channel
	scale   schema.Scale
	class   schema.Class
}

// regionsMax is how many regions there can be.
const regionsMax = math.MaxUint8 + 1

// hold makes b the block of m, which nobody else knows yet, and adds it up.
func (m *month) hold(b *block, c *coding, l *leaves) {
	if b == nil {
		return
	}
	combos := b.summed(c, l.combos, l.scales[comboGrain])
	m.holdAll([grainN]*block{b, combos, combos.summed(c, l.regions, l.scales[regionGrain])})
}

// holdAll is hold with the sums made.
func (m *month) holdAll(blocks [grainN]*block) {
	b := blocks[leafGrain]
	m.blocks, m.low, m.high = blocks, min(m.low, int(b.low)), max(m.high, int(b.high))
}

// summed returns the block of b's cells by a coarser grain: to has the number there
// of each of b's leaves, scales are those of the numbers.
func (b *block) summed(c *coding, to []uint32, scales []schema.Scale) *block {
	builder, s := newBlockBuilder(c), &summer{}
	positions, ends := sorted(int(b.leafN), len(scales), func(j int) uint32 { return to[b.leaf(j)] })
	first := uint32(0)
	for n, end := range ends {
		s.small = c.of(scales[n])
		for _, j := range positions[first:end] {
			s.add(b.cellsOf(int(j)))
		}
		s.end(builder, uint32(n), scales[n])
		first = end
	}
	return builder.mustBlock()
}

// mustBlock is block for sums: it takes a hundred thousand numbers, each with votes in
// every hour, to be too long.
func (b *blockBuilder) mustBlock() *block {
	sums, err := b.block()
	if err != nil {
		panic(fmt.Sprintf("BUG: sums of %d cells: %v", b.head.cellN, err))
	}
	return sums
}

// summed returns r with its cells added up.
func (r *run) summed(c *coding, l *leaves) *run {
	builder, s := newBlockBuilder(c), &summer{}
	scales := l.scales[regionGrain]
	positions, ends := sorted(len(r.cells), len(scales), func(i int) uint32 { return l.regions[l.combos[r.cells[i].leaf]] })
	first := uint32(0)
	for n, end := range ends {
		for _, i := range positions[first:end] {
			s.addFresh(&r.cells[i])
		}
		s.end(builder, uint32(n), scales[n])
		first = end
	}
	again := *r
	again.sums = builder.mustBlock()
	return &again
}

// sorted returns the positions of size things by their number, which is below n, and
// where those of each number end.
func sorted(size, n int, number func(i int) uint32) (positions, ends []uint32) {
	ends = make([]uint32, n+1) // At first where they begin, one place to the right.
	for i := range size {
		ends[number(i)+1]++
	}
	for i := range n {
		ends[i+1] += ends[i]
	}
	positions = make([]uint32, size)
	for i := range size {
		n := number(i)
		positions[ends[n]] = uint32(i)
		ends[n]++
	}
	return positions, ends[:n]
}

// A summer adds up the cells of leaves of one scale, hour by hour.
type summer struct {
	small   *small
	hours   [(hoursMax + 63) / 64]uint64 // A bit for each that has votes.
	packed  [hoursMax]uint64             // Small combinations of counts, side by side.
	packedN int                          // Leaves in packed.
	wide    [hoursMax]values             // What packed does not hold.
}

// add adds the cells of a leaf. It is written out, as the decoding of a question.
func (s *summer) add(cells []byte) {
	if s.packedN == packedMax {
		s.unpack()
	}
	s.packedN++
	packed, at := &s.small.packed, -1
	for i := 0; i < len(cells); {
		gap := int(cells[i])
		i++
		if gap >= gapLong {
			gap = (gap-gapLong)<<8 | int(cells[i])
			i++
		}
		at += gap
		token := cells[i]
		i++
		s.hours[at/64] |= 1 << (at % 64)
		s.packed[at] += packed[token]
		if int(token) >= smallMax {
			var v values
			v, i = s.small.long(token, cells, i)
			addTo(&s.wide[at], &v)
		}
	}
}

// addFresh adds what came to a cell.
func (s *summer) addFresh(a *addition) {
	s.hours[a.hour/64] |= 1 << (a.hour % 64)
	addTo(&s.wide[a.hour], &a.counts)
}

// unpack makes room in packed.
func (s *summer) unpack() {
	for hour, sum := range s.packed {
		addPacked(&s.wide[hour], sum)
	}
	s.packed, s.packedN = [hoursMax]uint64{}, 0
}

// end puts the sums into b, as the cells of n, and begins anew.
func (s *summer) end(b *blockBuilder, n uint32, scale schema.Scale) {
	for i, rest := range s.hours {
		for ; rest != 0; rest &= rest - 1 {
			hour := 64*i + bits.TrailingZeros64(rest)
			v := &s.wide[hour]
			addPacked(v, s.packed[hour])
			b.add(n, scale, hour, v)
			s.packed[hour], *v = 0, values{}
		}
		s.hours[i] = 0
	}
	s.packedN = 0
}
