package format

import (
	"slices"
	"strconv"
	"strings"

	"mlf/query/question"
	"mlf/schema"
)

// AppendCSVHeader writes the first record of CSV.
func (e *Rows) AppendCSVHeader(dst []byte) []byte {
	for i := range e.Table.Columns {
		dst = append(append(dst, e.Table.Columns[i].Name...), ',')
		if e.Table.Columns[i].HasNames() {
			dst = append(append(dst, e.Table.Columns[i].Name...), nameEnding+","...)
		}
	}
	dst = append(dst, e.names()...)
	if _, ok := e.hourly(); ok {
		dst = append(dst, ",hour_local,time_zone"...)
	}
	return append(dst, "\r\n"...)
}

// names returns the names of the columns behind those of the group.
func (e *Rows) names() string {
	names := e.valueNames()
	if e.Table.Before != nil {
		names += "," + e.beforeNames()
	}
	if e.Marks && e.Table.Marks() {
		names += ",running"
	}
	if e.Status != nil {
		names += ",status"
	}
	return names
}

// AppendCSV writes row i as a record (RFC 4180). A share that does not exist is
// empty.
func (e *Rows) AppendCSV(dst []byte, i int) []byte {
	row := &e.Table.Rows[i]
	for k := range e.Table.Columns {
		from := len(dst)
		dst = append(quoteCSV(append(dst, e.Table.Columns[k].Text(row)...), from), ',')
		if c := &e.Table.Columns[k]; c.HasNames() {
			from = len(dst)
			dst = append(quoteCSV(append(dst, c.NameOf(row)...), from), ',')
		}
	}
	dst = e.appendAll(dst, i, ',', '.')
	if c, ok := e.hourly(); ok {
		dst = hour(c, row).In(e.Zone).AppendFormat(append(dst, ','), "2006-01-02T15:04:05-07:00")
		dst = append(append(dst, ','), e.Zone.String()...)
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

// appendAll writes the columns behind those of the group.
func (e *Rows) appendAll(dst []byte, i int, comma, point byte) []byte {
	row := &e.Table.Rows[i]
	dst = e.appendValues(dst, row, comma, point)
	if e.Table.Before != nil {
		dst = e.appendBefore(dst, row, &e.Table.Before[i], comma, point)
	}
	if e.Marks && e.Table.Marks() {
		dst = strconv.AppendBool(append(dst, comma), e.Table.Running(row))
	}
	if e.Status != nil {
		dst = append(append(dst, comma), e.Status(row)...)
	}
	return dst
}

// appendValues writes the counts and, of faces, the share of green.
func (e *Rows) appendValues(dst []byte, row *question.Count, comma, point byte) []byte {
	if e.isHidden(row) {
		for range strings.Count(e.valueNames(), ",") {
			dst = append(dst, comma)
		}
		return dst
	}
	n := row.N()
	if !e.Table.Faces {
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
	low, high := e.Interval(green, n)
	dst = append(appendDecimal(dst, float64(green)/float64(n), point), comma)
	dst = append(appendDecimal(dst, low, point), comma)
	return appendDecimal(dst, high, point)
}

// Excel in Italian, and in most of Europe, takes ';' between columns and ',' for
// decimals, believes a file to be UTF-8 for its mark alone, and reads whatever
// looks like a number, a date or a formula as one: 058091 loses its zero. So the
// columns of the group are formulas that are a text, and can be no other.
const (
	byteOrderMark = "\ufeff"
	excelTime     = "2006-01-02 15:04:05" // Excel's own, whatever language it speaks.
)

// AppendExcelHeader writes the first record of the form for Excel.
func (e *Rows) AppendExcelHeader(dst []byte) []byte {
	dst = append(dst, byteOrderMark...)
	for i := range e.Table.Columns {
		name := e.Table.Columns[i].Name
		if name == "hour" {
			name = "hour (UTC)"
		}
		dst = append(append(dst, name...), ';')
		if e.Table.Columns[i].HasNames() {
			dst = append(append(dst, name...), nameEnding+";"...)
		}
	}
	dst = append(dst, strings.ReplaceAll(e.names(), ",", ";")...)
	if _, ok := e.hourly(); ok {
		dst = append(append(append(dst, ";hour_local ("...), e.Zone.String()...), ");utc_offset"...)
	}
	return append(dst, "\r\n"...)
}

// AppendExcel writes row i as a record of the form for Excel.
func (e *Rows) AppendExcel(dst []byte, i int) []byte {
	row := &e.Table.Rows[i]
	for k := range e.Table.Columns {
		c := &e.Table.Columns[k]
		switch {
		case c.Name == "hour":
			dst = hour(c, row).AppendFormat(dst, excelTime)
		case c.Name == "day" || c.Bare:
			dst = append(dst, c.Text(row)...)
		default:
			dst = appendExcelText(dst, c.Text(row))
		}
		if dst = append(dst, ';'); c.HasNames() {
			dst = append(appendExcelText(dst, c.NameOf(row)), ';')
		}
	}
	dst = e.appendAll(dst, i, ';', ',')
	if c, ok := e.hourly(); ok {
		local := hour(c, row).In(e.Zone)
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
