package store_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/proof/authority"
	"mlf/schema"
)

// TestAuthoritiesAreAskedByEachConnection: by the driver, by columns, and when tables
// are made.
func TestAuthoritiesAreAskedByEachConnection(t *testing.T) {
	server := engine(t)
	ours, others := authority.New(t, time.Now().Add(time.Hour)), authority.New(t, time.Now().Add(time.Hour))
	certificate, err := tls.X509KeyPair(ours.Issue(t, "clickhouse", time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	addr := balanceOn(t, tls.NewListener(loopback(t), &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}), server.Addr)
	var trusted atomic.Pointer[x509.CertPool]
	cfg := store.Config{DSN: strings.Replace(server.DSN(), server.Addr(), addr, 1) + "?secure=true", RootCAs: trusted.Load}
	trusted.Store(ours.Pool())
	if err := store.Apply(t.Context(), cfg, schema.Identity{Log: schema.LogID{1}, Partitions: 1, Rules: schema.RulesV2}); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, cfg)
	byColumns := func() error {
		_, err := s.Segments(t.Context())
		return err
	}
	for range 2 {
		if err := errors.Join(s.Ping(t.Context()), byColumns()); err != nil {
			t.Fatal(err)
		}
		trusted.Store(others.Pool())
		for _, err := range []error{store.Check(t.Context(), cfg), store.Migrate(t.Context(), cfg), byColumns()} {
			var refused *tls.CertificateVerificationError
			if !errors.As(err, &refused) {
				t.Errorf("an authority that is not trusted: got %v", err)
			}
		}
		trusted.Store(ours.Pool())
	}
}
