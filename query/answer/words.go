package answer

import (
	_ "embed"
	"encoding/csv"
	"strings"

	"mlf/schema/registry"
)

//go:embed words.csv
var wordsFile string

// words are what answers say to people, by key.
type words map[string]registry.Label

// readWords reads the words that the program carries.
func readWords() words {
	rows, err := csv.NewReader(strings.NewReader(wordsFile)).ReadAll()
	if err != nil {
		panic("BUG: words.csv: " + err.Error())
	}
	w := make(words, len(rows))
	for _, row := range rows[1:] {
		w[row[0]] = registry.Label{IT: row[1], EN: row[2], DE: row[3]}
	}
	return w
}

// of returns the words of a key.
func (w words) of(key string) registry.Label {
	label, ok := w[key]
	if !ok {
		panic("BUG: no words for " + key)
	}
	return label
}

// plain is what is called the same in every language, as places are.
func plain(name string) registry.Label { return registry.Label{IT: name, EN: name, DE: name} }

// filled returns a label with parts in place of their names in braces.
func filled(l registry.Label, parts map[string]registry.Label) registry.Label {
	for name, part := range parts {
		name = "{" + name + "}"
		l.IT, l.EN, l.DE = strings.ReplaceAll(l.IT, name, part.IT), strings.ReplaceAll(l.EN, name, part.EN), strings.ReplaceAll(l.DE, name, part.DE)
	}
	return l
}
