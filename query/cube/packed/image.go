package packed

import (
	"encoding/binary"
	"errors"
	"fmt"

	"mlf/query/calendar"
	"mlf/schema"
)

// AppendLeaves appends what there are for leaves, by their numbers.
func (c *Cells) AppendLeaves(b []byte) []byte {
	l := c.leaves
	b = binary.AppendUvarint(b, uint64(len(l.offices)))
	for _, o := range l.offices {
		b = append(binary.AppendUvarint(b, uint64(len(o))), o...)
	}
	b = binary.AppendUvarint(b, uint64(len(l.keys)))
	for _, k := range l.keys {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(k.comune)), uint64(k.office))
		b = append(binary.AppendUvarint(b, uint64(k.service)), byte(k.channel), byte(k.scale), byte(k.class))
	}
	return b
}

// AppendRegions appends which region each comune of the leaves is in: sums are by it.
func (c *Cells) AppendRegions(b []byte) []byte {
	for _, at := range c.leaves.comuni {
		b = append(b, byte(at.region))
	}
	return b
}

// BlocksMax is how many blocks a month has, if any.
const BlocksMax = int(grainN)

// EachMonth calls f for every month, in order, with what it has beside its blocks and
// the blocks themselves, its cells and their sums: BlocksMax or none. All are c's, and
// must be held with c.
func (c *Cells) EachMonth(f func(m calendar.Month, fresh []byte, blocks [][]byte) error) error {
	for _, m := range c.months {
		var blocks [][]byte
		for _, b := range m.blocks {
			if b != nil {
				blocks = append(blocks, b.image)
			}
		}
		if err := f(m.number, m.append(nil), blocks); err != nil {
			return err
		}
	}
	return nil
}

// append appends what m has beside its block.
func (m *month) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, m.version)
	r := m.freshRun()
	b = binary.AppendUvarint(b, uint64(len(r.cells)))
	for i := range r.cells {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(r.cells[i].leaf)), uint64(r.cells[i].hour))
		for _, n := range r.cells[i].counts {
			b = binary.AppendUvarint(b, n)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(r.reasons)))
	for i := range r.reasons {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(r.reasons[i].leaf)), uint64(r.reasons[i].hour))
		b = binary.AppendUvarint(append(b, byte(r.reasons[i].key)), r.reasons[i].n)
	}
	return b
}

// errImage is the error of bytes that are not what was appended.
var errImage = errors.New("counts are not as long as they say")

// ReadLeaves has an empty b know the leaves that AppendLeaves wrote.
func (b *Builder) ReadLeaves(bytes []byte) error {
	d, c := &Decoder{Bytes: bytes}, b.catalogue
	for n := d.Uvarint(); n > 0 && !d.IsShort; n-- {
		office := schema.OfficeCode(d.Take(int(d.Uvarint())))
		c.officeAt[office] = uint32(len(c.offices))
		c.offices = append(c.offices, office)
	}
	for n := d.Uvarint(); n > 0 && !d.IsShort; n-- {
		k := leafKey{comune: schema.ComuneID(d.Uvarint()), office: uint32(d.Uvarint()), service: schema.ServiceID(d.Uvarint())}
		k.channel, k.scale, k.class = schema.Channel(d.Byte()), schema.Scale(d.Byte()), schema.Class(d.Byte())
		if int(k.office) >= len(c.offices) {
			return errImage
		}
		c.number(k)
		b.stamps = append(b.stamps, stampOf(k, c.offices[k.office]))
	}
	b.seen = c.view()
	return d.end()
}

// ReadRegions tells whether all comuni are in the regions that AppendRegions wrote.
// Else sums are to be made anew: they are of others, under other numbers.
func (b *Builder) ReadRegions(bytes []byte) (isSame bool, err error) {
	comuni := b.catalogue.comuni
	if len(bytes) != len(comuni) {
		return false, errImage
	}
	for i, region := range bytes {
		if comuni[i].region != schema.RegionID(region) {
			return false, nil
		}
	}
	return true, nil
}

// ReadMonth reads what EachMonth gave of a month that is after all others of b, whose
// leaves are known. Blocks are held with home; without sums, these are made.
func (b *Builder) ReadMonth(number calendar.Month, fresh []byte, blocks [][]byte, home any) error {
	m := newMonth(b.cfg.Clock, number)
	if n := len(b.months); n > 0 && b.months[n-1].number >= number || b.seen == nil {
		return fmt.Errorf("%v is not after the months before it", number)
	}
	if err := b.readFresh(m, fresh); err != nil {
		return err
	}
	if len(m.fresh) > 0 {
		m.low, m.high = m.fresh[0].low, m.fresh[0].high
	}
	if err := b.readBlocks(m, blocks, home); err != nil {
		return err
	}
	b.months = append(b.months, m)
	return nil
}

