package broker_test

import (
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"mlf/ingest/broker"
	kafkaproof "mlf/proof/kafka"
	"mlf/schema"
)

// TestAddedPartitions and TestKafkaAddedPartitions: somebody adds partitions to a
// topic that has a log. The log goes on as it was, also for those who set it up
// again, and the added ones are seen.
func TestAddedPartitions(t *testing.T) { addPartitions(t, []string{startEmbedded(t)}) }

func TestKafkaAddedPartitions(t *testing.T) {
	addPartitions(t, startKafka(t, kafkaproof.Config{Brokers: 1}).Addrs())
}

func addPartitions(t *testing.T, addrs []string) {
	client := newClient(t, broker.Config{Brokers: addrs})
	topics := broker.TopicsConfig{Partitions: 4, Replicas: 1}
	want, err := client.Apply(t.Context(), topics)
	if err != nil {
		t.Fatal(err)
	}
	transport := new(kafka.Transport)
	defer transport.CloseIdleConnections()
	admin := &kafka.Client{Addr: kafka.TCP(addrs...), Transport: transport, Timeout: 5 * time.Second}
	for topic, n := range map[string]int32{schema.VotesTopic: 7, schema.RegistryTopic: 3} {
		res, err := admin.CreatePartitions(t.Context(), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: topic, Count: n}}})
		if err != nil || res.Errors[topic] != nil {
			t.Fatal(err, res)
		}
	}
	for n := 0; n < 7; { // The client hears of them within moments.
		if n, err = client.Partitions(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	for _, c := range []*broker.Client{client, newClient(t, broker.Config{Brokers: addrs})} {
		if got, err := c.Apply(t.Context(), topics); err != nil || got != want {
			t.Errorf("applied again: got %+v, %v: want %+v", got, err, want)
		}
		if n, err := c.LogPartitions(t.Context()); err != nil || n != 4 {
			t.Errorf("got %d partitions of the log, %v: want 4", n, err)
		}
		if ends, err := c.LogEnds(t.Context()); err != nil || !slices.Equal(ends, []schema.Offset{1, 1, 1, 1, 0, 0, 0}) {
			t.Errorf("got log ends %v, %v: want a genesis in four, nothing in three", ends, err)
		}
	}
	if _, err := client.Apply(t.Context(), broker.TopicsConfig{Partitions: 7, Replicas: 1}); err == nil {
		t.Error("got no error for the topic's count, which is not the log's")
	}
}

// TestAddedPartitionsBeforeGenesis: the first to set the log up was broken off when
// the topic was made, or after some of its genesis records; then partitions were
// added. Only the log's own count is known to be meant.
func TestAddedPartitionsBeforeGenesis(t *testing.T) {
	client := newClient(t, broker.Config{Brokers: []string{startEmbedded(t)}})
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 3, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Apply(t.Context(), broker.TopicsConfig{Partitions: 2, Replicas: 1}); err == nil {
		t.Error("an empty topic of three partitions became a log of two")
	}
	if id, err := client.Apply(t.Context(), broker.TopicsConfig{Partitions: 3, Replicas: 1}); err != nil || id.Partitions != 3 {
		t.Errorf("got %+v, %v", id, err)
	}
}
