package certificates_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/command/certificates"
	"mlf/proof/authority"
)

// A rig is a keeper, and a folder for the files that it looks at.
type rig struct {
	*certificates.Keeper
	t       *testing.T
	dir     string
	metrics *prometheus.Registry
	logged  bytes.Buffer
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, dir: t.TempDir(), metrics: prometheus.NewRegistry()}
	r.Keeper = certificates.New(certificates.Telemetry{Registerer: r.metrics, Logger: slog.New(slog.NewTextHandler(&r.logged, nil))})
	return r
}

func (r *rig) file(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) write(name string, text []byte) {
	r.t.Helper()
	if err := os.WriteFile(r.file(name), text, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) remove(name string) {
	r.t.Helper()
	if err := os.Remove(r.file(name)); err != nil {
		r.t.Fatal(err)
	}
}

// says holds what the metrics tell of a name.
func (r *rig) says(name string, until time.Time, errors int) {
	r.t.Helper()
	want := fmt.Sprintf("[%d %d]", until.Unix(), errors)
	families, err := r.metrics.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	got := make([]int64, 2)
	for i, metric := range []string{"mlf_tls_certificate_not_after_timestamp_seconds", "mlf_tls_reload_errors_total"} {
		for _, f := range families {
			if f.GetName() == metric && len(f.GetMetric()) == 1 && f.GetMetric()[0].GetLabel()[0].GetValue() == name {
				got[i] = int64(f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue())
			}
		}
	}
	if fmt.Sprint(got) != want {
		r.t.Errorf("%s: got the end and the errors %v, want %s", name, got, want)
	}
}

func summer() time.Time { return time.Date(2030, 7, 1, 0, 0, 0, 0, time.UTC) }
func winter() time.Time { return time.Date(2030, 12, 1, 0, 0, 0, 0, time.UTC) }

// served returns the name of the certificate that a server with p shows, over a
// real handshake.
func served(t *testing.T, p *certificates.Pair, trusted *x509.CertPool) string {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- tls.Server(server, &tls.Config{GetCertificate: p.ForClient, MinVersion: tls.VersionTLS12}).HandshakeContext(t.Context())
	}()
	c := tls.Client(client, &tls.Config{RootCAs: trusted, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12})
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// TestAPairIsReplaced: by each way in which files are replaced, and by none in
// which they only seem to be.
func TestAPairIsReplaced(t *testing.T) {
	a := authority.New(t, winter())
	oldChain, oldKey := a.Issue(t, "old", summer())
	newChain, newKey := a.Issue(t, "new", winter().AddDate(0, -1, 0))
	endedChain, endedKey := a.Issue(t, "ended", time.Now().Add(-time.Hour))
	for name, replace := range map[string]func(r *rig) (bad int){
		"both at once": func(r *rig) int {
			r.write("cert", newChain)
			r.write("key", newKey)
			return 0
		},
		"certificate first, key later": func(r *rig) int {
			r.write("cert", newChain)
			return 1
		},
		"key first, certificate later": func(r *rig) int {
			r.write("key", newKey)
			return 1
		},
		"the chain is half written: its first certificate is whole": func(r *rig) int {
			r.write("key", newKey)
			r.write("cert", newChain[:len(newChain)-50])
			return 1
		},
		"the key is half written": func(r *rig) int {
			r.write("cert", newChain)
			r.write("key", newKey[:len(newKey)/2])
			return 1
		},
		"emptied": func(r *rig) int {
			r.write("cert", nil)
			return 1
		},
		"garbage": func(r *rig) int {
			r.write("cert", []byte("\x00\xff<html>"))
			r.write("key", []byte("-----BEGIN PRIVATE KEY-----\n"))
			return 1
		},
		"it has ended already": func(r *rig) int {
			r.write("cert", endedChain)
			r.write("key", endedKey)
			return 1
		},
		"the certificate is gone": func(r *rig) int {
			r.remove("cert")
			return 1
		},
		"both are gone": func(r *rig) int {
			r.remove("cert")
			r.remove("key")
			return 1
		},
		"no change": func(*rig) int { return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.write("cert", oldChain)
			r.write("key", oldKey)
			p, err := r.Pair("listener", r.file("cert"), r.file("key"))
			if err != nil {
				t.Fatal(err)
			}
			r.says("listener", summer(), 0)
			bad := replace(r)
			for range 3 { // Three looks: each is counted, the first is logged.
				r.Look()
			}
			want, until := "new", winter().AddDate(0, -1, 0)
			if bad > 0 || name == "no change" {
				want, until = "old", summer()
			}
			if got := served(t, p, a.Pool()); got != want {
				t.Errorf("got certificate %q, want %q", got, want)
			}
			r.says("listener", until, 3*bad)
			if got := strings.Count(r.logged.String(), "certificates not replaced"); got != bad {
				t.Errorf("%d log lines, want %d:\n%s", got, bad, &r.logged)
			}
			r.write("cert", newChain)
			r.write("key", newKey)
			r.Look()
			if got := served(t, p, a.Pool()); got != "new" {
				t.Errorf("in the end: got certificate %q, want \"new\"", got)
			}
			r.says("listener", winter().AddDate(0, -1, 0), 3*bad)
		})
	}
}

