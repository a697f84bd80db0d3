package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// AppendJSON writes a row of s as an object.
func (s *Sheet) AppendJSON(dst []byte, row int) []byte {
	return append(AppendMembers(append(dst, '{'), s.Fields, row), '}')
}

// AppendMembers writes what fields have in a row as members of an object, with
// commas between.
func AppendMembers(dst []byte, fields []Field, row int) []byte {
	for k := range fields {
		f := &fields[k]
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), f.Name...), '"', ':')
		from := len(dst)
		if dst = f.appendJSON(dst, row); len(dst) == from {
			dst = append(dst, "null"...)
		}
	}
	return dst
}

// appendJSON writes what f has in a row as a value of JSON, nothing for null.
func (f *Field) appendJSON(dst []byte, row int) []byte {
	switch f.Kind {
	case KindText:
		if text, ok := f.Text(row); ok {
			dst = appendString(dst, text)
		}
	case KindDay, KindHour:
		if t, ok := f.Time(row); ok {
			dst = append(f.appendTime(append(dst, '"'), t), '"')
		}
	case KindStatus:
		codes, _ := f.Text(row)
		dst = AppendStatus(dst, "", codes)
	default:
		dst = f.appendBare(dst, row)
	}
	return dst
}

// appendBare writes what needs no quotation marks anywhere, nothing for null.
func (f *Field) appendBare(dst []byte, row int) []byte {
	switch f.Kind {
	case KindCount, KindNumber:
		if n, ok := f.Count(row); ok {
			dst = strconv.AppendUint(dst, n, 10)
		}
	case KindShare:
		if x, ok := f.Share(row); ok {
			dst = appendFloat(dst, x)
		}
	case KindTruth:
		if truth, ok := f.Truth(row); ok {
			dst = strconv.AppendBool(dst, truth)
		}
	case KindDay, KindHour:
		if t, ok := f.Time(row); ok {
			dst = f.appendTime(dst, t)
		}
	default:
		panic(fmt.Sprintf("BUG: field %s of kind %d is a text", f.Name, f.Kind))
	}
	return dst
}

// appendTime writes a day or an instant as RFC 3339 has them.
func (f *Field) appendTime(dst []byte, t time.Time) []byte {
	if f.Kind == KindDay {
		return t.AppendFormat(dst, time.DateOnly)
	}
	return t.UTC().AppendFormat(dst, time.RFC3339)
}

// shortest is below what a number is written with an exponent: a p of 1e-300 has
// three hundred zeros.
const shortest = 1e-6

// appendFloat writes the shortest number that reads back as x.
func appendFloat(dst []byte, x float64) []byte {
	if x != 0 && math.Abs(x) < shortest {
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	return appendShare(dst, x)
}

// AppendCSVHeader writes the first record of CSV.
func (s *Sheet) AppendCSVHeader(dst []byte) []byte { return s.appendNames(dst, ',') }

func (s *Sheet) appendNames(dst []byte, comma byte) []byte {
	for k := range s.Fields {
		if k > 0 {
			dst = append(dst, comma)
		}
		dst = append(dst, s.Fields[k].Name...)
	}
	return append(dst, "\r\n"...)
}

// AppendCSV writes a row as a record (RFC 4180). Null is empty.
func (s *Sheet) AppendCSV(dst []byte, row int) []byte {
	for k := range s.Fields {
		if k > 0 {
			dst = append(dst, ',')
		}
		f := &s.Fields[k]
		if f.Kind == KindText || f.Kind == KindStatus {
			if text, ok := f.Text(row); ok {
				from := len(dst)
				dst = quoteCSV(append(dst, text...), from)
			}
			continue
		}
		dst = f.appendBare(dst, row)
	}
	return append(dst, "\r\n"...)
}

// AppendExcelHeader writes the first record of the form for Excel: see AppendExcel
// of Rows.
func (s *Sheet) AppendExcelHeader(dst []byte) []byte {
	return s.appendNames(append(dst, byteOrderMark...), ';')
}

// AppendExcel writes a row as a record of the form for Excel. Instants are UTC's.
func (s *Sheet) AppendExcel(dst []byte, row int) []byte {
	for k := range s.Fields {
		if k > 0 {
			dst = append(dst, ';')
		}
		dst = s.Fields[k].appendExcel(dst, row)
	}
	return append(dst, "\r\n"...)
}

func (f *Field) appendExcel(dst []byte, row int) []byte {
	switch f.Kind {
	case KindText, KindStatus:
		if text, ok := f.Text(row); ok {
			dst = appendExcelText(dst, text)
		}
		return dst
	case KindHour:
		if t, ok := f.Time(row); ok {
			dst = t.UTC().AppendFormat(dst, excelTime)
		}
		return dst
	case KindShare:
		from := len(dst)
		dst = f.appendBare(dst, row)
		if i := strings.IndexByte(string(dst[from:]), '.'); i >= 0 {
			dst[from+i] = ','
		}
		return dst
	default:
		return f.appendBare(dst, row)
	}
}
