package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"mlf/command/process"
)

// built is the build of these tests.
func built() process.Build { return process.Build{Version: "v1", Revision: "abc", Go: "go1"} }

// newAdmin returns a listener's service with checks and a registry of its own.
func newAdmin(checks ...process.Check) *process.Admin {
	return process.NewAdmin(process.NewRegistry(built()), slog.New(slog.DiscardHandler), nil, checks...)
}

// serve serves admin on loopback until the test ends.
func serve(t *testing.T, admin *process.Admin) (addr string) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- admin.Run(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// ask returns what the listener at addr answers.
func ask(t *testing.T, addr, path string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// served serves checks on loopback, and returns what /readyz says.
func served(t *testing.T, checks ...process.Check) (status int, report map[string]string) {
	t.Helper()
	status, body := ask(t, serve(t, newAdmin(checks...)), "/readyz")
	if err := json.Unmarshal([]byte(body), &report); err != nil {
		t.Fatal(err)
	}
	return status, report
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

// TestWhoDrainsIsNotReady: whatever else it can say.
func TestWhoDrainsIsNotReady(t *testing.T) {
	admin := newAdmin(process.Check{Name: "registry", Do: func(context.Context) error { return nil }})
	addr := serve(t, admin)
	f := func(wantStatus int, wantBody, wantMetric string) {
		t.Helper()
		if status, body := ask(t, addr, "/readyz"); status != wantStatus || body != wantBody+"\n" {
			t.Errorf("got %d %s, want %d %s", status, body, wantStatus, wantBody)
		}
		if _, metrics := ask(t, addr, "/metrics"); !strings.Contains(metrics, "\n"+wantMetric+"\n") {
			t.Errorf("no %q in %s", wantMetric, metrics)
		}
	}
	f(http.StatusOK, `{"registry":"ok"}`, "mlf_ready 1")
	admin.Drain()
	f(http.StatusServiceUnavailable, `{"drain":"draining: this process was asked to end","registry":"ok"}`, "mlf_ready 0")
}

// TestAdminIsNotForPages: on a machine with a browser every page can send requests
// to loopback, and one whose name leads there can read the answers.
func TestAdminIsNotForPages(t *testing.T) {
	addr := serve(t, newAdmin())
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

// TestAdminShowsWhatItIsGiven: as it is when it is asked, and nothing else.
func TestAdminShowsWhatItIsGiven(t *testing.T) {
	admin := newAdmin()
	n := 0
	addr := serve(t, admin)
	admin.Show("/shown", func() any { n++; return map[string]int{"n": n} })
	for want, path := range []string{"/other", "/shown", "/shown"} {
		status, body := ask(t, addr, path)
		if want == 0 && status != http.StatusNotFound || want > 0 && (status != http.StatusOK || body != fmt.Sprintf("{\"n\":%d}\n", want)) {
			t.Errorf("%s: got %d %s", path, status, body)
		}
	}
}
