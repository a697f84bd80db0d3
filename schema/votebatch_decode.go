package schema

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// A VoteBatch reads records of the votes topic. Its zero value is ready; use it
// for one record after another, so that its memory is used again. Not safe for
// use by several goroutines.
//
//	for b.Decode(record) == nil {
//		for b.Next(&v) { … }
//	}
//
// Decode checks everything, so Next cannot fail: a record is counted whole or
// not at all. The votes are decoded column by column into memory of b's own,
// 32 kB at most; nothing refers to the record afterwards.
type VoteBatch struct {
	BatchHeader
	votes   []Vote
	next    int
	walled  bool // Votes that were read before may have left wall clocks in the memory.
	offices map[string]OfficeCode
}

// officesKept is the most office codes a VoteBatch remembers, so that each is
// allocated once. A process sees the offices of its partitions: Italy has some
// 10,000 in all. When it is reached they are forgotten and learnt anew.
const officesKept = 16384

// columns are the fields of a VoteBatch as they lie in the record.
type columns struct {
	format                       uint64
	seqs, times, marks, services []byte
	walls                        []byte
	seen                         uint32 // Bit n: field n was there.
	slot, comune, channel, scale uint64
	ingested, test               uint64
	terminal, stream             uint64
	office                       []byte
}

// Decode reads a record. The errors wrap ErrUndecodable, where the record is
// none that ingest wrote, or ErrFormat, where a newer ingest wrote it. After an
// error b holds no votes.
func (b *VoteBatch) Decode(record []byte) error {
	b.votes, b.next = b.votes[:0], 0
	body, err := CutChecksum(record)
	if err != nil {
		return err
	}
	var c columns
	if err := c.split(body); err != nil {
		return NewerFormat(body, format2, err)
	}
	if c.format < format1 || c.format > format2 {
		return NewerFormat(body, format2, Undecodable("format %d", c.format))
	}
	if c.format == format1 && c.walls != nil {
		return Undecodable("wall clocks in format 1")
	}
	if err := b.readHeader(&c); err != nil {
		return err
	}
	if err := b.readVotes(&c); err != nil {
		b.votes = b.votes[:0]
		return err
	}
	return nil
}

// Len returns the number of votes in the batch, read or not.
func (b *VoteBatch) Len() int { return len(b.votes) }

// Votes returns the votes in the order of the request. They are b's memory: until the
// next Decode, and to be read only.
func (b *VoteBatch) Votes() []Vote { return b.votes }

// Next sets v to the next vote, in the order of the request; false after the last.
func (b *VoteBatch) Next(v *Vote) bool {
	if b.next >= len(b.votes) {
		return false
	}
	*v = b.votes[b.next]
	b.next++
	return true
}

// Undecodable returns an error that wraps ErrUndecodable and says why.
func Undecodable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUndecodable, fmt.Sprintf(format, args...))
}

// CutChecksum returns record, which AppendChecksum closed, without its checksum. The
// errors wrap ErrUndecodable.
func CutChecksum(record []byte) (body []byte, err error) {
	n := len(record) - checksumBytes
	if n < 0 || record[n] != tagChecksum {
		return nil, Undecodable("%d bytes without a checksum at their end", len(record))
	}
	body = record[:n]
	if got, want := checksumOf(body), binary.LittleEndian.Uint32(record[n+1:]); got != want {
		return nil, Undecodable("checksum of %d bytes is %08x, the record says %08x", n, got, want)
	}
	return body, nil
}

// NewerFormat returns an error that wraps ErrFormat where body is a message
// whose field 1 names a format after known, and err otherwise: a newer format may
// have fields that this one has not.
func NewerFormat(body []byte, known uint64, err error) error {
	var format uint64
	for len(body) > 0 {
		num, kind, n := protowire.ConsumeTag(body)
		if n < 0 {
			return err
		}
		body = body[n:]
		if num == 1 && kind == protowire.VarintType {
			format, _ = protowire.ConsumeVarint(body)
		}
		if n = protowire.ConsumeFieldValue(num, kind, body); n < 0 {
			return err
		}
		body = body[n:]
	}
	if format <= known {
		return err
	}
	return fmt.Errorf("%w: %d, this program knows %d", ErrFormat, format, known)
}

