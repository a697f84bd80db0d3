package call

import (
	"errors"
	"fmt"
	"slices"

	"mlf/ingest/object"
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
	o, err := object.Read(body, BytesMax)
	if err != nil {
		return Call{}, err
	}
	var c Call
	switch kind {
	case Yeastar:
		c = readYeastar(o)
	case Generic:
		c = readGeneric(o)
	default:
		return Call{}, fmt.Errorf("%v: want a known kind of calls", kind)
	}
	if err := o.Err(); err != nil {
		return Call{}, err
	}
	return c, nil
}

// readYeastar reads an event. The msg of P-Series exchanges is documented as an object
// and shown as a text that has the object in it; older ones have its members beside the
// others.
func readYeastar(o object.Object) (c Call) {
	switch {
	case o.Is("type", surveyed):
		return survey(o, o.Unwrapped("msg"), "call_id", "survey_result")
	case o.Is("event", surveyedNamed), o.Is("action", surveyedNamed):
		return survey(o, o, "callid", "surveyresult")
	}
	o.Fail(ErrOther)
	return c
}

// survey returns the call that message, of the event o, says under two names.
func survey(o, message object.Object, idName, keyName string) (c Call) {
	serial := o.LongText("sn")
	if serial == "" {
		o.Want("sn", "the serial number of the exchange")
	}
	id, key := message.Word(idName), message.Word(keyName)
	if key == "" {
		o.Fail(ErrOther)
	}
	c.take(o, serial, id, key)
	return c
}

func readGeneric(o object.Object) (c Call) {
	c.take(o, "", o.LongText("id"), o.Word("key"))
	queue, err := QueueOf(o.LongText("queue"))
	if err != nil {
		o.Fail(err)
	}
	c.Queue, c.At = queue, o.Instant("at")
	if c.HasAt = c.At > 0; !c.HasAt && o.Text("at") != "" {
		o.Want("at", "a time after 1970")
	}
	return c
}

// take sets the id and the key of the call, of which o told.
func (c *Call) take(o object.Object, serial, id, key string) {
	var err error
	if c.ID, err = IDOf(serial, id); err != nil {
		o.Fail(err)
	}
	if c.Key, err = KeyOf(key); err != nil {
		o.Fail(err)
	}
}
