package uplink

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mlf/ingest/object"
	"mlf/schema"
)

// NumberMax is the highest seq and the highest total that a device can tell: the
// highest integer that every JSON reader keeps exactly.
const NumberMax = uint64(schema.SeqMax)

// ReadCounters reads what a device of its own tells of its totals, the body of POST
// /v1/counters:
//
//	{"epoch":"boot-7","seq":150,"counters":{"green":120,"yellow":3,"red":9}}
//
// Within an epoch, a text of 1 to 64 bytes, totals only grow, and seq, 0 to NumberMax,
// is another and higher one each time that they are told. A device that cannot keep
// its totals over a power cut begins a new epoch; the one returned is a hash of the
// text. values are the totals by value less 1, 0 to NumberMax each. They are written as
// an object with every value of scale by its name (red, yellow, green; 1 to 4; 1 to 5),
// or as an array, lowest value first, to which zeros may be added up to five: a total
// that was left out would read as one that has fallen to 0. Other members are for
// newer devices and skipped. The error says for people what is wanted.
func ReadCounters(scale schema.Scale, body []byte) (epoch [16]byte, seq uint64, values [schema.ValueMax]uint64, err error) {
	o, err := object.Read(body, BytesMax)
	if err != nil {
		return epoch, 0, values, err
	}
	if scale.Max() == 0 {
		return epoch, 0, values, fmt.Errorf("%v: want a known scale", scale)
	}
	text := o.Text("epoch")
	if text == "" {
		o.Want("epoch", "a text of 1 to 64 bytes, another one after totals have begun again")
	}
	if !o.Has("seq") {
		o.Want("seq", fmt.Sprintf("an integer from 0 to %d", NumberMax))
	}
	seq = o.Number("seq", NumberMax)
	switch {
	case o.IsArray("counters"):
		values = inOrder(o, "counters", scale)
	case o.Has("counters"):
		values = byName(o.Object("counters"), scale)
	default:
		o.Want("counters", "an object or an array")
	}
	if o.Err() != nil {
		return [16]byte{}, 0, [schema.ValueMax]uint64{}, o.Err()
	}
	return sessionOf("epoch", text), seq, values, nil
}

// inOrder returns the totals of the array called name, lowest value first.
func inOrder(o object.Object, name string, scale schema.Scale) (values [schema.ValueMax]uint64) {
	totals, most := o.Numbers(name, NumberMax), int(scale.Max())
	if n := len(totals); n < most || n > len(values) || slices.ContainsFunc(totals[most:], func(n uint64) bool { return n > 0 }) {
		o.Want(name, fmt.Sprintf("%d integers, lowest value first; zeros may follow up to %d", most, len(values)))
		return values
	}
	copy(values[:], totals)
	return values
}

// byName returns the totals of o, which has one for each value of scale and no other.
func byName(o object.Object, scale schema.Scale) (values [schema.ValueMax]uint64) {
	names := valueNames(scale)
	all := "totals of " + strings.Join(names, ", ")
	for name := range o.Names() {
		if !slices.Contains(names, name) {
			o.Want("", all+" and no other")
		}
	}
	for i, name := range names {
		if !o.Has(name) {
			o.Want("", all+": one that is left out is not the same as 0")
		}
		values[i] = o.Number(name, NumberMax)
	}
	return values
}

// valueNames returns what the values of scale are called in counters, lowest first.
func valueNames(scale schema.Scale) []string {
	var names []string
	for v := schema.Value(1); v <= scale.Max(); v++ {
		if scale == schema.ScaleMLF3 {
			names = append(names, v.Face())
		} else {
			names = append(names, strconv.Itoa(int(v)))
		}
	}
	return names
}
