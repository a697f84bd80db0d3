// Package event is what sources that keep no state say on the log: votes that have a
// key in place of stream and seq, and readings of counters. They are records of the
// votes topic beside schema.VoteBatch, told apart by their format.
//
// It knows formats and limits. It must not know what becomes of an event; that is
// aggregate/fold.
package event

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"mlf/schema"
)

// A Kind tells the records of events apart. Its number is the record's format.
type Kind byte

// The kinds.
const (
	None    Kind = 0 // No event: votes of a stream, or what nobody can read.
	Votes   Kind = 3 // KeyedVotes of schema/vote.proto.
	Reading Kind = 4 // CounterReading.
)

// FormatMax is the newest format of the records of votes.v1 that is written and read.
const FormatMax = int(Reading)

// formatTag is the first byte of an event: the tag of field 1.
const formatTag = 1 << 3

// KindOf returns of which kind a record's value is; the rest of it may be in disorder.
func KindOf(value []byte) Kind {
	if len(value) > 1 && value[0] == formatTag && (Kind(value[1]) == Votes || Kind(value[1]) == Reading) {
		return Kind(value[1])
	}
	return None
}

// A Source is what all events of one record share: of the enrolment of who sent them.
type Source struct {
	Terminal schema.TerminalID
	Slot     schema.Slot
	Comune   schema.ComuneID
	Office   schema.OfficeCode
	Channel  schema.Channel
	Scale    schema.Scale
	Test     bool
	Ingested schema.Instant // Server time of the request. Range 0 to InstantMax.
}

// comuneMax is the highest ISTAT code of six digits.
const comuneMax schema.ComuneID = 999999

func (s *Source) check() error {
	if s.Slot >= schema.Slots || s.Comune == 0 || s.Comune > comuneMax || !inTime(s.Ingested) {
		return fmt.Errorf("slot %d, comune %v, ingest time %d: out of range", s.Slot, s.Comune, s.Ingested)
	}
	if s.Channel < schema.ChannelCounter || s.Channel > schema.ChannelDigital || s.Scale.Max() == 0 {
		return fmt.Errorf("%v, %v: out of range", s.Channel, s.Scale)
	}
	_, err := schema.ParseOffice(string(s.Office))
	return err
}

// inTime tells whether the log keeps i.
func inTime(i schema.Instant) bool { return i >= 0 && i <= schema.InstantMax }

// A message is one of votepb's that a Source is written to.
type message interface {
	proto.Message
	GetFormat() uint32
	GetTerminal() uint64
	GetSlot() uint32
	GetComune() uint32
	GetOffice() string
	GetChannel() uint32
	GetScale() uint32
	GetTest() bool
	GetIngestedMs() int64
}

// source reads what m says of its source. The limits of the numbers are checked before
// they are cut to their types.
func source(m message) (Source, error) {
	if m.GetSlot() >= schema.Slots || m.GetComune() > uint32(comuneMax) || m.GetChannel() > uint32(schema.ChannelDigital) || m.GetScale() > uint32(schema.ScaleStars5) {
		return Source{}, schema.Undecodable("slot %d, comune %d, channel %d, scale %d: out of range", m.GetSlot(), m.GetComune(), m.GetChannel(), m.GetScale())
	}
	s := Source{
		Terminal: schema.TerminalID(m.GetTerminal()),
		Slot:     schema.Slot(m.GetSlot()),
		Comune:   schema.ComuneID(m.GetComune()),
		Office:   schema.OfficeCode(m.GetOffice()),
		Channel:  schema.Channel(m.GetChannel()),
		Scale:    schema.Scale(m.GetScale()),
		Test:     m.GetTest(),
		Ingested: schema.Instant(m.GetIngestedMs()),
	}
	if err := s.check(); err != nil {
		return s, schema.Undecodable("%v", err)
	}
	return s, nil
}

// seal appends m, which is whole, to dst as a record.
func seal(dst []byte, m message) []byte {
	start := len(dst)
	dst, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, m)
	if err != nil || KindOf(dst[start:]) != Kind(m.GetFormat()) {
		panic(fmt.Sprintf("BUG: append event: %v, %x", err, dst[start:]))
	}
	return schema.AppendChecksum(dst, start)
}

// open reads a record into m: no field of it is unknown.
func open(record []byte, m message, k Kind) error {
	body, err := schema.CutChecksum(record)
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(body, m); err != nil {
		return schema.Undecodable("%v", err)
	}
	if len(m.ProtoReflect().GetUnknown()) > 0 {
		return schema.Undecodable("unknown field")
	}
	if Kind(m.GetFormat()) != k {
		return schema.Undecodable("format %d", m.GetFormat())
	}
	return nil
}
