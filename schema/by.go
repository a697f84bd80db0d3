package schema

import (
	"strings"
	"unicode/utf8"
)

// A By is who had a record of the registry topic written: the subject of a token, as its
// issuer names it. Empty where a command did. It decides nothing; it is for people who
// want to know.
type By string

// ByMax is the most bytes of a By: of a subject, by OpenID Connect Core 1.0, section 2.
const ByMax = 255

// ByOf returns what is kept of a subject: at most ByMax bytes of UTF-8 in one line.
func ByOf(subject string) By {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return '?'
		}
		return r
	}, subject)
	if len(text) > ByMax {
		cut := ByMax
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	return By(text)
}
