package query_test

import (
	"net/http"
	"testing"

	"mlf/query"
)

// A proxy that serves us under a path may hand its slash on, and gets an answer:
// sent elsewhere, its reader would leave the path.
func TestSlashesOfAProxy(t *testing.T) {
	w := newWorld(t, query.Config{})
	f := func(path string, want int) {
		t.Helper()
		if got := w.do(http.MethodGet, path); got.StatusCode != want || got.Header.Get("Location") != "" {
			t.Errorf("%s: got %d to %q, want %d", path, got.StatusCode, got.Header.Get("Location"), want)
		}
	}
	f("//", http.StatusOK)
	f("//accessibility", http.StatusOK)
	f("//assets/nothing.js", http.StatusNotFound)
	f("//v1/ledger", http.StatusOK)
	f("/trend?period=last-month&region=12", http.StatusOK)
	f("//place?comune=058091", http.StatusOK)
	f("/trend/", http.StatusNotFound) // What the page loads is not below it.
	f("/Trend", http.StatusNotFound)
	f("///v1/registry/labels", http.StatusOK)
	f("/messages/it.json", http.StatusNotFound)
	f("//elsewhere", http.StatusNotFound)
}
