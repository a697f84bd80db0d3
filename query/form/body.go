package form

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"mlf/query/departure"
	"mlf/query/format"
	"mlf/query/question"
)

// Describe sets the headers of an answer in f, and with them what a file of it is
// called: by name, without an ending.
func (f Form) Describe(header http.Header, name string) {
	dispose := func(how, ending string) {
		header.Set("Content-Disposition", how+`; filename="`+name+"."+ending+`"`)
	}
	for _, of := range media() {
		if of.Form == f {
			header.Set("Content-Type", of.text)
		}
	}
	switch f {
	case CSV:
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		dispose("inline", "csv")
	case Excel:
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		dispose("attachment", "csv")
	case NDJSON:
		dispose("inline", string(f))
	case JSONStat:
		header.Set("Content-Type", "application/json")
		dispose("inline", "jsonstat.json")
	case SDMX:
		header.Set("Content-Type", "application/vnd.sdmx.data+csv; version=2.0.0; charset=utf-8")
		dispose("inline", "sdmx.csv")
	case XLSX, Parquet:
		dispose("attachment", string(f))
	default: // JSON is read, and not kept.
	}
}

// Rows makes a body of head, every row by appendRow, and tail.
func Rows(header http.Header, rows int, head []byte, appendRow func(dst []byte, i int) []byte, tail string) (*departure.Body, error) {
	var w departure.Writer
	buf := slices.Grow(head, departure.ChunkBytes+1024)
	for i := range rows {
		buf = appendRow(buf, i)
		if len(buf) >= departure.ChunkBytes {
			_, _ = w.Write(buf) // Never fails.
			buf = buf[:0]
		}
	}
	_, _ = w.Write(append(buf, tail...))
	return w.Body(header, rows)
}

// Sheet makes a body of a sheet in f, any but JSON. Its error is a *question.Error where
// f does not hold as much.
func (f Form) Sheet(header http.Header, sheet *format.Sheet) (*departure.Body, error) {
	switch f {
	case CSV:
		return Rows(header, sheet.Len, sheet.AppendCSVHeader(nil), sheet.AppendCSV, "")
	case Excel:
		return Rows(header, sheet.Len, sheet.AppendExcelHeader(nil), sheet.AppendExcel, "")
	case NDJSON:
		return Rows(header, sheet.Len, nil, func(dst []byte, i int) []byte { return append(sheet.AppendJSON(dst, i), '\n') }, "")
	case XLSX:
		return File(header, sheet, format.WriteXLSX)
	case Parquet:
		return File(header, sheet, format.WriteParquet)
	case JSONStat, SDMX:
		var w departure.Writer
		encode := format.WriteSDMX
		if f == JSONStat {
			encode = format.WriteJSONStat
		}
		if err := encode(&w, sheet); errors.Is(err, format.ErrTooManyCells) {
			return nil, tooMuch("%v; ask for less, or for sdmx-csv", err)
		} else if err != nil {
			return nil, err
		}
		return w.Body(header, sheet.Len)
	default:
		panic("BUG: a sheet as " + string(f))
	}
}

// File makes a body of a sheet as encode writes it, in a form that is packed by itself.
// Its error is a *question.Error where that does not hold as much.
func File(header http.Header, sheet *format.Sheet, encode func(io.Writer, *format.Sheet) error) (*departure.Body, error) {
	w := departure.Writer{Stored: true}
	if err := encode(&w, sheet); err != nil {
		if errors.Is(err, format.ErrTooManyRows) {
			return nil, tooMuch("more than %d rows, which a sheet of Excel has; ask for less, or for csv or parquet", format.XLSXRowsMax)
		}
		return nil, err
	}
	return w.Body(header, sheet.Len)
}

// tooMuch is the error of an answer that f does not hold.
func tooMuch(format string, args ...any) *question.Error {
	return &question.Error{Parameter: "format", Detail: fmt.Sprintf(format, args...), TooMuch: true}
}
