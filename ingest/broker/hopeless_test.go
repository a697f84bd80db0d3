package broker_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/ingest/broker"
	"mlf/schema"
)

// TestWrongCredentialsAreHopeless, and a broker that is away is not.
func TestWrongCredentialsAreHopeless(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "mlf", "right"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	refuse := false
	cluster.ControlKey(kmsg.SASLAuthenticate.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) { // kfake itself only hangs up.
		cluster.KeepControl()
		res := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		res.ErrorCode = int16(kafka.SASLAuthenticationFailed)
		return res, nil, refuse
	})
	f := func(addr string, want bool) {
		t.Helper()
		client, err := broker.New(broker.Config{Brokers: []string{addr}, SASLUser: "mlf", SASLPassword: password("right")}, broker.Telemetry{})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := client.Partitions(ctx); err == nil || broker.Hopeless(err) != want {
			t.Errorf("%s: %v: want hopeless %v", addr, err, want)
		}
	}
	f(cluster.ListenAddrs()[0], false) // The topic is missing.
	refuse = true
	f(cluster.ListenAddrs()[0], true)
	f("127.0.0.1:1", false)
}

func TestHopeless(t *testing.T) {
	f := func(err error, want bool) {
		t.Helper()
		if got := broker.Hopeless(fmt.Errorf("look up topic: %w", err)); got != want {
			t.Errorf("%v: got hopeless %v, want %v", err, got, want)
		}
	}
	f(broker.ErrNoTopic, false)
	f(broker.ErrNoGenesis, false)
	f(context.DeadlineExceeded, false)
	f(kafka.LeaderNotAvailable, false)
	f(kafka.InvalidReplicationFactor, false) // Too few brokers are up yet.
	f(kafka.TopicAuthorizationFailed, true)
	f(schema.ErrUndecodable, true)
}

// TestBrokersThatAreToComeAreCounted: topics made while a cluster is being started
// must not have fewer replicas for it.
func TestBrokersThatAreToComeAreCounted(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	client, err := broker.New(broker.Config{Brokers: []string{cluster.ListenAddrs()[0], "127.0.0.1:1"}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	created, err := client.CreateTopics(t.Context(), broker.TopicsConfig{})
	if !errors.Is(err, kafka.InvalidReplicationFactor) || broker.Hopeless(err) || len(created) > 0 {
		t.Errorf("one of two brokers is up: got %v, %v: want %v, which waiting mends", created, err, kafka.InvalidReplicationFactor)
	}
}
