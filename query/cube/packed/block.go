package packed

import (
	"encoding/binary"
	"errors"
	"fmt"

	"mlf/schema"
)

// A block is the cells of one month, packed, and never changes. For each leaf that
// has any, in order of their numbers: the number, the sums of the month, and where
// its cells begin. It may lie in a mapped file: whoever reads it holds it until the
// reading is done (runtime.KeepAlive), or the file may be gone beneath.
type block struct {
	blockHead
	image   []byte // All of it, as in a snapshot.
	leaves  []byte // 4 bytes each.
	starts  []byte // 4 each, and one for the end.
	sums    []byte // 2 for each value; wideMark: in wide.
	wide    []byte // Of leaves with more: position 4, and 8 for each value.
	cells   []byte
	rLeaves []byte // Of leaves with reasons, as above.
	rStarts []byte
	reasons []byte
	home    any // What image lies in, held as long as the block; nil: the heap.
}

// A blockHead says how long the parts of a block are.
type blockHead struct {
	leafN, wideN, reasonLeafN uint32
	cellBytes, reasonBytes    uint32
	low, high                 uint32 // Hours of the month that have votes, half-open.
	cellN                     uint64
}

const (
	headBytes = 7*4 + 8
	sumBytes  = 2 * int(schema.ValueMax)
	wideBytes = 4 + 8*int(schema.ValueMax)
	wideMark  = 1<<16 - 1
)

func (b *block) leaf(j int) uint32 { return binary.LittleEndian.Uint32(b.leaves[4*j:]) }

func (b *block) cellsOf(j int) []byte {
	return b.cells[binary.LittleEndian.Uint32(b.starts[4*j:]):binary.LittleEndian.Uint32(b.starts[4*j+4:])]
}

func (b *block) reasonLeaf(j int) uint32 { return binary.LittleEndian.Uint32(b.rLeaves[4*j:]) }

func (b *block) reasonsOf(j int) []byte {
	return b.reasons[binary.LittleEndian.Uint32(b.rStarts[4*j:]):binary.LittleEndian.Uint32(b.rStarts[4*j+4:])]
}

// addSum adds the sums of the leaf at position j.
func (b *block) addSum(j int, to *values) {
	s := b.sums[sumBytes*j : sumBytes*j+sumBytes]
	for k := range to {
		n := binary.LittleEndian.Uint16(s[2*k:])
		if n == wideMark {
			b.addWide(j, to)
			return
		}
		to[k] += uint64(n)
	}
}

// addWide is addSum for a leaf whose first wide count was met: it is the first
// mark of the leaf, because such a leaf has the mark as its first count.
func (b *block) addWide(j int, to *values) {
	low, high := 0, int(b.wideN)
	for low < high {
		mid := (low + high) / 2
		if int(binary.LittleEndian.Uint32(b.wide[wideBytes*mid:])) < j {
			low = mid + 1
		} else {
			high = mid
		}
	}
	w := b.wide[wideBytes*low+4:]
	for k := range to {
		to[k] += binary.LittleEndian.Uint64(w[8*k:])
	}
}

// seek returns the first position from j on whose leaf in column, of n, is leaf or
// higher.
func seek(column []byte, n, j int, leaf uint32) int {
	return j + gallop(n-j, func(i int) bool { return binary.LittleEndian.Uint32(column[4*(j+i):]) >= leaf })
}

