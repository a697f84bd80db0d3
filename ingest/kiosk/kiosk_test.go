package kiosk_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"mlf/ingest/kiosk"
)

func open(t *testing.T) *kiosk.Page {
	t.Helper()
	page, err := kiosk.New()
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// TestEveryFileHasItsAddress: with its kind, and kept as long as its name allows.
func TestEveryFileHasItsAddress(t *testing.T) {
	page := open(t)
	built, err := kiosk.Files()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	err = fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		found++
		f, ok := page.Lookup("/k/" + strings.TrimSuffix(name, "index.html"))
		want, err := fs.ReadFile(built, name)
		if !ok || string(f.Body) != string(want) || f.ContentType == "" {
			t.Errorf("%s: got %v, %d bytes of %q", name, ok, len(f.Body), f.ContentType)
		}
		if forEver := strings.Contains(f.Cache, "immutable"); forEver != strings.HasPrefix(name, "assets/") {
			t.Errorf("%s: may be kept: %q", name, f.Cache)
		}
		return err
	})
	if err != nil || found < 6 {
		t.Errorf("found %d files, %v: want page, worker, manifest, script, style, icon", found, err)
	}
}

func TestLookup(t *testing.T) {
	page := open(t)
	f := func(at, wantType, wantCache string) {
		t.Helper()
		file, ok := page.Lookup(at)
		if ok != (wantType != "") || file.ContentType != wantType || file.Cache != wantCache {
			t.Errorf("%s: got %v %q %q, want %q %q", at, ok, file.ContentType, file.Cache, wantType, wantCache)
		}
	}
	f("/k/", "text/html; charset=utf-8", "no-cache")
	f("/k/sw.js", "text/javascript; charset=utf-8", "no-cache")
	f("/k/kiosk.webmanifest", "application/manifest+json", "no-cache")
	f("/k", "", "") // To be redirected: the page's addresses are relative.
	f("/k/index.html", "", "")
	f("/k/assets/", "", "")
	f("/k/../kiosk.go", "", "")
	f("/sw.js", "", "")
	f("", "", "")
}

// TestTheWorkerKeepsAllThatThePageNames: without a network a file that it has not kept
// would be missing.
func TestTheWorkerKeepsAllThatThePageNames(t *testing.T) {
	page := open(t)
	index, _ := page.Lookup("/k/")
	worker, _ := page.Lookup("/k/sw.js")
	names := regexp.MustCompile(`(?:href|src)="([\w./-]+)"`).FindAllStringSubmatch(string(index.Body), -1)
	if len(names) < 4 {
		t.Errorf("the page names %d files: want icon, manifest, style, script", len(names))
	}
	for _, name := range names {
		if _, ok := page.Lookup("/k/" + name[1]); !ok {
			t.Errorf("the page names %s, which was not built", name[1])
		}
		if !strings.Contains(string(worker.Body), `"`+name[1]+`"`) {
			t.Errorf("the worker does not keep %s", name[1])
		}
	}
}

// TestNothingFromOutside: what the content policy forbids is not there.
func TestNothingFromOutside(t *testing.T) {
	index, _ := open(t).Lookup("/k/")
	for _, pattern := range []string{` style="`, `<style`, ` on\w+="`, `<script[^>]*>[^<]`, `(src|href)="(https?:)?//`} {
		if found := regexp.MustCompile(pattern).FindString(string(index.Body)); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
}

func TestOnlyAWholePageIsServed(t *testing.T) {
	whole := func() fstest.MapFS {
		return fstest.MapFS{"index.html": &fstest.MapFile{}, "sw.js": &fstest.MapFile{}, "assets/main-5KZQ3XYZ.js": &fstest.MapFile{}}
	}
	if _, err := kiosk.Of(whole()); err != nil {
		t.Error(err)
	}
	f := func(what string, change func(fstest.MapFS)) {
		t.Helper()
		files := whole()
		change(files)
		if _, err := kiosk.Of(files); err == nil {
			t.Errorf("%s: it is served", what)
		}
	}
	f("no page", func(files fstest.MapFS) { delete(files, "index.html") })
	f("no worker", func(files fstest.MapFS) { delete(files, "sw.js") })
	f("a file of no type", func(files fstest.MapFS) { files["assets/x.exe"] = &fstest.MapFile{} })
}

func TestPolicy(t *testing.T) {
	f := func(watermark string, want ...string) {
		t.Helper()
		policy, err := kiosk.Policy(watermark)
		if (err == nil) != (len(want) > 0) {
			t.Errorf("%q: got %q, %v", watermark, policy, err)
			return
		}
		if len(want) == 0 {
			return
		}
		parts := strings.Split(policy, "; ")
		if got := "connect-src " + strings.Join(want, " "); !slices.Contains(parts, got) {
			t.Errorf("%q: got %q, want %q in it", watermark, policy, got)
		}
	}
	f("", "'self'")
	f("https://query.example/v1/terminals/self/watermark", "'self'", "https://query.example")
	f("http://127.0.0.1:8081/v1/x", "'self'", "http://127.0.0.1:8081")
	f("ftp://query.example")
	f("/v1/terminals/self/watermark")
	f("https://a;script-src *")
	f("https://")
}
