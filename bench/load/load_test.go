package load_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"mlf/bench/load"
)

// serve answers with handler until the test ends.
func serve(t *testing.T, handler fasthttp.RequestHandler) netip.AddrPort {
	t.Helper()
	return serveOn(t, nil, handler)
}

// serveOn does so over TLS, unless settings are nil.
func serveOn(t *testing.T, settings *tls.Config, handler fasthttp.RequestHandler) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // Binding a port neither waits nor dials.
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddrPort(ln.Addr().String())
	if settings != nil {
		ln = tls.NewListener(ln, settings)
	}
	server := &fasthttp.Server{Handler: handler, MaxRequestBodySize: 1 << 20}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Shutdown(), <-done); err != nil {
			t.Error(err)
		}
	})
	return addr
}

func request(body string) []byte {
	var r fasthttp.Request
	r.Header.SetMethod("POST")
	r.SetRequestURI("/v1/votes")
	r.Header.SetHost("bench")
	r.SetBodyString(body)
	return []byte(r.String())
}

func dial(t *testing.T, cfg load.Config) *load.Generator {
	t.Helper()
	g, err := load.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func TestClosedLoopGetsAnAnswerToEveryRequest(t *testing.T) {
	var served atomic.Uint64
	addr := serve(t, func(ctx *fasthttp.RequestCtx) {
		served.Add(1)
		if len(ctx.PostBody()) != 300_000 {
			ctx.Error("short body", 400)
			return
		}
		ctx.SetStatusCode(202)
		ctx.SetBodyString(strings.Repeat("x", 100_000)) // More than one read, both ways.
	})
	g := dial(t, load.Config{Addr: addr, Connections: 8, Requests: [][]byte{request(strings.Repeat("y", 300_000))}})
	var sent uint64
	var tallies []*load.Tally
	for range 2 { // The connections are used again.
		tally, err := g.Run(t.Context(), 0, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		tallies = append(tallies, tally)
		if tally.Acked() < 8 || len(tally.Answered) != 1 || tally.Lost != 0 || tally.Latencies.Count() != tally.Acked() {
			t.Errorf("got %v answered, %d lost, %d latencies", tally.Answered, tally.Lost, tally.Latencies.Count())
		}
	}
	for _, tally := range tallies {
		sent += tally.Acked()
	}
	if got := served.Load(); got != sent {
		t.Errorf("server saw %d requests, generator had %d answers", got, sent)
	}
}

// TestOpenLoopCountsTheWaitForAConnection is what makes its latencies honest: a
// server that stops for a while delays all that was due meanwhile.
func TestOpenLoopCountsTheWaitForAConnection(t *testing.T) {
	const stop = 200 * time.Millisecond
	var first atomic.Bool
	addr := serve(t, func(ctx *fasthttp.RequestCtx) {
		if !first.Swap(true) {
			time.Sleep(stop) //nolint:forbidigo // A server that stops for a while is what is tested.
		}
		ctx.SetStatusCode(202)
	})
	g := dial(t, load.Config{Addr: addr, Connections: 1, Requests: [][]byte{request("x")}})
	tally, err := g.Run(t.Context(), 500, 400*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if n := tally.Acked(); n < 100 || n > 400 {
		t.Errorf("answers at 500 a second for 400 ms: got %d", n)
	}
	if got := tally.Latencies.Quantile(0.75); got < stop/8 {
		t.Errorf("a quarter waited less than %v: the wait for the connection is not counted", got)
	}
}

func TestAnswersOtherThan202AndCutConnectionsAreCounted(t *testing.T) {
	var n atomic.Uint64
	addr := serve(t, func(ctx *fasthttp.RequestCtx) {
		switch n.Add(1) % 3 {
		case 0:
			ctx.SetStatusCode(503)
			ctx.SetConnectionClose()
		case 1:
			ctx.HijackSetNoResponse(true)
			ctx.Hijack(func(net.Conn) {}) // Closes without an answer.
		default:
			ctx.SetStatusCode(202)
		}
	})
	g := dial(t, load.Config{Addr: addr, Connections: 4, Requests: [][]byte{request("x")}, Sources: []netip.Addr{
		netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3"),
	}})
	tally, err := g.Run(t.Context(), 3000, 300*time.Millisecond) // More than 4 connections bear: some must wait.
	if err != nil {
		t.Fatal(err)
	}
	answered := tally.Answered[202] + tally.Answered[503]
	if tally.Answered[202] == 0 || tally.Answered[503] == 0 || tally.Lost == 0 || answered+tally.Lost != n.Load() {
		t.Errorf("server saw %d requests; got %v answered, %d lost", n.Load(), tally.Answered, tally.Lost)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	addr := serve(t, func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(202) })
	g := dial(t, load.Config{Addr: addr, Connections: 2, Requests: [][]byte{request("x")}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := g.Run(ctx, 0, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's end", err)
	}
}

func TestDialTellsWhatItCannotReach(t *testing.T) {
	_, err := load.Dial(t.Context(), load.Config{Addr: netip.MustParseAddrPort("127.0.0.1:1"), Connections: 1})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("got %v, want an error with the address", err)
	}
}
