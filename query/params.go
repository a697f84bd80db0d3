package query

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// filterValuesMax is the most values of one filter: a large province has 250
// comuni, and a list of thousands is a region asked for the long way.
const filterValuesMax = 1000

// parameters reads the query string and refuses every parameter whose name is
// not known: a misspelt filter must not pass for an answer. Noise is no filter.
func parameters(r *http.Request, known ...string) (url.Values, error) {
	values, err := url.ParseQuery(withoutNoise(r.URL.RawQuery))
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

// withoutNoise leaves out the parameters that mail programs, networks and
// libraries add to an address by themselves, whatever is in them.
func withoutNoise(query string) string {
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if !isNoise(strings.ToLower(name)) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// isNoise tells whether a parameter of this name is nobody's question: a mark of
// a campaign or of a click, or a number against caches.
func isNoise(name string) bool {
	for _, campaign := range []string{"utm_", "mtm_", "pk_", "at_", "hsa_", "_hs", "_x_tr_"} {
		if strings.HasPrefix(name, campaign) {
			return true
		}
	}
	switch name {
	case "_", "_t", "_ts", "_dc", "_cb", "_ga", "_gac", "_gl", "_kx", "_openstat", "_branch_match_id", "_branch_referrer", "dclid", "epik", "fb_action_ids", "fb_source", "fbclid", "gad_source", "gbraid", "gclid", "gclsrc",
		"igsh", "igshid", "li_fat_id", "mc_cid", "mc_eid", "mkt_tok", "msclkid", "oly_anon_id", "oly_enc_id", "rdt_cid", "s_cid", "scclid", "srsltid",
		"ttclid", "twclid", "vero_id", "wbraid", "wickedid", "yclid", "ysclid":
		return true
	}
	return false
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

// single returns the one value of a parameter, "" where it is absent.
func single(values url.Values, name string) (string, error) {
	given := values[name]
	switch len(given) {
	case 0:
		return "", nil
	case 1:
		return given[0], nil
	}
	return "", badParameter(name, "given %d times; want it once", len(given))
}

// list returns the values of a parameter that may be repeated and may hold
// several values with commas between; each value once.
func list(values url.Values, name string) ([]string, error) {
	var all []string
	for _, given := range values[name] {
		for value := range strings.SplitSeq(given, ",") {
			if !slices.Contains(all, value) {
				all = append(all, value)
			}
			if len(all) > filterValuesMax {
				return nil, badParameter(name, "more than %d values; ask in several requests, or by province or region", filterValuesMax)
			}
		}
	}
	return all, nil
}

// parseList returns the values of a list, each read by parse, with their texts.
func parseList[T any](values url.Values, name string, parse func(string) (T, error)) (parsed []T, texts []string, err error) {
	texts, err = list(values, name)
	if err != nil {
		return nil, nil, err
	}
	for _, text := range texts {
		value, err := parse(text)
		if err != nil {
			return nil, nil, badParameter(name, "%v", err)
		}
		parsed = append(parsed, value)
	}
	return parsed, texts, nil
}
