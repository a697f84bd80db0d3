package answer

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"mlf/query/format"
	"mlf/query/question"
)

// A Document is an answer, ready to be written in any form. It never changes.
type Document struct {
	Name  string        // Of the endpoint.
	Span  question.Span // That it is about, for the name of a file.
	Meta  *Meta
	Sheet *format.Sheet // What tables and files have; nil where sheet makes it.

	members []member // Of the JSON object, behind meta.
	rows    int
	sheet   func() *format.Sheet // Of rows. Most pages are read as JSON.
}

// Rows returns how many rows d has as a table.
func (d *Document) Rows() int {
	if d.Sheet == nil {
		return d.rows
	}
	return d.Sheet.Len
}

// Table returns what tables and files have.
func (d *Document) Table() *format.Sheet {
	if d.Sheet == nil {
		return d.sheet()
	}
	return d.Sheet
}

// A member is a member of a document's object: an array of n values, or one.
type member struct {
	name   string
	n      int // notArray: one value.
	append func(dst []byte, i int) []byte
}

const notArray = -1

// WriteJSON writes d as an object, but for the head: the endpoint's own members. What is
// written last is w's, if it can take it.
func (d *Document) WriteJSON(w io.Writer) error {
	buf := make([]byte, 0, bufferBytes)
	for i := range d.members {
		if i > 0 {
			buf = append(buf, ',')
		}
		var err error
		if buf, err = d.members[i].write(w, buf); err != nil {
			return fmt.Errorf("write %s: %w", d.Name, err)
		}
	}
	buf = append(buf, "}\n"...)
	if taker, ok := w.(interface{ Take(p []byte) }); ok {
		taker.Take(buf)
		return nil
	}
	if _, err := w.Write(buf); err != nil {
		return fmt.Errorf("write %s: %w", d.Name, err)
	}
	return nil
}

// How much is written at a time.
const (
	bufferBytes = 16 << 10
	bufferSpare = 2 << 10 // Of these a row takes less.
)

// write appends m to buf, and writes buf to w as often as it is full.
func (m *member) write(w io.Writer, buf []byte) ([]byte, error) {
	buf = append(append(append(buf, '"'), m.name...), '"', ':')
	if m.n == notArray {
		return m.append(buf, 0), nil
	}
	buf = append(buf, '[')
	for i := range m.n {
		if i > 0 {
			buf = append(buf, ',')
		}
		if buf = m.append(buf, i); len(buf) > bufferBytes-bufferSpare {
			if _, err := w.Write(buf); err != nil {
				return buf, err
			}
			buf = buf[:0]
		}
	}
	return append(buf, ']'), nil
}

// A Member is a member of a document's object, as packages beside this one make it.
type Member = member

// New returns an answer of members, in their order.
func New(name string, span question.Span, m *Meta, sheet *format.Sheet, members ...Member) *Document {
	return &Document{Name: name, Span: span, Meta: m, Sheet: sheet, members: members}
}

// List is a member that is an array of n values, which write writes.
func List(name string, n int, write func(dst []byte, i int) []byte) Member {
	return member{name, n, write}
}

// Value is a member that is one value.
func Value(name string, write func(dst []byte) []byte) Member {
	return member{name, notArray, func(dst []byte, _ int) []byte { return write(dst) }}
}

// Objects is a member that is an array of n rows of fields.
func Objects(name string, n int, fields []format.Field) Member { return objects(name, n, fields) }

// Object is a member that is one such row.
func Object(name string, fields []format.Field) Member { return object(name, fields) }

// coded is a field of codes of a dimension, and of their names where q wants them.
func coded(q *question.Question, dimension string, code func(i int) string) []format.Field {
	fields := []format.Field{{Name: dimension, Kind: format.KindText, Text: func(i int) (string, bool) { return code(i), true }}}
	if q.HasNames(dimension) {
		fields = append(fields, optional(dimension+"_name", func(i int) string { return q.NameOf(dimension, code(i)) }))
	}
	return fields
}

// objects is a member that is an array of rows of some fields.
func objects(name string, n int, fields []format.Field) member {
	return member{name, n, func(dst []byte, i int) []byte { return appendObject(dst, fields, i) }}
}

// object is a member that is one such row.
func object(name string, fields []format.Field) member {
	return member{name, notArray, func(dst []byte, i int) []byte { return appendObject(dst, fields, i) }}
}

// number is a member that is a number.
func number(name string, n int) member {
	return member{name, notArray, func(dst []byte, _ int) []byte { return strconv.AppendInt(dst, int64(n), 10) }}
}

func appendObject(dst []byte, fields []format.Field, i int) []byte {
	return append(format.AppendMembers(append(dst, '{'), fields, i), '}')
}

// appendList writes rows [first, next) of fields as an array of objects.
func appendList(dst []byte, fields []format.Field, first, next int) []byte {
	dst = append(dst, '[')
	for i := first; i < next; i++ {
		if i > first {
			dst = append(dst, ',')
		}
		dst = appendObject(dst, fields, i)
	}
	return append(dst, ']')
}

// single returns the observation of all rows.
func single(o *observation) at { return func(int) *observation { return o } }

// within returns the observations of a list.
func within(of []observation) at { return func(i int) *observation { return &of[i] } }

// at returns fields whose row i is row(i) of those given.
func atRows(fields []format.Field, row func(int) int) []format.Field {
	moved := make([]format.Field, len(fields))
	for k, f := range fields {
		moved[k] = f.At(row)
	}
	return moved
}

// membersOf writes the members of v, a struct of this package's making.
func membersOf(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("BUG: an answer is not JSON: " + err.Error())
	}
	return text[1 : len(text)-1] // Without the braces.
}
