package departure

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Whatever its length, an answer comes whole over a line, and the next one behind it:
// over HTTP/1 with and without TLS, and over HTTP/2, where nothing is held.
func TestAnswersComeWholeOverALine(t *testing.T) {
	d := New()
	serve := func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.URL.Query().Get("n"), &n)
		b := &Body{head: bytes.Repeat([]byte("h"), n/10), plain: bytes.Repeat([]byte("p"), n-n/10), bytes: n}
		if err := d.Send(w, r, "tag", b); err != nil {
			t.Error(err)
		}
	}
	f := func(start func(*httptest.Server), proto string) {
		t.Helper()
		s := httptest.NewUnstartedServer(http.HandlerFunc(serve))
		s.Listener, s.Config.ConnContext = Lines(s.Listener), OnLine
		start(s)
		defer s.Close()
		client := s.Client()
		for _, n := range []int{0, 1, 1000, 2047, 2048, 2049, 3800, 3900, 4000, 4095, 4096, 4097, 8192, 12_000, 100_000, 5} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprint(s.URL, "/?n=", n), nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			want := append(bytes.Repeat([]byte("h"), n/10), bytes.Repeat([]byte("p"), n-n/10)...)
			if err != nil || !bytes.Equal(got, want) || res.Proto != proto {
				t.Errorf("%s, %d bytes: got %d, %v", res.Proto, n, len(got), err)
			}
		}
	}
	f((*httptest.Server).Start, "HTTP/1.1")
	f((*httptest.Server).StartTLS, "HTTP/1.1")
	f(func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }, "HTTP/2.0")
}

// What is held leaves with what comes behind it, and at the latest when it is let go.
func TestALineHoldsOnePiece(t *testing.T) {
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	reader, err := new(net.Dialer).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	c, err := Lines(ln).Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	l := c.(*line)
	write := func(n int) {
		if got, err := l.Write(bytes.Repeat([]byte{byte(n)}, n)); got != n || err != nil {
			t.Errorf("write %d: %d, %v", n, got, err)
		}
	}
	read := func(sizes ...int) {
		for _, n := range sizes {
			got := make([]byte, n)
			if _, err := io.ReadFull(reader, got); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{byte(n)}, n)) {
				t.Errorf("read %d: %v", n, err)
			}
		}
	}
	write(10)
	read(10)
	release := hold(httptest.NewRequestWithContext(OnLine(t.Context(), l), http.MethodGet, "/", nil))
	write(heldMax)
	if len(l.held) != heldMax {
		t.Errorf("%d bytes are held, want %d", len(l.held), heldMax)
	}
	write(5000)
	read(heldMax, 5000)
	write(20)
	release(func() error { write(21); return nil })
	read(20, 21)
	write(30)
	read(30)
}