// split finds the fields of body by the first byte of their tags, which tells
// even the last, whose tag has two, from all others.
func (c *columns) split(body []byte) error {
	for len(body) > 0 {
		tag := body[0]
		field := uint32(1) << (tag >> 3)
		if c.seen&field != 0 {
			return Undecodable("field %d comes twice", tag>>3)
		}
		c.seen |= field
		n := c.take(tag, body[1:])
		if n < 0 {
			return Undecodable("field %d, wire type %d: unknown, or cut off", tag>>3, tag&7)
		}
		body = body[1+n:]
	}
	return nil
}

// take reads the field with the given tag from the front of rest and returns
// how long it was; less than 0 when it is none of ours or does not end.
func (c *columns) take(tag byte, rest []byte) (n int) {
	switch tag {
	case tagFormat:
		c.format, n = protowire.ConsumeVarint(rest)
	case tagTerminal:
		c.terminal, n = protowire.ConsumeFixed64(rest)
	case tagStream:
		c.stream, n = protowire.ConsumeFixed64(rest)
	case tagSlot:
		c.slot, n = protowire.ConsumeVarint(rest)
	case tagComune:
		c.comune, n = protowire.ConsumeVarint(rest)
	case tagOffice:
		c.office, n = protowire.ConsumeBytes(rest)
	case tagChannel:
		c.channel, n = protowire.ConsumeVarint(rest)
	case tagScale:
		c.scale, n = protowire.ConsumeVarint(rest)
	case tagTest:
		c.test, n = protowire.ConsumeVarint(rest)
	case tagIngested:
		c.ingested, n = protowire.ConsumeVarint(rest)
	case tagSeqs:
		c.seqs, n = protowire.ConsumeBytes(rest)
	case tagTimes:
		c.times, n = protowire.ConsumeBytes(rest)
	case tagMarks:
		c.marks, n = protowire.ConsumeBytes(rest)
	case tagServices:
		c.services, n = protowire.ConsumeBytes(rest)
	case tagWalls:
		if len(rest) == 0 || rest[0] != tagWallsNext {
			return -1
		}
		if c.walls, n = protowire.ConsumeBytes(rest[1:]); n >= 0 {
			n++
		}
	default:
		return -1
	}
	return n
}

// readHeader sets the header. The limits of the numbers are checked before they
// are cut to their types.
func (b *VoteBatch) readHeader(c *columns) error {
	if c.slot >= Slots || c.comune > uint64(ComuneMax) || c.ingested > uint64(InstantMax) {
		return Undecodable("slot %d, comune %d, ingest time %d: out of range", c.slot, c.comune, c.ingested)
	}
	if c.channel > uint64(ChannelDigital) || c.scale > uint64(ScaleStars5) || c.test > 1 {
		return Undecodable("channel %d, scale %d, test %d: out of range", c.channel, c.scale, c.test)
	}
	office, err := b.office(c.office)
	if err != nil {
		return err
	}
	b.BatchHeader = BatchHeader{
		Terminal: TerminalID(c.terminal),
		Stream:   StreamID(c.stream),
		Slot:     Slot(c.slot),
		Comune:   ComuneID(c.comune),
		Office:   office,
		Channel:  Channel(c.channel),
		Scale:    Scale(c.scale),
		Test:     c.test == 1,
		Ingested: Instant(c.ingested),
	}
	if err := b.check(); err != nil {
		return Undecodable("%v", err)
	}
	return nil
}

// office returns code as a string of its own, the same one each time.
func (b *VoteBatch) office(code []byte) (OfficeCode, error) {
	if len(code) == 0 || string(code) == string(b.Office) {
		return b.Office[:len(code)], nil
	}
	if known, ok := b.offices[string(code)]; ok {
		return known, nil
	}
	office, err := ParseOffice(string(code))
	if err != nil {
		return "", Undecodable("%v", err)
	}
	if b.offices == nil {
		b.offices = make(map[string]OfficeCode)
	}
	if len(b.offices) >= officesKept {
		clear(b.offices)
	}
	b.offices[string(office)] = office
	return office, nil
}

