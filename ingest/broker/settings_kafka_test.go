package broker_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"mlf/ingest/broker"
	"mlf/proof/kafka"
)

// TestTopicsThatOthersMade and TestKafkaTopicsThatOthersMade: whoever applies to
// topics that were made by hand, or changed, is told setting by setting.
func TestTopicsThatOthersMade(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	topicsOfOthers(othersTopic(t, cluster.ListenAddrs()))
}

func TestKafkaTopicsThatOthersMade(t *testing.T) {
	f := othersTopic(t, startKafka(t, kafka.Config{Brokers: 3}).Addrs())
	topicsOfOthers(f)
	f(3, "unclean.leader.election.enable=true: a broker that lacks", []string{"unclean.leader.election.enable=true"}, nil)
	f(3, "registry-", nil, []string{"unclean.leader.election.enable=true"})
}

func topicsOfOthers(f func(replicas int, want string, votes, registry []string)) {
	f(3, "", nil, nil)
	f(1, "replication.factor=1: what its only broker loses is lost; reassign it to 3 brokers, or say --replicas 1", []string{"min.insync.replicas=1"}, nil)
	f(3, "min.insync.replicas=1: a record is acknowledged", []string{"min.insync.replicas=1"}, nil)
	f(3, "min.insync.replicas=1: a record is acknowledged", nil, []string{"min.insync.replicas=1"})
	f(3, "cleanup.policy=compact: compaction removes votes", []string{"cleanup.policy=compact"}, nil)
	f(3, "cleanup.policy=delete: enrolled terminals", nil, []string{"cleanup.policy=delete"})
	f(3, "max.message.bytes=100000: batches", []string{"max.message.bytes=100000"}, nil)
	f(3, "warn retention.ms 3600000", []string{"retention.ms=3600000"}, nil)
	f(3, "warn message.timestamp.type CreateTime", []string{"message.timestamp.type=CreateTime"}, nil)
	f(3, "warn compression.type zstd", []string{"compression.type=zstd"}, nil)
}

// othersTopic returns a function that makes both topics, right but for some
// settings, applies, and looks for want among what is refused, or warned of.
func othersTopic(t *testing.T, addrs []string) func(replicas int, want string, votes, registry []string) {
	transport := new(kafkago.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	admin := &kafkago.Client{Addr: kafkago.TCP(addrs...), Transport: transport, Timeout: 10 * time.Second}
	n := 0
	create := func(name string, partitions, replicas int, settings ...string) {
		t.Helper()
		last := make(map[string]string)
		for _, line := range settings {
			setting, value, _ := strings.Cut(line, "=")
			last[setting] = value
		}
		var entries []kafkago.ConfigEntry
		for setting, value := range last {
			entries = append(entries, kafkago.ConfigEntry{ConfigName: setting, ConfigValue: value})
		}
		topic := kafkago.TopicConfig{Topic: name, NumPartitions: partitions, ReplicationFactor: replicas, ConfigEntries: entries}
		res, err := admin.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{topic}})
		if err != nil || res.Errors[name] != nil {
			t.Fatal(name, err, res)
		}
	}
	return func(replicas int, want string, votes, registry []string) {
		t.Helper()
		n++
		cfg := broker.Config{Brokers: addrs, VotesTopic: fmt.Sprintf("votes-%d", n), RegistryTopic: fmt.Sprintf("registry-%d", n), CountsTopic: fmt.Sprintf("counts-%d", n)}
		create(cfg.VotesTopic, 2, replicas, append([]string{
			"min.insync.replicas=2", "retention.ms=-1", "retention.bytes=-1", "message.timestamp.type=LogAppendTime",
		}, votes...)...)
		create(cfg.RegistryTopic, 1, 3, append([]string{"min.insync.replicas=2", "cleanup.policy=compact"}, registry...)...)
		var said bytes.Buffer
		client, err := broker.New(cfg, broker.Telemetry{Logger: slog.New(slog.NewTextHandler(&said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		_, err = client.Apply(t.Context(), broker.TopicsConfig{Partitions: 2})
		if setting, value, warned := strings.Cut(strings.TrimPrefix(want, "warn "), " "); warned && strings.HasPrefix(want, "warn ") {
			line := fmt.Sprintf("topic=%s setting=%s value=%s advice=", cfg.VotesTopic, setting, value)
			if err != nil || !strings.Contains(said.String(), line) {
				t.Errorf("%v, %v: got %v and the log\n%s\nwant a warning with %q", votes, registry, err, said.String(), line)
			}
			return
		}
		if want == "" && (err != nil || said.Len() > 0) || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !broker.Hopeless(err)) {
			t.Errorf("%v, %v: got %v and the log %q\nwant an error with %q", votes, registry, err, said.String(), want)
		}
		ends, err := client.LogEnds(t.Context())
		if err != nil || want != "" && ends[0] > 0 {
			t.Errorf("%v, %v: got log ends %v, %v: want nothing written to what is refused", votes, registry, ends, err)
		}
	}
}
