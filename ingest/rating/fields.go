package rating

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// fieldsMax is how many fields a body may have: the most of a known form is 9, and a
// site may add some of its own.
const fieldsMax = 64

// A kind is what a field holds.
type kind uint8

const (
	absent kind = iota
	null
	text
	number
	truth  // true or false.
	nested // An object or an array.
)

// A field is what a body says under one name.
type field struct {
	kind kind
	text string // Of text and number, as it stands; of truth "true" or "false".
}

// fields are what a body says, whatever it was written in.
type fields struct {
	form  bool // Not JSON.
	names []string
	all   map[string]field
}

func (f *fields) has(name string) bool { return f.all[name].kind != absent }

// add takes a field. One that is there twice with different contents is ambiguous: PHP
// would take the last, others the first.
func (f *fields) add(name string, value field) error {
	if strings.ContainsRune(name, 0) || strings.ContainsRune(value.text, 0) {
		return fmt.Errorf("%w: a NUL, which no form sends", ErrMalformed)
	}
	if before, twice := f.all[name]; twice {
		if before != value {
			return fmt.Errorf("%w: a field is there twice, with different contents", ErrMalformed)
		}
		return nil
	}
	if len(f.names) == fieldsMax {
		return fmt.Errorf("%w: more than %d fields", ErrMalformed, fieldsMax)
	}
	f.names = append(f.names, name)
	f.all[name] = value
	return nil
}

// formFields reads a body as browsers write forms (URL Standard,
// application/x-www-form-urlencoded): an escape that is cut stands for itself, and what
// is not UTF-8 becomes U+FFFD.
func formFields(body []byte) (*fields, error) {
	f := &fields{form: true, all: make(map[string]field)}
	for pair := range bytes.SplitSeq(body, []byte("&")) {
		if len(pair) == 0 {
			continue
		}
		name, value, _ := bytes.Cut(pair, []byte("="))
		if err := f.add(unescaped(name), field{kind: text, text: unescaped(value)}); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// unescaped decodes a name or a value of a form.
func unescaped(escaped []byte) string {
	var out strings.Builder
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(escaped):
			if n, err := strconv.ParseUint(string(escaped[i+1:i+3]), 16, 8); err == nil {
				c, i = byte(n), i+2
			}
		}
		out.WriteByte(c)
	}
	return strings.ToValidUTF8(out.String(), "\ufffd")
}

// errNoObject is the error of what should be JSON and is not.
var errNoObject = fmt.Errorf("%w: want one object of JSON", ErrMalformed)

// jsonFields reads a body that is one object of JSON.
func jsonFields(body []byte) (*fields, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errNoObject
	}
	f := &fields{all: make(map[string]field)}
	for d.More() {
		name, err := d.Token()
		key, isText := name.(string)
		if err != nil || !isText {
			return nil, errNoObject
		}
		var value any
		if d.Decode(&value) != nil {
			return nil, errNoObject
		}
		if err := f.add(key, fieldOf(value)); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil { // The closing brace.
		return nil, errNoObject
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoObject
	}
	return f, nil
}

// fieldOf returns the field that a decoded value is.
func fieldOf(value any) field {
	switch v := value.(type) {
	case nil:
		return field{kind: null}
	case string:
		return field{kind: text, text: v}
	case json.Number:
		return field{kind: number, text: v.String()}
	case bool:
		return field{kind: truth, text: strconv.FormatBool(v)}
	}
	return field{kind: nested}
}

// whole returns the whole number that the field holds, as a number or as a text.
func (f field) whole() (int64, bool) {
	said := strings.TrimSpace(f.text)
	if f.kind != text && f.kind != number {
		return 0, false
	}
	if n, err := strconv.ParseInt(said, 10, 64); err == nil {
		return n, true
	}
	x, err := strconv.ParseFloat(said, 64)
	if f.kind != number || err != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return 0, false
	}
	return int64(x), true // 4.0, as some languages write every number.
}

// words returns the text of the field; "" for what is no text. Forms of JavaScript
// write null as four letters.
func (f field) words() string {
	if f.kind != text || f.text == "null" || f.text == "undefined" {
		return ""
	}
	return f.text
}

// filled tells whether somebody has put something into the field.
func (f field) filled() bool {
	return f.kind == number || f.kind == nested || f.kind == truth && f.text == "true" || f.kind == text && strings.TrimSpace(f.text) != ""
}
