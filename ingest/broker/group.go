package broker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"mlf/ingest/broker/lines"
	"mlf/ingest/broker/members"
	"mlf/schema"
)

// A Group shares the partitions of the votes topic among the workers: Kafka's
// consumer group, used for that alone. Its offsets are written for people and
// their tools and never read: kafka-go starts from them without a word when they
// are wrong, and a worker knows better where it stands.
type Group struct {
	client *Client
	name   string
	rules  schema.Rules // By which this worker counts at most.
	holds  func(p schema.Partition) bool

	mu      sync.Mutex
	current *kafka.Generation // nil while no partitions are held.
}

const (
	// heartbeatInterval is also how long the others take to notice that a worker
	// has come or gone.
	heartbeatInterval = 500 * time.Millisecond

	// rebalanceTimeout is how long the others wait for a worker that still holds
	// its old partitions: for its last flush and checkpoint.
	rebalanceTimeout = 10 * time.Second

	// joinPause is the pause after an attempt to join has failed.
	joinPause = time.Second

	// coordinatorTimeout limits one call to the coordinator.
	coordinatorTimeout = 3 * time.Second

	// leaveMax limits how long leaving the group may take. A group that was not
	// told notices when the session times out.
	leaveMax = 3 * time.Second
)

// NewGroup returns this process's membership of the group of the workers that count a
// log into a database, wherever that is written as database says. Another database
// has a group of its own: it is counted beside the first one, and takes nothing from
// it. Where one is written in two ways it is counted twice over, which costs time and
// harms nothing. The group is told by which rules the process counts at most.
// Assign joins.
func (c *Client) NewGroup(log schema.LogID, database string, most schema.Rules) *Group {
	of := sha256.Sum256(append(log[:], database...))
	return &Group{client: c, name: c.cfg.Groups + "-" + hex.EncodeToString(of[:4]), rules: most}
}

// Name returns the group's name, as brokers have it.
func (g *Group) Name() string { return g.name }

// Only has the group count those partitions that holds tells, before Assign is called.
// It must be the same for all that count into the database: others are nobody's.
func (g *Group) Only(holds func(p schema.Partition) bool) { g.holds = holds }

// Assign joins the group and calls hold with the partitions of the votes topic
// that this process holds, each time that they change, one call after the other.
// The context of hold ends when they are taken away or ctx ends; hold must return
// then, within rebalanceTimeout, or others begin before it is done. Assign leaves
// the group and returns nil when ctx ends, and the error of a hold that fails
// before. It must not run twice at the same time.
func (g *Group) Assign(ctx context.Context, hold func(ctx context.Context, held []schema.Partition) error) error {
	conns := lines.NewSet(g.client.cfg.dialer())
	defer conns.Cut()
	joined, err := kafka.NewConsumerGroup(g.config(conns))
	if err != nil {
		return fmt.Errorf("join group %s: %w", g.name, err)
	}
	ctx, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(left)
		_ = joined.Close() // Always nil. It waits for hold, then leaves.
	})
	err = g.holdAll(ctx, joined, hold)
	leave()
	limit := time.AfterFunc(leaveMax, conns.Cut) // Close itself knows no limit.
	defer limit.Stop()
	<-left
	return err
}

func (g *Group) config(conns *lines.Set) kafka.ConsumerGroupConfig {
	c := g.client
	return kafka.ConsumerGroupConfig{
		ID:      g.name,
		Brokers: c.cfg.Brokers,
		Topics:  []string{c.cfg.VotesTopic},
		Dialer: &kafka.Dialer{
			ClientID: clientID, DialFunc: conns.Dial, Timeout: dialTimeout,
			SASLMechanism: c.transport.SASL,
		},
		GroupBalancers:    []kafka.GroupBalancer{members.Balancer{Rules: g.rules, Holds: g.holds}},
		HeartbeatInterval: heartbeatInterval,
		SessionTimeout:    c.cfg.SessionTimeout,
		RebalanceTimeout:  rebalanceTimeout,
		JoinGroupBackoff:  joinPause,
		Timeout:           coordinatorTimeout,
	}
}

// holdAll calls hold for one generation of the group after the other.
func (g *Group) holdAll(ctx context.Context, joined *kafka.ConsumerGroup, hold func(context.Context, []schema.Partition) error) error {
	isIn := true
	for {
		generation, err := joined.Next(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // What it was asked for.
		}
		if err != nil {
			if isIn { // Said once: kafka-go tries every joinPause.
				g.client.log.Warn("group not joined", slog.String("group", g.name), slog.Any("err", err))
			}
			isIn = false
			continue
		}
		isIn = true
		if err := g.holdOne(ctx, generation, hold); err != nil {
			return err
		}
	}
}

// holdOne calls hold with what generation assigned to this process.
func (g *Group) holdOne(ctx context.Context, generation *kafka.Generation, hold func(context.Context, []schema.Partition) error) error {
	var held []schema.Partition
	for _, a := range generation.Assignments[g.client.cfg.VotesTopic] {
		held = append(held, schema.Partition(a.ID))
	}
	slices.Sort(held)
	g.client.log.Info("partitions assigned", slog.String("group", g.name), slog.Int("generation", int(generation.ID)), slog.Any("partitions", held))
	g.client.metrics.generations.Inc()
	g.client.metrics.held.Set(float64(len(held)))
	defer g.client.metrics.held.Set(0)

	result := make(chan error, 1)
	generation.Start(func(ended context.Context) {
		holding, cancel := context.WithCancel(ctx)
		defer cancel()
		context.AfterFunc(ended, cancel)
		g.setCurrent(generation)
		err := hold(holding, held)
		g.setCurrent(nil)
		if holding.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil // What it was asked for.
		}
		result <- err
		// Not before the generation's end: kafka-go takes a return for a reason to
		// join again, even while it is being closed.
		<-ended.Done()
	})
	return <-result
}

func (g *Group) setCurrent(generation *kafka.Generation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.current = generation
}

// Commit writes how far the count is, for tools that watch lag. It does nothing
// while no partitions are held.
func (g *Group) Commit(ctx context.Context, next map[schema.Partition]schema.Offset) error {
	g.mu.Lock()
	generation := g.current
	g.mu.Unlock()
	if generation == nil || len(next) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	offsets := make(map[int]int64, len(next))
	for p, o := range next {
		offsets[int(p)] = int64(o)
	}
	if err := generation.CommitOffsets(map[string]map[int]int64{g.client.cfg.VotesTopic: offsets}); err != nil {
		return fmt.Errorf("commit offsets of group %s: %w", g.name, err)
	}
	return nil
}
