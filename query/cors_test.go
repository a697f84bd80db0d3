package query_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// Every answer can be read by a page of another origin, whatever it is.
func TestCORS(t *testing.T) {
	w := counted(t)
	const origin = "https://comune.example.it"
	f := func(got reply, status int) {
		t.Helper()
		h := got.Header
		if got.StatusCode != status || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("got %d %v, want %d with Access-Control-Allow-Origin: *", got.StatusCode, h, status)
		}
		if exposed := h.Get("Access-Control-Expose-Headers"); status != http.StatusNoContent {
			for _, name := range []string{"ETag", "Retry-After", "X-Request-ID", "Content-Disposition"} {
				if !strings.Contains(exposed, name) {
					t.Errorf("exposed are %q, not %s", exposed, name)
				}
			}
		}
	}
	paths := []string{
		"/v1/stats", "/v1/ledger", "/v1/terminals/self/watermark", "/v1/registry/comuni", "/v1/registry/services",
		"/v1/registry/labels", "/openapi.yaml", "/status", "/", "/assets/app.js", "/nowhere",
	}
	for _, path := range paths {
		preflight := w.do(http.MethodOptions, path, "Origin", origin,
			"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization,if-none-match")
		f(preflight, http.StatusNoContent)
		for header, wants := range map[string]string{
			"Access-Control-Allow-Methods": "GET, HEAD, OPTIONS, POST", "Access-Control-Allow-Headers": "Authorization, If-None-Match, Accept, Content-Type, Last-Event-ID, Traceparent, Tracestate", "Access-Control-Max-Age": "86400",
		} {
			if got := preflight.Header.Get(header); got != wants {
				t.Errorf("%s: got %s %q, want %q", path, header, got, wants)
			}
		}
	}
	ok := w.get(week, "Origin", origin)
	f(ok, http.StatusOK)
	f(w.get(week, "Origin", origin, "If-None-Match", ok.Header.Get("ETag")), http.StatusNotModified)
	f(w.get(week), http.StatusOK) // A cache may keep it for readers of any origin.
	f(w.get("/v1/stats", "Origin", origin), http.StatusBadRequest)
	f(w.get("/v1/terminals/self/watermark", "Origin", origin), http.StatusUnauthorized)
	f(w.get("/nowhere", "Origin", origin), http.StatusNotFound)
	f(w.get("/v1//stats", "Origin", origin), http.StatusTemporaryRedirect)
	f(w.do(http.MethodPost, "/v1/stats", "Origin", origin), http.StatusMethodNotAllowed)
	f(w.get("/openapi.yaml", "Origin", origin), http.StatusOK)
	f(w.get("/", "Origin", origin), http.StatusOK)
	w.memory.storeErr = errors.New("gone")
	f(w.get(week, "Origin", origin), http.StatusServiceUnavailable)
	w.memory.storeErr = panicking{}
	f(w.get(week, "Origin", origin), http.StatusInternalServerError)
}

// A cache must not give JSON to who asked for CSV.
func TestVary(t *testing.T) {
	w := counted(t)
	tag := w.get(week).Header.Get("ETag")
	for _, got := range []reply{w.get(week), w.get(week, "If-None-Match", tag), w.get(week + "&format=csv")} {
		vary := strings.Join(got.Header.Values("Vary"), ", ")
		if !strings.Contains(vary, "Accept-Encoding") || !strings.Contains(vary+",", "Accept,") {
			t.Errorf("%d: got Vary %q, want Accept and Accept-Encoding", got.StatusCode, vary)
		}
	}
}
