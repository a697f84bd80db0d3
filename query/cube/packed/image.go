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

// EachMonth calls f for every month, in order, with what it has beside its block and
// the block itself, which may be nil. Both are c's, and must be held with c.
func (c *Cells) EachMonth(f func(m calendar.Month, fresh, block []byte) error) error {
	for _, m := range c.months {
		var block []byte
		if b := m.blocks[leafGrain]; b != nil {
			block = b.image
		}
		if err := f(m.number, m.append(nil), block); err != nil {
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

// ReadMonth reads what EachMonth gave of a month that is after all others of b, whose
// leaves are known. The block, if there is one, is held with home.
func (b *Builder) ReadMonth(number calendar.Month, fresh, image []byte, home any) error {
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
	if image != nil {
		block, err := openBlock(image, home)
		if err != nil {
			return err
		}
		if n := block.leafN; n > 0 && int(block.leaf(int(n)-1)) >= len(b.stamps) {
			return errImage
		}
		m.hold(block, b.coding, b.seen)
	}
	b.months = append(b.months, m)
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
	}
	return d.end()
}

// Replace puts the blocks of images, which are copies of those in c and are held with
// home, in their place. Blocks that are not those of c any more stay.
func (b *Builder) Replace(c *Cells, images map[calendar.Month][]byte, home any) error {
	for _, m := range c.months {
		i := b.at(m.number)
		old := m.blocks[leafGrain]
		if old == nil || images[m.number] == nil || i == len(b.months) || b.months[i].blocks[leafGrain] != old {
			continue
		}
		block, err := openBlock(images[m.number], home)
		if err != nil {
			return err
		}
		next := *b.months[i]
		next.blocks[leafGrain] = block
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
