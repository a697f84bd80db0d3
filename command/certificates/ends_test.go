package certificates_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlf/command/certificates"
	"mlf/proof/authority"
	"mlf/schema/finding"
)

// TestWhenCertificatesEnd: in files, and as a server shows them.
func TestWhenCertificatesEnd(t *testing.T) {
	day := 24 * time.Hour
	a := authority.New(t, time.Now().Add(1000*day))
	r := newRig(t)
	f := func(check finding.Check, want finding.Status, says string) {
		t.Helper()
		got := check.Do(t.Context())[0]
		if got.Status != want || !strings.Contains(got.Says, says) || want != finding.OK && (got.Breaks == "" || got.Remedy == "") {
			t.Errorf("got %+v, want %s with %q", got, want, says)
		}
	}
	file := func(name string, left time.Duration) string {
		chain, _ := a.Issue(t, name, time.Now().Add(left))
		r.write(name, chain)
		return filepath.Join(r.dir, name)
	}
	f(certificates.CheckFile(file("well", 90*day)), finding.OK, "valid until")
	f(certificates.CheckFile(file("soon", 13*day)), finding.Warn, "valid until")
	f(certificates.CheckFile(file("ended", -time.Hour)), finding.Fail, "it ended at")
	f(certificates.CheckFile(r.file("none")), finding.Fail, "no such file")
	r.write("garbage", []byte("hello"))
	f(certificates.CheckFile(r.file("garbage")), finding.Fail, "no certificate")
	f(certificates.CheckFile(r.dir), finding.Warn, "not known")

	serve := func(left time.Duration) string {
		ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*a.Pair(t, "server", time.Now().Add(left))}, MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ln.Close() })
		go func() {
			for conn, err := ln.Accept(); err == nil; conn, err = ln.Accept() {
				go func(conn net.Conn) { _ = conn.(*tls.Conn).HandshakeContext(t.Context()); _ = conn.Close() }(conn)
			}
		}()
		return ln.Addr().String()
	}
	g := func(address string, trusted *x509.CertPool) finding.Check {
		return certificates.CheckServer(address, func(ctx context.Context) (net.Conn, error) {
			return (&tls.Dialer{Config: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", address)
		})
	}
	f(g(serve(90*day), a.Pool()), finding.OK, "valid until")
	f(g(serve(13*day), a.Pool()), finding.Warn, "valid until")
	f(g(serve(-time.Hour), a.Pool()), finding.Fail, "expired")
	f(g(serve(90*day), nil), finding.Fail, "unknown authority")
	f(g("127.0.0.1:1", a.Pool()), finding.Warn, "not known")
}
