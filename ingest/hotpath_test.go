package ingest_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/bench/workload"
	"mlf/ingest"
	"mlf/schema"
)

// A nullLog acknowledges everything at once.
type nullLog struct{}

func (nullLog) Append(context.Context, schema.Partition, []byte) error { return nil }
func (nullLog) Partitions() int                                        { return partitions }

// A repeater is a connection that says the same request so many times, each
// after the answer to the one before.
type repeater struct {
	net.Conn // nil: what is not below is not used.
	request  []byte
	at       int // In request.
	left     int
	refused  int
	closed   chan struct{}
	once     sync.Once
}

func (r *repeater) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.request[r.at:])
	if r.at += n; r.at == len(r.request) {
		r.at = 0
		r.left--
	}
	return n, nil
}

func (r *repeater) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(p, []byte("HTTP/1.1 202 ")) {
		r.refused++
	}
	return len(p), nil
}

func (r *repeater) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

func (r *repeater) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (r *repeater) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (r *repeater) SetDeadline(time.Time) error      { return nil }
func (r *repeater) SetReadDeadline(time.Time) error  { return nil }
func (r *repeater) SetWriteDeadline(time.Time) error { return nil }

// A counter is a listener whose connections the test hands over.
type counter struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (c *counter) Accept() (net.Conn, error) {
	select {
	case nc := <-c.conns:
		return nc, nil
	case <-c.closed:
		return nil, net.ErrClosed
	}
}

func (c *counter) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *counter) Addr() net.Addr { return &net.TCPAddr{} }

// serving runs a server and returns a function that has a connection say the
// same request n times.
func serving(tb testing.TB, form workload.Form, votes int) (serve func(n int)) {
	return servingFollowed(tb, form, votes, nil)
}

// servingFollowed is serving with somebody who follows requests.
func servingFollowed(tb testing.TB, form workload.Form, votes int, follow ingest.Follow) (serve func(n int)) {
	tb.Helper()
	d := &door{t: tb, terminals: new(schema.Terminals)}
	server, err := ingest.New(nullLog{}, d.terminals,
		ingest.Telemetry{Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Follow: follow}, ingest.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	tm := d.enrol(nil)
	sender := workload.Sender{Token: tm.token, Stream: tm.stream, Services: []string{"anagrafe", "tributi"}}
	request, err := sender.Request(form, votes, 1_000_000, 1)
	if err != nil {
		tb.Fatal(err)
	}
	ln := &counter{conns: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx, ln) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			tb.Error(err)
		}
	})
	return func(n int) {
		r := &repeater{request: request, left: n, closed: make(chan struct{})}
		ln.conns <- r
		<-r.closed
		if r.refused > 0 {
			tb.Fatalf("%d of %d requests were not answered %d", r.refused, n, http.StatusAccepted)
		}
	}
}

// forms are what terminals send, by name.
func forms() map[string]workload.Form {
	return map[string]workload.Form{"JSON": workload.JSON, "JSON+zstd": workload.JSONZstd, "protobuf": workload.Protobuf}
}

// TestARequestAllocatesLittle keeps what a request leaves to the collector small,
// and none of it per vote.
func TestARequestAllocatesLittle(t *testing.T) {
	const requests = 200
	for name, form := range forms() {
		for _, votes := range []int{1, 100, 1000} {
			serve := serving(t, form, votes)
			serve(requests) // Fills the pools.
			if got := testing.AllocsPerRun(3, func() { serve(requests) }) / requests; got > allocationsMax {
				t.Errorf("allocations for a request of %d votes, %s: got %.2f, want at most %v", votes, name, got, allocationsMax)
			}
		}
	}
}

// BenchmarkRequest is all of a request but the sockets and the log.
func BenchmarkRequest(b *testing.B) {
	for name, form := range forms() {
		for _, votes := range []int{1, 100, 1000} {
			b.Run(name+"/"+strconv.Itoa(votes), func(b *testing.B) {
				serve := serving(b, form, votes)
				b.ReportAllocs()
				b.ResetTimer()
				serve(b.N)
				b.ReportMetric(float64(votes)*float64(b.N)/b.Elapsed().Seconds(), "votes/s")
			})
		}
	}
}
