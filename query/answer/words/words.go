package words

import (
	_ "embed"
	"encoding/csv"
	"strings"

	"mlf/schema/registry"
)

//go:embed words.csv
var file string

// Words are what answers say to people, by key.
type Words map[string]registry.Label

// Read reads the words that the program carries.
func Read() Words {
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		panic("BUG: words.csv: " + err.Error())
	}
	w := make(Words, len(rows))
	for _, row := range rows[1:] {
		w[row[0]] = registry.Label{IT: row[1], EN: row[2], DE: row[3]}
	}
	return w
}

// Of returns the words of a key; a key without any is a bug.
func (w Words) Of(key string) registry.Label {
	label, ok := w[key]
	if !ok {
		panic("BUG: no words for " + key)
	}
	return label
}

// Plain is what is called the same in every language, as places are.
func Plain(name string) registry.Label { return registry.Label{IT: name, EN: name, DE: name} }

// Filled returns a label with parts in place of their names in braces.
func Filled(l registry.Label, parts map[string]registry.Label) registry.Label {
	for name, part := range parts {
		name = "{" + name + "}"
		l.IT, l.EN, l.DE = strings.ReplaceAll(l.IT, name, part.IT), strings.ReplaceAll(l.EN, name, part.EN), strings.ReplaceAll(l.DE, name, part.DE)
	}
	return l
}

// Dimensions returns the names of dimensions, with commas between.
func (w Words) Dimensions(names []string) registry.Label {
	var all registry.Label
	for i, dimension := range names {
		name := w.Of("dimension." + dimension)
		if i > 0 {
			all.IT, all.EN, all.DE = all.IT+", ", all.EN+", ", all.DE+", "
		}
		all.IT, all.EN, all.DE = all.IT+name.IT, all.EN+name.EN, all.DE+name.DE
	}
	return all
}
