// Package authority signs certificates for tests: of listeners on loopback, of
// brokers and of their clients, as long-lived as a test wants them.
//
// It knows X.509 and PEM, and nothing of mlf. Only tests import it.
package authority

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// An Authority signs certificates.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// New returns an authority that is trusted until a time.
func New(t testing.TB, until time.Time) *Authority {
	t.Helper()
	a := &Authority{key: newKey(t)}
	template := template(t, "authority", until)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	a.certificate = sign(t, template, template, a.key, a.key)
	return a
}

// PEM returns the authority's own certificate.
func (a *Authority) PEM() []byte { return block("CERTIFICATE", a.certificate.Raw) }

// Pool returns the authority as the only one that is trusted.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Issue returns a chain of two, the authority's certificate last, and its key, for a
// server on 127.0.0.1, which may be called name as well, or for a client.
func (a *Authority) Issue(t testing.TB, name string, until time.Time) (chain, key []byte) {
	t.Helper()
	own := newKey(t)
	template := template(t, name, until)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost", name}
	certificate := sign(t, template, a.certificate, own, a.key)
	secret, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{block("CERTIFICATE", certificate.Raw), a.PEM()}, nil), block("PRIVATE KEY", secret)
}

// Pair is Issue for crypto/tls.
func (a *Authority) Pair(t testing.TB, name string, until time.Time) *tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(a.Issue(t, name, until))
	if err != nil {
		t.Fatal(err)
	}
	return &pair
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func template(t testing.TB, name string, until time.Time) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: until.AddDate(-10, 0, 0), NotAfter: until}
}

func sign(t testing.TB, template, parent *x509.Certificate, of, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, of.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
