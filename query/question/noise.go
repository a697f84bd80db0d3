package question

import (
	"net/url"
	"slices"
	"strings"
)

// Parameters reads a query string and refuses every parameter whose name is not
// known: a misspelt filter must not pass for an answer. Noise is no filter. The error
// is an *Error.
func Parameters(query string, known ...string) (url.Values, error) {
	values, err := url.ParseQuery(WithoutNoise(query))
	if err != nil {
		return nil, &Error{Detail: "the query string cannot be read: percent-encode it"}
	}
	for name := range values {
		if !slices.Contains(known, name) {
			return nil, wrong(name, "unknown; want %s", orNone(known))
		}
	}
	return values, nil
}

func orNone(known []string) string {
	if len(known) == 0 {
		return "no parameter"
	}
	return "one of " + strings.Join(known, ", ")
}

// WithoutNoise leaves out the parameters that mail programs, networks and
// libraries add to an address by themselves, whatever is in them.
func WithoutNoise(query string) string {
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
	if name == "at_least" { // It only begins like one of a campaign.
		return false
	}
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
