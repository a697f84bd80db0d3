package wire

import (
	"bytes"
	"errors"
)

// decodeJSON reads body into m. The whole body must be one JSON object with a
// string `stream` and an array `votes`; what is wrong inside a vote is that
// vote's own affair. Unknown keys are skipped, but must be valid JSON. Of a key
// given twice the last one holds; null is the same as absent. Nothing of body is
// kept. It allocates only where m's memory must grow.
//
// The errors are *malformed, errIncomplete and errTooManyVotes.
func (s *scanner) decodeJSON(body []byte, f *criteria, m *message) error {
	m.reset()
	s.reset(body)
	if !s.open('{') {
		s.fail("an object")
	}
	for first := true; ; {
		key, more := s.member(&first)
		if !more {
			break
		}
		switch string(key) {
		case "stream":
			s.stream(m)
		case "sent_at":
			s.sentAt(m)
		case "votes":
			if !s.votes(f, m) {
				return ErrTooMany
			}
		default:
			s.skip()
		}
	}
	s.end()
	if s.fault != "" {
		return &malformed{s.at, s.fault}
	}
	if !m.streamGiven || !m.votesGiven {
		return errIncomplete
	}
	return nil
}

func (s *scanner) stream(m *message) {
	m.stream, m.streamGiven = m.stream[:0], false
	if s.null() {
		return
	}
	m.stream, m.streamGiven = append(m.stream, s.string()...), true
}

func (s *scanner) sentAt(m *message) {
	switch {
	case s.null():
		m.sentState = absent
	case s.peek() == '"':
		m.sent, m.sentState = readInstant(s.string())
	default:
		m.sentState = invalid
		s.skip()
	}
}

// votes reads the array of votes. It returns false when there are too many.
func (s *scanner) votes(f *criteria, m *message) bool {
	m.claims, m.votesGiven = m.claims[:0], false
	if s.null() {
		return true
	}
	if !s.open('[') {
		s.fail("an array")
		return true
	}
	m.votesGiven = true
	for first := true; s.element(&first); {
		c := f.open(m)
		if c == nil {
			return false
		}
		switch {
		case s.usual(f, c):
		case s.open('{'):
			s.vote(f, c)
		default:
			s.skip() // No object: a claim without a seq.
		}
	}
	return true
}

// vote reads the members of one vote.
func (s *scanner) vote(f *criteria, c *claim) {
	for first := true; ; {
		key, more := s.member(&first)
		if !more {
			return
		}
		switch string(key) {
		case "seq":
			c.readSeq(s.numberOrSkip())
		case "at":
			s.wall(c)
		case "age_ms":
			s.age(c)
		case "face":
			s.face(f, c)
		case "value":
			s.value(f, c)
		case "service":
			s.service(f, c)
		case "reason":
			s.reason(f, c)
		default:
			s.skip()
		}
	}
}

// numberOrSkip takes a value of any kind and returns the number that it is, bare or
// in quotation marks.
func (s *scanner) numberOrSkip() number {
	switch c := s.peek(); {
	case c == '-' || isDigit(c):
		return s.bareNumber()
	case c == '"':
		return quotedNumber(s.string())
	}
	s.skip()
	return number{}
}

func (s *scanner) wall(c *claim) {
	switch {
	case s.null():
		c.wallState = absent
	case s.peek() == '"':
		c.readWall(s.string())
	default:
		c.wallState = invalid
		s.skip()
	}
}

func (s *scanner) age(c *claim) {
	if s.null() {
		c.ageState = absent
		return
	}
	c.readAge(s.numberOrSkip())
}

func (s *scanner) face(f *criteria, c *claim) {
	switch {
	case !f.faces():
		s.skip()
	case s.peek() == '"':
		c.value = f.words.face(s.string())
	default:
		c.value = 0
		s.skip()
	}
}

func (s *scanner) value(f *criteria, c *claim) {
	if f.faces() {
		s.skip()
		return
	}
	f.readValue(c, s.numberOrSkip())
}

func (s *scanner) service(f *criteria, c *claim) {
	switch {
	case s.null():
		f.noService(c)
	case s.peek() == '"':
		f.readService(c, s.string())
	default:
		f.readService(c, nil) // No code is empty.
		s.skip()
	}
}

func (s *scanner) reason(f *criteria, c *claim) {
	switch {
	case s.null():
		c.reason, c.unknownReason = 0, false
	case s.peek() == '"':
		f.readReason(c, s.string())
	default:
		c.otherReason()
		s.skip()
	}
}

// errNotUTF8 is the error of a body in another encoding of Unicode.
var errNotUTF8 = errors.New("this looks like UTF-16: want UTF-8")

// utf8Text returns the JSON in body without the byte order mark that editors and
// some libraries put before it (RFC 8259 §8.1 lets a reader pass over it). JSON
// begins with two characters of ASCII, so a zero among them tells UTF-16.
func utf8Text(body []byte) ([]byte, error) {
	const utf8Mark, bigMark, littleMark = "\xef\xbb\xbf", "\xfe\xff", "\xff\xfe"
	for _, mark := range [...]string{bigMark, littleMark} {
		if bytes.HasPrefix(body, []byte(mark)) {
			return nil, errNotUTF8
		}
	}
	if bytes.IndexByte(body[:min(2, len(body))], 0) >= 0 {
		return nil, errNotUTF8
	}
	return bytes.TrimPrefix(body, []byte(utf8Mark)), nil
}
