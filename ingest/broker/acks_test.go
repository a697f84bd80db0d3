package broker_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/ingest/broker"
)

// newControlled returns a broker whose answers to appends the test decides, and a
// producer that runs on it.
func newControlled(t *testing.T, answer func(*kmsg.ProduceRequest) kmsg.Response) *broker.Producer {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client := newClient(t, broker.Config{Brokers: cluster.ListenAddrs()})
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 1, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	p, stop := runProducer(t, client)
	t.Cleanup(stop)
	cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		res := answer(r.(*kmsg.ProduceRequest))
		return res, nil, res != nil
	})
	return p
}

// TestAppendsWantAllReplicas: 202 means that every in-sync replica has the votes,
// and one broker alone would not show that fewer were asked for.
func TestAppendsWantAllReplicas(t *testing.T) {
	var mu sync.Mutex
	var acks []int16
	p := newControlled(t, func(r *kmsg.ProduceRequest) kmsg.Response {
		mu.Lock()
		defer mu.Unlock()
		acks = append(acks, r.Acks)
		return nil
	})
	for range 3 {
		if err := p.Append(t.Context(), 0, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []int16{-1, -1, -1}; !slices.Equal(acks, want) {
		t.Errorf("got acks %v, want %v: all", acks, want)
	}
}

// TestRefusedBatchIsNoSuccess: an answer came, and says that nothing was appended.
func TestRefusedBatchIsNoSuccess(t *testing.T) {
	const topicAuthorizationFailed = 29 // Not one to try again.
	p := newControlled(t, func(r *kmsg.ProduceRequest) kmsg.Response {
		res := r.ResponseKind().(*kmsg.ProduceResponse)
		for _, asked := range r.Topics {
			topic := kmsg.NewProduceResponseTopic()
			topic.Topic = asked.Topic
			for _, part := range asked.Partitions {
				refused := kmsg.NewProduceResponseTopicPartition()
				refused.Partition, refused.ErrorCode, refused.BaseOffset = part.Partition, topicAuthorizationFailed, -1
				topic.Partitions = append(topic.Partitions, refused)
			}
			res.Topics = append(res.Topics, topic)
		}
		return res
	})
	if err := p.Append(t.Context(), 0, []byte("x")); err == nil {
		t.Error("got nil, want the broker's refusal")
	}
}
