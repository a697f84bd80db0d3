package ingest

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of VotesRequest and VoteMessage in schema/vote.proto.
const (
	requestStream = 1
	requestSentAt = 2
	requestVotes  = 3

	voteSeq     = 1
	voteAt      = 2
	voteAge     = 3
	voteFace    = 4
	voteValue   = 5
	voteService = 6
	voteReason  = 7
)

// decodeProto reads body, a VotesRequest of schema/vote.proto, into m, by
// protobuf's rules: unknown fields are skipped, a field of another wire type is
// an unknown one, of a scalar given twice the last one holds, strings are UTF-8.
// Its errors are those of decodeJSON.
func decodeProto(body []byte, f *form, m *message) error {
	m.reset()
	m.votesGiven = true // An empty list has no field.
	p := protoReader{rest: body}
	for p.next() {
		switch {
		case p.is(requestStream, protowire.BytesType):
			m.stream, m.streamGiven = append(m.stream[:0], p.text()...), true
		case p.is(requestSentAt, protowire.BytesType):
			m.sent, m.sentState = readInstant(p.text())
		case p.is(requestVotes, protowire.BytesType):
			c := f.open(m)
			if c == nil {
				return errTooManyVotes
			}
			protoVote(p.bytes(), f, c, &p)
		default:
			p.skip()
		}
	}
	if p.fault != "" {
		return &malformed{len(body) - len(p.rest), p.fault}
	}
	if !m.streamGiven {
		return errIncomplete
	}
	return nil
}

// protoVote reads one VoteMessage. A fault in it is one of the request's.
func protoVote(body []byte, f *form, c *claim, request *protoReader) {
	p := protoReader{rest: body, fault: request.fault}
	for p.next() {
		switch {
		case p.is(voteSeq, protowire.VarintType):
			c.readSeq(p.number(), true)
		case p.is(voteAt, protowire.BytesType):
			c.readWall(p.text())
		case p.is(voteAge, protowire.VarintType):
			c.readAge(p.number(), true)
		case p.is(voteFace, protowire.BytesType):
			if face := f.words.face(p.text()); f.faces() {
				c.value = face
			}
		case p.is(voteValue, protowire.VarintType):
			if n := int64(int32(p.number())); !f.faces() { // An int32 is cut to 32 bits.
				f.readValue(c, n, true)
			}
		case p.is(voteService, protowire.BytesType):
			f.readService(c, p.text())
		case p.is(voteReason, protowire.BytesType):
			f.readReason(c, p.text())
		default:
			p.skip()
		}
	}
	request.fault = p.fault
}

// A protoReader reads the fields of one message in place. The first fault is
// kept and ends the reading, as in scanner.
type protoReader struct {
	rest  []byte
	field protowire.Number
	kind  protowire.Type
	fault string
}

// next moves to the next field; its value comes next.
func (p *protoReader) next() bool {
	if p.fault != "" || len(p.rest) == 0 {
		return false
	}
	field, kind, n := protowire.ConsumeTag(p.rest)
	if n > 0 && field > protowire.MaxValidNumber {
		n = -1
	}
	if !p.advance(n, "a field") {
		return false
	}
	p.field, p.kind = field, kind
	return true
}

func (p *protoReader) is(field protowire.Number, kind protowire.Type) bool {
	return p.field == field && p.kind == kind
}

// advance drops n bytes; a negative n is protowire's word for a fault.
func (p *protoReader) advance(n int, want string) bool {
	if n < 0 {
		p.fault = want
		return false
	}
	p.rest = p.rest[n:]
	return true
}

func (p *protoReader) number() int64 {
	v, n := protowire.ConsumeVarint(p.rest)
	p.advance(n, "a number")
	return int64(v)
}

func (p *protoReader) bytes() []byte {
	v, n := protowire.ConsumeBytes(p.rest)
	p.advance(n, "bytes")
	return v
}

func (p *protoReader) text() []byte {
	v := p.bytes()
	if !utf8.Valid(v) {
		p.fault = "text in UTF-8"
	}
	return v
}

func (p *protoReader) skip() {
	p.advance(protowire.ConsumeFieldValue(p.field, p.kind, p.rest), "a value")
}
