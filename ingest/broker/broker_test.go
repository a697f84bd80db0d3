package broker_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"mlf/ingest/broker"
	"mlf/ingest/broker/brokertest"
	"mlf/ingest/broker/embedded"
	"mlf/proof/authority"
	"mlf/proof/series"
	"mlf/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func startEmbedded(t testing.TB) string {
	t.Helper()
	b, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b.Addr()
}

// TestEncryptedAndAuthenticated runs the suite over TLS, logged in by SCRAM.
func TestEncryptedAndAuthenticated(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Endpoint {
		return brokertest.Endpoint{Config: startSecured(t)}
	})
}

func TestWrongCredentials(t *testing.T) {
	good := startSecured(t)
	f := func(name string, change func(*broker.Config)) {
		t.Helper()
		cfg := good
		change(&cfg)
		client := newClient(t, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := client.Partitions(ctx); err == nil || errors.Is(err, broker.ErrNoTopic) || ctx.Err() != nil {
			t.Errorf("%s: got %v: want another error, soon", name, err)
		}
	}
	f("wrong password", func(c *broker.Config) { c.SASLPassword = password("wrong") })
	f("unknown user", func(c *broker.Config) { c.SASLUser = "nobody" })
	f("no password", func(c *broker.Config) { c.SASLPassword = func() (string, error) { return "", os.ErrNotExist } })
	f("no login", func(c *broker.Config) { c.SASLUser, c.SASLPassword, c.SASLMechanism = "", nil, "" })
	f("no TLS", func(c *broker.Config) { c.TLS = nil })
	f("unknown authority", func(c *broker.Config) { c.TLS = trusting(nil) })
	f("nothing wrong but SHA-256", func(c *broker.Config) { c.SASLMechanism = broker.MechanismScramSHA256 })
	plain := good
	plain.SASLMechanism, plain.SASLUser, plain.SASLPassword = broker.MechanismPlain, "plain", password("too")
	for _, cfg := range []broker.Config{good, plain} {
		if err := newClient(t, cfg).Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// startSecured starts a broker that wants TLS and SCRAM-SHA-512.
func startSecured(t *testing.T) broker.Config {
	t.Helper()
	signer := authority.New(t, time.Now().AddDate(0, 1, 0))
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "mlf", "secret"), kfake.Superuser("PLAIN", "plain", "too"),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{*signer.Pair(t, "broker", time.Now().AddDate(0, 1, 0))}, MinVersion: tls.VersionTLS12}),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return broker.Config{Brokers: cluster.ListenAddrs(), TLS: trusting(signer.Pool()), SASLUser: "mlf", SASLPassword: password("secret")}
}

// trusting returns the settings of a client that trusts roots; nil: the system's.
func trusting(roots *x509.CertPool) func() *tls.Config {
	return func() *tls.Config { return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12} }
}

func password(text string) func() (string, error) {
	return func() (string, error) { return text, nil }
}

func newClient(t testing.TB, cfg broker.Config) *broker.Client {
	t.Helper()
	metrics := prometheus.NewRegistry()
	client, err := broker.New(cfg, broker.Telemetry{Registerer: metrics})
	if err != nil {
		t.Fatal(err)
	}
	series.Complete(t, metrics, nil)
	t.Cleanup(client.Close)
	return client
}

// TestForeignProducer reads what another producer has put on the votes topic,
// compressed: it must not stop a worker.
func TestForeignProducer(t *testing.T) {
	addr := startEmbedded(t)
	client := newClient(t, broker.Config{Brokers: []string{addr}})
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	transport := new(kafka.Transport)
	defer transport.CloseIdleConnections()
	foreign := &kafka.Client{Addr: kafka.TCP(addr), Transport: transport, Timeout: 5 * time.Second}
	all := []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd}
	for _, compression := range all {
		res, err := foreign.Produce(t.Context(), &kafka.ProduceRequest{
			Topic: schema.VotesTopic, RequiredAcks: kafka.RequireAll, Compression: compression,
			Records: kafka.NewRecordReader(
				kafka.Record{Key: kafka.NewBytes([]byte("k")), Value: kafka.NewBytes([]byte(strings.Repeat("foreign ", 1000)))},
				kafka.Record{Headers: []kafka.Header{{Key: "h"}}},
			),
		})
		if err != nil || res.Error != nil {
			t.Fatal(err, res)
		}
	}
	f, err := client.NewConsumer().Fetch(t.Context(), 0, 0)
	if err != nil || len(f.Records) != 2*len(all) {
		t.Fatalf("got %d records, %v: want %d", len(f.Records), err, 2*len(all))
	}
	for i, r := range f.Records {
		if i%2 == 0 && (string(r.Key) != "k" || len(r.Value) != 8000) || i%2 == 1 && (r.Key != nil || r.Value != nil) {
			t.Errorf("record %d: got key %q and %d bytes", i, r.Key, len(r.Value))
		}
	}
}

// TestGroupCommit: what arrives while a batch is under way shares the next.
func TestGroupCommit(t *testing.T) {
	registry := prometheus.NewRegistry()
	client, err := broker.New(broker.Config{Brokers: []string{startEmbedded(t)}}, broker.Telemetry{Registerer: registry})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	p, stop := runProducer(t, client)
	const n = 1000
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := p.Append(t.Context(), 0, []byte("x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	stop()
	records, batches := histogram(t, registry, "mlf_kafka_produce_batch_records")
	if records != n+1 || batches > n/10 {
		t.Errorf("got %v records in %d batches: want %d in at most %d", records, batches, n+1, n/10)
	}
}

func histogram(t *testing.T, registry *prometheus.Registry, name string) (sum float64, count uint64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			h := f.GetMetric()[0].GetHistogram()
			return h.GetSampleSum(), h.GetSampleCount()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0, 0
}

// runProducer returns a producer for one partition that runs until stop.
func runProducer(t testing.TB, client *broker.Client) (p *broker.Producer, stop func()) {
	t.Helper()
	p = client.NewProducer(1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	for p.Append(ctx, 0, []byte("x")) != nil {
		time.Sleep(time.Millisecond) //nolint:forbidigo // Run opens the producer within moments.
	}
	return p, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkAppend has 256 callers append records of 300 bytes: about a request of
// 50 votes each.
func BenchmarkAppend(b *testing.B) {
	client := newClient(b, broker.Config{Brokers: []string{startEmbedded(b)}})
	if _, err := client.CreateTopics(b.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		b.Fatal(err)
	}
	p, stop := runProducer(b, client)
	defer stop()
	record := make([]byte, 300)
	b.SetParallelism(128)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := p.Append(b.Context(), 0, record); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
