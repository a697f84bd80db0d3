package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPostersOfASite(t *testing.T) {
	l := newLine(t)
	name := l.site(t)
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	f := func(code int, want string, args ...string) {
		t.Helper()
		l.Want(t, code, want, append([]string{"site", "poster", name, "--url", "https://voto.it"}, args...)...)
	}
	has := func(name string, wants ...string) {
		t.Helper()
		text, err := os.ReadFile(at(name))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: want %q in %.600s", name, want, text)
			}
		}
	}
	f(0, "tributi  https://voto.it/v/"+name+"?s=tributi\n", "--service", "anagrafe,tributi", "--paper", "A5", "--out", at("two.html"))
	has("two.html", "size: A5 portrait", "Comune di Sestriere", ">Tributi<", ">Local taxes<", ">Anagrafe<", "How do you rate", "Wie bewerten Sie")
	f(0, "anagrafe  https://", "--service", "anagrafe", "--language", "de", "--title", "Gemeinde & Co", "--logo", file(t, "l.svg", "<svg/>"), "--out", at("one.svg"))
	has("one.svg", "Gemeinde &amp; Co", `lang="de"`, "data:image/svg+xml", `width="210mm"`)
	f(2, "file exists", "--service", "anagrafe", "--out", at("one.svg"))
	f(2, "2 services: want one, or .html", "--service", "anagrafe,tributi", "--out", at("x.svg"))
	f(2, "want a name that ends in .html or .svg", "--service", "anagrafe", "--out", at("x.pdf"))
	f(2, `--service "urp": want some of the site's: anagrafe, tributi`, "--service", "urp", "--out", at("x.svg"))
	f(2, `language "fr"`, "--service", "anagrafe", "--language", "fr", "--out", at("x.svg"))
	f(2, "--logo", "--service", "anagrafe", "--logo", at("nowhere"), "--out", at("x.svg"))
	f(2, "want PNG, JPEG or SVG", "--service", "anagrafe", "--logo", at("two.html"), "--out", at("x.svg"))
	f(2, "--paper must be one of", "--service", "anagrafe", "--paper", "A3", "--out", at("x.svg"))
	l.Want(t, 1, "come by its form", "site", "poster", l.site(t, "--way", "form"), "--service", "anagrafe", "--out", at("x.svg"))
}
