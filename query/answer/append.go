package answer

import (
	"strconv"

	"mlf/query/figures"
	"mlf/query/format"
	"mlf/schema"
)

// What pages have many of is written without fields: a page is asked for by everybody,
// and a field is some memory for every answer. The names are those of fields.

// appendObservation writes o as members, as fields would.
func (k kit) appendObservation(dst []byte, o *observation) []byte {
	if o.hidden() {
		return format.AppendMembers(dst, k.fields("", single(o)), 0)
	}
	dst = k.appendValues(dst, &o.values)
	dst = appendCount(dst, `,"n":`, o.n)
	if k.faces() {
		dst = appendEstimate(dst, [...]string{`,"green_share":`, `,"green_low":`, `,"green_high":`}, o.green, o.n > 0)
		dst = appendEstimate(dst, [...]string{`,"red_share":`, `,"red_low":`, `,"red_high":`}, o.red, o.n > 0)
		dst = appendEstimate(dst, [...]string{`,"net":`, `,"net_low":`, `,"net_high":`}, o.net, o.n > 0)
	} else {
		dst = appendEstimate(dst, [...]string{`,"mean":`, `,"mean_low":`, `,"mean_high":`}, o.mean, o.n > 0)
	}
	if k.clustered {
		dst = appendShare(dst, `,"deff":`, float64(o.effect), o.effect > 0)
	}
	return appendStatus(dst, o.status)
}

// appendValues writes the votes by value as members.
func (k kit) appendValues(dst []byte, values *[schema.ValueMax]uint64) []byte {
	if k.faces() {
		dst = appendCount(dst, `"green":`, values[schema.Green-1])
		dst = appendCount(dst, `,"yellow":`, values[schema.Yellow-1])
		return appendCount(dst, `,"red":`, values[schema.Red-1])
	}
	for i, name := range [...]string{`"v1":`, `,"v2":`, `,"v3":`, `,"v4":`, `,"v5":`} {
		dst = appendCount(dst, name, values[i])
	}
	return dst
}

// appendCount writes a member, whose name is name and all around it, as do those below.
func appendCount(dst []byte, name string, n uint64) []byte {
	return strconv.AppendUint(append(dst, name...), n, 10)
}

func appendShare(dst []byte, name string, x float64, ok bool) []byte {
	if dst = append(dst, name...); !ok {
		return append(dst, "null"...)
	}
	return format.AppendFloat(dst, x)
}

func appendEstimate(dst []byte, names [3]string, e figures.Estimate, ok bool) []byte {
	dst = appendShare(dst, names[0], e.Value, ok)
	dst = appendShare(dst, names[1], e.Low, ok)
	return appendShare(dst, names[2], e.High, ok)
}

// appendStatus writes the status behind other members.
func appendStatus(dst []byte, s figures.Status) []byte {
	dst = append(dst, `,"status":[`...)
	for i, code := range []byte(s.String()) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"', code, '"')
	}
	return append(dst, ']')
}

// appendCode writes a text without letters that JSON escapes: a code.
func appendCode(dst []byte, name, code string) []byte {
	return append(format.AppendString(append(dst, name...), code), ',')
}
