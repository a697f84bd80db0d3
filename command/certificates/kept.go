package certificates

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync/atomic"
	"time"
)

// A Pair is a certificate chain with its key.
type Pair struct {
	current atomic.Pointer[tls.Certificate]
}

// Pair returns what the files have (PEM, the chain's leaf first), and goes on to
// keep it under a name, which is for people and metrics and must be the only one. It
// is an error if they cannot be used now. A certificate that has ended is taken where
// there is no other, and never in place of another; nor is one whose time is to come.
func (k *Keeper) Pair(name, certFile, keyFile string) (*Pair, error) {
	p := new(Pair)
	return p, k.keep(&kept{name: name, files: []string{certFile, keyFile}, take: func(texts [][]byte) (time.Time, error) {
		chain, err := certificatesIn(certFile, texts[0])
		if err != nil {
			return time.Time{}, err
		}
		pair, err := tls.X509KeyPair(texts[0], texts[1])
		if err != nil {
			return time.Time{}, fmt.Errorf("%s with %s: %w", certFile, keyFile, err)
		}
		if now := time.Now(); p.current.Load() != nil && (now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter)) {
			return time.Time{}, fmt.Errorf("%s: its time is from %v to %v", certFile, pair.Leaf.NotBefore, pair.Leaf.NotAfter)
		}
		p.current.Store(&pair)
		return earliestEnd(chain), nil
	}})
}

// ForClient is tls.Config's GetCertificate, for a server. It never fails.
func (p *Pair) ForClient(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return p.current.Load(), nil
}

// ForServer is tls.Config's GetClientCertificate, for a client. It never fails.
func (p *Pair) ForServer(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return p.current.Load(), nil
}

// Authorities are who may sign others' certificates.
type Authorities struct{ current atomic.Pointer[x509.CertPool] }

// Authorities returns those in a file (PEM), and goes on to keep them under a name,
// as Pair does.
func (k *Keeper) Authorities(name, file string) (*Authorities, error) {
	a := new(Authorities)
	return a, k.keep(&kept{name: name, files: []string{file}, take: func(texts [][]byte) (time.Time, error) {
		all, err := certificatesIn(file, texts[0])
		if err != nil {
			return time.Time{}, err
		}
		pool := x509.NewCertPool()
		for _, c := range all {
			pool.AddCert(c)
		}
		a.current.Store(pool)
		return earliestEnd(all), nil
	}})
}

// Pool returns them as they are now. It is for the next handshake: who keeps it
// keeps those.
func (a *Authorities) Pool() *x509.CertPool { return a.current.Load() }

// certificatesIn returns the certificates in a file. Those that this program cannot
// read are left out, as crypto/x509 does it; other blocks, as a key, may stand beside.
func certificatesIn(file string, text []byte) (all []*x509.Certificate, err error) {
	blocks := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		blocks++
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			all = append(all, c)
		}
	}
	if err := whole(file, text, blocks); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no certificate in it", file)
	}
	return all, nil
}

func earliestEnd(all []*x509.Certificate) time.Time {
	end := all[0].NotAfter
	for _, c := range all[1:] {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}
