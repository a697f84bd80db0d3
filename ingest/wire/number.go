package wire

import (
	"bytes"

	"mlf/schema"
)

// A number is one that a terminal wrote, exactly: 41, 41.0, 4.1e1 and "41" are
// the same. Its zero value is none that could be used: no number, less than 0, or
// more than numberMax.
type number struct {
	usable  bool
	integer int64 // 0 to numberMax.
	beyond  fraction
}

// A fraction is as much as is to be known of what follows a number's point.
type fraction uint8

const (
	none fraction = iota
	belowHalf
	halfOrMore
)

// numberMax is the highest integer that every JSON reader keeps exactly, and so
// the highest that a terminal can mean.
const numberMax = int64(schema.SeqMax)

// integer is the number n.
func integer(n int64) number {
	if n < 0 || n > numberMax {
		return number{}
	}
	return number{usable: true, integer: n}
}

// whole returns n where it is an integer, else 0: nothing is rounded.
func (n number) whole() (integer int64, ok bool) {
	if n.beyond != none {
		return 0, false
	}
	return n.integer, n.usable
}

// rounded returns the integer nearest to n, the higher of two.
func (n number) rounded() (integer int64, ok bool) {
	if n.beyond == halfOrMore {
		return n.integer + 1, n.usable
	}
	return n.integer, n.usable
}

// quotedNumber reads text as a JSON number, white space around it aside.
func quotedNumber(text []byte) number {
	s := scanner{text: trimmed(text)}
	if s.number(); s.fault != "" || s.at < len(s.text) {
		return number{}
	}
	return parseNumber(s.text)
}

// parseNumber reads text, which is a JSON number. It works on the digits, because
// a float64 would round the seqs that it is to tell apart.
func parseNumber(text []byte) number {
	text, negative := bytes.CutPrefix(text, []byte("-"))
	digits, point := splitNumber(text)
	n := number{usable: true}
	position := 0
	for _, c := range digits {
		if c == '.' {
			continue
		}
		switch d := int64(c - '0'); {
		case position < point:
			if n.integer = n.integer*10 + d; n.integer > numberMax {
				return number{}
			}
		case d >= 5 && position == point:
			n.beyond = halfOrMore
		case d > 0 && n.beyond == none:
			n.beyond = belowHalf
		}
		position++
	}
	for ; position < point && n.integer > 0; position++ {
		if n.integer *= 10; n.integer > numberMax {
			return number{}
		}
	}
	if negative && n != (number{usable: true}) { // -0 is 0.
		return number{}
	}
	return n
}

// exponentMax bounds what is read of an exponent: beyond the digits of any text.
const exponentMax = 1 << 40

// splitNumber returns the digits of a number without its sign, a point among them
// perhaps, and before which of them the point belongs when the exponent is heeded:
// less than 0 and beyond the last one stand for zeros that are not written.
func splitNumber(text []byte) (digits []byte, point int) {
	digits = text
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		digits, point = text[:e], exponentOf(text[e+1:])
	}
	if dot := bytes.IndexByte(digits, '.'); dot >= 0 {
		return digits, point + dot
	}
	return digits, point + len(digits)
}

func exponentOf(text []byte) int {
	exponent := 0
	for _, c := range text {
		if isDigit(c) {
			exponent = min(exponent*10+int(c-'0'), exponentMax)
		}
	}
	if text[0] == '-' {
		return -exponent
	}
	return exponent
}

// trimmed returns text without white space around it.
func trimmed(text []byte) []byte {
	for len(text) > 0 && isBlank(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isBlank(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
