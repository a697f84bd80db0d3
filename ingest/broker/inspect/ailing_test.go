package inspect_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"mlf/command/certificates"
	"mlf/ingest/broker"
	"mlf/proof/ailing"
	"mlf/proof/kafka"
	"mlf/schema"
	"mlf/schema/finding"
)

// TestKafkaOfAnotherTimeOnASmallDisk: a real broker that thinks it is three days ago,
// with a certificate that ends soon, on a disk that gets full.
func TestKafkaOfAnotherTimeOnASmallDisk(t *testing.T) {
	if os.Getenv("MLF_TEST_KAFKA") != "1" {
		t.Skip("set MLF_TEST_KAFKA=1 to run this against Apache Kafka: make test-kafka")
	}
	disk := ailing.NewDisk(t, "96m")
	t.Setenv("TMPDIR", disk.Dir)
	var cluster *kafka.Cluster
	ailing.Clock(t, -72*time.Hour, func() {
		var err error
		if cluster, err = kafka.Start(t.Context(), kafka.Config{TLS: true, CertificateDays: 10}); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(cluster.Stop)
	settings := connect(t, cluster.CA())
	p := newPatient(t, broker.Config{Brokers: cluster.Addrs(), TLS: func() *tls.Config { return settings }})
	certificate := certificates.CheckServer(cluster.Addrs()[0], func(ctx context.Context) (net.Conn, error) {
		return (&tls.Dialer{Config: settings}).DialContext(ctx, "tcp", cluster.Addrs()[0])
	}).Do(t.Context())
	p.has(certificate, "certificates", finding.Warn, cluster.Addrs()[0], "valid until")
	// Not all of schema apply: the registry takes nothing that is from the future to it.
	if err := p.client.MakeTopics(t.Context(), broker.TopicsConfig{Partitions: 2, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	p.until("kafka.disk", finding.OK, cluster.Addrs()[0], "no forecast") // There is no record to go by.
	if err := p.client.WriteGenesis(t.Context(), schema.NewLogID(), schema.RulesV2); err != nil {
		t.Fatal(err)
	}
	p.until("kafka.clock", finding.Fail, "", "its clock is -72h0m0")
	disk.Leave(0.10)
	p.until("kafka.disk", finding.Warn, cluster.Addrs()[0], "GB free")
	disk.Leave(0.01)
	p.until("kafka.disk", finding.Fail, cluster.Addrs()[0], "GB free")
	disk.Leave(0.5)
	for range 33 {
		value := make([]byte, 900_000)
		_, _ = rand.Read(value) // Never fails.
		if err := cluster.Append(t.Context(), schema.VotesTopic, 0, value); err != nil {
			t.Fatal(err)
		}
	}
	disk.Leave(0.40)
	p.until("kafka.disk", finding.Warn, cluster.Addrs()[0], "full in 4 days, if it grows on as in the 3 days before")
	disk.Leave(0.18)
	p.until("kafka.disk", finding.Fail, cluster.Addrs()[0], "full in 2 days")
	disk.Leave(0.5)

	ailing.Clock(t, 3*time.Second, func() {
		if err := errors.Join(cluster.Kill(0), cluster.Restart(t.Context(), 0)); err != nil {
			t.Fatal(err)
		}
	})
	p.until("kafka.clock", finding.Warn, "", "its clock is")
}

// connect returns how to speak to a broker by its certificate.
func connect(t *testing.T, file string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatal(file, err)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}
