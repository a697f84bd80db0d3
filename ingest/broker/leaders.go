package broker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"mlf/schema"
)

// leaders knows who leads which partition of a topic, and a courier to each. A
// view that is out of date makes an attempt fail, as it does below in kafka-go:
// after an error it is taken anew.
type leaders struct {
	client *kafka.Client
	topic  string

	mu       sync.Mutex
	seen     time.Time  // Zero: not to be used.
	of       []*courier // By partition; nil: nobody leads it.
	couriers map[int]*courier
}

func newLeaders(client *kafka.Client, topic string) *leaders {
	return &leaders{client: client, topic: topic, couriers: make(map[int]*courier)}
}

// send makes one attempt to append set to p.
func (l *leaders) send(ctx context.Context, p schema.Partition, set []byte) (time.Time, error) {
	c, err := l.courier(ctx, p)
	if err != nil {
		return time.Time{}, err
	}
	appended, err := c.send(ctx, p, set)
	if err != nil {
		l.mu.Lock()
		l.seen = time.Time{}
		l.mu.Unlock()
	}
	return appended, err
}

// courier returns the one to p's leader.
func (l *leaders) courier(ctx context.Context, p schema.Partition) (*courier, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.seen) > metadataTTL {
		if err := l.look(ctx); err != nil {
			return nil, err
		}
	}
	if int(p) >= len(l.of) || l.of[p] == nil {
		l.seen = time.Time{}
		return nil, fmt.Errorf("find leader of %s, partition %d: %w", l.topic, p, kafka.LeaderNotAvailable)
	}
	return l.of[p], nil
}

// look takes the transport's view, which is at most metadataTTL old. It asks
// nobody.
func (l *leaders) look(ctx context.Context) error {
	res, err := l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{l.topic}})
	if err != nil {
		return fmt.Errorf("find leaders of %s: %w", l.topic, err)
	}
	for _, t := range res.Topics {
		if t.Name != l.topic || t.Error != nil {
			continue
		}
		l.of, l.seen = make([]*courier, len(t.Partitions)), time.Now()
		for _, p := range t.Partitions {
			if p.Leader.Host == "" || p.ID < 0 || p.ID >= len(l.of) {
				continue // Nobody leads it: kafka-go says so by a zero Broker.
			}
			if l.couriers[p.Leader.ID] == nil {
				l.couriers[p.Leader.ID] = &courier{client: l.client, topic: l.topic, leader: int32(p.Leader.ID)}
			}
			l.of[p.ID] = l.couriers[p.Leader.ID]
		}
		return nil
	}
	return fmt.Errorf("find leaders of %s: %w", l.topic, ErrNoTopic)
}

// Send is Client's part as a Sender, for the votes topic.
func (c *Client) Send(ctx context.Context, p schema.Partition, set []byte) (time.Time, error) {
	return c.votes.send(ctx, p, set)
}

// produce makes one attempt to append a sealed record set to the topic of to.
func (c *Client) produce(ctx context.Context, to *leaders, p schema.Partition, set []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.attemptMax())
	defer cancel()
	_, err := to.send(ctx, p, set)
	return err
}
