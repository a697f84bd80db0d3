package disclosure

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"mlf/schema"
)

// A block is the lots of one month that came between two of its vintages, by label,
// in about six bytes a lot. It never changes.
//
// The data of a label are its sum, then its lots by their days. Votes are written
// as a byte of which values there are and whether there are reasons, then the numbers;
// reasons as their number, then key and number of each; numbers as varints.
type block struct {
	month
	vintages int    // How many of the month were made before any of its lots was published.
	release  uint32 // The last that has any of them.

	labels []uint32 // Ascending.
	ends   []uint32 // Of each label's data.
	data   []byte
}

// withReasons is the bit of a byte of values that says that reasons follow.
const withReasons = 1 << 7

// A blockLot is a lot as it goes into a block.
type blockLot struct {
	label   uint32
	first   uint8 // Days from the month's first.
	last    uint8
	values  [schema.ValueMax]uint64
	reasons []schema.ReasonNumber
}

// fill sorts lots and writes them into b, which is empty.
func (b *block) fill(lots []blockLot) {
	slices.SortStableFunc(lots, func(a, b blockLot) int {
		return cmp.Or(cmp.Compare(a.label, b.label), cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last))
	})
	for first, i := 0, 0; i < len(lots); i++ {
		if i+1 < len(lots) && lots[i+1].label == lots[i].label {
			continue
		}
		b.add(lots[first : i+1])
		first = i + 1
	}
}

// add writes the lots of one label.
func (b *block) add(lots []blockLot) {
	var sum [schema.ValueMax]uint64
	for i := range lots {
		for k, n := range lots[i].values {
			sum[k] += n
		}
	}
	b.data = appendVotes(b.data, &sum, nil)
	for i := range lots {
		l := &lots[i]
		b.data = append(b.data, l.first, l.last)
		b.data = appendVotes(b.data, &l.values, l.reasons)
	}
	b.labels = append(b.labels, lots[0].label)
	b.ends = append(b.ends, uint32(len(b.data)))
}

func appendVotes(dst []byte, values *[schema.ValueMax]uint64, reasons []schema.ReasonNumber) []byte {
	at := len(dst)
	dst = append(dst, 0)
	for k, n := range values {
		if n > 0 {
			dst[at] |= 1 << k
			dst = binary.AppendUvarint(dst, n)
		}
	}
	if len(reasons) == 0 {
		return dst
	}
	dst[at] |= withReasons
	dst = append(dst, byte(len(reasons))) // Keys are below 128.
	for _, r := range reasons {
		dst = append(dst, byte(r.Key))
		dst = binary.AppendUvarint(dst, r.N)
	}
	return dst
}

// of returns the data of the i-th label.
func (b *block) of(i int) []byte {
	if i == 0 {
		return b.data[:b.ends[0]]
	}
	return b.data[b.ends[i-1]:b.ends[i]]
}

// find returns the position of the first label from position at on that is not
// below label. It is quick where that is near.
func (b *block) find(at int, label uint32) int {
	step := 1
	for at+step < len(b.labels) && b.labels[at+step] < label {
		step *= 2
	}
	few := b.labels[at:min(at+step+1, len(b.labels))]
	return at + sort.Search(len(few), func(i int) bool { return few[i] >= label })
}

// lots returns everything in b, for a block that is made anew.
func (b *block) lots() []blockLot {
	var lots []blockLot
	for i, label := range b.labels {
		var v votesReader
		for data := v.read(b.of(i)); len(data) > 0; {
			l := blockLot{label: label, first: data[0], last: data[1]}
			data = v.read(data[2:])
			l.values = v.values
			v.eachReason(func(key schema.ReasonKey, n uint64) {
				l.reasons = append(l.reasons, schema.ReasonNumber{Key: key, N: n})
			})
			lots = append(lots, l)
		}
	}
	return lots
}

// A votesReader has the votes that were read last.
type votesReader struct {
	values  [schema.ValueMax]uint64
	number  int // Of reasons.
	reasons []byte
}

// read reads votes from the beginning of data, and returns what follows.
func (v *votesReader) read(data []byte) []byte {
	which := data[0]
	data = data[1:]
	v.values, v.number = [schema.ValueMax]uint64{}, 0
	for k := range v.values {
		if which&(1<<k) != 0 {
			v.values[k], data = uvarint(data)
		}
	}
	if which&withReasons != 0 {
		v.number = int(data[0])
		v.reasons = data[1:]
		data = data[1:]
		for range v.number {
			_, data = uvarint(data[1:])
		}
	}
	return data
}

// eachReason calls f with the reasons of what was read last.
func (v *votesReader) eachReason(f func(schema.ReasonKey, uint64)) {
	data := v.reasons
	for range v.number {
		key := schema.ReasonKey(data[0])
		var n uint64
		n, data = uvarint(data[1:])
		f(key, n)
	}
}

func uvarint(data []byte) (uint64, []byte) {
	if data[0] < 0x80 { // Nearly always.
		return uint64(data[0]), data[1:]
	}
	n, size := binary.Uvarint(data)
	return n, data[size:]
}
