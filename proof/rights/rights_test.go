package rights_test

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
	"mlf/ingest/broker/settings"
	"mlf/proof/kafka"
	"mlf/proof/rights"
)

const manifests = "../../deploy/k8s/components/strimzi"

func read(t *testing.T) *rights.Manifests {
	t.Helper()
	m, err := rights.Read(manifests)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTopicsAreThoseOfSchemaApply: whoever makes a topic first, it is the same one.
func TestTopicsAreThoseOfSchemaApply(t *testing.T) {
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: filepath.Join(t.TempDir(), "kafka")}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	client, err := broker.New(broker.Config{Brokers: []string{server.Addr()}}, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	m := read(t)
	var names []string
	for _, topic := range m.Topics {
		names = append(names, topic.Name)
	}
	made, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Replicas: 1})
	slices.Sort(made)
	slices.Sort(names)
	if err != nil || !slices.Equal(made, names) {
		t.Fatalf("schema apply makes %v, the manifests %v: %v", made, names, err)
	}
	for i, topic := range m.OneBroker(broker.DefaultPartitions) {
		if got := settingsOf(t, server.Addr(), topic.Name); !maps.Equal(got, topic.Settings) {
			t.Errorf("topic %s: the manifest says\n%v, schema apply\n%v", topic.Name, topic.Settings, got)
		}
		if full := m.Topics[i]; full.Replicas != broker.DefaultReplicas || full.Settings[settings.InsyncMin] != "2" {
			t.Errorf("topic %s: %d replicas, of which %s must be in sync", topic.Name, full.Replicas, full.Settings[settings.InsyncMin])
		}
		if topic.Name == "votes.v1" && topic.Partitions != broker.DefaultPartitions || topic.Name != "votes.v1" && topic.Partitions != 1 {
			t.Errorf("topic %s: %d partitions", topic.Name, topic.Partitions)
		}
	}
}

// settingsOf returns what a topic was made with.
func settingsOf(t *testing.T, addr, topic string) map[string]string {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	request := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	request.Resources = append(request.Resources, resource)
	response, err := request.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	settings := make(map[string]string)
	for _, entry := range response.Resources[0].Configs {
		if entry.Source == kmsg.ConfigSourceDynamicTopicConfig {
			settings[entry.Name] = *entry.Value
		}
	}
	return settings
}

func TestUnused(t *testing.T) {
	right := func(operation, name string) kafka.Right {
		return kafka.Right{User: "u", Operation: operation, Resource: "TOPIC", Name: name}
	}
	of := func(rights ...kafka.Right) []kafka.Right { return rights }
	f := func(has, asked, want []kafka.Right) {
		t.Helper()
		decided := make(map[kafka.Decision]int)
		for _, a := range asked {
			decided[kafka.Decision{Right: a, Allowed: true}] = 1
		}
		if got := rights.Unused(has, decided); !slices.Equal(got, want) {
			t.Errorf("of %v, asked for %v: got %v, want %v", has, asked, got, want)
		}
	}
	readA, describeA, readB := right("READ", "a"), right("DESCRIBE", "a"), right("READ", "b")
	prefix := kafka.Right{User: "u", Operation: "READ", Resource: "TOPIC", Name: "a", Prefix: true}
	f(of(readA), of(readA), nil)
	f(of(readA), of(describeA), nil)
	f(of(describeA), of(readA), of(describeA))
	f(of(readA, describeA), of(readA, describeA), of(describeA)) // Who reads may describe.
	f(of(readA, readB), of(readA), of(readB))
	f(of(prefix), of(right("READ", "a-1")), nil)
	f(of(readA), of(right("READ", "a-1")), of(readA))
	f(of(readA), nil, of(readA))
}
