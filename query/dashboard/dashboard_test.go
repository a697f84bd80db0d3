package dashboard_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mlf/query/dashboard"
)

func get(t *testing.T, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	page, err := dashboard.New()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	page.ServeHTTP(rec, r)
	return rec
}

func TestServes(t *testing.T) {
	f := func(path, contentType string) {
		t.Helper()
		got := get(t, path)
		if got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), contentType) {
			t.Errorf("%s: got %d %q", path, got.Code, got.Header().Get("Content-Type"))
		}
		if !strings.Contains(got.Header().Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: got no content policy", path)
		}
		if again := get(t, path, "If-None-Match", got.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s: got %d for a file already there, want 304", path, again.Code)
		}
	}
	f("/", "text/html")
	f("/assets/app.js", "text/javascript")
	f("/assets/style.css", "text/css")
	f("/assets/favicon.svg", "image/svg+xml")
	f("/messages/it.json", "application/json")
	for _, path := range []string{"/index.html", "/assets", "/assets/", "/dashboard.go", "/../dashboard.go"} {
		if got := get(t, path).Code; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got)
		}
	}
}

func messages(t *testing.T, lang string) map[string]string {
	t.Helper()
	words := make(map[string]string)
	if err := json.Unmarshal(get(t, "/messages/"+lang+".json").Body.Bytes(), &words); err != nil {
		t.Fatalf("%s: %v", lang, err)
	}
	return words
}

// Every language has every message, with the same values in it.
func TestMessages(t *testing.T) {
	italian := messages(t, "it")
	values := regexp.MustCompile(`\{\w+\}`)
	for _, lang := range []string{"en", "de"} {
		words := messages(t, lang)
		if got, want := slices.Sorted(maps.Keys(words)), slices.Sorted(maps.Keys(italian)); !slices.Equal(got, want) {
			t.Errorf("%s: got keys %q, want %q", lang, got, want)
		}
		for key, word := range words {
			got, want := values.FindAllString(word, -1), values.FindAllString(italian[key], -1)
			slices.Sort(got)
			slices.Sort(want)
			if word == "" || !slices.Equal(got, want) {
				t.Errorf("%s %s: got values %q, want %q", lang, key, got, want)
			}
		}
	}
}

// The page says the same as the Italian messages before its script has run, and
// no message is there in vain.
func TestPageSaysItalian(t *testing.T) {
	italian := messages(t, "it")
	page, script := get(t, "/").Body.String(), scripts(t)
	for _, found := range regexp.MustCompile(`data-t="(\w+)"[^>]*>([^<]*)<`).FindAllStringSubmatch(page, -1) {
		if key, said := found[1], found[2]; italian[key] != said {
			t.Errorf("%s: the page says %q, the messages %q", key, said, italian[key])
		}
	}
	for key := range italian {
		used := strings.Contains(page, `"`+key+`"`) || strings.Contains(script, `"`+key+`"`) ||
			strings.HasPrefix(key, "state_") // Said by the name of the state.
		if !used {
			t.Errorf("%s: nobody says it", key)
		}
	}
	for _, found := range regexp.MustCompile(`say\("(\w+)"`).FindAllStringSubmatch(script, -1) {
		if _, ok := italian[found[1]]; !ok {
			t.Errorf("%s: the script says it, the messages lack it", found[1])
		}
	}
}

// scripts are all of the page's, one after the other.
func scripts(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	eachShipped(t, func(name, text string) {
		if path.Ext(name) == ".js" {
			all.WriteString(text)
		}
	})
	return all.String()
}

// The content policy forbids what would make the page depend on anybody else.
func TestNothingFromOutside(t *testing.T) {
	home := get(t, "/").Body.String()
	if got := strings.Count(home, "<script>"); got != 1 { // That of the slash, whose sum the policy has.
		t.Errorf("the page has %d scripts in it, want 1", got)
	}
	if policy := get(t, "/").Header().Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "script-src 'self' 'sha256-") {
		t.Errorf("got policy %q", policy)
	}
	for _, pattern := range []string{` style="`, ` on\w+="`, `(src|href)="(https?:)?//`} {
		if found := regexp.MustCompile(pattern).FindString(home); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
}
