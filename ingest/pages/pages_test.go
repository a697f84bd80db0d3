package pages_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"

	"mlf/ingest/kiosk"
	"mlf/ingest/pages"
	"mlf/ingest/rating/script"
)

func open(t testing.TB) *pages.Files {
	t.Helper()
	f, err := pages.New("https://stat.example.it/v1/terminals/self/watermark", func(name string) bool { return name == "comune-di-prova" })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func field(a pages.Answer, name string) string {
	i := slices.IndexFunc(a.Fields, func(f pages.Field) bool { return f.Name == name })
	if i < 0 {
		return ""
	}
	return a.Fields[i].Value
}

func TestWhereFilesAre(t *testing.T) {
	door := open(t)
	const html, js, css = "text/html; charset=utf-8", "text/javascript; charset=utf-8", "text/css; charset=utf-8"
	f := func(path string, status int, contentType, cache, policy string) {
		t.Helper()
		a, ok := door.Lookup(path, "", "")
		if ok != (status != 404) || ok != door.Has(path) || ok && a.Status != status {
			t.Errorf("%s: got %d, %t, and Has %t, want %d", path, a.Status, ok, door.Has(path), status)
		}
		if !ok || status != 200 {
			return
		}
		if got := field(a, "Content-Type"); got != contentType {
			t.Errorf("%s: got type %q, want %q", path, got, contentType)
		}
		if got := field(a, "Cache-Control"); got != cache {
			t.Errorf("%s: got Cache-Control %q, want %q", path, got, cache)
		}
		if got := field(a, "Content-Security-Policy"); !strings.Contains(got, policy) {
			t.Errorf("%s: got policy %q, want it to have %q", path, got, policy)
		}
		if field(a, "X-Content-Type-Options") != "nosniff" || field(a, "Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: got %v, want nosniff and no-referrer", path, a.Fields)
		}
	}
	const asks = "connect-src 'self' https://stat.example.it;"
	f("/k", 308, "", "", "")
	f("/k/", 200, html, "no-cache", asks)
	f("/k/sw.js", 200, js, "no-cache", asks)
	f("/k/kiosk.webmanifest", 200, "application/manifest+json", "no-cache", asks)
	f("/k/index.html", 404, "", "", "")
	f("/k/x", 404, "", "", "")
	f("/k/../v1/rating.js", 404, "", "", "")
	f("/kk", 404, "", "", "")
	f("/v1/rating.js", 200, js, "public, max-age=3600", "default-src 'none'")
	f("/v1/widget.js", 200, js, "public, max-age=3600", "default-src 'none'")
	f("/v1/widget.css", 200, css, "public, max-age=3600", "default-src 'none'")
	f("/v1/page.js", 200, js, "public, max-age=3600", "default-src 'none'")
	f("/v1/page.html", 404, "", "", "")
	f("/v1/", 404, "", "", "")
	f("/v/comune-di-prova", 200, html, "no-cache", "frame-ancestors 'none'")
	f("/v/comune-di-prova/", 404, "", "", "")
	f("/v/another", 404, "", "", "")
	f("/v/", 404, "", "", "")
	f("/v", 404, "", "", "")

	page, err := kiosk.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range page.Paths() {
		if !strings.HasPrefix(at, "/k/assets/") {
			continue
		}
		if a, _ := door.Lookup(at, "", ""); a.Status != 200 || field(a, "Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: got %d %v, want it kept for ever", at, a.Status, a.Fields)
		}
	}
}

// A fragment, in which the code of a claim is, stays with a redirect to a relative address.
func TestTheKioskWithoutASlash(t *testing.T) {
	a, _ := open(t).Lookup("/k", "", "")
	if got := field(a, "Location"); got != "/k/" {
		t.Errorf("got Location %q, want /k/", got)
	}
}

func TestPackedAndKept(t *testing.T) {
	door := open(t)
	plain, _ := door.Lookup("/v1/rating.js", "", "")
	files, err := script.Files()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(files, func(f script.File) bool { return f.Name == "rating.js" })
	if !bytes.Equal(plain.Body, files[i].Body) {
		t.Error("rating.js is not as it was built")
	}
	f := func(accept string, packed bool) {
		t.Helper()
		a, _ := door.Lookup("/v1/rating.js", accept, "")
		if got := field(a, "Content-Encoding") == "gzip"; got != packed {
			t.Fatalf("Accept-Encoding %q: packed %t, want %t", accept, got, packed)
		}
		body := a.Body
		if packed {
			r, err := gzip.NewReader(bytes.NewReader(a.Body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(body, plain.Body) || field(a, "Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: other bytes, or Vary %q", accept, field(a, "Vary"))
		}
	}
	f("gzip", true)
	f("br, GZIP ; q=0.5", true)
	f("gzip;q=0", false)
	f("gzip;q=x", false)
	f("br, zstd", false)
	f("", false)

	tag := field(plain, "ETag")
	g := func(match string, status int) {
		t.Helper()
		if a, _ := door.Lookup("/v1/rating.js", "", match); a.Status != status || (status == 304) != (a.Body == nil) || field(a, "ETag") != tag {
			t.Errorf("If-None-Match %s: got %d and %d bytes, want %d", match, a.Status, len(a.Body), status)
		}
	}
	g(tag, 304)
	g(strings.TrimPrefix(tag, "W/"), 304)
	g(`"other", `+tag, 304)
	g("*", 304)
	g(`"other"`, 200)
}

func TestNoAddressOfWatermarks(t *testing.T) {
	if _, err := pages.New("stat.example.it", nil); err == nil || !strings.Contains(err.Error(), "want http:// or https:// and a host") {
		t.Errorf("got %v, want an error that says what is wanted", err)
	}
}

func FuzzLookup(f *testing.F) {
	door := open(f)
	f.Add("/k/", "gzip", `"x"`)
	f.Fuzz(func(t *testing.T, path, accept, match string) {
		if a, ok := door.Lookup(path, accept, match); ok && a.Status != 200 && a.Status != 304 && a.Status != 308 {
			t.Errorf("%q: got %d", path, a.Status)
		}
	})
}
