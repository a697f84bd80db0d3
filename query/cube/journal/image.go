package journal

import (
	"encoding/binary"
	"errors"

	"mlf/query/calendar"
	"mlf/query/question"
	"mlf/schema"
)

// Append appends what j remembers: states, then changes. What waits is not there: whoever
// reads it notes again what its segments have ahead of the position.
func (j *Journal) Append(dst []byte) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.compact()
	dst = binary.AppendUvarint(dst, j.number)
	dst = appendPosition(dst, j.distrusted, nil)
	dst = binary.AppendUvarint(dst, uint64(len(j.states)))
	var before state
	for _, s := range j.states {
		dst = binary.AppendUvarint(dst, s.number-before.number)
		dst = binary.AppendVarint(dst, s.at-before.at)
		dst = appendPosition(dst, s.position, before.position)
		before = s
	}
	dst = binary.AppendUvarint(dst, uint64(len(j.changes)))
	number := uint64(0)
	for _, c := range j.changes {
		dst = binary.AppendUvarint(dst, c.number-number)
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(c.Comune)), uint64(c.Month))
		number = c.number
	}
	return dst
}

// appendPosition appends p, which comes after before.
func appendPosition(dst []byte, p, before question.Position) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(p)))
	for i, next := range p {
		if i < len(before) {
			next -= before[i]
		}
		dst = binary.AppendVarint(dst, int64(next))
	}
	return dst
}

var errShort = errors.New("the journal is not as long as it says")

// Read reads what Append appended.
func Read(data []byte) (*Journal, error) {
	d := decoder{data: data}
	j := &Journal{number: d.uvarint(), distrusted: d.position(nil), numbers: make(map[question.PlaceMonth]uint64)}
	var s state
	for n := d.uvarint(); n > 0 && !d.short; n-- {
		s = state{number: s.number + d.uvarint(), at: s.at + d.varint(), position: d.position(s.position)}
		j.states = append(j.states, s)
	}
	var c change
	for n := d.uvarint(); n > 0 && !d.short; n-- {
		c.number += d.uvarint()
		c.Comune, c.Month = schema.ComuneID(d.uvarint()), calendar.Month(d.uvarint())
		j.changes = append(j.changes, c)
		j.numbers[c.PlaceMonth] = c.number
	}
	if d.short || len(d.data) > 0 {
		return nil, errShort
	}
	return j, nil
}

// A decoder takes numbers off the front of data.
type decoder struct {
	data  []byte
	short bool
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.data)
	d.skip(size)
	return n
}

func (d *decoder) varint() int64 {
	n, size := binary.Varint(d.data)
	d.skip(size)
	return n
}

func (d *decoder) skip(size int) {
	if size <= 0 {
		d.data, d.short = nil, true
		return
	}
	d.data = d.data[size:]
}

// position reads what appendPosition appended.
func (d *decoder) position(before question.Position) question.Position {
	n := d.uvarint()
	if n > schema.Slots {
		d.short = true
		return nil
	}
	p := make(question.Position, n)
	for i := range p {
		p[i] = schema.Offset(d.varint())
		if i < len(before) {
			p[i] += before[i]
		}
	}
	return p
}
