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

// served serves checks on loopback, and returns what /readyz says.
func served(t *testing.T, checks ...process.Check) (status int, report map[string]string) {
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
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+ln.Addr().String()+"/readyz", nil)
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
