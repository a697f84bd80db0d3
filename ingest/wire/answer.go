package wire

import "strconv"

// AppendAnswer appends to dst what the terminal is told of v, in JSON. Everything
// in it is a number or a text of this package, so nothing needs escaping.
func (v *Verdict) AppendAnswer(dst []byte) []byte {
	dst = append(dst, `{"accepted":`...)
	dst = strconv.AppendInt(dst, int64(v.accepted), 10)
	dst = append(dst, `,"rejected":`...)
	dst = appendFindings(dst, v.rejected)
	dst = append(dst, `,"warnings":`...)
	dst = appendFindings(dst, v.warnings)
	return append(dst, '}')
}

func appendFindings(dst []byte, findings []finding) []byte {
	dst = append(dst, '[')
	for i, f := range findings {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"index":`...)
		dst = strconv.AppendInt(dst, int64(f.index), 10)
		if f.seq != 0 {
			dst = append(dst, `,"seq":`...)
			dst = strconv.AppendUint(dst, uint64(f.seq), 10)
		}
		name, detail := f.code.Text()
		dst = append(dst, `,"code":"`...)
		dst = append(dst, name...)
		dst = append(dst, `","detail":"`...)
		dst = append(dst, detail...)
		dst = append(dst, `"}`...)
	}
	return append(dst, ']')
}
