package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificateDays is longer than any test, and short enough to be worth nothing.
const certificateDays = 30

// An identity is whom a certificate's holder is to the API server, by the names
// and groups that Kubernetes' own rules give rights to.
type identity struct{ file, name, group string }

// identities are all clients of the API server.
func identities() []identity {
	return []identity{
		{"admin", "admin", "system:masters"},
		{"kubelet", "system:node:" + nodeName, "system:nodes"},
		{"controller-manager", "system:kube-controller-manager", ""},
		{"scheduler", "system:kube-scheduler", ""},
		{"proxy", "system:kube-proxy", ""},
	}
}

// A pki is the cluster's authority, and the folder where its certificates are.
type pki struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newPKI makes every key and certificate of a cluster, and a kubeconfig for each
// identity.
func newPKI(dir string) error {
	p := &pki{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make folder of certificates: %w", err)
	}
	authority := template(pkix.Name{CommonName: "cluster"})
	authority.IsCA, authority.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	p.cert = authority // Signed by itself.
	if err := p.issue("ca", authority); err != nil {
		return err
	}
	server := template(pkix.Name{CommonName: "kube-apiserver"})
	server.IPAddresses = []net.IP{net.ParseIP(nodeAddr), net.ParseIP(apiServiceAddr)}
	server.DNSNames = []string{"kubernetes.default.svc"}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if err := p.issue("apiserver", server); err != nil {
		return err
	}
	for _, who := range identities() {
		if err := p.issueClient(who); err != nil {
			return err
		}
	}
	return p.writeAccountKeys()
}

// template is what all certificates have in common.
func template(subject pkix.Name) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject: subject, SerialNumber: big.NewInt(now.UnixNano()),
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, certificateDays),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
}

func (p *pki) issueClient(who identity) error {
	subject := pkix.Name{CommonName: who.name}
	if who.group != "" {
		subject.Organization = []string{who.group}
	}
	client := template(subject)
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if err := p.issue(who.file, client); err != nil {
		return err
	}
	return p.write(who.file+".kubeconfig", []byte(p.kubeconfig(who.file)))
}

// issue makes a key for cert, signs cert, and writes both. The first one that is
// issued is the authority's.
func (p *pki) issue(file string, cert *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make key of %s: %w", file, err)
	}
	if p.key == nil {
		p.key = key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, p.cert, &key.PublicKey, p.key)
	if err != nil {
		return fmt.Errorf("make certificate of %s: %w", file, err)
	}
	if err := p.write(file+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})); err != nil {
		return err
	}
	return p.writeKey(file+".key", key)
}

// writeAccountKeys makes what tokens of service accounts are signed and checked with.
func (p *pki) writeAccountKeys() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make key of service accounts: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("encode key of service accounts: %w", err)
	}
	if err := p.write("accounts.pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})); err != nil {
		return err
	}
	return p.writeKey("accounts.key", key)
}

func (p *pki) writeKey(file string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode %s: %w", file, err)
	}
	return p.write(file, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

func (p *pki) write(file string, data []byte) error {
	if err := os.WriteFile(p.path(file), data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

func (p *pki) path(file string) string { return filepath.Join(p.dir, file) }

// kubeconfig returns how who reaches the API server and proves to be who it is.
func (p *pki) kubeconfig(who string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: client, user: {client-certificate: %q, client-key: %q}}]
contexts: [{name: cluster, context: {cluster: cluster, user: client}}]
current-context: cluster
`, "https://"+apiAddr, p.path("ca.crt"), p.path(who+".crt"), p.path(who+".key"))
}
