package uplink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mlf/schema"
)

// An object is a JSON object, read by the names of its members as they are written;
// of a name given twice the last value holds, null is the same as absent. Its methods
// return what is empty after a fault, so callers look at fault once, at the end.
type object struct {
	path    string // With a point at its end; empty at the top.
	members map[string]json.RawMessage
	fault   *error // The first, shared by all objects of a body.
}

// readObject reads a body that is one JSON object.
func readObject(body []byte) (object, error) {
	switch {
	case len(body) > BytesMax:
		return object{}, fmt.Errorf("want a body of at most %d bytes", BytesMax)
	case !utf8.Valid(body):
		return object{}, errors.New("want UTF-8")
	case depthOf(body) > depthMax:
		return object{}, fmt.Errorf("want at most %d arrays and objects inside each other", depthMax)
	}
	o := object{fault: new(error)}
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(body, &o.members); {
	case errors.As(err, &syntax):
		return object{}, fmt.Errorf("want JSON: cannot be read at byte %d", syntax.Offset)
	case err != nil || o.members == nil:
		return object{}, errors.New("want a JSON object")
	}
	return o, nil
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

// wanted notes a fault of the member called name; of o itself where name is empty.
func (o object) wanted(name, what string) {
	if *o.fault == nil {
		*o.fault = fmt.Errorf("%s: want %s", strings.TrimSuffix(o.path+name, "."), what)
	}
}

// other notes that the body is none to count, where it has no fault.
func (o object) other() {
	if *o.fault == nil {
		*o.fault = ErrOther
	}
}

// value returns the member called name as it is written; nil where there is none.
func (o object) value(name string) json.RawMessage {
	if raw := o.members[name]; !bytes.Equal(raw, []byte("null")) {
		return raw
	}
	return nil
}

func (o object) has(name string) bool { return o.value(name) != nil }

// object returns the object called name, an empty one where there is none.
func (o object) object(name string) object {
	inner := object{path: o.path + name + ".", fault: o.fault}
	if raw := o.value(name); raw != nil && json.Unmarshal(raw, &inner.members) != nil {
		o.wanted(name, "an object")
	}
	return inner
}

// text returns the text called name, of at most textMax bytes; "" where there is none.
func (o object) text(name string) string {
	text := o.longText(name)
	if len(text) > textMax {
		o.wanted(name, fmt.Sprintf("a text of at most %d bytes", textMax))
		return ""
	}
	return text
}

// longText returns the text called name, as long as it may be in a body.
func (o object) longText(name string) (text string) {
	if raw := o.value(name); raw != nil && json.Unmarshal(raw, &text) != nil {
		o.wanted(name, "a text")
	}
	return text
}

// flag returns what is called name, false where it is absent.
func (o object) flag(name string) (yes bool) {
	if raw := o.value(name); raw != nil && json.Unmarshal(raw, &yes) != nil {
		o.wanted(name, "true or false")
	}
	return yes
}

// number returns the integer called name, 0 to most; 0 where there is none.
func (o object) number(name string, most uint64) uint64 {
	raw := o.value(name)
	if raw == nil {
		return 0
	}
	n, ok := integerOf(string(raw), most)
	if !ok {
		o.wanted(name, fmt.Sprintf("an integer from 0 to %d", most))
	}
	return n
}

// numbers returns the integers, 0 to most each, of the array called name.
func (o object) numbers(name string, most uint64) []uint64 {
	var raws []json.RawMessage
	if json.Unmarshal(o.value(name), &raws) != nil {
		o.wanted(name, "an array of integers")
		return nil
	}
	all := make([]uint64, len(raws))
	for i, raw := range raws {
		var ok bool
		if all[i], ok = integerOf(string(raw), most); !ok {
			o.wanted(fmt.Sprintf("%s[%d]", name, i), fmt.Sprintf("an integer from 0 to %d", most))
		}
	}
	return all
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

// instant returns the time called name, RFC 3339 with any fraction of a second, cut to
// the millisecond; 0 where there is none, or a clock that was never set: before 1970.
func (o object) instant(name string) schema.Instant {
	text := o.text(name)
	if text == "" {
		return 0
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		o.wanted(name, "a time as of RFC 3339, 2026-11-26T08:00:00Z")
		return 0
	}
	return max(0, schema.InstantOf(at))
}

// either returns the number called name, bare or in quotation marks, as templates
// write it.
func (o object) either(name string, most uint64) uint64 {
	if raw := o.value(name); len(raw) == 0 || raw[0] != '"' {
		return o.number(name, most)
	}
	n, ok := integerOf(o.text(name), most)
	if !ok {
		o.wanted(name, fmt.Sprintf("an integer from 0 to %d", most))
	}
	return n
}

// secondsMax is the last second that RFC 3339 can write, in the year 9999.
const secondsMax = 253402300799

// frameMax is the highest number that LoRaWAN gives a frame.
const frameMax = math.MaxUint32
