// Package brokertest is the conformance suite of ingest/broker: what the client
// promises, tried against a cluster. The embedded broker and real Kafka pass the
// same suite, so that what is tested without Kafka holds with it.
//
// It knows the client's exported API alone, and disturbs it on the wire.
package brokertest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/ingest/broker"
	"mlf/schema"
)

// An Endpoint is a cluster to test against.
type Endpoint struct {
	// Config says how to reach it. Topics, group and Dial are the suite's.
	Config broker.Config

	// Replicas is the number of copies that topics get; 1.
	Replicas int

	// AppendTime tells whether brokers write their own time into batches.
	AppendTime bool

	// Restart kills the brokers and starts them again at the same address. What
	// needs it is skipped when it is nil.
	Restart func(t *testing.T)
}

// caseMax limits one case. A restart of Kafka takes 5 to 15 s of it.
const caseMax = 90 * time.Second

// Run tries everything against the cluster that start starts, once.
func Run(t *testing.T, start func(t *testing.T) Endpoint) {
	endpoint := start(t)
	for _, c := range []struct {
		name string
		try  func(*testing.T, *env)
	}{
		{"topics are created once", topicsOnce},
		{"a missing topic is said to be missing", topicMissing},
		{"what is appended is fetched", roundTrip},
		{"many appends share batches", groupCommit},
		{"large records and large batches", largeRecords},
		{"records that fit no batch are refused", tooLarge},
		{"a record says which request it is of", traced},
		{"appends are refused when too much is pending", full},
		{"appends outside Run are refused", closed},
		{"a record is the caller's again after an error", givenUp},
		{"appends survive a short outage", shortOutage},
		{"a producer stops while the brokers are gone", stopWhileGone},
		{"a producer stops while the brokers are silent", stopWhileSilent},
		{"a producer finishes what it took", drain},
		{"the clocks are compared", clockSkew},
		{"a fetch beyond the log is out of range", outOfRange},
		{"bounds and times of records are told", boundsAndTimes},
		{"a fetch waits for records", longPoll},
		{"a flipped byte is found", flippedByte},
		{"a flipped byte behind good batches is found in time", flippedLater},
		{"a wrong length is found", flippedLength},
		{"genesis is written once", genesisOnce},
		{"two that write genesis agree", genesisTwice},
		{"genesis is completed", genesisCompleted},
		{"keys are made once", keysOnce},
		{"several that apply at once agree", applyAtOnce},
		{"rules are raised when every worker knows them", rulesRaised},
		{"the registry is followed", follow},
		{"the registry is followed through an outage", followOutage},
		{"an empty registry is caught up with", followEmpty},
		{"what is told is read", toldAndRead},
		{"claims that are too long come in several records", longClaims},
		{"claims are read from a time on", countsSince},
		{"a reader waits for claims", countsAwaited},
		{"a counts topic that is missing is made", countsMissing},
		{"numbers of served users are put and followed", servedFollowed},
		{"a topic of served users that comes later is followed", servedLater},
		{"heartbeats are put and followed", heartbeatsFollowed},
		{"alerts are put, taken back and followed", alertsFollowed},
		{"what is no claim is left out", noClaims},
		{"claims that stay damaged are left out", damagedClaims},
		{"telling gives up in time, and works again", tellingGivesUp},
		{"members share the partitions", groupOfTwo},
		{"a member leaves while the brokers are gone", groupGone},
		{"a hold that fails ends the membership", holdFails},
		{"everything survives a restart", restart},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), caseMax)
			defer cancel()
			c.try(t, newEnv(ctx, t, endpoint))
		})
	}
}

// An env is one case's own topics, and a wire to the cluster that can be disturbed.
type env struct {
	ctx      context.Context
	endpoint Endpoint
	cfg      broker.Config
	wire     *wire
	metrics  *prometheus.Registry
	client   *broker.Client
}

func newEnv(ctx context.Context, t *testing.T, endpoint Endpoint) *env {
	e := &env{ctx: ctx, endpoint: endpoint, cfg: endpoint.Config, wire: newWire(), metrics: prometheus.NewRegistry()}
	suffix := fmt.Sprintf("-%08x", rand.Uint32())
	e.cfg.VotesTopic = "votes" + suffix
	e.cfg.RegistryTopic = "registry" + suffix
	e.cfg.CountsTopic = "counts" + suffix
	e.cfg.ServedTopic = "served" + suffix
	e.cfg.HeartbeatsTopic = "heartbeats" + suffix
	e.cfg.AlertsTopic = "alerts" + suffix
	e.cfg.Groups = "group" + suffix
	e.cfg.Dial = e.wire.Dial
	e.client = e.newClient(t, e.cfg)
	return e
}

func (e *env) newClient(t *testing.T, cfg broker.Config) *broker.Client {
	t.Helper()
	client, err := broker.New(cfg, broker.Telemetry{Registerer: e.metrics, Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil))})
	if err != nil {
		t.Fatal(err)
	}
	e.metrics = prometheus.NewRegistry() // The next client's.
	t.Cleanup(client.Close)
	return client
}

// create makes the topics with the given number of partitions.
func (e *env) create(t *testing.T, partitions int) {
	t.Helper()
	eventually(e.ctx, t, "topics are made", func() bool {
		_, err := e.client.CreateTopics(e.ctx, broker.TopicsConfig{Partitions: partitions, Replicas: max(1, e.endpoint.Replicas)})
		if err != nil && broker.Hopeless(err) {
			t.Fatal(err)
		}
		return err == nil // A broker that was short of time is fenced for a moment.
	})
}

// producer returns a producer that runs until the test or stop ends it.
func (e *env) producer(t *testing.T, client *broker.Client, partitions int) (p *broker.Producer, stop func()) {
	t.Helper()
	p = client.NewProducer(partitions)
	ctx, cancel := context.WithCancel(e.ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run producer: %v", err)
		}
	})
	t.Cleanup(stop)
	tooLarge := make([]byte, cmp.Or(e.cfg.BatchBytesMax, 1_000_000)) // Refused, but not as by one that does not run.
	eventually(e.ctx, t, "producer runs", func() bool {
		return isErr(p.Append(e.ctx, schema.Partition(partitions-1), tooLarge), broker.ErrTooLarge)
	})
	return p, stop
}

// fetchAll returns the first n records of p.
func (e *env) fetchAll(t *testing.T, c *broker.Consumer, p schema.Partition, n int) []schema.Record {
	t.Helper()
	var all []schema.Record
	var at schema.Offset
	for len(all) < n {
		f, err := c.Fetch(e.ctx, p, at)
		if err != nil {
			t.Fatalf("fetch at %d: %v", at, err)
		}
		for _, r := range f.Records {
			if r.Offset != at {
				t.Fatalf("got offset %d, want %d", r.Offset, at)
			}
			at++
			r.Value = append([]byte(nil), r.Value...)
			r.Key = append([]byte(nil), r.Key...)
			all = append(all, r)
		}
	}
	return all
}
