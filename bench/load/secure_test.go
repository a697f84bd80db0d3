package load_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"mlf/bench/load"
)

// A tlsServer counts how connections were made to it.
type tlsServer struct {
	addr          netip.AddrPort
	client        *tls.Config
	full, resumed atomic.Uint64
}

func serveTLS(t *testing.T, handler fasthttp.RequestHandler, tickets bool) *tlsServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mlf.test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	s := &tlsServer{client: &tls.Config{RootCAs: roots, ServerName: "mlf.test"}}
	s.addr = serveOn(t, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, SessionTicketsDisabled: !tickets,
		VerifyConnection: func(state tls.ConnectionState) error {
			if state.DidResume {
				s.resumed.Add(1)
			} else {
				s.full.Add(1)
			}
			return nil
		},
	}, handler)
	return s
}

func accepted(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(202) }

func TestClientsComeAsIsTheirCustom(t *testing.T) {
	const clients = 3
	for _, custom := range []load.Custom{load.Kept, load.Fresh, load.Resumed} {
		s := serveTLS(t, accepted, true)
		g, err := load.DialSecure(t.Context(), load.Config{Addr: s.addr, Connections: clients, Requests: [][]byte{request("x")}}, s.client, custom)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(g.Close)
		var asked uint64
		for range 2 { // A kept connection is used again.
			tally, err := g.Run(t.Context(), 0, 50*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if tally.Acked() < clients || len(tally.Answered) != 1 || tally.Lost > 0 || tally.Latencies.Count() != tally.Acked() {
				t.Errorf("custom %d: got %v answered, %d lost, %d latencies", custom, tally.Answered, tally.Lost, tally.Latencies.Count())
			}
			asked += tally.Acked()
		}
		want := map[load.Custom][2]uint64{load.Kept: {clients, 0}, load.Fresh: {clients + asked, 0}, load.Resumed: {clients, asked}}[custom]
		if got := [2]uint64{s.full.Load(), s.resumed.Load()}; got != want {
			t.Errorf("custom %d: got %v full and resumed handshakes, want %v", custom, got, want)
		}
	}
}

func TestASessionThatIsNotResumedIsLost(t *testing.T) {
	s := serveTLS(t, accepted, false)
	g, err := load.DialSecure(t.Context(), load.Config{Addr: s.addr, Connections: 1, Requests: [][]byte{request("x")}}, s.client, load.Resumed)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	tally, err := g.Run(t.Context(), 0, 50*time.Millisecond)
	if err != nil || tally.Acked() > 0 || tally.Lost == 0 {
		t.Errorf("got %v answered, %d lost, %v, want all lost", tally.Answered, tally.Lost, err)
	}
}

func TestSecureWithoutSettingsIsPlain(t *testing.T) {
	var n atomic.Uint64
	addr := serve(t, func(ctx *fasthttp.RequestCtx) {
		ctx.SetStatusCode(202)
		if n.Add(1)%3 == 0 {
			ctx.SetStatusCode(503)
			ctx.SetConnectionClose()
		}
	})
	g, err := load.DialSecure(t.Context(), load.Config{Addr: addr, Connections: 2, Requests: [][]byte{request("x")}}, nil, load.Kept)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	tally, err := g.Run(t.Context(), 0, 50*time.Millisecond)
	if err != nil || tally.Answered[202] == 0 || tally.Answered[503] == 0 || tally.Answered[202]+tally.Answered[503] != n.Load() {
		t.Errorf("server saw %d requests; got %v answered, %d lost, %v", n.Load(), tally.Answered, tally.Lost, err)
	}
	if _, err := g.Run(t.Context(), 1, time.Millisecond); err == nil || !strings.Contains(err.Error(), "closed loop") {
		t.Errorf("an open loop: got %v, want it refused", err)
	}
}
