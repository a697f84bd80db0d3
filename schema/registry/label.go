package registry

import (
	"fmt"
	"slices"
	"strconv"

	"mlf/schema"
)

// A Lang is a language that labels are written in, by its ISO 639-1 code.
type Lang string

// The languages. Italian stands in for any other.
const (
	Italian Lang = "it"
	English Lang = "en"
	German  Lang = "de"
)

// Langs lists the languages, Italian first.
func Langs() []Lang { return []Lang{Italian, English, German} }

// A Label is what people read for a code.
type Label struct {
	IT string `json:"it"`
	EN string `json:"en"`
	DE string `json:"de"`
}

// In returns the label in a language, in Italian for a language it lacks.
func (l Label) In(lang Lang) string {
	switch {
	case lang == English && l.EN != "":
		return l.EN
	case lang == German && l.DE != "":
		return l.DE
	}
	return l.IT
}

// A List names a list of labels: the name of its file without .csv.
type List string

// The lists.
const (
	ListFaces             List = "faces" // By value: red, yellow, green.
	ListReasons           List = "reasons"
	ListChannels          List = "channels"
	ListScales            List = "scales"
	ListClasses           List = "classes"
	ListPopulationClasses List = "population_classes"
	ListMacroAreas        List = "macro_areas"
	ListCategories        List = "categories" // Of services.
	ListServices          List = "services"
)

// Lists lists the lists.
func Lists() []List {
	return []List{
		ListFaces, ListReasons, ListChannels, ListScales, ListClasses, ListPopulationClasses, ListMacroAreas, ListCategories, ListServices,
	}
}

// An Entry is a code of a list with its label.
type Entry struct {
	Code  string `json:"code"`
	Label Label  `json:"label"`
}

// Labels returns a list in the order of its numbers in schema, or of its file
// where schema has none; nil for a list that does not exist.
func (r *Registry) Labels(list List) []Entry { return r.labels[list] }

// Label returns what people read for a code of a list, and the code itself
// where the list has none: it may come from a newer program.
func (r *Registry) Label(list List, code string, lang Lang) string {
	for _, e := range r.labels[list] {
		if e.Code == code {
			return e.Label.In(lang)
		}
	}
	return code
}

// loadLabels reads the lists that hold nothing but labels.
func (r *Registry) loadLabels(src source) error {
	var faces, reasons []string
	for v := schema.Red; v <= schema.Green; v++ {
		faces = append(faces, v.Face())
	}
	for reason := schema.ReasonNone + 1; reason <= schema.ReasonMax; reason++ {
		reasons = append(reasons, reason.String())
	}
	for _, l := range []struct {
		list  List
		codes []string // Nil: whatever the file says.
	}{
		{ListFaces, faces},
		{ListReasons, reasons},
		{ListChannels, codesOf(schema.Channels())},
		{ListScales, codesOf(schema.Scales())},
		{ListClasses, codesOf(schema.Classes())},
		{ListMacroAreas, nil},
		{ListCategories, nil},
	} {
		entries, err := readLabels(src, l.list, l.codes)
		if err != nil {
			return err
		}
		r.labels[l.list] = entries
	}
	return nil
}

func codesOf[T fmt.Stringer](values []T) []string {
	codes := make([]string, len(values))
	for i, v := range values {
		codes[i] = v.String()
	}
	return codes
}

// readLabels reads a list of labels and returns it in the order of codes, which
// it must hold exactly.
func readLabels(src source, list List, codes []string) ([]Entry, error) {
	file := string(list) + ".csv"
	header := []string{"code", "label_it", "label_en", "label_de"}
	if list == ListFaces {
		header = slices.Insert(header, 1, "value")
	}
	var entries []Entry
	seen := make(map[string]bool)
	err := readTable(src, file, header, func(row *row) {
		code := row.code()
		once(row, seen, code)
		if codes != nil && !slices.Contains(codes, code) {
			row.fail("%q: want one of %q", code, codes)
		}
		if list == ListFaces {
			// The column is for the reader of the file: it cannot be changed.
			if v, want := row.field(), strconv.Itoa(slices.Index(codes, code)+1); v != want {
				row.fail("%q: want %s, the value of %s on scale mlf3", v, want, code)
			}
		}
		entries = append(entries, Entry{Code: code, Label: row.label()})
	})
	if err != nil {
		return nil, err
	}
	for _, code := range codes {
		if !seen[code] {
			return nil, fmt.Errorf("read registry file %s: no line for %q", file, code)
		}
	}
	if codes != nil {
		slices.SortFunc(entries, func(a, b Entry) int {
			return slices.Index(codes, a.Code) - slices.Index(codes, b.Code)
		})
	}
	return entries, nil
}
