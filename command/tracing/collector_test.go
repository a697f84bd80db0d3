package tracing

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestWhatACollectorMayAnswer: what is no success is none, and is asked for once.
func TestWhatACollectorMayAnswer(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20x")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1") // The flag holds.
	var asked []string
	answer := func(http.ResponseWriter) {}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		answer(w)
	}))
	defer server.Close()
	f := func(with func(w http.ResponseWriter), want string) {
		t.Helper()
		asked, answer = nil, with
		u := client(server.URL + "/v1/traces")
		got := ""
		if err := u.UploadTraces(t.Context(), nil); err != nil {
			got = err.Error()
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) || len(asked) != 1 || asked[0] != "POST /v1/traces Bearer x" {
			t.Errorf("got %q after %v, want %q", got, asked, want)
		}
	}
	status := func(code int) func(http.ResponseWriter) { return func(w http.ResponseWriter) { w.WriteHeader(code) } }
	f(status(http.StatusOK), "")
	f(status(http.StatusAccepted), "")
	f(status(http.StatusBadRequest), "400 Bad Request")
	f(status(http.StatusServiceUnavailable), "retry-able request failure")
	f(func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, 128<<10)) }, "")
}

// TestAFollowedAnswerIsLikeOthers to who writes it: deadlines, flushes, the status.
func TestAFollowedAnswerIsLikeOthers(t *testing.T) {
	f := func(write func(w http.ResponseWriter), want int) {
		t.Helper()
		var got int
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			a := &answering{ResponseWriter: w}
			write(a)
			got = a.status
		}))
		defer server.Close()
		req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		err = res.Body.Close()
		server.Close() // Waits for the handler.
		if err != nil || res.StatusCode != want || got != want {
			t.Errorf("answered %d, noted %d, want %d: %v", res.StatusCode, got, want, err)
		}
	}
	f(func(w http.ResponseWriter) {
		if _, ok := w.(http.Flusher); !ok {
			t.Error("it cannot be flushed")
		}
		conn := http.NewResponseController(w)
		if err := conn.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte("a"))
		if err := conn.Flush(); err != nil {
			t.Error(err)
		}
	}, http.StatusOK)
	f(func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotModified) }, http.StatusNotModified)
	f(func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusNotFound)
	}, http.StatusNotFound)
}
