package files_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"

	"github.com/klauspost/compress/gzhttp"

	"mlf/query/files"
)

const (
	plain  = "export const shown = true; // as it is"
	packed = "packed with brotli, let us say"
)

func newSet(t *testing.T) *files.Set {
	t.Helper()
	s := files.New("default-src 'self'")
	for _, name := range []string{"index.html", "assets/app-5KZQ3XYZ.js", "assets/alone.js"} {
		if err := s.Add(name, name, []byte(plain)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Pack("assets/app-5KZQ3XYZ.js", []byte(packed)); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask asks s for a file, with headers in pairs.
func ask(t *testing.T, s *files.Set, method, name string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/"+name, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	s.Serve(rec, r, name)
	return rec
}

// Brotli is for those who say that they can unpack it, however they say it.
func TestBrotli(t *testing.T) {
	s := newSet(t)
	f := func(accepted string, want bool) {
		t.Helper()
		got := ask(t, s, http.MethodGet, "assets/app-5KZQ3XYZ.js", "Accept-Encoding", accepted)
		body, encoding := plain, ""
		if want {
			body, encoding = packed, "br"
		}
		if got.Code != http.StatusOK || got.Body.String() != body || got.Header().Get("Content-Encoding") != encoding {
			t.Errorf("%q: got %d %q in %q", accepted, got.Code, got.Body, got.Header().Get("Content-Encoding"))
		}
		if got.Header().Get("Content-Length") != strconv.Itoa(len(body)) {
			t.Errorf("%q: got length %q of %d", accepted, got.Header().Get("Content-Length"), len(body))
		}
		if vary := got.Header()["Vary"]; !slices.Equal(vary, []string{"Accept-Encoding"}) {
			t.Errorf("%q: got Vary %q", accepted, vary)
		}
	}
	f("br", true)
	f("BR", true)
	f("gzip, deflate, br, zstd", true)
	f("gzip;q=1.0 , br ; q=0.5", true)
	f("br;Q=0.001", true)
	f("*", true)
	f("gzip, *;q=0.1", true)
	f("identity;q=0, *", true)
	f("", false)
	f("gzip", false)
	f("brotli", false)
	f("xbr, b r", false)
	f("br;q=0", false)
	f("br;q=0.000", false)
	f("br; q=0, *", false)
	f("*;q=0", false)
	f("br;q=high", false)
	f("br;q=-1", false)
	f("br;q=NaN", false)
	f("br;level=4", false)
}

// What several lines of a header say they say together.
func TestBrotliOfSeveralLines(t *testing.T) {
	got := ask(t, newSet(t), http.MethodGet, "assets/app-5KZQ3XYZ.js", "Accept-Encoding", "gzip", "Accept-Encoding", "br")
	if got.Header().Get("Content-Encoding") != "br" {
		t.Errorf("got %v", got.Header())
	}
}

// Files whose name has their sum are kept for ever, all others asked after.
func TestAge(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		s := files.New("")
		if err := s.Add("x", name, []byte(plain)); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, s, http.MethodGet, "x").Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	const forEver, asked = "public, max-age=31536000, immutable", "no-cache"
	f("assets/app-5KZQ3XYZ.js", forEver)
	f("assets/app-ABCDEFGH.css", forEver)
	f("assets/titillium-web-latin-400-normal-7RWOCJ3M.woff2", forEver)
	f("assets/provinces-0a1b2c3d4e5f.json", forEver)
	f("index.html", asked)
	f("assets/app.js", asked)
	f("assets/swagger-ui-bundle.js", asked)
	f("assets/style-guideline.css", asked)
	f("assets/map-ABCDEFG.js", asked)
	f("assets/map-ABCDEFGH1.js", asked) // 1 is no sign of base 32.
	f("assets-5KZQ3XYZ/app.js", asked)
	f("-5KZQ3XYZ.js", asked)
}

func TestContentTypes(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		s := files.New("")
		if err := s.Add("x", name, nil); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, s, http.MethodGet, "x").Header().Get("Content-Type"); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	f("a.woff2", "font/woff2")
	f("a.png", "image/png")
	f("a.webmanifest", "application/manifest+json")
	f("a.js", "text/javascript; charset=utf-8")
	f("a.json", "application/json")
	if err := files.New("").Add("x", "a.exe", nil); err == nil {
		t.Error("an unknown type is served")
	}
}

// HEAD, If-None-Match and Range are of both forms of a file, and of none that has but one.
func TestAskedInPart(t *testing.T) {
	s := newSet(t)
	const name = "assets/app-5KZQ3XYZ.js"
	tag := ask(t, s, http.MethodGet, name).Header().Get("ETag")
	f := func(method string, headers []string, code int, body, encoding string) *httptest.ResponseRecorder {
		t.Helper()
		got := ask(t, s, method, name, headers...)
		if got.Code != code || got.Body.String() != body || got.Header().Get("Content-Encoding") != encoding || got.Header().Get("ETag") != tag {
			t.Errorf("%s %q: got %d %q %v", method, headers, got.Code, got.Body, got.Header())
		}
		return got
	}
	if got := f(http.MethodHead, []string{"Accept-Encoding", "br"}, http.StatusOK, "", "br").Header(); got.Get("Content-Length") != strconv.Itoa(len(packed)) {
		t.Errorf("HEAD: got length %q", got.Get("Content-Length"))
	}
	f(http.MethodHead, nil, http.StatusOK, "", "")
	f(http.MethodGet, []string{"Accept-Encoding", "br", "If-None-Match", tag}, http.StatusNotModified, "", "")
	f(http.MethodGet, []string{"If-None-Match", tag}, http.StatusNotModified, "", "")
	f(http.MethodGet, []string{"Accept-Encoding", "br", "If-None-Match", `"other"`}, http.StatusOK, packed, "br")
	f(http.MethodGet, []string{"Accept-Encoding", "br", "Range", "bytes=0-5"}, http.StatusPartialContent, plain[:6], "")
	f(http.MethodGet, []string{"Range", "bytes=-4"}, http.StatusPartialContent, plain[len(plain)-4:], "")
	if got := ask(t, s, http.MethodGet, name, "Accept-Encoding", "br", "Range", "bytes=900-"); got.Code != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond the end: got %d", got.Code)
	}
	if got := ask(t, s, http.MethodGet, "assets/alone.js", "Accept-Encoding", "br"); got.Header().Get("Vary") != "" || got.Body.String() != plain {
		t.Errorf("without a twin: got %v", got.Header())
	}
}

