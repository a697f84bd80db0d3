package pagelist

import (
	_ "embed" // For the table of services.
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// services are the services that the PNRR pays for, 25 in five archetypes, and by which
// words of an address their pages are found: any of some alternatives, of which all words
// are there. The first service that is found holds.
//
//go:embed services.csv
var services string

// An archetype is a service of the PNRR.
type archetype struct {
	service string
	words   [][]string // Alternatives.
}

func (a *archetype) fits(words []string) bool {
	return slices.ContainsFunc(a.words, func(all []string) bool {
		return !slices.ContainsFunc(all, func(word string) bool { return !slices.Contains(words, word) })
	})
}

// archetypes reads the table.
func archetypes() ([]archetype, error) {
	rows, err := csv.NewReader(strings.NewReader(services)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read services.csv: %w", err)
	}
	var all []archetype
	for _, row := range rows[1:] {
		a := archetype{service: row[0]}
		for alternative := range strings.FieldsSeq(row[2]) {
			a.words = append(a.words, strings.Split(alternative, "+"))
		}
		all = append(all, a)
	}
	return all, nil
}