// gallop returns the first of n for which reached is true, as it is for all after it;
// n for none. What is looked for is mostly near the beginning.
func gallop(n int, reached func(int) bool) int {
	low, high := 0, 0
	for step := 1; high < n && !reached(high); step *= 2 {
		low = high + 1
		high += step
	}
	high = min(high, n)
	for low < high {
		mid := (low + high) / 2
		if reached(mid) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// errBlock is the error of a block whose parts do not add up.
var errBlock = errors.New("a block's parts are not as long as it says")

// openBlock returns the block that image is, which it keeps.
func openBlock(image []byte, home any) (*block, error) {
	if len(image) < headBytes {
		return nil, errBlock
	}
	b := &block{image: image, home: home}
	for i, to := range []*uint32{&b.leafN, &b.wideN, &b.reasonLeafN, &b.cellBytes, &b.reasonBytes, &b.low, &b.high} {
		*to = binary.LittleEndian.Uint32(image[4*i:])
	}
	b.cellN = binary.LittleEndian.Uint64(image[headBytes-8:])
	rest := image[headBytes:]
	for _, part := range []struct {
		to   *[]byte
		size int
	}{
		{&b.leaves, 4 * int(b.leafN)},
		{&b.starts, 4 * (int(b.leafN) + 1)},
		{&b.sums, sumBytes * int(b.leafN)},
		{&b.wide, wideBytes * int(b.wideN)},
		{&b.cells, int(b.cellBytes)},
		{&b.rLeaves, 4 * int(b.reasonLeafN)},
		{&b.rStarts, 4 * (int(b.reasonLeafN) + 1)},
		{&b.reasons, int(b.reasonBytes)},
	} {
		if len(rest) < part.size {
			return nil, errBlock
		}
		*part.to, rest = rest[:part.size:part.size], rest[part.size:]
	}
	if len(rest) != 0 {
		return nil, errBlock
	}
	return b, nil
}

// A blockBuilder makes a block of cells that come by leaf and hour.
type blockBuilder struct {
	coding  *coding
	head    blockHead
	leaf    int64 // Of the cell before; -1: none.
	hour    int
	small   *small
	sum     values
	leaves  []byte
	starts  []byte
	sums    []byte
	wide    []byte
	cells   []byte
	rLeaf   int64
	rHour   int
	rLeaves []byte
	rStarts []byte
	reasons []byte
}

func newBlockBuilder(c *coding) *blockBuilder {
	return &blockBuilder{coding: c, leaf: -1, rLeaf: -1, head: blockHead{low: 1 << 16}}
}

// add appends a cell that has votes, of a leaf of scale s. The cells of a leaf come
// one after the other; leaves in order, or renumber says that they did not.
func (b *blockBuilder) add(leaf uint32, s schema.Scale, hour int, v *values) {
	if int64(leaf) != b.leaf {
		b.endLeaf()
		b.leaf, b.hour, b.small, b.sum = int64(leaf), -1, b.coding.of(s), values{}
		b.leaves = binary.LittleEndian.AppendUint32(b.leaves, leaf)
		b.starts = binary.LittleEndian.AppendUint32(b.starts, uint32(len(b.cells)))
		b.head.leafN++
	}
	if hour <= b.hour {
		panic(fmt.Sprintf("BUG: hour %d of leaf %d after %d", hour, leaf, b.hour))
	}
	b.cells = b.small.appendCounts(appendGap(b.cells, hour-b.hour), v)
	b.hour = hour
	for k, n := range v {
		b.sum[k] += n
	}
	b.head.cellN++
	b.head.low, b.head.high = min(b.head.low, uint32(hour)), max(b.head.high, uint32(hour)+1)
}

// endLeaf writes the sums of the leaf whose cells have come.
func (b *blockBuilder) endLeaf() {
	if b.leaf < 0 {
		return
	}
	isWide := false
	for _, n := range b.sum {
		isWide = isWide || n >= wideMark
	}
	if isWide {
		b.wide = binary.LittleEndian.AppendUint32(b.wide, b.head.leafN-1)
		b.head.wideN++
	}
	for _, n := range b.sum {
		if isWide {
			b.wide = binary.LittleEndian.AppendUint64(b.wide, n)
			n = wideMark
		}
		b.sums = binary.LittleEndian.AppendUint16(b.sums, uint16(n))
	}
}

// addReason appends a count of (hour, key) of a leaf; in their order.
func (b *blockBuilder) addReason(leaf uint32, hour int, key schema.ReasonKey, n uint64) {
	if int64(leaf) != b.rLeaf {
		b.rLeaf, b.rHour = int64(leaf), 0
		b.rLeaves = binary.LittleEndian.AppendUint32(b.rLeaves, leaf)
		b.rStarts = binary.LittleEndian.AppendUint32(b.rStarts, uint32(len(b.reasons)))
		b.head.reasonLeafN++
	}
	b.reasons = append(appendGap(b.reasons, hour-b.rHour), byte(key))
	b.reasons = binary.AppendUvarint(b.reasons, n)
	b.rHour = hour
}

// renumber gives every leaf that came the number that it has in to. Their order
// must stay.
func (b *blockBuilder) renumber(to []uint32) error {
	for _, column := range [][]byte{b.leaves, b.rLeaves} {
		before := int64(-1)
		for i := 0; i < len(column); i += 4 {
			leaf := to[binary.LittleEndian.Uint32(column[i:])]
			if int64(leaf) <= before {
				return fmt.Errorf("leaf %d of a month comes after %d", leaf, before)
			}
			binary.LittleEndian.PutUint32(column[i:], leaf)
			before = int64(leaf)
		}
	}
	return nil
}

// bytesMax is the most that a part of a block may have: its offsets are of 32 bits.
// A month of 4 GiB is a thousand million cells.
const bytesMax = 1<<32 - 1

// errTooLong is the error of a month that no block can hold.
var errTooLong = errors.New("a month has more cells than a block can hold")

// block ends the building and returns what was built; nil for no cells.
func (b *blockBuilder) block() (*block, error) {
	if b.head.leafN == 0 {
		return nil, nil
	}
	if uint64(len(b.cells)) > bytesMax || uint64(len(b.reasons)) > bytesMax {
		return nil, errTooLong
	}
	b.endLeaf()
	b.starts = binary.LittleEndian.AppendUint32(b.starts, uint32(len(b.cells)))
	b.rStarts = binary.LittleEndian.AppendUint32(b.rStarts, uint32(len(b.reasons)))
	b.head.cellBytes, b.head.reasonBytes = uint32(len(b.cells)), uint32(len(b.reasons))
	parts := [][]byte{b.leaves, b.starts, b.sums, b.wide, b.cells, b.rLeaves, b.rStarts, b.reasons}
	size := headBytes
	for _, part := range parts {
		size += len(part)
	}
	image := make([]byte, 0, size)
	h := &b.head
	for _, n := range []uint32{h.leafN, h.wideN, h.reasonLeafN, h.cellBytes, h.reasonBytes, h.low, h.high} {
		image = binary.LittleEndian.AppendUint32(image, n)
	}
	image = binary.LittleEndian.AppendUint64(image, h.cellN)
	for _, part := range parts {
		image = append(image, part...)
	}
	return openBlock(image, nil)
}