// readBlocks has m hold the blocks of images.
func (b *Builder) readBlocks(m *month, images [][]byte, home any) error {
	var blocks [grainN]*block
	for g, image := range images {
		block, err := openBlock(image, home)
		if err != nil {
			return err
		}
		if n := block.leafN; n > 0 && int(block.leaf(int(n)-1)) >= len(b.seen.scales[g]) {
			return errImage
		}
		blocks[g] = block
	}
	if len(images) == BlocksMax {
		m.holdAll(blocks)
	} else {
		m.hold(blocks[leafGrain], b.coding, b.seen)
	}
	return nil
}

func (b *Builder) readFresh(m *month, bytes []byte) error {
	d := &Decoder{Bytes: bytes}
	m.version = binary.LittleEndian.Uint64(append(d.Take(8), make([]byte, 8)...))
	var cells []addition
	var reasons []reasonAddition
	isKnown := true
	know := func(leaf uint64, hour uint64) (uint32, uint16) {
		isKnown = isKnown && leaf < uint64(len(b.stamps)) && hour < uint64(m.hours)
		return uint32(leaf), uint16(hour)
	}
	for n := d.Uvarint(); n > 0 && !d.IsShort; n-- {
		var a addition
		a.leaf, a.hour = know(d.Uvarint(), d.Uvarint())
		a.counts = d.Values()
		cells = append(cells, a)
	}
	for n := d.Uvarint(); n > 0 && !d.IsShort; n-- {
		var a reasonAddition
		a.leaf, a.hour = know(d.Uvarint(), d.Uvarint())
		a.key, a.n = schema.ReasonKey(d.Byte()), d.Uvarint()
		reasons = append(reasons, a)
	}
	if !isKnown {
		return errImage
	}
	if len(cells)+len(reasons) > 0 {
		m.fresh = []*run{newRun(cells, reasons)}
		m.sumFresh(b.coding, b.seen, b.cfg.freshSummed())
	}
	return d.end()
}

// Replace puts the blocks of images, which are copies of those in c and are held with
// home, in their place. Blocks that are not those of c any more stay.
func (b *Builder) Replace(c *Cells, images map[calendar.Month][][]byte, home any) error {
	for _, m := range c.months {
		i := b.at(m.number)
		if i == len(b.months) || b.months[i].number != m.number {
			continue
		}
		next := *b.months[i]
		for g, image := range images[m.number] {
			if m.blocks[g] == nil || next.blocks[g] != m.blocks[g] {
				continue
			}
			block, err := openBlock(image, home)
			if err != nil {
				return err
			}
			next.blocks[g] = block
		}
		b.months[i] = &next
	}
	return nil
}

// A Decoder takes values off the front of bytes. Past the end all are zero.
type Decoder struct {
	Bytes   []byte
	IsShort bool // More was taken than there is.
}

// end returns an error unless all was taken and no more.
func (d *Decoder) end() error {
	if d.IsShort || len(d.Bytes) > 0 {
		return errImage
	}
	return nil
}

// Take takes n bytes; nil where there are fewer.
func (d *Decoder) Take(n int) []byte {
	if n < 0 || n > len(d.Bytes) {
		d.IsShort, d.Bytes = true, nil
		return nil
	}
	b := d.Bytes[:n:n]
	d.Bytes = d.Bytes[n:]
	return b
}

// Byte takes a byte.
func (d *Decoder) Byte() byte {
	if b := d.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uvarint takes a number.
func (d *Decoder) Uvarint() uint64 {
	n, size := binary.Uvarint(d.Bytes)
	if size <= 0 {
		d.IsShort, d.Bytes = true, nil
		return 0
	}
	d.Bytes = d.Bytes[size:]
	return n
}

// Varint takes a number with a sign.
func (d *Decoder) Varint() int64 {
	n, size := binary.Varint(d.Bytes)
	if size <= 0 {
		d.IsShort, d.Bytes = true, nil
		return 0
	}
	d.Bytes = d.Bytes[size:]
	return n
}

// Values takes the counts of a cell.
func (d *Decoder) Values() (v Values) {
	for k := range v {
		v[k] = d.Uvarint()
	}
	return v
}