// TestASecretIsTurned: kubelet keeps a Secret in a folder, and replaces it by
// turning a link, the files' own names and times being what they were.
func TestASecretIsTurned(t *testing.T) {
	r := newRig(t)
	a := authority.New(t, winter())
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, version := range []string{"v1", "v2"} {
		if err := os.Mkdir(r.file(version), 0o700); err != nil {
			t.Fatal(err)
		}
		chain, key := a.Issue(t, version, summer())
		for name, text := range map[string][]byte{"tls.crt": chain, "tls.key": key} {
			r.write(filepath.Join(version, name), text)
			if err := os.Chtimes(r.file(filepath.Join(version, name)), at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	turn := func(version string) {
		t.Helper()
		if err := os.Symlink(version, r.file("..new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(r.file("..new"), r.file("..data")); err != nil {
			t.Fatal(err)
		}
	}
	turn("v1")
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.Symlink(filepath.Join("..data", name), r.file(name)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := r.Pair("listener", r.file("tls.crt"), r.file("tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"v2", "v1", "v1", "v2"} {
		turn(version)
		r.Look()
		if got := served(t, p, a.Pool()); got != version {
			t.Errorf("got certificate %q, want %q", got, version)
		}
	}
	r.says("listener", summer(), 0)
}

// TestACertificateWaitsForItsTime: one that was written too early is taken when its
// time has come, though its files have not changed.
func TestACertificateWaitsForItsTime(t *testing.T) {
	r := newRig(t)
	a := authority.New(t, winter().AddDate(20, 0, 0))
	write := func(name string, until time.Time) {
		chain, key := a.Issue(t, name, until)
		r.write("cert", chain)
		r.write("key", key)
	}
	write("old", summer())
	p, err := r.Pair("listener", r.file("cert"), r.file("key"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // It begins in 2000, ten years before the certificate's end.
		write("early", time.Date(2010, 1, 1, 0, 1, 0, 0, time.UTC))
		r.Look()
		if got := commonName(t, p); got != "old" {
			t.Errorf("before its time: got certificate %q, want \"old\"", got)
		}
		time.Sleep(2 * time.Minute) //nolint:forbidigo // By the clock of the bubble.
		r.Look()
		if got := commonName(t, p); got != "early" {
			t.Errorf("in its time: got certificate %q, want \"early\"", got)
		}
	})
	if n := strings.Count(r.logged.String(), "certificates not replaced"); n != 1 {
		t.Errorf("%d log lines, want 1", n)
	}
}

func commonName(t *testing.T, p *certificates.Pair) string {
	t.Helper()
	pair, err := p.ForClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf.Subject.CommonName
}

func TestAuthoritiesAreReplaced(t *testing.T) {
	r := newRig(t)
	first, second := authority.New(t, summer()), authority.New(t, winter())
	r.write("ca", first.PEM())
	a, err := r.Authorities("kafka_ca", r.file("ca"))
	if err != nil {
		t.Fatal(err)
	}
	f := func(text []byte, until time.Time, errors int, trusted ...*authority.Authority) {
		t.Helper()
		r.write("ca", text)
		r.Look()
		r.says("kafka_ca", until, errors)
		want := x509.NewCertPool()
		for _, one := range trusted {
			want.AppendCertsFromPEM(one.PEM())
		}
		if !a.Pool().Equal(want) {
			t.Errorf("others are trusted than those of %d authorities", len(trusted))
		}
	}
	both := append(first.PEM(), second.PEM()...)
	f(first.PEM(), summer(), 0, first)
	f(both, summer(), 0, first, second) // The end of the first is near.
	f(both[:len(both)-100], summer(), 1, first, second)
	f(nil, summer(), 2, first, second)
	f(second.PEM(), winter(), 2, second)
}

// TestWhatCannotBeUsedAtTheStartIsAnError that names the file.
func TestWhatCannotBeUsedAtTheStartIsAnError(t *testing.T) {
	r := newRig(t)
	chain, key := authority.New(t, winter()).Issue(t, "a", summer())
	_, other := authority.New(t, winter()).Issue(t, "b", summer())
	r.write("cert", chain)
	r.write("key", key)
	r.write("other", other)
	r.write("text", []byte("text"))
	f := func(certFile, keyFile, want string) {
		t.Helper()
		if _, err := r.Pair("listener", r.file(certFile), r.file(keyFile)); err == nil || !strings.Contains(err.Error(), r.file(want)) {
			t.Errorf("%s with %s: got %v, want an error that names %s", certFile, keyFile, err, want)
		}
	}
	f("none", "key", "none")
	f("cert", "none", "none")
	f("cert", "other", "other")
	f("text", "key", "text")
	f("key", "cert", "key")
	for _, file := range []string{"none", "text", "key"} {
		if _, err := r.Authorities("kafka_ca", r.file(file)); err == nil || !strings.Contains(err.Error(), r.file(file)) {
			t.Errorf("%s: got %v, want an error that names it", file, err)
		}
	}
}

func TestRunLooksEveryFewSeconds(t *testing.T) {
	r := newRig(t)
	a := authority.New(t, winter())
	r.write("ca", a.PEM())
	authorities, err := r.Authorities("kafka_ca", r.file("ca"))
	if err != nil {
		t.Fatal(err)
	}
	other := authority.New(t, winter())
	r.write("ca", other.PEM())
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Fatal(err)
		}
	})
	if !authorities.Pool().Equal(other.Pool()) {
		t.Error("after 6 s the file was not looked at")
	}
}
