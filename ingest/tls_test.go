package ingest_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"mlf/ingest"
	"mlf/proof/authority"
	"mlf/schema"
)

// A fleet is processes that take votes over TLS with one certificate.
type fleet struct {
	certificate tls.Certificate
	roots       *x509.CertPool
	days        atomic.Int64 // Since clock.
}

func newFleet(t *testing.T) *fleet {
	f := new(fleet)
	f.certificate, f.roots = selfSigned(t)
	return f
}

func (f *fleet) now() time.Time { return clock.AddDate(0, 0, int(f.days.Load())) }

// open opens a door, with a ticket secret unless it is nil.
func (f *fleet) open(t *testing.T, s *schema.TicketSecret, cfg ingest.Config) *door {
	t.Helper()
	cfg.Now = f.now
	cfg.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &f.certificate, nil }}
	d := open(t, cfg)
	if s != nil {
		d.apply(s.RegistryRecord())
	}
	return d
}

// terminal returns the settings of a terminal that keeps its last session.
func (f *fleet) terminal() *tls.Config {
	return &tls.Config{RootCAs: f.roots, ServerName: "mlf.test", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
}

// vote sends a vote of tm on a connection of its own, wants 202, and returns how
// the connection was made.
func (d *door) vote(settings *tls.Config, tm *terminal) tls.ConnectionState {
	d.t.Helper()
	state, err := d.tryVote(settings, tm)
	if err != nil {
		d.t.Fatal(err)
	}
	return state
}

func (d *door) tryVote(settings *tls.Config, tm *terminal) (tls.ConnectionState, error) {
	c, err := (&tls.Dialer{Config: settings}).DialContext(d.t.Context(), "tcp", d.addr)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	secure := c.(*tls.Conn)
	defer func() { _ = secure.Close() }()
	w := &wire{d.t, secure, nil}
	body := string(tm.request(green))
	head := strings.ReplaceAll(tm.head(len(body))+"Connection: close\n\n", "\n", "\r\n")
	if _, err := io.WriteString(w.Conn, head+body); err != nil {
		return tls.ConnectionState{}, err
	}
	text, err := io.ReadAll(secure)
	if err == nil && !bytes.HasPrefix(text, []byte("HTTP/1.1 202 ")) {
		err = errors.New(string(text))
	}
	return secure.ConnectionState(), err
}

func newSecret() *schema.TicketSecret {
	s := schema.NewTicketSecret(clock)
	return &s
}

func TestASessionResumesAtEveryProcess(t *testing.T) {
	f, secret := newFleet(t), newSecret()
	a, b, apart := f.open(t, secret, ingest.Config{}), f.open(t, secret, ingest.Config{}), f.open(t, nil, ingest.Config{})
	terminals := map[*door]*terminal{a: a.enrol(nil), b: b.enrol(nil), apart: apart.enrol(nil)}
	settings := f.terminal()
	for i, step := range []struct {
		door   *door
		resume bool
	}{{a, false}, {a, true}, {b, true}, {a, true}, {apart, false}, {apart, true}, {b, false}} {
		if got := step.door.vote(settings, terminals[step.door]); got.DidResume != step.resume || got.Version != tls.VersionTLS13 {
			t.Errorf("step %d: got resumed %v, version %x, want %v and TLS 1.3", i, got.DidResume, got.Version, step.resume)
		}
	}
	want := `
# HELP mlf_ingest_tls_handshakes_total TLS connections made, by kind. resumed costs a fraction of full. Many full: terminals do not keep their sessions, or mlf schema apply has not made a ticket secret.
# TYPE mlf_ingest_tls_handshakes_total counter
mlf_ingest_tls_handshakes_total{kind="full"} 1
mlf_ingest_tls_handshakes_total{kind="resumed"} 2
`
	if err := testutil.GatherAndCompare(a.metrics, strings.NewReader(want), "mlf_ingest_tls_handshakes_total"); err != nil {
		t.Error(err)
	}
}

func TestATicketIsGoodForThreeDays(t *testing.T) {
	f := newFleet(t)
	a, b := f.open(t, newSecret(), ingest.Config{}), f.open(t, nil, ingest.Config{})
	b.apply(a.terminals.TicketSecret().RegistryRecord())
	ta, tb := a.enrol(nil), b.enrol(nil)
	// Each terminal comes on the first day, and then once more.
	later := make([]*tls.Config, 6)
	for i := range later {
		later[i] = f.terminal()
		a.vote(later[i], ta)
	}
	for day, settings := range later {
		f.days.Store(int64(day))
		if got, want := b.vote(settings, tb).DidResume, day < schema.TicketKeys; got != want {
			t.Errorf("a ticket %d days old: got resumed %v, want %v", day, got, want)
		}
	}
	// A terminal that comes every day goes on resuming: it gets a ticket each time.
	settings := f.terminal()
	a.vote(settings, ta)
	for day := range 10 {
		f.days.Add(1)
		if !b.vote(settings, tb).DidResume {
			t.Errorf("day %d: got a full handshake, want the session of the day before resumed", day)
		}
	}
	f.days.Store(-3) // A clock set back.
	if b.vote(settings, tb).DidResume {
		t.Error("a key of the future was accepted")
	}
}

func TestAnotherSecretEndsTheSessions(t *testing.T) {
	f := newFleet(t)
	d := f.open(t, newSecret(), ingest.Config{})
	tm, settings := d.enrol(nil), f.terminal()
	d.vote(settings, tm)
	d.apply(newSecret().RegistryRecord())
	if d.vote(settings, tm).DidResume {
		t.Error("a ticket of the old secret was accepted")
	}
	if !d.vote(settings, tm).DidResume {
		t.Error("a ticket of the new secret was not")
	}
}

func TestKeysChangeWhileConnectionsCome(t *testing.T) {
	f := newFleet(t)
	d := f.open(t, nil, ingest.Config{})
	tm := d.enrol(nil)
	stop := make(chan struct{})
	var voting sync.WaitGroup
	var votes atomic.Int64
	for range 4 {
		voting.Go(func() {
			for settings := f.terminal(); ; votes.Add(1) {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := d.tryVote(settings, tm); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 20 {
		if i%4 == 0 {
			d.apply(newSecret().RegistryRecord())
		}
		f.days.Add(1)
		seen := votes.Load()
		eventually(t, "votes with these keys", func() bool { return votes.Load() > seen+4 || t.Failed() })
	}
	close(stop)
	voting.Wait()
}

// TestACertificateIsReplaced: connections and sessions that there are go on, those
// who come anew see the other one.
func TestACertificateIsReplaced(t *testing.T) {
	until := time.Now().AddDate(0, 1, 0)
	a := authority.New(t, until)
	var current atomic.Pointer[tls.Certificate]
	current.Store(a.Pair(t, "old", until))
	cfg := ingest.Config{TLS: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current.Load(), nil }}}
	d := open(t, cfg)
	d.apply(newSecret().RegistryRecord())
	tm := d.enrol(nil)
	terminal := func() *tls.Config {
		return &tls.Config{RootCAs: a.Pool(), ServerName: "127.0.0.1", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	}
	f := func(settings *tls.Config, name string, resumed bool) {
		t.Helper()
		got := d.vote(settings, tm)
		if shown := got.PeerCertificates[0].Subject.CommonName; shown != name || got.DidResume != resumed {
			t.Errorf("got certificate %q, resumed %v, want %q, %v", shown, got.DidResume, name, resumed)
		}
	}
	early := terminal()
	f(early, "old", false)
	kept, err := (&tls.Dialer{Config: terminal()}).DialContext(t.Context(), "tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = kept.Close() }()
	current.Store(a.Pair(t, "new", until))
	f(early, "old", true)
	f(terminal(), "new", false)
	twelve := terminal()
	twelve.MaxVersion = tls.VersionTLS12
	f(twelve, "new", false)
	f(twelve, "new", true)
	if _, err := io.WriteString(kept, "GET / HTTP/1.1\r\nHost: mlf\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(kept); err != nil || !bytes.HasPrefix(text, []byte("HTTP/1.1 404 ")) {
		t.Errorf("a connection from before: got %q, %v", text, err)
	}
}

// TLS 1.2 resumes without a new key exchange: whoever had the key of a ticket could
// read what was recorded of its session. So that key leaves no process.
func TestTicketsOfTLS12AreNotShared(t *testing.T) {
	f, secret := newFleet(t), newSecret()
	a, b := f.open(t, secret, ingest.Config{}), f.open(t, secret, ingest.Config{})
	ta, tb, settings := a.enrol(nil), b.enrol(nil), f.terminal()
	settings.MaxVersion = tls.VersionTLS12
	a.vote(settings, ta)
	if got := a.vote(settings, ta); !got.DidResume || got.Version != tls.VersionTLS12 {
		t.Errorf("at the same process: got resumed %v, version %x", got.DidResume, got.Version)
	}
	if b.vote(settings, tb).DidResume {
		t.Error("resumed at another process")
	}
}

func TestKeyExchange(t *testing.T) {
	fl := newFleet(t)
	f := func(exchange ingest.KeyExchange, offered, full, resumed, stale tls.CurveID) {
		t.Helper()
		fl.days.Store(0)
		d := fl.open(t, newSecret(), ingest.Config{KeyExchange: exchange})
		tm, settings := d.enrol(nil), fl.terminal()
		if offered != 0 {
			settings.CurvePreferences = []tls.CurveID{offered}
		}
		if got := d.vote(settings, tm); got.CurveID != full || got.DidResume {
			t.Errorf("%q, full: got %v, resumed %v, want %v", exchange, got.CurveID, got.DidResume, full)
		}
		for range 2 {
			if got := d.vote(settings, tm); got.CurveID != resumed || !got.DidResume {
				t.Errorf("%q, resumed: got %v, resumed %v, want %v", exchange, got.CurveID, got.DidResume, resumed)
			}
		}
		fl.days.Store(7)
		if got := d.vote(settings, tm); got.CurveID != stale || got.DidResume {
			t.Errorf("%q, with a ticket of last week: got %v, resumed %v, want %v", exchange, got.CurveID, got.DidResume, stale)
		}
	}
	const hybrid, classical = tls.X25519MLKEM768, tls.X25519
	f("", 0, hybrid, classical, hybrid)
	f(ingest.KeyExchangeAuto, 0, hybrid, classical, hybrid)
	f(ingest.KeyExchangeHybrid, 0, hybrid, hybrid, hybrid)
	f(ingest.KeyExchangeClassical, 0, classical, classical, classical)
	for _, exchange := range []ingest.KeyExchange{ingest.KeyExchangeAuto, ingest.KeyExchangeHybrid, ingest.KeyExchangeClassical} {
		f(exchange, tls.CurveP256, tls.CurveP256, tls.CurveP256, tls.CurveP256) // What terminals cannot do is not asked of them.
	}
	f(ingest.KeyExchangeAuto, hybrid, hybrid, hybrid, hybrid)
}

func TestADearCertificateIsWarnedOf(t *testing.T) {
	fl := newFleet(t)
	f := func(key crypto.Signer, err error, want string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		fl.certificate, fl.roots = selfSignedBy(t, key)
		d := fl.open(t, newSecret(), ingest.Config{})
		d.vote(fl.terminal(), d.enrol(nil))
		d.stop()
		if log := d.logged.String(); strings.Contains(log, "ECDSA P-256") != (want != "") || !strings.Contains(log, want) {
			t.Errorf("want a warning of %q in\n%s", want, log)
		}
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	f(p256, err, "")
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	f(p384, err, `key="ECDSA P-384"`)
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	f(rsa2048, err, `key="RSA of 2048 bits"`)
}

// A peer that is slow to shake hands is ended like one that is slow to ask.
func TestSlowHandshakesAreEnded(t *testing.T) {
	f := newFleet(t)
	d := f.open(t, newSecret(), ingest.Config{ReadMax: 50 * time.Millisecond})
	for _, sent := range []string{"", "\x16", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("x", 100)} {
		w := d.dial()
		if _, err := io.WriteString(w.Conn, sent); err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(w.Reader); err != nil || len(text) > 7 { // An alert at most.
			t.Errorf("%q: got %q, %v, want the connection closed", sent, text, err)
		}
	}
	eventually(t, "nothing is open", func() bool { return d.gauge("mlf_ingest_connections") == 0 })
}

func TestPlainHTTPOnATLSListener(t *testing.T) {
	f := newFleet(t)
	d := f.open(t, newSecret(), ingest.Config{})
	w := d.dial()
	w.say("POST /v1/votes HTTP/1.1\nHost: mlf\nContent-Length: 0\n\n")
	if resp, err := http.ReadResponse(w.Reader, nil); err == nil {
		_ = resp.Body.Close()
		t.Errorf("got %d over plain HTTP, want no answer of HTTP", resp.StatusCode)
	}
}
