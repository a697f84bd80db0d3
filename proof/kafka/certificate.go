package kafka

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

const (
	certificateFile = "ca.pem"       // For clients: the certificate.
	keystoreFile    = "keystore.pem" // For the broker: its key and the certificate.
)

// certificateDays is longer than any test, and short enough to be worth nothing.
const certificateDays = 30

// writeCertificate makes a certificate for 127.0.0.1 and so many days, signed by itself, and
// writes it into ca, and with its key into each of the brokers' folders.
func writeCertificate(ca string, brokerDirs []string, days int) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "mlf test broker"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(0, 0, days),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:              []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return fmt.Errorf("make certificate: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keystore := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), certificate...)
	if err := os.WriteFile(ca, certificate, 0o600); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	for _, dir := range brokerDirs {
		if err := os.WriteFile(filepath.Join(dir, keystoreFile), keystore, 0o600); err != nil {
			return fmt.Errorf("write key: %w", err)
		}
	}
	return nil
}
