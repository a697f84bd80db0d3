package packed

import (
	"encoding/binary"
	"encoding/hex"

	"mlf/schema"
)

// Cells are all counts at one moment. They never change, and are safe for concurrent
// use.
type Cells struct {
	coding *coding
	leaves *leaves
	months []*month // Sorted; none twice.
}

// Span returns the hours that have votes, half-open; 0, 0 without any.
func (c *Cells) Span() (first, next schema.Hour) {
	for _, m := range c.months {
		if m.high <= m.low {
			continue
		}
		if next == 0 {
			first = m.first + schema.Hour(m.low)
		}
		next = m.first + schema.Hour(m.high)
	}
	return first, next
}

// Version returns a text that differs when any count of hours [from, next) does. It
// is that of the months that they are in, so votes of other months do not change
// it. Whoever has the same counts of them has the same version.
func (c *Cells) Version(from, next schema.Hour) string {
	h := mix(uint64(from)<<32 | uint64(next))
	for _, m := range c.months[monthAt(c.months, from):] {
		if m.first >= next {
			break
		}
		if m.version != 0 { // A month without votes is as one that is not there.
			h = mix(mix(h^uint64(m.number)) ^ m.version)
		}
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, h))
}

// Size is how much there is.
type Size struct {
	Leaves, Months int
	Cells          uint64 // Fresh ones are counted besides those in blocks.
	Bytes          uint64 // Of cells and sums, estimated, mapped ones included.
}

// Size returns how much c has.
func (c *Cells) Size() Size {
	const leafBytes, additionBytes, reasonBytes = 40, 48, 24
	size := Size{Leaves: len(c.leaves.keys), Months: len(c.months)}
	size.Bytes = uint64(size.Leaves) * leafBytes
	for _, m := range c.months {
		for g, b := range m.blocks {
			if b == nil {
				break
			}
			size.Bytes += uint64(len(b.image))
			if grain(g) == leafGrain {
				size.Cells += b.cellN
			}
		}
		for _, r := range m.fresh {
			size.Cells += uint64(len(r.cells))
			size.Bytes += uint64(additionBytes*len(r.cells) + reasonBytes*len(r.reasons))
			if r.sums != nil {
				size.Bytes += uint64(len(r.sums.image))
			}
		}
	}
	return size
}
