package served

import (
	"fmt"
	"slices"

	"mlf/schema"

	"google.golang.org/protobuf/encoding/protowire"
)

// servedFormat is the one format of a record of Topic.
const servedFormat = 1

// Fields of Served in schema/vote.proto after the format, which is field 1 as in
// VoteBatch.
const (
	servedComune   = 2
	servedOffice   = 3
	servedService  = 4
	servedChannel  = 5
	servedDay      = 6
	servedUsers    = 7
	servedRevision = 8
	servedQueue    = 9
	servedFirst    = 10
	servedLast     = 11
	servedBefore   = 12
	servedGone     = 13
)

// Append appends the value of the record of s to dst; its key is s.String().
// An s that Decode would refuse panics.
func Append(dst []byte, s *Served) []byte {
	if err := s.check(); err != nil {
		panic(fmt.Sprintf("BUG: append served users: %v", err))
	}
	start := len(dst)
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.VarintType), servedFormat)
	if s.Office != "" {
		dst = protowire.AppendTag(dst, servedOffice, protowire.BytesType)
		dst = protowire.AppendString(dst, string(s.Office))
	}
	for num, n := range s.numbers() {
		if n != 0 {
			dst = protowire.AppendTag(dst, protowire.Number(num), protowire.VarintType)
			dst = protowire.AppendVarint(dst, n)
		}
	}
	return schema.AppendChecksum(dst, start)
}

// numbers returns the fields of s that are numbers, by field.
func (s *Served) numbers() [servedGone + 1]uint64 {
	return [...]uint64{
		servedComune: uint64(s.Comune), servedService: uint64(s.Service), servedChannel: uint64(s.Channel), servedDay: uint64(s.Day),
		servedUsers: uint64(s.Users), servedRevision: s.Revision,
		servedQueue: s.Tickets.Queue, servedFirst: uint64(s.Tickets.First), servedLast: uint64(s.Tickets.Last), servedBefore: uint64(s.Tickets.Before),
		servedGone: 1 - s.known(),
	}
}

// Decode reads a record of Topic. The errors wrap ErrUndecodable or
// ErrFormat, as those of VoteBatch.Decode; a key that is not the value's is
// undecodable.
func Decode(key string, value []byte) (Served, error) {
	body, err := schema.CutChecksum(value)
	if err != nil {
		return Served{}, fmt.Errorf("read served users %s: %w", key, err)
	}
	s, err := splitServed(body)
	if err == nil && s.String() != key {
		err = schema.Undecodable("the value is of %s", s.String())
	}
	if err != nil {
		return Served{}, fmt.Errorf("read served users %s: %w", key, schema.NewerFormat(body, servedFormat, err))
	}
	return s, nil
}

// splitServed reads the fields of body: each at most once, none unknown.
func splitServed(body []byte) (Served, error) {
	var numbers [servedGone + 1]uint64
	var office schema.OfficeCode
	var seen uint32
	for len(body) > 0 {
		num, kind, n := protowire.ConsumeTag(body)
		if n < 0 || num > servedGone || seen&(1<<num) != 0 {
			return Served{}, schema.Undecodable("field %d: unknown, cut off, or there twice", num)
		}
		seen |= 1 << num
		body = body[n:]
		switch {
		case num == servedOffice && kind == protowire.BytesType:
			var code string
			if code, n = protowire.ConsumeString(body); n < 0 {
				return Served{}, schema.Undecodable("office is cut off")
			}
			office = schema.OfficeCode(code)
		case num != servedOffice && kind == protowire.VarintType:
			if numbers[num], n = protowire.ConsumeVarint(body); n < 0 {
				return Served{}, schema.Undecodable("field %d is cut off", num)
			}
		default:
			return Served{}, schema.Undecodable("field %d has wire type %d", num, kind)
		}
		body = body[n:]
	}
	if numbers[1] != servedFormat {
		return Served{}, schema.Undecodable("format %d", numbers[1])
	}
	return servedOf(office, numbers)
}

// servedOf makes a Served of its fields, where each is in its range.
func servedOf(office schema.OfficeCode, numbers [servedGone + 1]uint64) (Served, error) {
	s := Served{
		Key: Key{
			Comune: schema.ComuneID(numbers[servedComune]), Office: office, Service: schema.ServiceID(numbers[servedService]),
			Channel: schema.Channel(numbers[servedChannel]), Day: schema.Day(numbers[servedDay]),
		},
		Users: uint32(numbers[servedUsers]), Revision: numbers[servedRevision], Withdrawn: numbers[servedGone] == 1,
		Tickets: Tickets{
			Queue: numbers[servedQueue],
			First: uint32(numbers[servedFirst]), Last: uint32(numbers[servedLast]), Before: uint32(numbers[servedBefore]),
		},
	}
	numbers[1] = 0
	if s.numbers() != numbers { // A number was cut to its type.
		return Served{}, schema.Undecodable("a number is out of range")
	}
	if err := s.check(); err != nil {
		return Served{}, schema.Undecodable("%v", err)
	}
	return s, nil
}

// check refuses what nobody can have been served as.
func (s *Served) check() error {
	if s.Comune < 1 || s.Comune > schema.ComuneMax || !slices.Contains(schema.Channels(), s.Channel) || s.Day < 0 || s.Day > schema.DayMax {
		return fmt.Errorf("comune %v, channel %v, day %d: out of range", s.Comune, s.Channel, s.Day)
	}
	if s.Users > UsersMax || s.Revision < 1 || s.Revision > RevisionMax {
		return fmt.Errorf("%d users, revision %d: out of range", s.Users, s.Revision)
	}
	if s.Withdrawn && (s.Users != 0 || s.Tickets != (Tickets{})) {
		return fmt.Errorf("%d users, and withdrawn", s.Users)
	}
	if t := &s.Tickets; *t != (Tickets{}) {
		if t.Queue == 0 || t.First > t.Last || t.Last > TicketMax || t.Before > UsersMax || t.Before+t.Last-t.First != s.Users {
			return fmt.Errorf("tickets %+v of %d users: out of range", *t, s.Users)
		}
	}
	_, err := schema.ParseOffice(string(s.Office))
	return err
}
