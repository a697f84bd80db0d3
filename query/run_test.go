package query_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mlf/query"
)

// listen runs the server on a loopback port and returns its address and its end.
func listen(t *testing.T, w *world) (addr string, stop func() error) {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.server.Run(ctx, ln) }()
	return ln.Addr().String(), func() error { cancel(); return <-ended }
}

// Requests under way are answered, new ones refused, nothing is left running.
func TestRunDrains(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	w := newWorld(t, query.Config{})
	w.memory.block = make(chan struct{})
	addr, stop := listen(t, w)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	status := make(chan int, 1)
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+week, nil)
		resp, err := client.Do(r)
		if err != nil {
			status <- 0
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		status <- resp.StatusCode
	}()
	until(t, func() bool { w.memory.mu.Lock(); defer w.memory.mu.Unlock(); return len(w.memory.asked) == 1 })
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	until(t, func() bool {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(w.memory.block)
	if got := <-status; got != http.StatusOK {
		t.Errorf("got %d for the request under way, want 200", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A drain has an end, however long a request takes.
func TestRunCuts(t *testing.T) {
	w := newWorld(t, query.Config{DrainMax: 10 * time.Millisecond})
	w.memory.block = make(chan struct{})
	addr, stop := listen(t, w)
	gone := make(chan error, 1)
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+week, nil)
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		gone <- err
	}()
	until(t, func() bool { w.memory.mu.Lock(); defer w.memory.mu.Unlock(); return len(w.memory.asked) == 1 })
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := <-gone; err == nil {
		t.Error("the request was answered, want it cut")
	}
}

func TestRunTLS(t *testing.T) {
	borrowed := httptest.NewTLSServer(nil) // For its certificate.
	defer borrowed.Close()
	w := newWorld(t, query.Config{TLS: &tls.Config{Certificates: borrowed.TLS.Certificates, MinVersion: tls.VersionTLS12}})
	addr, stop := listen(t, w)
	client := borrowed.Client()
	client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+addr+"/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
		t.Errorf("got %d over %s, want 200 over HTTP/2", resp.StatusCode, resp.Proto)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A server that dismisses its peers answers all of them, the last time on the
// connection that they have.
func TestDismissedPeersComeBackOnNewConnections(t *testing.T) {
	borrowed := httptest.NewTLSServer(nil) // For its certificate.
	defer borrowed.Close()
	over := borrowed.Client()
	over.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	for scheme, c := range map[string]struct {
		client *http.Client
		tls    *tls.Config
	}{
		"http":  {&http.Client{Transport: new(http.Transport)}, nil},
		"https": {over, &tls.Config{Certificates: borrowed.TLS.Certificates, MinVersion: tls.VersionTLS12}},
	} {
		w := newWorld(t, query.Config{TLS: c.tls})
		addr, stop := listen(t, w)
		ask := func() (again bool) {
			t.Helper()
			trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { again = i.Reused }}
			r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, scheme+"://"+addr+"/status", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s: got %d, want 200", scheme, resp.StatusCode)
			}
			return again
		}
		if ask() || !ask() {
			t.Errorf("%s: a connection is not kept", scheme)
		}
		w.server.Dismiss()
		if !ask() {
			t.Errorf("%s: dismissed without an answer", scheme)
		}
		until(t, func() bool { return !ask() })
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("waited a minute in vain")
		}
	}
}
