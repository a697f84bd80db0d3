package query

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"mlf/query/question"
)

// parameters reads the query string and refuses every parameter whose name is
// not known: a misspelt filter must not pass for an answer. Noise is no filter.
func parameters(r *http.Request, known ...string) (url.Values, error) {
	values, err := url.ParseQuery(question.WithoutNoise(r.URL.RawQuery))
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "bad-parameter",
			"A query parameter is missing, unknown or wrong", "the query string cannot be read: percent-encode it")
	}
	for name := range values {
		if !slices.Contains(known, name) {
			return nil, badParameter(name, "unknown; want %s", orNone(known))
		}
	}
	return values, nil
}

func noParameters(r *http.Request) error {
	_, err := parameters(r)
	return err
}

func orNone(known []string) string {
	if len(known) == 0 {
		return "no parameter"
	}
	return "one of " + strings.Join(known, ", ")
}
