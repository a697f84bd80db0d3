package query

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mlf/query/departure"
	"mlf/query/format"
	"mlf/query/question"
)

// A form is what an answer is written in.
type form string

const (
	formJSON    form = "json"
	formCSV     form = "csv"
	formExcel   form = "excel" // CSV as Excel opens it in Italian.
	formXLSX    form = "xlsx"
	formParquet form = "parquet"
	formNDJSON  form = "ndjson"

	// Tables of dimensions and measures alone.
	formJSONStat form = "json-stat"
	formSDMX     form = "sdmx-csv"
)

// statistical tells whether f writes tables of dimensions and measures alone.
func (f form) statistical() bool { return f == formJSONStat || f == formSDMX }

// statistical are the endpoints whose tables are such.
func statistical() []string { return []string{"stats", "trend", "bulletin"} }

func isStatistical(endpoint string) bool { return slices.Contains(statistical(), endpoint) }

// forms are all forms, in the order in which they are preferred of those that a
// client likes the same, with the media type that names each.
func forms() []struct {
	form
	media string
} {
	return []struct {
		form
		media string
	}{
		{formJSON, "application/json"},
		{formCSV, "text/csv"},
		{formNDJSON, "application/x-ndjson"},
		{formXLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{formParquet, "application/vnd.apache.parquet"},
		{formExcel, ""},
		{formJSONStat, ""}, // It has no type of its own but JSON's.
		{formSDMX, "application/vnd.sdmx.data+csv"},
	}
}

// endings are the forms that an address can end with: what saves a file by its
// address gives it a name that programs open. One that ends like another comes first.
func endings() []struct {
	form
	text string
} {
	return []struct {
		form
		text string
	}{
		{formSDMX, ".sdmx.csv"}, {formCSV, ".csv"}, {formXLSX, ".xlsx"}, {formParquet, ".parquet"}, {formNDJSON, ".ndjson"}, {formJSONStat, ".jsonstat"},
	}
}

// endingOf returns the form that an address ends with, "" for none, and what is before.
func endingOf(address string) (f form, rest string) {
	for _, e := range endings() {
		if before, ok := strings.CutSuffix(address, e.text); ok {
			return e.form, before
		}
	}
	return "", address
}

// ending returns how addresses of f end.
func (f form) ending() string {
	for _, e := range endings() {
		if e.form == f {
			return e.text
		}
	}
	return ""
}

// formParameters are the parameters that readForm reads.
func formParameters() []string { return []string{"format", "csv"} }

// readForm returns the form that is asked for: by the end of the address, by
// format, or by Accept.
func readForm(r *http.Request, values url.Values) (form, error) {
	f, err := namedForm(r, values)
	if err != nil {
		return "", err
	}
	dialect, err := question.Single(values, "csv")
	switch {
	case err != nil:
		return "", err
	case !values.Has("csv"):
		return f, nil
	case dialect != "it":
		return "", badParameter("csv", "%q: want it", dialect)
	case f != formCSV && f != formExcel:
		return "", badParameter("csv", "the answer is no CSV; want format=csv, too")
	}
	return formExcel, nil
}

func namedForm(r *http.Request, values url.Values) (form, error) {
	name, err := question.Single(values, "format")
	if err != nil {
		return "", err
	}
	ending, _ := endingOf(r.URL.Path)
	switch {
	case ending != "" && values.Has("format") && form(name) != ending:
		return "", badParameter("format", "%q: the address ends with %s; want either", name, ending.ending())
	case ending != "":
		return ending, nil
	case !values.Has("format"):
		return preferred(r.Header.Values("Accept")), nil
	}
	var names []string
	for _, f := range forms() {
		if f.form == form(name) {
			return f.form, nil
		}
		names = append(names, string(f.form))
	}
	return "", badParameter("format", "%q: want one of %s", name, strings.Join(names, ", "))
}

// preferred returns the form that a client with these Accept headers would rather
// have. A client that likes several the same, or none, gets JSON: RFC 9110 §12.5.1
// leaves the last case to the server.
func preferred(accept []string) form {
	joined := strings.Join(accept, ",")
	best, most := formJSON, quality(joined, "application", "json")
	for _, f := range forms() {
		kind, subtype, ok := strings.Cut(f.media, "/")
		if q := quality(joined, kind, subtype); ok && q > most {
			best, most = f.form, q
		}
	}
	return best
}

// describeForm sets the headers of an answer of an endpoint, "" for statistics,
// in a form.
func (s *Server) describeForm(header http.Header, f form, endpoint string, span question.Span) {
	if endpoint != "" {
		endpoint += "_"
	}
	name := "mlf_" + endpoint + s.clock.DayOf(span.From).String() + "_" + s.clock.DayOf(span.Next-1).String() // The last day inclusive.
	dispose := func(how, ending string) {
		header.Set("Content-Disposition", how+`; filename="`+name+"."+ending+`"`)
	}
	for _, of := range forms() {
		if of.form == f {
			header.Set("Content-Type", of.media)
		}
	}
	switch f {
	case formCSV:
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		dispose("inline", "csv")
	case formExcel:
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		dispose("attachment", "csv")
	case formNDJSON:
		dispose("inline", string(f))
	case formJSONStat:
		header.Set("Content-Type", "application/json")
		dispose("inline", "jsonstat.json")
	case formSDMX:
		header.Set("Content-Type", "application/vnd.sdmx.data+csv; version=2.0.0; charset=utf-8")
		dispose("inline", "sdmx.csv")
	case formXLSX, formParquet:
		dispose("attachment", string(f))
	default: // JSON is read, and not kept.
	}
}

// writeSheet makes a body of a sheet in any form but JSON.
func writeSheet(header http.Header, f form, sheet *format.Sheet) (*departure.Body, error) {
	switch f {
	case formCSV:
		return write(header, sheet.Len, sheet.AppendCSVHeader(nil), sheet.AppendCSV, "")
	case formExcel:
		return write(header, sheet.Len, sheet.AppendExcelHeader(nil), sheet.AppendExcel, "")
	case formNDJSON:
		return write(header, sheet.Len, nil, func(dst []byte, i int) []byte { return append(sheet.AppendJSON(dst, i), '\n') }, "")
	case formXLSX:
		return writeFile(header, sheet, format.WriteXLSX)
	case formParquet:
		return writeFile(header, sheet, format.WriteParquet)
	case formJSONStat, formSDMX:
		var w departure.Writer
		encode := format.WriteSDMX
		if f == formJSONStat {
			encode = format.WriteJSONStat
		}
		if err := encode(&w, sheet); errors.Is(err, format.ErrTooManyCells) {
			return nil, tooMuch("format", "%v; ask for less, or for sdmx-csv", err)
		} else if err != nil {
			return nil, err
		}
		return w.Body(header, sheet.Len)
	default:
		panic("BUG: a sheet as " + string(f))
	}
}

// writeFile makes a body of a sheet in a form that is packed by itself.
func writeFile(header http.Header, sheet *format.Sheet, encode func(io.Writer, *format.Sheet) error) (*departure.Body, error) {
	w := departure.Writer{Stored: true}
	if err := encode(&w, sheet); err != nil {
		if errors.Is(err, format.ErrTooManyRows) {
			return nil, tooMuch("format", "more than %d rows, which a sheet of Excel has; ask for less, or for csv or parquet", format.XLSXRowsMax)
		}
		return nil, err
	}
	return w.Body(header, sheet.Len)
}

// quality returns how much Accept likes a media type, 0 to 1: the most specific
// range that covers it decides.
func quality(accept, kind, subtype string) float64 {
	best, q := 0, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		mediaRange, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		var specific int
		switch mediaRange {
		case kind + "/" + subtype:
			specific = 3
		case kind + "/*":
			specific = 2
		case "*/*":
			specific = 1
		}
		if specific <= best {
			continue
		}
		best, q = specific, 1
		if given, err := strconv.ParseFloat(params["q"], 64); err == nil {
			q = given
		}
	}
	return q
}
