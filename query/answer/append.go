package answer

import (
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
	dst = format.AppendCount(dst, `,"n":`, o.n)
	if k.faces() {
		dst = appendEstimate(dst, [...]string{`,"green_share":`, `,"green_low":`, `,"green_high":`}, o.green, o.n > 0)
		dst = appendEstimate(dst, [...]string{`,"red_share":`, `,"red_low":`, `,"red_high":`}, o.red, o.n > 0)
		dst = appendEstimate(dst, [...]string{`,"net":`, `,"net_low":`, `,"net_high":`}, o.net, o.n > 0)
	} else {
		dst = appendEstimate(dst, [...]string{`,"mean":`, `,"mean_low":`, `,"mean_high":`}, o.mean, o.n > 0)
	}
	if k.clustered {
		dst = format.AppendNumber(dst, `,"deff":`, float64(o.effect), o.effect > 0)
	}
	return format.AppendStatus(dst, `,"status":`, o.status.String())
}

// appendValues writes the votes by value as members.
func (k kit) appendValues(dst []byte, values *[schema.ValueMax]uint64) []byte {
	if k.faces() {
		dst = format.AppendCount(dst, `"green":`, values[schema.Green-1])
		dst = format.AppendCount(dst, `,"yellow":`, values[schema.Yellow-1])
		return format.AppendCount(dst, `,"red":`, values[schema.Red-1])
	}
	for i, name := range [...]string{`"v1":`, `,"v2":`, `,"v3":`, `,"v4":`, `,"v5":`} {
		dst = format.AppendCount(dst, name, values[i])
	}
	return dst
}

// noSizes are the votes by value, and how many they are, as members, where there is no count.
func (k kit) noSizes() string {
	if k.faces() {
		return `"green":null,"yellow":null,"red":null,"n":null`
	}
	return `"v1":null,"v2":null,"v3":null,"v4":null,"v5":null,"n":null`
}

// appendEstimate writes a figure and its interval.
func appendEstimate(dst []byte, names [3]string, e figures.Estimate, ok bool) []byte {
	dst = format.AppendNumber(dst, names[0], e.Value, ok)
	dst = format.AppendNumber(dst, names[1], e.Low, ok)
	return format.AppendNumber(dst, names[2], e.High, ok)
}
