package question

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"mlf/schema"
)

// A Position is how far counts have come: of each partition, one past the last
// record counted. People see it as a token that means nothing to them.
type Position []schema.Offset

// PositionOf returns the position of a ledger.
func PositionOf(ledger []schema.LedgerTotals) Position {
	p := make(Position, len(ledger))
	for i := range ledger {
		p[i] = ledger[i].Next
	}
	return p
}

// Reaches tells whether counts at p have all that counts at other have.
func (p Position) Reaches(other Position) bool {
	for i, next := range other {
		if i >= len(p) && next > 0 || i < len(p) && p[i] < next {
			return false
		}
	}
	return true
}

// Join returns a position that reaches both p and other.
func (p Position) Join(other Position) Position {
	joined := make(Position, max(len(p), len(other)))
	copy(joined, p)
	for i, next := range other {
		joined[i] = max(joined[i], next)
	}
	return joined
}

// What a token may be: that of the most partitions has some 10 kB.
const (
	positionForm     = 1 // The first byte: how the rest is written.
	partitionsMax    = 1024
	positionBytesMax = 16 << 10
	offsetMax        = 1<<53 - 1 // As high as JSON keeps it exactly.
)

// String writes p as a token: base64 of its form, the number of partitions, and
// their offsets.
func (p Position) String() string { return base64.RawURLEncoding.EncodeToString(p.append(nil)) }

func (p Position) append(dst []byte) []byte {
	dst = append(dst, positionForm)
	dst = binary.AppendUvarint(dst, uint64(len(p)))
	for _, next := range p {
		dst = binary.AppendUvarint(dst, uint64(next))
	}
	return dst
}

var errToken = errors.New("want a token as an answer had it")

// ParsePosition reads a token.
func ParsePosition(token string) (Position, error) {
	data, err := decodeToken(token)
	if err != nil {
		return nil, err
	}
	p, rest, err := readPosition(data)
	if err != nil || len(rest) > 0 {
		return nil, errToken
	}
	return p, nil
}

// decodeToken reads what String wrote, in one way only.
func decodeToken(token string) ([]byte, error) {
	if len(token) > positionBytesMax || strings.ContainsAny(token, "\r\n") {
		return nil, errToken
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, errToken
	}
	return data, nil
}

func readPosition(data []byte) (p Position, rest []byte, err error) {
	if len(data) == 0 || data[0] != positionForm {
		return nil, nil, errToken
	}
	n, data, err := readNumber(data[1:])
	if err != nil || n > partitionsMax {
		return nil, nil, errToken
	}
	p = make(Position, n)
	for i := range p {
		var next uint64
		if next, data, err = readNumber(data); err != nil || next > offsetMax {
			return nil, nil, errToken
		}
		p[i] = schema.Offset(next)
	}
	return p, data, nil
}

// readNumber reads a number that is written in as few bytes as it can be.
func readNumber(data []byte) (n uint64, rest []byte, err error) {
	n, size := binary.Uvarint(data)
	if size <= 0 || size > 1 && data[size-1] == 0 {
		return 0, nil, errToken
	}
	return n, data[size:], nil
}
