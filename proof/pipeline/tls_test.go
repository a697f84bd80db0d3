package pipeline_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
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
