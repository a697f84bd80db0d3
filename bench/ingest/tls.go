package ingest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mlf/bench/load"
	"mlf/bench/measure"
	"mlf/bench/setup"
	"mlf/bench/workload"
	"mlf/query/client"
)

// The subjects of the workloads over TLS, besides mlf and an earlier one.
const (
	withRSA       = "mlf-rsa"
	withHybrid    = "mlf-hybrid"
	withClassical = "mlf-classical"
	withoutTLS    = "mlf-plain"
)

// A tlsWorkload is a way of coming to a service that speaks TLS.
type tlsWorkload struct {
	name     string
	title    string
	custom   load.Custom
	clients  int
	subjects []string
}

func tlsWorkloads() []tlsWorkload {
	return []tlsWorkload{
		{"tls-new", "1 JSON vote a request, a full handshake for each, 64 clients", load.Fresh, 64, []string{itself, withRSA, withClassical, withoutTLS}},
		{"tls-resumed", "1 JSON vote a request, a resumed session for each, 64 clients", load.Resumed, 64, []string{itself, withRSA, withHybrid, withClassical}},
		{"tls-kept", "1 JSON vote a request, 512 TLS connections", load.Kept, 512, []string{itself, withoutTLS}},
	}
}

// A tlsTurn is one workload with one subject.
type tlsTurn struct {
	workload tlsWorkload
	subject  string
}

// name is that of the turn while all of them take turns.
func (t tlsTurn) name() string { return t.workload.name + " " + t.subject }

// tlsTurns returns what is to be measured.
func (b *ingestBench) tlsTurns() []tlsTurn {
	var turns []tlsTurn
	for _, w := range tlsWorkloads() {
		if !slices.Contains(b.Workloads, w.name) {
			continue
		}
		for _, s := range w.subjects {
			if slices.Contains(b.Subjects, s) {
				turns = append(turns, tlsTurn{w, s})
			}
		}
		if b.Before != "" {
			turns = append(turns, tlsTurn{w, earlier})
		}
	}
	return turns
}

// measureTLS measures the workloads over TLS. All of them take turns, so that what
// a resumed session costs is a ratio to a full handshake of the same round.
func (b *ingestBench) measureTLS(ctx context.Context) ([]measure.Result, error) {
	turns := b.tlsTurns()
	if len(turns) == 0 {
		return nil, nil
	}
	c, err := newCertificates()
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(c.dir) }() // A rest of it harms nobody.
	requests, err := b.rig.requests(workload.JSON, 1)
	if err != nil {
		return nil, err
	}
	started := make(map[string]*ingestSubject)
	subjects := make([]measure.Subject, len(turns))
	for i, t := range turns {
		if started[t.subject] == nil {
			if started[t.subject], err = b.startTLS(ctx, t.subject, c); err != nil {
				return nil, err
			}
			defer setup.Stop(started[t.subject].process)
		}
		subjects[i] = measure.Subject{Name: t.name(), Run: func(ctx context.Context) (measure.Sample, error) {
			return b.runTLS(ctx, started[t.subject], t, c, requests)
		}}
	}
	results, err := measure.Interleave(ctx, "over TLS", b.Runs, subjects, func(round int, turn string) {
		fmt.Fprintf(b.parts.Stderr, "%s: round %d of %d\n", turn, round+1, b.Runs)
	})
	if err != nil {
		return nil, err
	}
	for i, t := range turns {
		nameAsWorkload(&results[i], t)
	}
	return results, nil
}

// nameAsWorkload names a result as those of other workloads are. It keeps the ratios
// to the workload's other subjects, and those to the same subject in others.
func nameAsWorkload(r *measure.Result, t tlsTurn) {
	r.Workload, r.Subject = t.workload.title, t.subject
	for i := range r.Figures {
		ratios := make(map[string]float64)
		for turn, ratio := range r.Figures[i].Ratios {
			w, subject, _ := strings.Cut(turn, " ")
			switch {
			case w == t.workload.name:
				ratios[subject] = ratio
			case subject == t.subject || subject == earlier:
				ratios[turn] = ratio
			}
		}
		r.Figures[i].Ratios = ratios
	}
}

