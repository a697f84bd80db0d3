package broker_test

import (
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"mlf/ingest/broker"
	"mlf/ingest/broker/brokertest"
	"mlf/proof/kafka"
	"mlf/schema"
)

// TestKafka runs the suite against one broker of Apache Kafka.
func TestKafka(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Endpoint {
		cluster := startKafka(t, kafka.Config{Brokers: 1})
		return brokertest.Endpoint{
			Config:     broker.Config{Brokers: cluster.Addrs()},
			AppendTime: true,
			Restart:    func(t *testing.T) { killAndStart(t, cluster, 0) },
		}
	})
}

// TestKafkaOfThree runs the suite against three brokers that replicate, each of
// which dies and comes back once.
func TestKafkaOfThree(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Endpoint {
		cluster := startKafka(t, kafka.Config{Brokers: 3})
		return brokertest.Endpoint{
			Config:     broker.Config{Brokers: cluster.Addrs()},
			Replicas:   3,
			AppendTime: true,
			Restart: func(t *testing.T) {
				for i := range cluster.Addrs() {
					killAndStart(t, cluster, i)
				}
			},
		}
	})
}

// TestKafkaSecured runs the suite over TLS, logged in by SCRAM.
func TestKafkaSecured(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) brokertest.Endpoint {
		cluster := startKafka(t, kafka.Config{Brokers: 1, SASL: true, TLS: true})
		return brokertest.Endpoint{
			Config: broker.Config{
				Brokers: cluster.Addrs(), TLS: trusting(poolOf(t, cluster.CA())),
				SASLUser: kafka.User, SASLPassword: password(kafka.Password), SASLMechanism: broker.MechanismScramSHA256,
			},
			AppendTime: true,
			Restart:    func(t *testing.T) { killAndStart(t, cluster, 0) },
		}
	})
}

// TestKafkaWithoutALeader: one partition of three has none any more. Where the others
// end is told all the same.
func TestKafkaWithoutALeader(t *testing.T) {
	cluster := startKafka(t, kafka.Config{Brokers: 3})
	client := newClient(t, broker.Config{Brokers: cluster.Addrs()})
	if _, err := client.Apply(t.Context(), broker.TopicsConfig{Partitions: 3, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Kill(2); err != nil {
		t.Fatal(err)
	}
	var ends []schema.Offset
	for began := time.Now(); !slices.Contains(ends, schema.OffsetUnknown); {
		var err error
		if ends, err = client.LogEnds(t.Context()); time.Since(began) > 30*time.Second {
			t.Fatalf("got log ends %v, %v: want one unknown", ends, err)
		}
	}
	slices.Sort(ends)
	if !slices.Equal(ends, []schema.Offset{schema.OffsetUnknown, 1, 1}) {
		t.Errorf("got log ends %v, want two and one unknown", ends)
	}
	if err := cluster.Restart(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
}

func poolOf(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatalf("%s: no authority: %v", file, err)
	}
	return pool
}

// TestKafkaHangingLeader pauses each of three brokers in turn: its connections
// stay open and nothing answers. Appends must go on with the next leader, and
// what was acknowledged must be on the log.
func TestKafkaHangingLeader(t *testing.T) {
	cluster := startKafka(t, kafka.Config{Brokers: 3})
	client := newClient(t, broker.Config{Brokers: cluster.Addrs()})
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	p, stop := runProducer(t, client)
	acked := make(map[string]bool)
	for i := range cluster.Addrs() {
		if err := cluster.Pause(i); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for n, inARow := 0, 0; inARow < 100; n++ {
			record := fmt.Sprintf("%d/%d", i, n)
			if err := p.Append(t.Context(), 0, []byte(record)); err != nil {
				t.Logf("broker %d, after %v: %v", i, time.Since(began), err)
				inARow = 0
				continue
			}
			acked[record] = true
			inARow++
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("broker %d: appends worked again after %v: want less than 20s", i, took)
		}
		t.Logf("broker %d: 100 appends in a row after %v", i, time.Since(began))
		if err := cluster.Resume(i); err != nil {
			t.Fatal(err)
		}
		awaitInSync(t, cluster, client)
	}
	stop()
	consumer := client.NewConsumer()
	for at := schema.Offset(0); len(acked) > 0; {
		f, err := consumer.Fetch(t.Context(), 0, at)
		if err != nil {
			continue // A broker may still be coming back.
		}
		for _, r := range f.Records {
			delete(acked, string(r.Value))
			at = r.Offset + 1
		}
		if len(f.Records) == 0 && at == f.LogEnd && len(acked) > 0 {
			t.Fatalf("%d acknowledged records are not on the log", len(acked))
		}
	}
}

// awaitInSync waits until every broker says that all of them have every record of
// the votes topic: until then the loss of another one stops appends, as it should.
// Each is asked by itself: one that was paused still believes what was so before.
func awaitInSync(t *testing.T, cluster *kafka.Cluster, client *broker.Client) {
	t.Helper()
	saysSo := func(addr string) bool {
		transport := &kafkago.Transport{MetadataTTL: 100 * time.Millisecond}
		defer transport.CloseIdleConnections()
		asking := &kafkago.Client{Addr: kafkago.TCP(addr), Timeout: time.Second, Transport: transport}
		res, err := asking.Metadata(t.Context(), &kafkago.MetadataRequest{Topics: []string{schema.VotesTopic}})
		return err == nil && len(res.Topics[0].Partitions[0].Isr) == len(cluster.Addrs())
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		inSync := client.Ping(t.Context()) == nil
		for _, addr := range cluster.Addrs() {
			inSync = inSync && saysSo(addr)
		}
		if inSync {
			return
		}
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // Another process is waited for.
	}
	t.Fatal("replicas are not in sync after a minute")
}

func startKafka(t *testing.T, cfg kafka.Config) *kafka.Cluster {
	t.Helper()
	if os.Getenv("MLF_TEST_KAFKA") != "1" {
		t.Skip("set MLF_TEST_KAFKA=1 to run this against Apache Kafka: make test-kafka")
	}
	cluster, err := kafka.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	return cluster
}

func killAndStart(t *testing.T, cluster *kafka.Cluster, i int) {
	t.Helper()
	if err := cluster.Kill(i); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Restart(t.Context(), i); err != nil {
		t.Fatal(err)
	}
}
