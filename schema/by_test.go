package schema_test

import (
	"strings"
	"testing"

	"mlf/schema"
)

func TestByOf(t *testing.T) {
	f := func(subject string, want schema.By) {
		t.Helper()
		if got := schema.ByOf(subject); got != want {
			t.Errorf("%q: got %q, want %q", subject, got, want)
		}
	}
	f("", "")
	f("anna@comune.example.it", "anna@comune.example.it")
	f("a\nb\x00c\x7f", "a?b?c?")
	f("a\xffb", "a?b")
	f(strings.Repeat("x", 300), schema.By(strings.Repeat("x", schema.ByMax)))
	f(strings.Repeat("x", 254)+"è", schema.By(strings.Repeat("x", 254)))
}
