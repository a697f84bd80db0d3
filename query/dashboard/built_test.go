package dashboard_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"mlf/query/dashboard"
)

// built is as little as a build can be.
func built() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"index.html":                                  file(`<!doctype html><html lang="it"><script type="module" src="assets/app-5KZQ3XYZ.js"></script></html>`),
		"index.html.br":                               file("the page, packed"),
		"assets/app-5KZQ3XYZ.js":                      file("export {};"),
		"assets/app-5KZQ3XYZ.js.br":                   file("the script, packed"),
		"assets/titillium-regular-ABCDEFGH.woff2":     file("a font"),
		"assets/shapes/province-58-0123456789ab.json": file("{}"),
	}
}

// TestBuilt: what was built is served under every view's address, packed to who can
// unpack it, under one policy, and what has its sum in its name is kept for ever.
func TestBuilt(t *testing.T) {
	page, err := dashboard.Of(built())
	if err != nil {
		t.Fatal(err)
	}
	f := func(path, accepted, contentType, body, age string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", accepted)
		rec := httptest.NewRecorder()
		page.ServeHTTP(rec, r)
		h := rec.Header()
		if rec.Code != http.StatusOK || h.Get("Content-Type") != contentType || rec.Body.String() != body || h.Get("Cache-Control") != age {
			t.Errorf("%s: got %d %q %v", path, rec.Code, rec.Body, h)
		}
		if got := h.Get("Content-Security-Policy"); got != "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'" {
			t.Errorf("%s: got policy %q", path, got)
		}
		if !page.Has(path[1:]) {
			t.Errorf("%s is served and not there", path)
		}
	}
	const html, asked, forEver = "text/html; charset=utf-8", "no-cache", "public, max-age=31536000, immutable"
	plain := string(built()["index.html"].Data)
	for _, path := range []string{"/", "/trend", "/map", "/heatmap", "/ranking", "/compare", "/reasons", "/participation", "/place", "/quality", "/bulletin", "/network", "/body"} {
		f(path, "gzip", html, plain, asked)
		f(path, "gzip, br", html, "the page, packed", asked)
	}
	f("/assets/app-5KZQ3XYZ.js", "br", "text/javascript; charset=utf-8", "the script, packed", forEver)
	f("/assets/app-5KZQ3XYZ.js", "", "text/javascript; charset=utf-8", "export {};", forEver)
	f("/assets/titillium-regular-ABCDEFGH.woff2", "br", "font/woff2", "a font", forEver)
	f("/assets/shapes/province-58-0123456789ab.json", "br", "application/json", "{}", forEver)
	for _, path := range []string{"index.html", "index.html.br", "assets/app-5KZQ3XYZ.js.br", "assets", "assets/", "trend/", "trends", "Trend"} {
		if page.Has(path) {
			t.Errorf("%s is there", path)
		}
	}
}

// TestHalfBuilt: what nobody could be served, or has no page, is no build.
func TestHalfBuilt(t *testing.T) {
	f := func(what string, change func(fstest.MapFS)) {
		t.Helper()
		files := built()
		change(files)
		if _, err := dashboard.Of(files); err == nil {
			t.Errorf("%s: it is served", what)
		}
	}
	f("no page", func(files fstest.MapFS) { delete(files, "index.html"); delete(files, "index.html.br") })
	f("the page only packed", func(files fstest.MapFS) { delete(files, "index.html") })
	f("a script only packed", func(files fstest.MapFS) { delete(files, "assets/app-5KZQ3XYZ.js") })
	f("a file of no type", func(files fstest.MapFS) { files["assets/x.exe"] = &fstest.MapFile{} })
	f("a file beside the page", func(files fstest.MapFS) { files["about.html"] = &fstest.MapFile{} })
	f("a folder of its own", func(files fstest.MapFS) { files["messages/it.json"] = &fstest.MapFile{} })
	if _, err := dashboard.Of(fstest.MapFS{"assets": &fstest.MapFile{Mode: fs.ModeDir}}); err == nil {
		t.Error("nothing: it is served")
	}
}
