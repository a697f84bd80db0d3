package query

import (
	"slices"
	"strconv"
	"strings"

	"mlf/schema"
)

// The columns of the values, of faces and of any other scale.
const (
	faceColumns  = "green,yellow,red,n,green_share,green_low,green_high"
	valueColumns = "v1,v2,v3,v4,v5,n"
)

// hourly tells whether the rows have an hour. It is UTC's, so it stands once
// more at the end by Rome's clock; days and longer are Rome's already.
func (e *rowEncoder) hourly() bool { return slices.Contains(e.group, schema.ColumnHour) }

// appendHeader writes the first record of CSV.
func (e *rowEncoder) appendHeader(dst []byte) []byte {
	for _, name := range e.names {
		dst = append(append(dst, name...), ',')
	}
	if e.faces {
		dst = append(dst, faceColumns...)
	} else {
		dst = append(dst, valueColumns...)
	}
	if e.hourly() {
		dst = append(dst, ",hour_local,time_zone"...)
	}
	return append(dst, "\r\n"...)
}

// appendCSV writes a record (RFC 4180). A share that does not exist is empty.
func (e *rowEncoder) appendCSV(dst []byte, _ int, row *schema.StatsRow) []byte {
	for _, column := range e.group {
		from := len(dst)
		dst = append(quoteCSV(e.appendColumn(dst, column, row), from), ',')
	}
	dst = e.appendValues(dst, row, ',', '.')
	if e.hourly() {
		dst = row.Hour.Time().In(e.zone).AppendFormat(append(dst, ','), "2006-01-02T15:04:05-07:00")
		dst = append(append(dst, ','), e.zone.String()...)
	}
	return append(dst, "\r\n"...)
}

// quoteCSV quotes the field of dst that begins at from where it must be: nearly
// none, for codes have letters and digits.
func quoteCSV(dst []byte, from int) []byte {
	if !slices.ContainsFunc(dst[from:], func(c byte) bool { return strings.IndexByte("\",;\r\n", c) >= 0 }) {
		return dst
	}
	field := strings.ReplaceAll(string(dst[from:]), `"`, `""`)
	return append(append(append(dst[:from], '"'), field...), '"')
}

// appendValues writes the columns behind those of the group.
func (e *rowEncoder) appendValues(dst []byte, row *schema.StatsRow, comma, point byte) []byte {
	n := row.N()
	if !e.faces {
		for _, count := range row.Values {
			dst = append(strconv.AppendUint(dst, count, 10), comma)
		}
		return strconv.AppendUint(dst, n, 10)
	}
	green := row.Values[schema.Green-1]
	for _, count := range []uint64{green, row.Values[schema.Yellow-1], row.Values[schema.Red-1], n} {
		dst = append(strconv.AppendUint(dst, count, 10), comma)
	}
	if n == 0 {
		return append(dst, comma, comma)
	}
	low, high := wilson(green, n)
	from := len(dst)
	dst = append(appendShare(dst, float64(green)/float64(n)), comma)
	dst = append(appendShare(dst, low), comma)
	dst = appendShare(dst, high)
	if point != '.' {
		for i := range dst[from:] {
			if dst[from+i] == '.' {
				dst[from+i] = point
			}
		}
	}
	return dst
}

// Excel in Italian, and in most of Europe, takes ';' between columns and ',' for
// decimals, believes a file to be UTF-8 for its mark alone, and reads whatever
// looks like a number, a date or a formula as one: 058091 loses its zero. So the
// columns of the group are formulas that are a text, and can be no other.
const (
	byteOrderMark = "\ufeff"
	excelTime     = "2006-01-02 15:04:05" // Excel's own, whatever language it speaks.
)

// appendExcelHeader writes the first record of the form for Excel.
func (e *rowEncoder) appendExcelHeader(dst []byte) []byte {
	dst = append(dst, byteOrderMark...)
	for _, name := range e.names {
		if name == "hour" {
			name = "hour (UTC)"
		}
		dst = append(append(dst, name...), ';')
	}
	values := valueColumns
	if e.faces {
		values = faceColumns
	}
	dst = append(dst, strings.ReplaceAll(values, ",", ";")...)
	if e.hourly() {
		dst = append(append(append(dst, ";hour_local ("...), e.zone.String()...), ");utc_offset"...)
	}
	return append(dst, "\r\n"...)
}

// appendExcel writes a record of the form for Excel.
func (e *rowEncoder) appendExcel(dst []byte, _ int, row *schema.StatsRow) []byte {
	for _, column := range e.group {
		switch column {
		case schema.ColumnHour:
			dst = row.Hour.Time().AppendFormat(dst, excelTime)
		case schema.ColumnDay:
			dst = appendDay(dst, row.Day)
		default:
			dst = appendExcelText(dst, string(e.appendColumn(nil, column, row)))
		}
		dst = append(dst, ';')
	}
	dst = e.appendValues(dst, row, ';', ',')
	if e.hourly() {
		local := row.Hour.Time().In(e.zone)
		dst = append(local.AppendFormat(append(dst, ';'), excelTime), ';')
		dst = appendExcelText(dst, local.Format("-07:00"))
	}
	return append(dst, "\r\n"...)
}

// appendExcelText writes a cell that is this text and nothing else.
func appendExcelText(dst []byte, text string) []byte {
	if text == "" {
		return dst
	}
	formula := `="` + strings.ReplaceAll(text, `"`, `""`) + `"`
	return quoteCSV(append(dst, formula...), len(dst))
}
