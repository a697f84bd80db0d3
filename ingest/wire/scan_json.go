package wire

import (
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner reads one JSON text (RFC 8259) in place, from left to right, without
// building anything. It takes what encoding/json takes, with two exceptions:
// nesting beyond depthMax is refused, and keys are compared as they are
// written, because terminals have one spelling.
//
// The first fault is kept and ends the reading: after it every method returns
// its zero value, so callers look at fault once, at the end.
type scanner struct {
	text    []byte
	at      int    // Position of the next byte.
	depth   int    // Arrays and objects that it is in.
	fault   string // What was wanted at position at; empty while all is well.
	scratch []byte // The last string that had escapes in it.
}

// depthMax is the most arrays and objects inside each other. A request needs
// three; the rest is room for keys that a newer terminal sends. Skipping calls
// itself, so the depth bounds the stack.
const depthMax = 64

// reset begins a new text.
func (s *scanner) reset(text []byte) {
	s.text, s.at, s.depth, s.fault = text, 0, 0, ""
}

// fail notes the first fault.
func (s *scanner) fail(want string) {
	if s.fault == "" {
		s.fault = want
	}
}

// peek returns the next byte that is no white space, without taking it; 0 at
// the end of the text and after a fault.
func (s *scanner) peek() byte {
	if s.fault != "" {
		return 0
	}
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\n', '\r', '\t':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take takes c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.fault != "" {
		return false
	}
	s.at++
	return true
}

// open enters the array or object that begins with c, if one comes next. member
// and element leave it.
func (s *scanner) open(c byte) bool {
	if s.peek() != c || s.fault != "" {
		return false
	}
	if s.depth == depthMax {
		s.fail("less nesting")
		return false
	}
	s.at++
	s.depth++
	return true
}

// end tells that nothing may follow but white space.
func (s *scanner) end() {
	if s.peek(); s.fault == "" && s.at < len(s.text) {
		s.fail("the end of the text")
	}
}

// member moves to the next member of the object that the scanner is in and
// returns its key; the value comes next. It returns false at the object's end
// and on a fault. first is true right after '{', and is set to false. The key is
// valid until the next string is read.
func (s *scanner) member(first *bool) (key []byte, more bool) {
	if s.take('}') {
		s.depth--
		return nil, false
	}
	if !*first && !s.take(',') {
		s.fail("',' or '}'")
		return nil, false
	}
	*first = false
	key = s.string()
	if !s.take(':') {
		s.fail("':'")
	}
	return key, s.fault == ""
}

// element moves to the next element of the array that the scanner is in, as
// member does for objects.
func (s *scanner) element(first *bool) (more bool) {
	if s.take(']') {
		s.depth--
		return false
	}
	if !*first && !s.take(',') {
		s.fail("',' or ']'")
		return false
	}
	*first = false
	return s.fault == ""
}

// string reads a string. The result lies in the text or, where the string had
// escapes, in scratch: it is valid until the next string is read.
func (s *scanner) string() []byte {
	if !s.take('"') {
		s.fail("a string")
		return nil
	}
	i := plainEnd(s.text, s.at)
	switch {
	case i == len(s.text):
		s.at = i
		s.fail("the end of a string")
		return nil
	case s.text[i] == '\\':
		return s.escaped(i)
	case s.text[i] != '"':
		s.at = i
		s.fail("no control character in a string")
		return nil
	}
	found := s.text[s.at:i]
	s.at = i + 1
	return found
}

// escaped reads the string that begins at s.at and has its first escape at i.
func (s *scanner) escaped(i int) []byte {
	out := append(s.scratch[:0], s.text[s.at:i]...)
	s.at = i
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			s.scratch = out
			return out
		case c == '\\':
			out = s.escape(out)
			if s.fault != "" {
				return nil
			}
		case c < ' ':
			s.fail("no control character in a string")
			return nil
		default:
			out = append(out, c)
			s.at++
		}
	}
	s.fail("the end of a string")
	return nil
}