// Behind the handler that packs everything nothing is packed twice, and Vary is said once.
func TestNothingIsPackedTwice(t *testing.T) {
	s := files.New("")
	long := make([]byte, 8<<10)
	for _, err := range []error{s.Add("both.js", "both.js", long), s.Pack("both.js", long[:4<<10]), s.Add("one.js", "one.js", long)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	all := gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, r.URL.Path[1:]) }))
	f := func(name, accepted, want string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+name, nil)
		r.Header.Set("Accept-Encoding", accepted)
		rec := httptest.NewRecorder()
		all.ServeHTTP(rec, r)
		if got := rec.Header()["Content-Encoding"]; !slices.Equal(got, []string{want}) || !slices.Equal(rec.Header()["Vary"], []string{"Accept-Encoding"}) {
			t.Errorf("%s in %q: got %v", name, accepted, rec.Header())
		}
	}
	f("both.js", "gzip, br", "br")
	f("both.js", "gzip", "gzip")
	f("one.js", "gzip, br", "gzip")
}

func TestWhatIsNotThereIsNotPackedOrKept(t *testing.T) {
	s := newSet(t)
	if s.Pack("gone.js", nil) == nil || s.Keep("gone.js", "") == nil {
		t.Error("a file that is not there was packed or kept")
	}
	if got := ask(t, s, http.MethodGet, "assets/app-5KZQ3XYZ.js.br"); got.Code != http.StatusNotFound {
		t.Errorf("got %d", got.Code)
	}
	if err := s.Keep("assets/alone.js", "public, max-age=300"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s, http.MethodGet, "assets/alone.js").Header().Get("Cache-Control"); got != "public, max-age=300" {
		t.Errorf("got %q", got)
	}
}
