// Package object reads small JSON objects that others write, strictly: by the names of
// their members as they are written, within limits, and with one error that says for
// people what is wanted.
//
// It knows JSON. It must not know what any member means, and quotes none of what it reads.
package object

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mlf/schema"
)

// Limits of what is read.
const (
	// TextMax is the longest text that is looked at, in bytes: ids and times.
	TextMax = 64

	// depthMax is the most arrays and objects inside each other. Networks need some six;
	// what a decoder of the customer's own puts beside a frame needs more.
	depthMax = 32
)

// An Object is a JSON object. A member that is null is the same as one that is absent;
// one that is there twice with different contents is a fault, where somebody asks for it.
// Its methods return what is empty after a fault, so callers look at Err once, at the end.
type Object struct {
	path    string // With a point at its end; empty at the top.
	members map[string]json.RawMessage
	twice   map[string]bool // Names that are there twice, with different contents.
	fault   *error          // The first, shared by all objects of a body.
}

// Read reads a body of at most bytesMax bytes that is one JSON object.
func Read(body []byte, bytesMax int) (Object, error) {
	switch {
	case len(body) > bytesMax:
		return Object{}, fmt.Errorf("want a body of at most %d bytes", bytesMax)
	case !utf8.Valid(body):
		return Object{}, errors.New("want UTF-8")
	case depthOf(body) > depthMax:
		return Object{}, fmt.Errorf("want at most %d arrays and objects inside each other", depthMax)
	}
	var whole json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, &whole); errors.As(err, &syntax) {
		return Object{}, fmt.Errorf("want JSON: cannot be read at byte %d", syntax.Offset)
	}
	o := Object{fault: new(error)}
	if !o.open(whole) {
		return Object{}, errors.New("want a JSON object")
	}
	return o, nil
}

// open takes the members of raw, which is JSON, and tells whether it is an object.
func (o *Object) open(raw json.RawMessage) bool {
	d := json.NewDecoder(bytes.NewReader(raw))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return false
	}
	o.members, o.twice = make(map[string]json.RawMessage), make(map[string]bool)
	for d.More() {
		name, err := d.Token()
		text, isText := name.(string)
		var value json.RawMessage
		if err != nil || !isText || d.Decode(&value) != nil {
			return false
		}
		if before, known := o.members[text]; known && !bytes.Equal(before, value) {
			o.twice[text] = true
		}
		o.members[text] = value
	}
	return true
}

