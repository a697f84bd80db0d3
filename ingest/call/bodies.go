package call

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"mlf/schema"
)

// A Kind is who pushes calls, and so the form of a body.
type Kind uint8

// The kinds.
const (
	Yeastar Kind = 1 // Event 30019 of P-Series exchanges, "satisfaction" of older ones (Yeastar's developer guides).
	Generic Kind = 2 // {"id":"…","key":"1","queue":"tributi","at":"2026-11-26T08:00:00Z"}: what anyone can write.
)

// Kinds lists the kinds in ascending order.
func Kinds() []Kind { return []Kind{Yeastar, Generic} }

// String returns the code of k, as it stands in the path of a request.
func (k Kind) String() string {
	switch k {
	case Yeastar:
		return "yeastar"
	case Generic:
		return "generic"
	}
	return fmt.Sprintf("kind-%d", uint8(k))
}

// ParseKind returns the kind with the given code.
func ParseKind(code string) (Kind, error) {
	all := Kinds()
	i := slices.IndexFunc(all, func(k Kind) bool { return k.String() == code })
	if i < 0 {
		return 0, errors.New("kind of calls: want one of yeastar, generic")
	}
	return all[i], nil
}

// BytesMax is the longest body, in bytes. One says some hundred.
const BytesMax = 8 << 10

// What the event is called that says which key a caller pressed: by its number (P-Series)
// and by its name (Cloud PBX, S-Series and K2).
const (
	surveyed      = "30019"
	surveyedNamed = "satisfaction"
)

// ErrOther says that a body is another event of an exchange, or a survey that nobody
// answered. It is answered as if all were well.
var ErrOther = errors.New("no answered survey: nothing to count")

// Read reads what was pushed. The error is ErrOther, or says for people what is wanted;
// it never quotes the body, which may have numbers of callers in it.
func Read(kind Kind, body []byte) (Call, error) {
	o, err := readObject(body)
	if err != nil {
		return Call{}, err
	}
	switch kind {
	case Yeastar:
		return readYeastar(o)
	case Generic:
		return readGeneric(o)
	}
	return Call{}, fmt.Errorf("%v: want a known kind of calls", kind)
}

// readYeastar reads an event. The msg of P-Series exchanges is documented as an object
// and shown as a text that has the object in it; older ones have its members beside the
// others.
func readYeastar(o object) (Call, error) {
	switch {
	case o.is("type", surveyed):
		message, err := o.message("msg")
		if err != nil {
			return Call{}, err
		}
		return o.surveyed(message, "call_id", "survey_result")
	case o.is("event", surveyedNamed), o.is("action", surveyedNamed):
		return o.surveyed(o, "callid", "surveyresult")
	}
	return Call{}, ErrOther
}

// is tells whether the text or integer called name is value.
func (o object) is(name, value string) bool {
	word, err := o.word(name)
	return err == nil && word == value
}

// surveyed returns the call that message, of the event o, says under two names.
func (o object) surveyed(message object, idName, keyName string) (Call, error) {
	serial, err := o.text("sn")
	if err != nil {
		return Call{}, err
	}
	if serial == "" {
		return Call{}, errors.New("sn: want the serial number of the exchange")
	}
	id, err := message.word(idName)
	if err != nil {
		return Call{}, err
	}
	key, err := message.word(keyName)
	if err != nil {
		return Call{}, err
	}
	if key == "" {
		return Call{}, ErrOther
	}
	return callOf(serial, id, key)
}

// message returns the object called name, which may be written in a text.
func (o object) message(name string) (object, error) {
	raw := o[name]
	if len(raw) > 0 && raw[0] == '"' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, fmt.Errorf("%s: want an object", name)
		}
		raw = json.RawMessage(text)
	}
	var inner object
	if json.Unmarshal(raw, &inner) != nil || inner == nil {
		return nil, fmt.Errorf("%s: want an object, or a text that is one", name)
	}
	return inner, nil
}

func readGeneric(o object) (Call, error) {
	id, err := o.text("id")
	if err != nil {
		return Call{}, err
	}
	key, err := o.word("key")
	if err != nil {
		return Call{}, err
	}
	c, err := callOf("", id, key)
	if err != nil {
		return Call{}, err
	}
	queue, err := o.text("queue")
	if err != nil {
		return Call{}, err
	}
	if c.Queue, err = QueueOf(queue); err != nil {
		return Call{}, err
	}
	if c.At, c.HasAt, err = o.instant("at"); err != nil {
		return Call{}, err
	}
	return c, nil
}

// callOf returns the call with an id, in which a key was pressed.
func callOf(serial, id, key string) (c Call, err error) {
	if c.ID, err = IDOf(serial, id); err != nil {
		return Call{}, err
	}
	if c.Key, err = KeyOf(key); err != nil {
		return Call{}, err
	}
	return c, nil
}

// An object is a JSON object, read by the names of its members as they are written; of
// a name given twice the last value holds, null is the same as absent.
type object map[string]json.RawMessage

func readObject(body []byte) (o object, err error) {
	switch {
	case len(body) > BytesMax:
		return nil, fmt.Errorf("want a body of at most %d bytes", BytesMax)
	case !utf8.Valid(body):
		return nil, errors.New("want UTF-8")
	}
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(body, &o); {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("want JSON: cannot be read at byte %d", syntax.Offset)
	case err != nil || o == nil:
		return nil, errors.New("want a JSON object")
	}
	return o, nil
}

// text returns the text called name, "" where there is none.
func (o object) text(name string) (text string, err error) {
	if raw := o[name]; raw != nil && json.Unmarshal(raw, &text) != nil {
		return "", fmt.Errorf("%s: want a text", name)
	}
	return text, nil
}

// word returns the text or the integer called name, "" where there is none.
func (o object) word(name string) (string, error) {
	if raw := o[name]; len(raw) > 0 && len(bytes.Trim(raw, digits)) == 0 {
		return string(raw), nil
	}
	return o.text(name)
}

// instant returns the time called name, if it is given.
func (o object) instant(name string) (at schema.Instant, given bool, err error) {
	text, err := o.text(name)
	if err != nil || text == "" {
		return 0, false, err
	}
	when, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || when.Unix() <= 0 {
		return 0, false, fmt.Errorf("%s: want a time as of RFC 3339, 2026-11-26T08:00:00Z", name)
	}
	return schema.InstantOf(when), true, nil
}
