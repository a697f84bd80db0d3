package form

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mlf/query/question"
)

// A Form is what an answer is written in, by its name in the parameter format.
type Form string

// All forms.
const (
	JSON    Form = "json"
	CSV     Form = "csv"
	Excel   Form = "excel" // CSV as Excel opens it in Italian.
	XLSX    Form = "xlsx"
	Parquet Form = "parquet"
	NDJSON  Form = "ndjson"

	// Tables of dimensions and measures alone.
	JSONStat Form = "json-stat"
	SDMX     Form = "sdmx-csv"
)

// Statistical tells whether f writes tables of dimensions and measures alone.
func (f Form) Statistical() bool { return f == JSONStat || f == SDMX }

// A named is a form, and what is told of it.
type named struct {
	Form
	text string
}

// media are all forms, in the order in which they are preferred of those that a
// client likes the same, with the media type that names each.
func media() []named {
	return []named{
		{JSON, "application/json"},
		{CSV, "text/csv"},
		{NDJSON, "application/x-ndjson"},
		{XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{Parquet, "application/vnd.apache.parquet"},
		{Excel, ""},
		{JSONStat, ""}, // It has no type of its own but JSON's.
		{SDMX, "application/vnd.sdmx.data+csv"},
	}
}

// endings are the forms that an address can end with: what saves a file by its
// address gives it a name that programs open. One that ends like another comes first.
func endings() []named {
	return []named{{SDMX, ".sdmx.csv"}, {CSV, ".csv"}, {XLSX, ".xlsx"}, {Parquet, ".parquet"}, {NDJSON, ".ndjson"}, {JSONStat, ".jsonstat"}}
}

// WithEndings returns the forms that an address can end with.
func WithEndings() []Form {
	var all []Form
	for _, e := range endings() {
		all = append(all, e.Form)
	}
	return all
}

// EndingOf returns the form that an address ends with, "" for none, and what is before.
func EndingOf(address string) (f Form, rest string) {
	for _, e := range endings() {
		if before, ok := strings.CutSuffix(address, e.text); ok {
			return e.Form, before
		}
	}
	return "", address
}

// Ending returns how addresses of f end; "" where none does.
func (f Form) Ending() string {
	i := slices.IndexFunc(endings(), func(e named) bool { return e.Form == f })
	if i < 0 {
		return ""
	}
	return endings()[i].text
}

// Parameters are the parameters that Read reads.
func Parameters() []string { return []string{"format", "csv"} }

// Read returns the form that is asked for: by the end of the address, by format, or by
// Accept. Its error is a *question.Error.
func Read(r *http.Request, values url.Values) (Form, error) {
	f, err := asked(r, values)
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
		return "", wrong("csv", "%q: want it", dialect)
	case f != CSV && f != Excel:
		return "", wrong("csv", "the answer is no CSV; want format=csv, too")
	}
	return Excel, nil
}

func asked(r *http.Request, values url.Values) (Form, error) {
	name, err := question.Single(values, "format")
	if err != nil {
		return "", err
	}
	ending, _ := EndingOf(r.URL.Path)
	switch {
	case ending != "" && values.Has("format") && Form(name) != ending:
		return "", wrong("format", "%q: the address ends with %s; want either", name, ending.Ending())
	case ending != "":
		return ending, nil
	case !values.Has("format"):
		return preferred(r.Header.Values("Accept")), nil
	}
	var names []string
	for _, f := range media() {
		if f.Form == Form(name) {
			return f.Form, nil
		}
		names = append(names, string(f.Form))
	}
	return "", wrong("format", "%q: want one of %s", name, strings.Join(names, ", "))
}

// wrong is the error of the parameter name.
func wrong(name, format string, args ...any) *question.Error {
	return &question.Error{Parameter: name, Detail: fmt.Sprintf(format, args...)}
}

// preferred returns the form that a client with these Accept headers would rather
// have. A client that likes several the same, or none, gets JSON: RFC 9110 §12.5.1
// leaves the last case to the server.
func preferred(accept []string) Form {
	joined := strings.Join(accept, ",")
	best, most := JSON, quality(joined, "application", "json")
	for _, f := range media() {
		kind, subtype, ok := strings.Cut(f.text, "/")
		if q := quality(joined, kind, subtype); ok && q > most {
			best, most = f.Form, q
		}
	}
	return best
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
