package guards_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/aggregate"
	"mlf/aggregate/store"
	"mlf/command"
	"mlf/ingest/broker"
	"mlf/proof/harness"
	"mlf/schema"
)

// client returns a client for the log, to set it up by hand.
func (g *guarded) client() *broker.Client {
	g.t.Helper()
	client, err := broker.New(broker.Config{Brokers: strings.Split(g.kafka, ",")}, broker.Telemetry{Registerer: prometheus.NewRegistry()})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(client.Close)
	return client
}

// newLog deletes the votes topic and makes it anew, as somebody might who wants
// to begin again and forgets the store.
func (g *guarded) newLog() {
	g.t.Helper()
	topic := kmsg.NewDeleteTopicsRequestTopic()
	topic.Topic = kmsg.StringPtr(schema.VotesTopic)
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.Topics, req.TopicNames = append(req.Topics, topic), []string{schema.VotesTopic}
	req.TimeoutMillis = 10_000
	g.request(req)
	client := g.client()
	harness.Eventually(g.t, 30*time.Second, func() error { // The deletion takes a moment.
		if _, err := client.CreateTopics(g.t.Context(), broker.TopicsConfig{Partitions: 2}); err != nil {
			return err
		}
		return client.WriteGenesis(g.t.Context(), schema.NewLogID(), schema.RulesV1)
	})
}

func TestGuardANewLogUnderTheOldNameHalts(t *testing.T) {
	t.Parallel()
	f := func(name string, stopped bool) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t)
			counted := g.cast[0] + g.cast[1]
			if stopped {
				g.stopAggregate()
			}
			g.newLog()
			if stopped {
				g.startAggregate()
			}
			g.halted(0, 10*time.Second, "and the store counts log")
			g.halted(1, 10*time.Second, "and the store counts log")
			g.vote(0, 2)
			g.vote(1, 2)
			g.staysGreen(counted)
		})
	}
	f("found at the start", true)
	f("under a live worker", false)
}

// applied sets up the log of id, whose first partition begins with what first makes
// of its genesis, and the store of stored.
func (g *guarded) applied(id, stored schema.Identity, first func(*schema.Genesis)) {
	t := g.t
	t.Helper()
	client := g.client()
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	for p := range 2 {
		genesis := schema.Genesis{Log: id.Log, Partition: schema.Partition(p), Partitions: id.Partitions, Rules: id.Rules}
		if p == 0 {
			first(&genesis)
		}
		g.produce(p, []byte(schema.KeyGenesis), schema.AppendGenesis(nil, genesis))
	}
	key, value, err := schema.NewStreamKey(time.Now()).RegistryRecord()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.PutRegistry(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
	if err := store.Apply(t.Context(), store.Config{DSN: g.server.DSN()}, stored); err != nil {
		t.Fatal(err)
	}
	g.startStages()
}

func TestGuardUnknownRulesHalt(t *testing.T) {
	t.Parallel()
	g := newEngines(t)
	id := schema.Identity{Log: schema.NewLogID(), Partitions: 2, Rules: schema.RulesV1}
	const later = aggregate.RulesMax + 1 // Those of a later version.
	g.applied(id, id, func(first *schema.Genesis) { first.Rules = later })
	g.halted(0, 10*time.Second, fmt.Sprintf("rules %d, which this version does not know", later))
	g.partition1GoesOn(0)
}

// TestGuardAnotherPartitionCountHalts: one more or less, and votes of a stream
// would be on two partitions.
func TestGuardAnotherPartitionCountHalts(t *testing.T) {
	t.Parallel()
	g := newEngines(t)
	id := schema.Identity{Log: schema.NewLogID(), Partitions: 2, Rules: schema.RulesV1}
	stored := id
	stored.Partitions = 3
	g.applied(id, stored, func(*schema.Genesis) {})
	for p := range 2 {
		g.halted(p, 10*time.Second, fmt.Sprintf("partition %d of 2, and the store counts log %v, partition %d of 3", p, id.Log, p))
	}
	g.vote(0, 2)
	g.vote(1, 2)
	g.staysGreen(0)
}

// TestGuardPartitionsThatWereAddedAreNotUsed: a vote must go where its stream has
// always gone. What was added is halted, and all else goes on.
func TestGuardPartitionsThatWereAddedAreNotUsed(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	topic := kmsg.NewCreatePartitionsRequestTopic()
	topic.Topic, topic.Count = schema.VotesTopic, 3
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.Topics, req.TimeoutMillis = append(req.Topics, topic), 10_000
	g.request(req)

	g.stopAggregate()
	g.startAggregate()
	g.halted(2, 10*time.Second, "was added to the topic")
	if code := g.ingest.Stop(); code != command.ExitDone {
		t.Errorf("mlf ingest stopped with exit code %d", code)
	}
	g.startIngest()
	harness.WaitReady(t, g.ingest, g.ingestAdmin)
	g.vote(0, 5)
	g.vote(1, 5)
	g.counted()
}
