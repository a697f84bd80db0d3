package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"mlf/command/process"
)

// serve serves checks on loopback until the test ends.
func serve(t *testing.T, checks ...process.Check) (addr string) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	admin := process.NewAdmin(process.NewRegistry("test"), slog.New(slog.DiscardHandler), checks...)
	go func() { ran <- admin.Run(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// served serves checks on loopback, and returns what /readyz says.
func served(t *testing.T, checks ...process.Check) (status int, report map[string]string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+serve(t, checks...)+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(json.NewDecoder(res.Body).Decode(&report), res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, report
}

// TestReadyBlamesOnlyWhoDoesNotAnswer: one neighbour is frozen, whether it looks
// at its context or not, and the other is sound.
func TestReadyBlamesOnlyWhoDoesNotAnswer(t *testing.T) {
	frozen := make(chan struct{})
	t.Cleanup(func() { close(frozen) })
	status, report := served(t,
		process.Check{Name: "log", Do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		process.Check{Name: "deaf", Do: func(context.Context) error { <-frozen; return nil }},
		process.Check{Name: "store", Do: func(ctx context.Context) error { return ctx.Err() }})
	if status != http.StatusServiceUnavailable {
		t.Errorf("status: got %d, want 503", status)
	}
	want := map[string]string{"log": "no answer in time: 800ms", "deaf": "no answer in time: 800ms", "store": "ok"}
	for name, said := range want {
		if report[name] != said {
			t.Errorf("%s: got %q, want %q", name, report[name], said)
		}
	}
}

func TestReadySaysWhatACheckSays(t *testing.T) {
	status, report := served(t,
		process.Check{Name: "clock", Do: func(context.Context) error { return errors.New("7 s away") }})
	if status != http.StatusServiceUnavailable || report["clock"] != "7 s away" {
		t.Errorf("got %d %v", status, report)
	}
	if status, report = served(t); status != http.StatusOK || len(report) != 0 {
		t.Errorf("without checks: got %d %v, want 200", status, report)
	}
}

// TestAdminIsNotForPages: on a machine with a browser every page can send requests
// to loopback, and one whose name leads there can read the answers.
func TestAdminIsNotForPages(t *testing.T) {
	addr := serve(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	f := func(want int, path, host string, header ...string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s, Host %q, %q: got %d, want %d", path, host, header, res.StatusCode, want)
		}
	}
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/debug/pprof/", "/debug/pprof/heap"} {
		for _, host := range []string{addr, "localhost:" + port, "LOCALHOST", "127.0.0.1", "[::1]:" + port, "10.1.2.3:9102"} {
			f(http.StatusOK, path, host)
		}
		f(http.StatusOK, path, addr, "Sec-Fetch-Site", "none") // Typed by a person.
		f(http.StatusOK, path, addr, "Sec-Fetch-Site", "same-origin")
		f(http.StatusForbidden, path, addr, "Sec-Fetch-Site", "cross-site")
		f(http.StatusForbidden, path, addr, "Origin", "https://example.org")
		f(http.StatusForbidden, path, addr, "Origin", "null")
		f(http.StatusForbidden, path, "rebound.example.org:"+port)
		f(http.StatusForbidden, path, "127.0.0.1.example.org")
	}
	f(http.StatusNotFound, "/debug/pprof/cmdline", addr)
}
