package hello

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"testing"
	"time"
)

// A recording has said all that it will, and keeps what it is told.
type recording struct {
	net.Conn // nil: what is not below is not used.
	said     io.Reader
	told     bytes.Buffer
}

func (r *recording) Read(p []byte) (int, error)       { return r.said.Read(p) }
func (r *recording) Write(p []byte) (int, error)      { return r.told.Write(p) }
func (r *recording) Close() error                     { return nil }
func (r *recording) SetWriteDeadline(time.Time) error { return nil }

// certificate returns a certificate for nobody, which is not checked here.
func certificate(f *testing.F) []tls.Certificate {
	f.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		f.Fatal(err)
	}
	return []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}
}

// session returns the cache of a terminal that has a session with a server.
func session(f *testing.F, server *tls.Config) tls.ClientSessionCache {
	f.Helper()
	cache := tls.NewLRUClientSessionCache(1)
	a, b := net.Pipe()
	served := make(chan error, 1)
	go func() {
		_, err := tls.Server(a, server).Write([]byte("x")) // The ticket comes before it.
		served <- err
	}()
	_, err := tls.Client(b, &tls.Config{InsecureSkipVerify: true, ServerName: "mlf.test", ClientSessionCache: cache}).Read(make([]byte, 1))
	if err := errors.Join(err, <-served, a.Close(), b.Close()); err != nil {
		f.Fatal(err)
	}
	return cache
}

// errFound ends a handshake once it has shown what was wanted of it.
var errFound = errors.New("the ticket was found")

// FuzzHello: Read finds the ticket that crypto/tls finds first, and no other.
// In TLS 1.2, to which crypto/tls goes where no versions are said, tickets are
// elsewhere.
func FuzzHello(f *testing.F) {
	server := &tls.Config{Certificates: certificate(f)}
	groups := []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
	p256, hybrid := []tls.CurveID{tls.CurveP256}, []tls.CurveID{tls.X25519MLKEM768}
	for _, c := range []struct {
		settings          *tls.Config
		ticket, classical bool
	}{
		{&tls.Config{}, false, true},
		{&tls.Config{ClientSessionCache: session(f, server)}, true, true},
		{&tls.Config{ClientSessionCache: session(f, server), CurvePreferences: p256}, true, true},
		{&tls.Config{ClientSessionCache: session(f, server), CurvePreferences: hybrid}, true, false},
		{&tls.Config{MaxVersion: tls.VersionTLS12}, false, false},
	} {
		c.settings.InsecureSkipVerify, c.settings.ServerName = true, "mlf.test"
		terminal := &recording{said: bytes.NewReader(nil)}
		if err := tls.Client(terminal, c.settings).HandshakeContext(f.Context()); err == nil {
			f.Fatal("shook hands with nobody")
		}
		first := terminal.told.Bytes()
		if ticket, classical := Read(first, groups); (ticket != nil) != c.ticket || classical != c.classical {
			f.Errorf("%v: got a ticket of %d bytes, classical %v", c, len(ticket), classical)
		}
		f.Add(first)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		ticket, _ := Read(text, nil)
		settings := server.Clone()
		settings.UnwrapSession = func(found []byte, state tls.ConnectionState) (*tls.SessionState, error) {
			if state.Version == tls.VersionTLS13 && !bytes.Equal(found, ticket) && oneRecord(text) {
				t.Errorf("got ticket %x, crypto/tls found %x", ticket, found)
			}
			return nil, errFound
		}
		_ = tls.Server(&recording{said: bytes.NewReader(text)}, settings).HandshakeContext(t.Context()) // It cannot succeed.
	})
}

// oneRecord tells whether the first message is whole in the first record.
func oneRecord(text []byte) bool {
	record := tlsBytes(text[3:])
	message := record.vector(2)
	message.take(1)
	return message.vector(3) != nil
}
