package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"mlf/schema"
)

// A Group shares the partitions of the votes topic among the workers: Kafka's
// consumer group, used for that alone. Its offsets are written for people and
// their tools and never read: kafka-go starts from them without a word when they
// are wrong, and a worker knows better where it stands.
type Group struct {
	client *Client
	rules  schema.Rules // By which this worker counts at most.

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

// NewGroup returns this process's membership of the workers' group, which is told
// by which rules the process counts at most. Assign joins.
func (c *Client) NewGroup(most schema.Rules) *Group { return &Group{client: c, rules: most} }

// Assign joins the group and calls hold with the partitions of the votes topic
// that this process holds, each time that they change, one call after the other.
// The context of hold ends when they are taken away or ctx ends; hold must return
// then, within rebalanceTimeout, or others begin before it is done. Assign leaves
// the group and returns nil when ctx ends, and the error of a hold that fails
// before. It must not run twice at the same time.
func (g *Group) Assign(ctx context.Context, hold func(ctx context.Context, held []schema.Partition) error) error {
	conns := &memberConns{dial: g.client.cfg.Dial, open: make(map[*boundedConn]struct{})}
	defer conns.cut()
	members, err := kafka.NewConsumerGroup(g.config(conns))
	if err != nil {
		return fmt.Errorf("join group %s: %w", g.client.cfg.Group, err)
	}
	ctx, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(left)
		_ = members.Close() // Always nil. It waits for hold, then leaves.
	})
	err = g.holdAll(ctx, members, hold)
	leave()
	limit := time.AfterFunc(leaveMax, conns.cut) // Close itself knows no limit.
	defer limit.Stop()
	<-left
	return err
}

func (g *Group) config(conns *memberConns) kafka.ConsumerGroupConfig {
	c := g.client
	return kafka.ConsumerGroupConfig{
		ID:      c.cfg.Group,
		Brokers: c.cfg.Brokers,
		Topics:  []string{c.cfg.VotesTopic},
		Dialer: &kafka.Dialer{
			ClientID: clientID, DialFunc: conns.Dial, Timeout: dialTimeout,
			TLS: c.transport.TLS, SASLMechanism: c.sasl,
		},
		GroupBalancers:    []kafka.GroupBalancer{balancer{rules: g.rules}},
		HeartbeatInterval: heartbeatInterval,
		SessionTimeout:    c.cfg.SessionTimeout,
		RebalanceTimeout:  rebalanceTimeout,
		JoinGroupBackoff:  joinPause,
		Timeout:           coordinatorTimeout,
	}
}

// holdAll calls hold for one generation of the group after the other.
func (g *Group) holdAll(ctx context.Context, members *kafka.ConsumerGroup, hold func(context.Context, []schema.Partition) error) error {
	joined := true
	for {
		generation, err := members.Next(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // What it was asked for.
		}
		if err != nil {
			if joined { // Said once: kafka-go tries every joinPause.
				g.client.log.Warn("group not joined", slog.String("group", g.client.cfg.Group), slog.Any("err", err))
			}
			joined = false
			continue
		}
		joined = true
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
	g.client.log.Info("partitions assigned", slog.Int("generation", int(generation.ID)), slog.Any("partitions", held))
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
		return fmt.Errorf("commit offsets of group %s: %w", g.client.cfg.Group, err)
	}
	return nil
}
