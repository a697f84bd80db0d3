package reference_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mlf/query/reference"
)

func TestServes(t *testing.T) {
	page, err := reference.New()
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		rec := httptest.NewRecorder()
		page.ServeHTTP(rec, r)
		return rec
	}
	f := func(path, contentType, holds string) {
		t.Helper()
		got := get(path)
		if got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), contentType) || !strings.Contains(got.Body.String(), holds) {
			t.Errorf("%s: got %d %q, %d bytes, want %q in it", path, got.Code, got.Header().Get("Content-Type"), got.Body.Len(), holds)
		}
		if policy := got.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: got policy %q", path, policy)
		}
		if again := get(path, "If-None-Match", got.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s: got %d for a file already there, want 304", path, again.Code)
		}
	}
	f("/docs/", "text/html", "openapi.yaml")
	f("/docs/reference.js", "text/javascript", "SwaggerUIBundle")
	f("/docs/swagger-ui-bundle.js", "text/javascript", "SwaggerUIBundle")
	f("/docs/swagger-ui.css", "text/css", ".swagger-ui")
	for _, path := range []string{"/docs/index.html", "/docs/reference.go", "/docs/../reference.go", "/docs/swagger-ui.js"} {
		if got := get(path).Code; got != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got)
		}
	}
}
