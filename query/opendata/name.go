package opendata

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mlf/query/calendar"
)

// A form is what a file is written in; its name is the ending.
type form string

const (
	formCSV     form = "csv"
	formParquet form = "parquet"
	formNDJSON  form = "ndjson"
)

func forms() []form { return []form{formCSV, formParquet, formNDJSON} }

// media returns the media type of f.
func (f form) media() string {
	switch f {
	case formCSV:
		return "text/csv; charset=utf-8; header=present"
	case formParquet:
		return "application/vnd.apache.parquet"
	default:
		return "application/x-ndjson"
	}
}

// metadataEnding is what CSVW has behind the name of the file that metadata are of.
const metadataEnding = "-metadata.json"

// A name is what a file is called: 2026-10.v2.reasons.csv, and 2026-10.csv for whichever
// vintage is the newest.
type name struct {
	month    calendar.Month
	vintage  int // 0: the newest.
	table    table
	form     form
	metadata bool
}

// String writes n.
func (n name) String() string {
	text := n.month.String()
	if n.vintage > 0 {
		text += ".v" + strconv.Itoa(n.vintage)
	}
	if n.table == tableReasons {
		text += "." + string(tableReasons)
	}
	text += "." + string(n.form)
	if n.metadata {
		text += metadataEnding
	}
	return text
}

// parseName reads a name; false for what is none. Each file has one name.
func parseName(text string) (name, bool) {
	n := name{table: tableLots}
	rest, metadata := strings.CutSuffix(text, metadataEnding)
	n.metadata = metadata
	parts := strings.Split(rest, ".")
	month, err := time.Parse("2006-01", parts[0])
	if err != nil || len(parts) < 2 {
		return n, false
	}
	n.month = calendar.MonthOf(month.Year(), month.Month())
	n.form = form(parts[len(parts)-1])
	for _, part := range parts[1 : len(parts)-1] {
		if part == string(tableReasons) {
			n.table = tableReasons
		} else if number, isVintage := strings.CutPrefix(part, "v"); isVintage {
			n.vintage, _ = strconv.Atoi(number) // Whatever is wrong shows below.
		}
	}
	ok := n.form == formCSV || !n.metadata && (n.form == formParquet || n.form == formNDJSON)
	return n, ok && n.String() == text
}

// missing is the detail of a name that nothing is called by.
func missing(text string) string {
	return fmt.Sprintf("%q: want a month and a form, as 2026-10.csv, with a vintage, as 2026-10.v2.parquet, or what /v1/open lists", text)
}
