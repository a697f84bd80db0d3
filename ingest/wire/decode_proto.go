package wire

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"mlf/schema"
)

// Tags of the fields of VotesRequest and VoteMessage in schema/vote.proto:
// number<<3 | wire type.
const (
	requestStream = 1<<3 | uint64(protowire.BytesType)
	requestSentAt = 2<<3 | uint64(protowire.BytesType)
	requestVotes  = 3<<3 | uint64(protowire.BytesType)

	voteSeq     = 1<<3 | uint64(protowire.VarintType)
	voteAt      = 2<<3 | uint64(protowire.BytesType)
	voteAge     = 3<<3 | uint64(protowire.VarintType)
	voteFace    = 4<<3 | uint64(protowire.BytesType)
	voteValue   = 5<<3 | uint64(protowire.VarintType)
	voteService = 6<<3 | uint64(protowire.BytesType)
	voteReason  = 7<<3 | uint64(protowire.BytesType)
)

// decodeProto reads body, a VotesRequest of schema/vote.proto, into m, by
// protobuf's rules: unknown fields are skipped, a field of another wire type is
// an unknown one, of a scalar given twice the last one holds, strings are UTF-8.
// Its errors are those of decodeJSON.
func decodeProto(body []byte, f *criteria, m *message) error {
	m.reset()
	m.votesGiven = true // An empty list has no field.
	for rest := body; len(rest) > 0; {
		tag, n := protoNumber(rest)
		if n < 0 {
			return &malformed{len(body) - len(rest), "a field"}
		}
		rest = rest[n:]
		var value []byte
		switch tag {
		case requestStream:
			value, n = protoText(rest)
			m.stream, m.streamGiven = append(m.stream[:0], value...), true
		case requestSentAt:
			value, n = protoText(rest)
			m.sent, m.sentState = readInstant(value)
		case requestVotes:
			c := f.open(m)
			if c == nil {
				return ErrTooMany
			}
			value, n = protoBytes(rest)
			if !protoVote(value, f, c) {
				n = -1
			}
		default:
			n = protoSkip(tag, rest)
		}
		if n < 0 {
			return &malformed{len(body) - len(rest), "a field's value"}
		}
		rest = rest[n:]
	}
	if !m.streamGiven {
		return errIncomplete
	}
	return nil
}

// protoVote reads one VoteMessage; false where it is none. A code that is known
// is UTF-8, so that only the others are looked at.
func protoVote(rest []byte, f *criteria, c *claim) bool {
	for rest = protoUsual(rest, f, c); len(rest) > 0; {
		tag, n := protoNumber(rest)
		if n < 0 {
			return false
		}
		rest = rest[n:]
		var number uint64
		var text []byte
		switch tag {
		case voteSeq:
			number, n = protoNumber(rest)
			c.setSeq(int64(number))
		case voteAge:
			number, n = protoNumber(rest)
			c.setAge(int64(number))
		case voteFace:
			text, n = protoBytes(rest)
			face := f.words.face(text)
			if face == schema.Voided && !utf8.Valid(text) {
				return false
			}
			if f.faces() {
				c.value = face
			}
		case voteService:
			text, n = protoBytes(rest)
			if f.readService(c, text); c.badService && !utf8.Valid(text) {
				return false
			}
		case voteReason:
			text, n = protoBytes(rest)
			if f.readReason(c, text); c.unknownReason && !utf8.Valid(text) {
				return false
			}
		case voteAt:
			text, n = protoText(rest)
			c.readWall(text)
		case voteValue:
			number, n = protoNumber(rest)
			if !f.faces() {
				f.readValue(c, integer(int64(int32(number)))) // An int32 is cut to 32 bits.
			}
		default:
			n = protoSkip(tag, rest)
		}
		if n < 0 {
			return false
		}
		rest = rest[n:]
	}
	return true
}

// protoUsual takes from the beginning of a vote the fields that nearly all have,
// in the order in which encoders write them, and returns the rest: what comes
// next is guessed and not asked, for the answer is another for each vote.
func protoUsual(rest []byte, f *criteria, c *claim) []byte {
	if number, n := protoNumberAfter(rest, voteSeq); n > 0 {
		c.setSeq(int64(number))
		rest = rest[n:]
	}
	if number, n := protoNumberAfter(rest, voteAge); n > 0 {
		c.setAge(int64(number))
		rest = rest[n:]
	}
	if text, n := protoBytesAfter(rest, voteFace); n > 0 && f.faces() {
		if c.value = f.words.usualFace(text); c.value == schema.Voided {
			return rest
		}
		rest = rest[n:]
	}
	if text, n := protoBytesAfter(rest, voteService); n > 0 {
		id, ok := f.enrolled.Service(text)
		if !ok {
			return rest
		}
		c.service = id
		rest = rest[n:]
	}
	if text, n := protoBytesAfter(rest, voteReason); n > 0 {
		if f.readReason(c, text); c.unknownReason {
			return rest
		}
		rest = rest[n:]
	}
	return rest
}

// protoNumberAfter reads a number of tag, n bytes with it, from the beginning of
// text; n is 0 where text begins otherwise. Only one whose length shows in a word
// is read.
func protoNumberAfter(text []byte, tag uint64) (value uint64, n int) {
	const wordBytes, highs = 8, 0x8080808080808080
	if len(text) <= wordBytes || text[0] != byte(tag) {
		return 0, 0
	}
	word := binary.LittleEndian.Uint64(text[1:])
	last := ^word & highs // The high bit of bytes that end a number.
	if last == 0 {
		return 0, 0
	}
	word &= last ^ (last - 1) // Up to the first end.
	word = word&0x007f007f007f007f | word>>1&0x3f803f803f803f80
	word = word&0x00003fff00003fff | word>>2&0x0fffc0000fffc000
	word = word&0x000000000fffffff | word>>4&0x00fffffff0000000
	return word, 2 + bits.TrailingZeros64(last)/8
}

// protoBytesAfter reads a short string of tag, n bytes with it, from the beginning
// of text; n is 0 where text begins otherwise.
func protoBytesAfter(text []byte, tag uint64) (value []byte, n int) {
	if len(text) < 2 || text[0] != byte(tag) || text[1] >= 1<<7 || len(text) < 2+int(text[1]) {
		return nil, 0
	}
	n = 2 + int(text[1])
	return text[2:n], n
}

// The following read what text begins with, and return how long it was, less
// than 0 where it is broken. Nearly all tags and lengths are one byte.

func protoNumber(text []byte) (value uint64, n int) {
	if len(text) > 0 && text[0] < 1<<7 {
		return uint64(text[0]), 1
	}
	return protowire.ConsumeVarint(text)
}

func protoBytes(text []byte) (value []byte, n int) {
	if len(text) > 0 && int(text[0]) < min(len(text), 1<<7) {
		n = 1 + int(text[0])
		return text[1:n], n
	}
	return protowire.ConsumeBytes(text)
}

func protoText(text []byte) (value []byte, n int) {
	if value, n = protoBytes(text); !utf8.Valid(value) {
		return nil, -1
	}
	return value, n
}

func protoSkip(tag uint64, text []byte) (n int) {
	if number := tag >> 3; number < uint64(protowire.MinValidNumber) || number > uint64(protowire.MaxValidNumber) {
		return -1
	}
	return protowire.ConsumeFieldValue(protowire.Number(tag>>3), protowire.Type(tag&7), text)
}
