package broker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/ingest/broker"
	"mlf/schema"
)

func startFake(t *testing.T) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

// TestLogStartMoves: what retention has removed is out of range, and said so.
func TestLogStartMoves(t *testing.T) {
	addrs := startFake(t).ListenAddrs()
	client := newClient(t, broker.Config{Brokers: addrs})
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	if err := client.WriteGenesis(t.Context(), schema.NewLogID(), schema.RulesV1); err != nil {
		t.Fatal(err)
	}
	p, stop := runProducer(t, client)
	for i := range 9 {
		if err := p.Append(t.Context(), 0, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	deleteRecords(t, addrs, 4)

	consumer := client.NewConsumer()
	if _, err := consumer.Fetch(t.Context(), 0, 3); !errors.Is(err, schema.ErrOffsetOutOfRange) {
		t.Errorf("got %v below the log's start, want ErrOffsetOutOfRange", err)
	}
	f, err := consumer.Fetch(t.Context(), 0, 4)
	if err != nil || f.LogEnd != 11 || len(f.Records) != 7 || f.Records[0].Offset != 4 {
		t.Errorf("got %+v, %v: want 7 records from 4 on", f, err)
	}
	first, next, err := consumer.Bounds(t.Context(), 0)
	if first != 4 || next != 11 || err != nil {
		t.Errorf("got bounds %d, %d, %v: want 4, 11", first, next, err)
	}
	if _, err := client.ReadGenesis(t.Context(), 0); !errors.Is(err, schema.ErrOffsetOutOfRange) {
		t.Errorf("genesis: got %v, want ErrOffsetOutOfRange", err)
	}
}

// deleteRecords removes what is below offset from partition 0 of the votes topic.
func deleteRecords(t *testing.T, addrs []string, offset int64) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addrs...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	partition := kmsg.NewDeleteRecordsRequestTopicPartition()
	partition.Offset = offset
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic = schema.VotesTopic
	topic.Partitions = append(topic.Partitions, partition)
	req := kmsg.NewDeleteRecordsRequest()
	req.Topics = append(req.Topics, topic)
	req.TimeoutMillis = 1000
	if _, err := req.RequestWith(t.Context(), client); err != nil {
		t.Fatal(err)
	}
}

// TestFollowThroughCompaction: the start of the registry is compacted away while
// somebody is reading it, who then begins again and misses nothing.
func TestFollowThroughCompaction(t *testing.T) {
	cluster := startFake(t)
	client := newClient(t, broker.Config{Brokers: cluster.ListenAddrs(), FetchBytesMax: 1}) // A batch at a time.
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := client.PutRegistry(t.Context(), fmt.Sprintf("key %d", i%2), fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var applied []string
	caughtUp := 0
	apply := func(_ string, value []byte) error {
		if len(applied) == 0 {
			cluster.Compact()
		}
		if applied = append(applied, string(value)); string(value) == "19" {
			cancel()
		}
		return nil
	}
	if err := client.Follow(ctx, apply, func() { caughtUp++ }); err != nil {
		t.Fatal(err)
	}
	// 17: the newest record is not compacted, and does not count against others.
	if want := []string{"0", "17", "18", "19"}; !slices.Equal(applied, want) || caughtUp != 1 {
		t.Errorf("got %q, caught up %d times: want %q, once", applied, caughtUp, want)
	}
}
