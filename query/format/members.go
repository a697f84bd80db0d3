package format

import "strconv"

// Members of an object, for who writes one without fields. The name of each is all that
// stands before its value: `,"n":`.

// AppendCount writes a whole number.
func AppendCount(dst []byte, name string, n uint64) []byte {
	return strconv.AppendUint(append(dst, name...), n, 10)
}

// AppendNumber writes a number, null where there is none.
func AppendNumber(dst []byte, name string, x float64, ok bool) []byte {
	if dst = append(dst, name...); !ok {
		return append(dst, "null"...)
	}
	return appendFloat(dst, x)
}

// AppendText writes a text.
func AppendText(dst []byte, name, text string) []byte {
	return appendString(append(dst, name...), text)
}

// AppendStatus writes the codes of a status, each a letter.
func AppendStatus(dst []byte, name, codes string) []byte {
	dst = append(append(dst, name...), '[')
	for i := range len(codes) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"', codes[i], '"')
	}
	return append(dst, ']')
}
