package question

import (
	"slices"
	"strings"
)

// Values are parameters by their names, as a query string has them.
type Values = map[string][]string

// valuesMax is the most values of one filter: a large province has 250 comuni, and
// a list of thousands is a region asked for the long way.
const valuesMax = 1000

// Single returns the one value of a parameter, "" where it is absent. An error is
// an Error, here and below.
func Single(values Values, name string) (string, error) {
	given := values[name]
	switch len(given) {
	case 0:
		return "", nil
	case 1:
		return given[0], nil
	}
	return "", wrong(name, "given %d times; want it once", len(given))
}

// List returns the values of a parameter that may be repeated and may hold several
// values with commas between; each value once.
func List(values Values, name string) ([]string, error) {
	var all []string
	for _, given := range values[name] {
		for value := range strings.SplitSeq(given, ",") {
			if !slices.Contains(all, value) {
				all = append(all, value)
			}
			if len(all) > valuesMax {
				return nil, wrong(name, "more than %d values; ask in several requests, or by province or region", valuesMax)
			}
		}
	}
	return all, nil
}

// ParseList returns the values of a list, each read by parse, with their texts.
func ParseList[T any](values Values, name string, parse func(string) (T, error)) (parsed []T, texts []string, err error) {
	texts, err = List(values, name)
	if err != nil {
		return nil, nil, err
	}
	for _, text := range texts {
		value, err := parse(text)
		if err != nil {
			return nil, nil, wrong(name, "%v", err)
		}
		parsed = append(parsed, value)
	}
	return parsed, texts, nil
}
