package script_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlf/ingest/rating"
	"mlf/ingest/rating/script"
)

// TestBuiltOfTheseSources: what is embedded was built after the last change of a source.
// That it is what the sources make, TestBuiltAgain says where there is Node.
func TestBuiltOfTheseSources(t *testing.T) {
	names, err := filepath.Glob("web/src/*")
	if err != nil || len(names) < 7 {
		t.Fatal(names, err)
	}
	names = append(names, "web/build.mjs", "web/package-lock.json")
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(a, b) })
	var want strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(text), strings.TrimPrefix(name, "web/"))
	}
	if got, err := os.ReadFile("built/sources.txt"); err != nil || string(got) != want.String() {
		t.Errorf("built was made of other sources: run make page\ngot\n%s\nwant\n%s%v", got, want.String(), err)
	}
}

// TestBuiltAgain builds aside and compares; make page-check installs what it takes.
func TestBuiltAgain(t *testing.T) {
	if _, err := os.Stat("web/node_modules/esbuild"); err != nil {
		t.Skip("no esbuild: run make page-check, which installs it")
	}
	c := exec.CommandContext(t.Context(), "node", "build.mjs", "--check")
	c.Dir = "web"
	if said, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}

// file returns one of the files by its name.
func file(t testing.TB, name string) script.File {
	t.Helper()
	all, err := script.Files()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(f script.File) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no file %s", name)
	}
	return all[i]
}

func TestFiles(t *testing.T) {
	all, err := script.Files()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range all {
		names = append(names, f.Name+" "+f.Type)
		if !regexp.MustCompile(`^sha384-[A-Za-z0-9+/]{64}$`).MatchString(f.Integrity) || len(f.Body) == 0 {
			t.Errorf("%s: %d bytes, integrity %q", f.Name, len(f.Body), f.Integrity)
		}
	}
	want := []string{
		"page.html text/html; charset=utf-8", "page.js text/javascript; charset=utf-8", "rating.js text/javascript; charset=utf-8",
		"widget.css text/css; charset=utf-8", "widget.js text/javascript; charset=utf-8",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

// TestSmallAndAlone: rating.js is less than 6 KiB; nothing sets a cookie, asks anybody
// else, or makes code of text.
func TestSmallAndAlone(t *testing.T) {
	if n := len(file(t, "rating.js").Body); n >= 6<<10 {
		t.Errorf("rating.js has %d bytes: want less than 6 KiB", n)
	}
	for _, name := range []string{"rating.js", "widget.js", "page.js", "page.html", "widget.css"} {
		for _, pattern := range []string{`cookie`, `https?:`, `\beval\b`, `new Function`, `innerHTML`, `document\.write`, `url\(`, `@import`} {
			if found := regexp.MustCompile(pattern).Find(file(t, name).Body); found != nil {
				t.Errorf("%s has %q", name, found)
			}
		}
	}
}

// words is the catalogue of the form.
func words(t testing.TB) map[string]map[string]any {
	t.Helper()
	text, err := os.ReadFile("web/src/words.json")
	if err != nil {
		t.Fatal(err)
	}
	var catalogue map[string]map[string]any
	if err := json.Unmarshal(text, &catalogue); err != nil {
		t.Fatal(err)
	}
	return catalogue
}

// TestTheTableKnowsTheWords: each label of the form has a row for its reason, so that it
// means the same where it comes back as a text.
func TestTheTableKnowsTheWords(t *testing.T) {
	branches := map[int]string{2: "unclear incomplete unsure technical other", 4: "clear complete sure no_trouble other"}
	for language, says := range words(t) {
		for value, reasons := range branches {
			for reason := range strings.FieldsSeq(reasons) {
				body, err := json.Marshal(map[string]any{"value": value, "answer": says[reason]})
				if err != nil {
					t.Fatal(err)
				}
				r, err := rating.Read("application/json", body)
				if err != nil || r.Reason.String() != reason || r.Warnings != 0 {
					t.Errorf("%s, %v: got %v %v %v, want %s", language, says[reason], r.Reason, r.Warnings.Codes(), err, reason)
				}
			}
		}
	}
}

// TestAllLanguagesSayTheSame: no language lacks a word.
func TestAllLanguagesSayTheSame(t *testing.T) {
	catalogue := words(t)
	for _, language := range []string{"it", "en", "de"} {
		if len(catalogue[language]) != len(catalogue["it"]) {
			t.Errorf("%s has %d words, it %d", language, len(catalogue[language]), len(catalogue["it"]))
		}
		for key, said := range catalogue["it"] {
			other := catalogue[language][key]
			text, isText := other.(string)
			list, isList := other.([]any)
			if _, want := said.(string); want != isText || isText && strings.TrimSpace(text) == "" || isList && len(list) != 5 || !isText && !isList {
				t.Errorf("%s says %v of %s", language, other, key)
			}
		}
	}
}

// TestThePageNeedsNothingElse: what page.html names is among the files, relative to its
// address, and nothing of it stands in the page.
func TestThePageNeedsNothingElse(t *testing.T) {
	page := file(t, "page.html").Body
	for _, match := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllSubmatch(page, -1) {
		if name := string(match[1]); name != "data:," && !bytes.Equal(match[1], []byte("../v1/"+file(t, filepath.Base(name)).Name)) {
			t.Errorf("page.html names %q", name)
		}
	}
	for _, pattern := range []string{` style="`, `<style`, ` on\w+="`, `<script[^>]*>[^<]`} {
		if found := regexp.MustCompile(pattern).Find(page); found != nil {
			t.Errorf("page.html has %q", found)
		}
	}
}