// startTLS starts a subject with its certificate.
func (b *ingestBench) startTLS(ctx context.Context, subject string, c *certificates) (*ingestSubject, error) {
	name := itself
	flags := c.flags("ecdsa")
	switch subject {
	case withRSA:
		flags = c.flags("rsa")
	case withHybrid:
		flags = append(flags, "--tls-key-exchange", "hybrid")
	case withClassical:
		flags = append(flags, "--tls-key-exchange", "classical")
	case withoutTLS:
		flags = nil
	case earlier:
		name = earlier
	}
	return b.rig.start(ctx, name, flags...)
}

// runTLS measures one turn once.
func (b *ingestBench) runTLS(ctx context.Context, s *ingestSubject, t tlsTurn, c *certificates, requests [][]byte) (measure.Sample, error) {
	settings := &tls.Config{RootCAs: c.roots, ServerName: "127.0.0.1"}
	if t.subject == withoutTLS {
		settings = nil
	}
	var empty, idle float64
	w := ingestWorkload{title: t.workload.title, votes: 1, connections: t.workload.clients}
	w.dial = func(ctx context.Context, cfg load.Config) (generator, error) {
		var err error
		if t.workload.custom == load.Kept {
			if empty, err = s.held(ctx); err != nil {
				return nil, err
			}
		}
		g, err := load.DialSecure(ctx, cfg, settings, t.workload.custom)
		return idler{g, func() {
			if t.workload.custom == load.Kept {
				idle, err = s.held(ctx)
			}
		}}, err
	}
	sample, err := b.run(ctx, s, w, requests, 0)
	if err == nil && idle > 0 {
		sample = append(sample, measure.Value{Metric: "idle_connection_kib", Number: (idle - empty) / float64(w.connections) / 1024})
	}
	return sample, err
}

// An idler looks at the process before it closes the connections.
type idler struct {
	*load.Secure
	look func()
}

// Close closes the connections.
func (i idler) Close() {
	i.look()
	i.Secure.Close()
}

// held returns how many bytes the process holds after it has collected garbage, on
// the heap and in stacks.
func (s *ingestSubject) held(ctx context.Context) (float64, error) {
	for range 3 { // What is pooled goes at the second, and stacks shrink by half each time.
		if _, err := client.Get(ctx, nil, "http://"+s.admin+"/debug/pprof/heap?gc=1", ""); err != nil {
			return 0, err
		}
	}
	m, err := client.Metrics(ctx, nil, s.admin)
	return m["go_memstats_heap_alloc_bytes"] + m["go_memstats_stack_inuse_bytes"], err
}

// certificates are those of 127.0.0.1, by kind of key, in a folder.
type certificates struct {
	dir   string
	roots *x509.CertPool
}

func newCertificates() (*certificates, error) {
	dir, err := os.MkdirTemp("", "mlf-bench-tls-")
	if err != nil {
		return nil, fmt.Errorf("make folder for certificates: %w", err)
	}
	c := &certificates{dir: dir, roots: x509.NewCertPool()}
	p256, errP256 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rsa2048, errRSA := rsa.GenerateKey(rand.Reader, 2048)
	if err = errors.Join(errP256, errRSA); err == nil {
		err = errors.Join(c.add("ecdsa", p256), c.add("rsa", rsa2048))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make certificates: %w", err), os.RemoveAll(dir))
	}
	return c, nil
}

// add makes a certificate that key signs itself.
func (c *certificates) add(kind string, key crypto.Signer) error {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(0, 0, 7),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	c.roots.AppendCertsFromPEM(chain)
	return errors.Join(
		os.WriteFile(filepath.Join(c.dir, kind+".pem"), chain, 0o600),
		os.WriteFile(filepath.Join(c.dir, kind+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
	)
}

// flags are those of a stage that serves with the certificate.
func (c *certificates) flags(kind string) []string {
	return []string{"--tls-cert", filepath.Join(c.dir, kind+".pem"), "--tls-key", filepath.Join(c.dir, kind+".key")}
}
