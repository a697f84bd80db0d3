package dashboard_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
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

// shipped are the files that were built, by their addresses, as they are unpacked.
func shipped(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	built := os.DirFS("built")
	err := fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".br" {
			return err
		}
		text, err := fs.ReadFile(built, name)
		all[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestEveryFileIsServed: under its address, with its kind, and again only where it has
// changed.
func TestEveryFileIsServed(t *testing.T) {
	kinds := map[string]string{".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".json": "application/json", ".txt": "text/plain"}
	for name, text := range shipped(t) {
		address := "/" + strings.TrimSuffix(name, "index.html")
		got := get(t, address)
		if got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), kinds[path.Ext(name)]) || got.Body.String() != text {
			t.Errorf("%s: got %d %q, %d bytes", address, got.Code, got.Header().Get("Content-Type"), got.Body.Len())
		}
		if again := get(t, address, "If-None-Match", got.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s: got %d for a file already there, want 304", address, again.Code)
		}
	}
	for _, path := range []string{"/index.html", "/assets", "/assets/", "/dashboard.go", "/../dashboard.go"} {
		if got := get(t, path).Code; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got)
		}
	}
}

// TestNothingIsMissing: what the page and its files name in assets was built.
func TestNothingIsMissing(t *testing.T) {
	all := shipped(t)
	named := regexp.MustCompile(`(?:assets/|\./)([\w.-]+-[0-9A-Z]{8}\.\w+)`)
	found := 0
	for name, text := range all {
		for _, match := range named.FindAllStringSubmatch(text, -1) {
			found++
			if _, ok := all["assets/"+match[1]]; !ok {
				t.Errorf("%s names %s, which was not built", name, match[0])
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d names of files: want those of all scripts and styles", found)
	}
}

// TestNothingFromOutside: the content policy forbids what would make the page depend on
// anybody else, and what stands in it.
func TestNothingFromOutside(t *testing.T) {
	home := get(t, "/").Body.String()
	for _, pattern := range []string{` style="`, `<style`, ` on\w+="`, `<script[^>]*>[^<]`, `(src|href)="(https?:)?//`} {
		if found := regexp.MustCompile(pattern).FindString(home); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
}

// TestLinksThatLawWants: the declaration of accessibility and the privacy notice, as
// AgID's checks look for them.
func TestLinksThatLawWants(t *testing.T) {
	home := get(t, "/").Body.String()
	for _, link := range []string{`href="accessibility" data-element="accessibility-link"`, `href="privacy" data-element="privacy-policy-link"`} {
		if !strings.Contains(home, link) {
			t.Errorf("the page lacks %s", link)
		}
	}
	for _, notice := range dashboard.Notices() {
		if got := get(t, "/"+notice).Code; got != http.StatusOK {
			t.Errorf("/%s: got %d", notice, got)
		}
	}
}
