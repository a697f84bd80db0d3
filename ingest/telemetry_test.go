package ingest_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"mlf/ingest"
	"mlf/schema"
)

// TestTelemetryMayBeLeftOut: a server that reports nowhere serves, and outlives
// what it would have logged.
func TestTelemetryMayBeLeftOut(t *testing.T) {
	d := &door{t: t, log: &logDouble{}, terminals: new(schema.Terminals)}
	server, err := ingest.New(d.log, d.terminals, ingest.Telemetry{}, ingest.Config{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	ln := &counter{conns: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx, ln) }()
	tm := d.enrol(nil)
	d.log.set(mood{panics: true})
	body := string(tm.request(green))
	m := &monologue{said: []byte(strings.ReplaceAll(tm.head(len(body))+"\n", "\n", "\r\n") + body), piece: 1 << 20, closed: make(chan struct{})}
	ln.conns <- m
	<-m.closed
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if got := m.heard.String(); !strings.HasPrefix(got, "HTTP/1.1 500 ") {
		t.Errorf("got %q, want 500 for a request that met a defect", got)
	}
}
