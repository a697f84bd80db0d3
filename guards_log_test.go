package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/aggregate/store"
	"mlf/ingest/broker"
	"mlf/schema"
)

// client returns a client for the log, to set it up by hand.
func (g *guarded) client() *broker.Client {
	g.t.Helper()
	client, err := broker.New(broker.Config{Brokers: strings.Split(g.kafka, ",")}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
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
	eventually(g.t, 30*time.Second, func() error { // The deletion takes a moment.
		if _, err := client.CreateTopics(g.t.Context(), broker.TopicsConfig{Partitions: 2}); err != nil {
			return err
		}
		return client.WriteGenesis(g.t.Context(), schema.NewLogID(), schema.RulesV1)
	})
}

func TestGuardANewLogUnderTheOldNameHalts(t *testing.T) {
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
			g.green(counted, time.Second)
		})
	}
	f("found at the start", true)
	f("under a live worker", false)
}

func TestGuardUnknownRulesHalt(t *testing.T) {
	t.Parallel()
	g := newEngines(t)
	client := g.client()
	if _, err := client.CreateTopics(t.Context(), broker.TopicsConfig{Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	id := schema.Identity{Log: schema.NewLogID(), Partitions: 2, Rules: schema.RulesV1}
	for p := range 2 {
		g.produce(p, []byte(schema.KeyGenesis), schema.AppendGenesis(nil, schema.Genesis{
			Log: id.Log, Partition: schema.Partition(p), Partitions: 2, Rules: schema.Rules(2 - p), // 0 has those of a later version.
		}))
	}
	key, value, err := schema.NewStreamKey(1, time.Now()).RegistryRecord()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.PutRegistry(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
	if err := store.Apply(t.Context(), g.server.DSN(), id); err != nil {
		t.Fatal(err)
	}
	g.startStages()
	g.halted(0, 10*time.Second, "rules 2, which this version does not know")
	g.partition1GoesOn(0)
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
	if code := g.ingest.stop(); code != exitDone {
		t.Errorf("mlf ingest stopped with exit code %d", code)
	}
	g.startIngest()
	waitReady(t, g.ingest, g.ingestAdmin)
	g.vote(0, 5)
	g.vote(1, 5)
	g.counted()
}
