package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// usual takes a vote that is written as nearly all are: the members in the order
// of the protocol, no white space, no escape. Otherwise it returns false, and has
// taken nothing. It does what vote does in half the time: what comes next is
// guessed and only compared, and where it begins is kept in a register.
func (s *scanner) usual(f *criteria, c *claim) bool {
	rest := s.text[s.at:]
	seq, n := digitsAfter(rest, `{"seq":`)
	if n == 0 || !f.faces() {
		return false
	}
	rest = rest[n:]
	age, aged := digitsAfter(rest, `,"age_ms":`)
	rest = rest[aged:]
	wall, timed := codeAfter(rest, `,"at":"`)
	rest = rest[timed:]
	face, n := codeAfter(rest, `,"face":"`)
	rest = rest[n:]
	service, served := codeAfter(rest, `,"service":"`)
	rest = rest[served:]
	reason, reasoned := codeAfter(rest, `,"reason":"`)
	rest = rest[reasoned:]
	if len(rest) == 0 || rest[0] != '}' {
		return false
	}
	s.at = len(s.text) - len(rest) + 1
	c.setSeq(seq)
	if aged > 0 {
		c.setAge(age)
	}
	if timed > 0 {
		c.readWall(wall)
	}
	c.value = f.words.face(face)
	if served > 0 {
		f.readService(c, service)
	}
	if reasoned > 0 {
		f.readReason(c, reason)
	}
	return true
}

// digitsMax is the most digits of which every number fits into 63 bits.
const digitsMax = 18

// digitsAfter reads lead, which text begins with, and the plain integer after it.
// n is how long both are; 0 where text is otherwise or the integer longer than digitsMax.
func digitsAfter(text []byte, lead string) (value int64, n int) {
	if !bytes.HasPrefix(text, []byte(lead)) {
		return 0, 0
	}
	n = len(lead)
	for n < len(text) && isDigit(text[n]) {
		value = value*10 + int64(text[n]-'0')
		n++
	}
	if digits := n - len(lead); digits == 0 || digits > digitsMax || digits > 1 && text[len(lead)] == '0' {
		return 0, 0
	}
	return value, n
}

// codeAfter reads lead, which ends with a quotation mark, and the rest of a string
// without escapes. n is how long both are; 0 where text is otherwise.
func codeAfter(text []byte, lead string) (code []byte, n int) {
	if !bytes.HasPrefix(text, []byte(lead)) {
		return nil, 0
	}
	end := plainEnd(text, len(lead))
	if end == len(text) || text[end] != '"' {
		return nil, 0
	}
	return text[len(lead):end], end + 1
}

// plainEnd returns the position of the first quotation mark, backslash or control
// character from i on; the end of text where there is none.
func plainEnd(text []byte, i int) int {
	const wordBytes = 8
	for i+wordBytes <= len(text) {
		n := plainBytes(binary.LittleEndian.Uint64(text[i:]))
		if i += n; n < wordBytes {
			return i
		}
	}
	for i < len(text) && text[i] != '"' && text[i] != '\\' && text[i] >= ' ' {
		i++
	}
	return i
}

// plainBytes returns how many bytes of word, the lowest first, come before a
// quotation mark, a backslash or a control character. A byte x below y shows as
// the high bit of x-y without that of x; borrows only reach bytes above the one
// that is found.
func plainBytes(word uint64) int {
	const ones = (1<<64 - 1) / 255
	const highs = ones << 7 & (1<<64 - 1)
	quote, backslash := word^ones*'"', word^ones*'\\'
	found := ((quote-ones)&^quote | (backslash-ones)&^backslash | (word-ones*' ')&^word) & highs
	return bits.TrailingZeros64(found) / 8
}
