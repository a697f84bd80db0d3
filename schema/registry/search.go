package registry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mlf/schema"
)

// SearchQueryMax is the most bytes of a query that can match: the longest name
// has 60, accents and all.
const SearchQueryMax = 100

// How well a name fits a query, best first.
const (
	fitExact  = iota // It is the name, or the cadastral code.
	fitPrefix        // The name, or the ISTAT code, begins with it.
	fitWord          // A later word of the name begins with it.
	fitNot
)

// Search returns at most limit comuni whose name, in either language, has a
// word that begins with q, or whose ISTAT code begins with q, or whose cadastral
// code is q. Case, accents and punctuation do not matter. Exact names come
// first, then names that begin with q, then the others; among equals the one
// with more residents. Each comune occurs once, in its newest form, also when q
// fits an older name or code. The slice is the caller's; nil for an empty query.
func (r *Registry) Search(q string, limit int) []Comune {
	if len(q) > SearchQueryMax || limit <= 0 {
		return nil
	}
	n, ok := newNeedle(q)
	if !ok {
		return nil
	}
	type hit struct {
		fit    int
		comune *Comune
	}
	var hits []hit
	for i := range r.comuni {
		if fit := r.fit(i, n); fit < fitNot {
			hits = append(hits, hit{fit, r.newest(i)})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		x, y := a.comune, b.comune
		return cmp.Or(cmp.Compare(a.fit, b.fit), cmp.Compare(y.Population, x.Population), cmp.Compare(x.ID, y.ID))
	})
	var found []Comune
	seen := make(map[schema.ComuneID]bool)
	for _, h := range hits {
		if len(found) < limit && !seen[h.comune.ID] { // Older forms fit, too.
			seen[h.comune.ID] = true
			found = append(found, *h.comune)
		}
	}
	return found
}

// newest returns the newest form of the comune that r.comuni[i] is a form of.
func (r *Registry) newest(i int) *Comune {
	id := r.comuni[i].ID
	if codes := r.codes[id]; codes != nil {
		id = codes[len(codes)-1]
	}
	return &r.comuni[r.after(id)-1]
}

// A needle is a folded query, made once per search. Every name lies on a line
// of its own and every word of it behind a space, so that the beginning of a
// name, its end and the beginning of a word are bytes to look for.
type needle struct{ exact, prefix, word, cadastral string }

func newNeedle(q string) (needle, bool) {
	folded := string(appendFolded(nil, q))
	exact := "\n" + folded + "\n"
	return needle{
		exact:     exact,
		prefix:    exact[:len(exact)-1],
		word:      folded,
		cadastral: strings.ToUpper(strings.TrimSpace(folded)),
	}, folded != ""
}

// fit tells how well comune i fits n.
func (r *Registry) fit(i int, n needle) int {
	names := r.names[i]
	switch {
	case r.comuni[i].Cadastral == n.cadastral:
		return fitExact
	case !strings.Contains(names, n.word):
		return fitNot
	case strings.Contains(names, n.exact):
		return fitExact
	case strings.Contains(names, n.prefix):
		return fitPrefix
	}
	return fitWord
}

// indexNames prepares what Search looks at: per comune its ISTAT code and its
// names, folded, one to a line. All lie in one string.
func (r *Registry) indexNames() {
	var all []byte
	ends := make([]int, len(r.comuni))
	for i := range r.comuni {
		c := &r.comuni[i]
		all = fmt.Appendf(all, "\n %06d\n", uint32(c.ID))
		all = append(appendFolded(all, c.Name), '\n')
		if c.NameIT != c.Name {
			all = append(appendFolded(all, c.NameIT), '\n')
		}
		if c.NameAlt != "" {
			all = append(appendFolded(all, c.NameAlt), '\n')
		}
		ends[i] = len(all)
	}
	text, begin := string(all), 0
	r.names = make([]string, len(ends))
	for i, end := range ends {
		r.names[i] = text[begin:end]
		begin = end
	}
}

// appendFolded appends the words of s in lower case and without accents, a
// space before each; whatever is neither letter nor digit separates words. So
// "Forlì", "FORLI'" and "forli" are the same, and so are "Weinstraße" and
// "weinstrasse".
func appendFolded(dst []byte, s string) []byte {
	inWord := false
	for _, c := range decomposed(s) {
		if unicode.Is(unicode.Mn, c) { // The accent of the letter before it.
			continue
		}
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			inWord = false
			continue
		}
		if !inWord {
			dst, inWord = append(dst, ' '), true
		}
		if c == 'ß' { // Not composed of others for Unicode.
			dst = append(dst, "ss"...)
			continue
		}
		dst = utf8.AppendRune(dst, unicode.ToLower(c))
	}
	return dst
}

// decomposed splits accents from their letters. Most names have none.
func decomposed(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return norm.NFD.String(s)
		}
	}
	return s
}