// readVotes decodes the columns. One loop for each: a column is one kind of
// number, and its loop is short enough to be fast.
func (b *VoteBatch) readVotes(c *columns) error {
	n := len(c.marks)
	if n == 0 || n > BatchVotesMax {
		return Undecodable("%d votes: want 1 to %d", n, BatchVotesMax)
	}
	if cap(b.votes) < n {
		b.votes = make([]Vote, n)
	}
	if b.walled && len(c.walls) == 0 {
		clear(b.votes[:cap(b.votes)])
		b.walled = false
	}
	b.votes = b.votes[:n]
	reasonMax := ReasonMax
	if c.format == format1 {
		reasonMax = reasonMax1
	}
	if err := b.readMarks(c.marks, reasonMax); err != nil {
		return err
	}
	if err := b.readSeqs(c.seqs); err != nil {
		return err
	}
	if err := b.readTimes(c.times); err != nil {
		return err
	}
	if err := b.readServices(c.services); err != nil {
		return err
	}
	return b.readWalls(c.walls)
}

func (b *VoteBatch) readMarks(column []byte, reasonMax Reason) error {
	valueMax := b.Scale.Max()
	for i, mark := range column {
		value, reason := Value(mark&markValue), Reason(mark>>reasonShift&markReason)
		if value > valueMax || reason > reasonMax {
			return Undecodable("vote %d: value %d of %v, reason %d", i, value, b.Scale, reason)
		}
		v := &b.votes[i]
		v.Value, v.Reason, v.LateClock = value, reason, mark&markLateClock != 0
	}
	return nil
}

func (b *VoteBatch) readSeqs(column []byte) error {
	var seq int64
	for i := range b.votes {
		delta, n := consumeVarint(column)
		if n < 0 {
			return Undecodable("vote %d: no seq", i)
		}
		column = column[n:]
		// Cannot come back into range by overflow: seq has 53 bits.
		seq += protowire.DecodeZigZag(delta)
		if seq < 1 || seq > int64(SeqMax) {
			return Undecodable("vote %d: seq %d", i, seq)
		}
		b.votes[i].Seq = Seq(seq)
	}
	return wholly(column, "seq")
}

func (b *VoteBatch) readTimes(column []byte) error {
	at := b.Ingested
	for i := range b.votes {
		delta, n := consumeVarint(column)
		if n < 0 {
			return Undecodable("vote %d: no time", i)
		}
		column = column[n:]
		// Cannot come back into range by overflow: at has 43 bits.
		at += Instant(protowire.DecodeZigZag(delta))
		if at < 0 || at > InstantMax {
			return Undecodable("vote %d: time %d", i, at)
		}
		b.votes[i].At = at
	}
	return wholly(column, "at")
}

func (b *VoteBatch) readServices(column []byte) error {
	for i := range b.votes {
		id, n := consumeVarint(column)
		if n < 0 || id > serviceMax {
			return Undecodable("vote %d: no service, or %d", i, id)
		}
		column = column[n:]
		b.votes[i].Service = ServiceID(id)
		if i == 0 && len(column) == 0 {
			b.sameService(ServiceID(id))
			return nil
		}
	}
	return wholly(column, "service")
}

// serviceMax is the highest ServiceID.
const serviceMax = 1<<16 - 1

func (b *VoteBatch) sameService(id ServiceID) {
	for i := range b.votes {
		b.votes[i].Service = id
	}
}

// wholly refuses a column that has more numbers than there are votes.
func wholly(rest []byte, name string) error {
	if len(rest) > 0 {
		return Undecodable("column %s has %d bytes too many", name, len(rest))
	}
	return nil
}

// consumeVarint is protowire.ConsumeVarint with the shortest number, by far the
// most frequent, in line.
func consumeVarint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 1<<7 {
		return uint64(b[0]), 1
	}
	return protowire.ConsumeVarint(b)
}
