package question

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sort"
)

// A Cursor is where a page of rows ends: what the columns of its last row say, and
// the position that the page was of. The page after it begins behind that row,
// whatever was counted meanwhile: a row that was there is on one page, and on one
// only.
type Cursor struct {
	Position Position
	asked    [cursorSumBytes]byte // Of what was asked: a cursor is for the same question.
	last     []cell
}

// A cell is what a column says of a row.
type cell struct {
	value uint32
	text  string
}

const (
	cursorSumBytes = 8
	cursorTextMax  = 256 // Bytes of a column's text.
	cursorColsMax  = 32
)

// ErrOtherCursor is the error of a cursor that belongs to another question.
var ErrOtherCursor = errors.New("want a cursor of the same question")

// After returns the cursor of row i of t, for what was asked.
func (t *Table) After(i int, asked string, p Position) Cursor {
	c := Cursor{Position: p, asked: sumOf(asked)}
	for k := range t.Columns {
		column := &t.Columns[k]
		c.last = append(c.last, cell{column.Value(&t.Rows[i]), column.Text(&t.Rows[i])})
	}
	return c
}

func sumOf(asked string) (sum [cursorSumBytes]byte) {
	all := sha256.Sum256([]byte(asked))
	copy(sum[:], all[:])
	return sum
}

// Behind returns the number of the first row of t that is behind c, whose rows are
// in the order of their columns. ErrOtherCursor: c is of another question.
func (t *Table) Behind(c *Cursor, asked string) (int, error) {
	if c.asked != sumOf(asked) || len(c.last) != len(t.Columns) {
		return 0, ErrOtherCursor
	}
	return sort.Search(len(t.Rows), func(i int) bool {
		for k := range t.Columns {
			column, last := &t.Columns[k], &c.last[k]
			order := cmp.Compare(column.Text(&t.Rows[i]), last.text)
			if column.sorted {
				order = cmp.Compare(column.Value(&t.Rows[i]), last.value)
			}
			if order != 0 {
				return order > 0
			}
		}
		return false
	}), nil
}

// String writes c as a token.
func (c Cursor) String() string {
	data := append(c.Position.append(nil), c.asked[:]...)
	data = binary.AppendUvarint(data, uint64(len(c.last)))
	for _, cell := range c.last {
		data = binary.AppendUvarint(data, uint64(cell.value))
		data = binary.AppendUvarint(data, uint64(len(cell.text)))
		data = append(data, cell.text...)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// ParseCursor reads a token.
func ParseCursor(token string) (*Cursor, error) {
	data, err := decodeToken(token)
	if err != nil {
		return nil, err
	}
	c := new(Cursor)
	if c.Position, data, err = readPosition(data); err != nil {
		return nil, err
	}
	if len(data) < len(c.asked) {
		return nil, errToken
	}
	data = data[copy(c.asked[:], data):]
	n, data, err := readNumber(data)
	if err != nil || n > cursorColsMax {
		return nil, errToken
	}
	for range n {
		var next cell
		if next, data, err = readCell(data); err != nil {
			return nil, err
		}
		c.last = append(c.last, next)
	}
	if len(data) > 0 {
		return nil, errToken
	}
	return c, nil
}

func readCell(data []byte) (c cell, rest []byte, err error) {
	value, data, err := readNumber(data)
	if err != nil || value > 1<<32-1 {
		return c, nil, errToken
	}
	n, data, err := readNumber(data)
	if err != nil || n > cursorTextMax || n > uint64(len(data)) {
		return c, nil, errToken
	}
	return cell{uint32(value), string(bytes.Clone(data[:n]))}, data[n:], nil
}