// escape reads one escape and appends what it stands for. Half of a surrogate
// pair becomes U+FFFD, as in encoding/json.
func (s *scanner) escape(out []byte) []byte {
	if s.at+1 >= len(s.text) {
		s.at = len(s.text)
		s.fail("the end of an escape")
		return out
	}
	switch c := s.text[s.at+1]; c {
	case '"', '\\', '/':
		out = append(out, c)
	case 'b':
		out = append(out, '\b')
	case 'f':
		out = append(out, '\f')
	case 'n':
		out = append(out, '\n')
	case 'r':
		out = append(out, '\r')
	case 't':
		out = append(out, '\t')
	case 'u':
		return s.escapedRune(out)
	default:
		s.fail("a known escape")
		return out
	}
	s.at += 2
	return out
}

// escapedRune reads one \uXXXX, or two that are a surrogate pair.
func (s *scanner) escapedRune(out []byte) []byte {
	r, ok := s.unit(s.at)
	if !ok {
		s.fail("four hexadecimal digits")
		return out
	}
	s.at += 6
	if utf16.IsSurrogate(r) {
		low, _ := s.unit(s.at)
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			s.at += 6
		}
	}
	return utf8.AppendRune(out, r)
}

// unit reads the \uXXXX at position i, without taking it.
func (s *scanner) unit(i int) (rune, bool) {
	if i+6 > len(s.text) || s.text[i] != '\\' || s.text[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s.text[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// bareNumber reads a number. Nearly all are plain digits.
func (s *scanner) bareNumber() number {
	start := s.at
	value, n := digitsAfter(s.text[start:], "")
	if s.at += n; n > 0 && !isNumberByte(s.next()) {
		return integer(value)
	}
	s.at = start
	if s.number(); s.fault != "" {
		return number{}
	}
	return parseNumber(s.text[start:s.at])
}

// number takes a number of any form.
func (s *scanner) number() {
	if s.next() == '-' {
		s.at++
	}
	if s.next() == '0' {
		s.at++
	} else {
		s.digits()
	}
	if s.next() == '.' {
		s.at++
		s.digits()
	}
	if c := s.next(); c == 'e' || c == 'E' {
		s.at++
		if c := s.next(); c == '+' || c == '-' {
			s.at++
		}
		s.digits()
	}
}

// next returns the next byte, white space included; 0 at the end.
func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// digits takes one digit or more.
func (s *scanner) digits() {
	if !isDigit(s.next()) {
		s.fail("a digit")
		return
	}
	for isDigit(s.next()) {
		s.at++
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isNumberByte tells whether c can stand in a number after its first digits.
func isNumberByte(c byte) bool { return c == '.' || c == 'e' || c == 'E' }

// null takes the value null if it comes next.
func (s *scanner) null() bool {
	if s.peek() != 'n' {
		return false
	}
	s.word("null")
	return s.fault == ""
}

// word takes a literal.
func (s *scanner) word(w string) {
	if len(s.text)-s.at < len(w) || string(s.text[s.at:s.at+len(w)]) != w {
		s.fail("a value")
		return
	}
	s.at += len(w)
}

// skip takes one value of any kind.
func (s *scanner) skip() {
	switch c := s.peek(); {
	case c == '"':
		s.string()
	case c == '{':
		s.skipObject()
	case c == '[':
		s.skipArray()
	case c == 't':
		s.word("true")
	case c == 'f':
		s.word("false")
	case c == 'n':
		s.word("null")
	case c == '-' || isDigit(c):
		s.number()
	default:
		s.fail("a value")
	}
}

func (s *scanner) skipObject() {
	s.open('{')
	for first := true; ; s.skip() {
		if _, more := s.member(&first); !more {
			return
		}
	}
}

func (s *scanner) skipArray() {
	s.open('[')
	for first := true; s.element(&first); {
		s.skip()
	}
}

// checkObject tells whether body is one JSON object, whatever is in it.
func (s *scanner) checkObject(body []byte) error {
	s.reset(body)
	if s.peek() != '{' {
		s.fail("an object")
	}
	s.skip()
	s.end()
	if s.fault != "" {
		return &malformed{s.at, s.fault}
	}
	return nil
}