// depthOf returns how many arrays and objects are inside each other at most, in text
// that may be JSON.
func depthOf(text []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// Err returns the first fault of the body; nil for none.
func (o Object) Err() error { return *o.fault }

// Fail makes err the fault, where there is none yet.
func (o Object) Fail(err error) {
	if *o.fault == nil {
		*o.fault = err
	}
}

// Want notes a fault of the member called name; of o itself where name is empty.
func (o Object) Want(name, what string) {
	o.Fail(fmt.Errorf("%s: want %s", strings.TrimSuffix(o.path+name, "."), what))
}

// Names returns the names of all members, null ones too, in no order.
func (o Object) Names() iter.Seq[string] { return maps.Keys(o.members) }

// value returns the member called name as it is written; nil where there is none.
func (o Object) value(name string) json.RawMessage {
	if o.twice[name] {
		o.Want(name, "one value: there are two that differ")
		return nil
	}
	if raw := o.members[name]; !bytes.Equal(raw, []byte("null")) {
		return raw
	}
	return nil
}

// Has tells whether there is a member called name.
func (o Object) Has(name string) bool { return o.value(name) != nil }

// IsArray tells whether the member called name is an array.
func (o Object) IsArray(name string) bool {
	raw := o.value(name)
	return len(raw) > 0 && raw[0] == '['
}

// Object returns the object called name, an empty one where there is none.
func (o Object) Object(name string) Object {
	inner := Object{path: o.path + name + ".", fault: o.fault}
	if raw := o.value(name); raw != nil && !inner.open(raw) {
		o.Want(name, "an object")
	}
	return inner
}

// Unwrapped returns the object called name, which may be written as JSON in a text. There
// must be one.
func (o Object) Unwrapped(name string) Object {
	inner := Object{path: o.path + name + ".", fault: o.fault}
	raw := o.value(name)
	var text string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	if !json.Valid(raw) || depthOf(raw) > depthMax || !inner.open(raw) {
		o.Want(name, "an object, or a text that is one")
	}
	return inner
}

// Text returns the text called name, of at most TextMax bytes; "" where there is none.
func (o Object) Text(name string) string {
	text := o.LongText(name)
	if len(text) > TextMax {
		o.Want(name, fmt.Sprintf("a text of at most %d bytes", TextMax))
		return ""
	}
	return text
}

// LongText returns the text called name, as long as it may be in a body.
func (o Object) LongText(name string) (text string) {
	if raw := o.value(name); raw != nil && json.Unmarshal(raw, &text) != nil {
		o.Want(name, "a text")
	}
	return text
}

// Word returns the text or the integer called name, as long as it may be in a body; ""
// where there is none.
func (o Object) Word(name string) string {
	if raw := o.value(name); len(raw) > 0 && len(bytes.Trim(raw, "0123456789")) == 0 {
		return string(raw)
	}
	return o.LongText(name)
}

// Is tells whether the text or the integer called name is word. What is neither is no
// fault: it is another.
func (o Object) Is(name, word string) bool {
	raw := o.value(name)
	if string(raw) == word {
		return true
	}
	var text string
	return json.Unmarshal(raw, &text) == nil && text == word
}

// Flag returns what is called name, false where it is absent.
func (o Object) Flag(name string) (yes bool) {
	if raw := o.value(name); raw != nil && json.Unmarshal(raw, &yes) != nil {
		o.Want(name, "true or false")
	}
	return yes
}

// Number returns the integer called name, 0 to most; 0 where there is none.
func (o Object) Number(name string, most uint64) uint64 {
	raw := o.value(name)
	if raw == nil {
		return 0
	}
	n, ok := integerOf(string(raw), most)
	if !ok {
		o.Want(name, fmt.Sprintf("an integer from 0 to %d", most))
	}
	return n
}

// Numbers returns the integers, 0 to most each, of the array called name.
func (o Object) Numbers(name string, most uint64) []uint64 {
	var raws []json.RawMessage
	if json.Unmarshal(o.value(name), &raws) != nil {
		o.Want(name, "an array of integers")
		return nil
	}
	all := make([]uint64, len(raws))
	for i, raw := range raws {
		var ok bool
		if all[i], ok = integerOf(string(raw), most); !ok {
			o.Want(fmt.Sprintf("%s[%d]", name, i), fmt.Sprintf("an integer from 0 to %d", most))
		}
	}
	return all
}

// Quoted returns the number called name, bare or in quotation marks, as templates write
// it.
func (o Object) Quoted(name string, most uint64) uint64 {
	if raw := o.value(name); len(raw) == 0 || raw[0] != '"' {
		return o.Number(name, most)
	}
	n, ok := integerOf(o.Text(name), most)
	if !ok {
		o.Want(name, fmt.Sprintf("an integer from 0 to %d", most))
	}
	return n
}

// integerOf reads digits and nothing else: a total that was rounded on its way, or is
// written as 1e3, is not one that a counter said.
func integerOf(text string, most uint64) (uint64, bool) {
	if text == "" || text[0] < '0' || text[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil && n <= most
}

// Instant returns the time called name, RFC 3339 with any fraction of a second, cut to
// the millisecond; 0 where there is none, or a clock that was never set: before 1970.
func (o Object) Instant(name string) schema.Instant {
	text := o.Text(name)
	if text == "" {
		return 0
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		o.Want(name, "a time as of RFC 3339, 2026-11-26T08:00:00Z")
		return 0
	}
	return max(0, schema.InstantOf(at))
}
