package pipeline_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/command"
	"mlf/proof/harness"
)

// TestACountryVotesOverTLS plays terminals over TLS, certificate checked.
func TestACountryVotesOverTLS(t *testing.T) {
	certFile, keyFile := certificate(t)
	u := harness.NewUp(t, "--tls-cert", certFile, "--tls-key", keyFile)
	u.Begin(t)
	sim := harness.Start(t, "simulate", "--ingest", "https://"+u.Ingest, "--query", "https://"+u.Query, "--kafka", u.Kafka,
		"--ca", certFile, "--terminals", "40", "--days", "1")
	if code := sim.Wait(2 * time.Minute); code != command.ExitDone {
		t.Errorf("simulation: exit code %d\n%s%s", code, harness.Tail(sim.Stdout()), harness.Tail(sim.Stderr()))
	}
	if status, _, err := harness.Get(t, "http://"+u.Query+"/v1/ledger"); err == nil && status < 400 {
		t.Errorf("plain HTTP on a TLS listener: got %d", status)
	}
}

// TestASessionResumesAtAnotherProcess: what a terminal agreed upon with mlf up holds
// at an ingest process beside it, which knows no more than the registry.
func TestASessionResumesAtAnotherProcess(t *testing.T) {
	certFile, keyFile := certificate(t)
	u := harness.NewUp(t, "--tls-cert", certFile, "--tls-key", keyFile)
	u.Begin(t)
	listen, admin := harness.FreeAddr(t), harness.FreeAddr(t)
	beside := harness.Start(t, "ingest", "--kafka", u.Kafka, "--listen", listen, "--admin", admin, "--tls-cert", certFile, "--tls-key", keyFile)
	harness.WaitReady(t, beside, admin)

	pem, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	settings := &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	for i, at := range []string{u.Ingest, listen, u.Ingest} {
		c, err := (&tls.Dialer{Config: settings}).DialContext(t.Context(), "tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: mlf\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(c) // The session comes with it.
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 404") {
			t.Errorf("%s: got %q, %v", at, answer, err)
		}
		if got, want := c.(*tls.Conn).ConnectionState().DidResume, i > 0; got != want {
			t.Errorf("connection %d, to %s: got resumed %v, want %v", i, at, got, want)
		}
		_ = c.Close()
	}
}

// certificate writes a self-signed certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", secret)
}
