package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"mlf/ingest/broker/inspect"
	"mlf/ingest/broker/settings"
	"mlf/schema"
)

// A TopicsConfig says how topics are to be made that do not exist yet.
type TopicsConfig struct {
	Partitions int // Of the votes topic, 1 to schema.Slots; DefaultPartitions. For its life.
	Replicas   int // Copies of each record; DefaultReplicas, or the number of brokers where there are fewer.
}

// The defaults of TopicsConfig.
const (
	DefaultPartitions = 16
	DefaultReplicas   = 3 // Two may fail, and one of them for good, before a vote is lost.
)

// usablePause is the pause between two looks at topics that were just made.
const usablePause = 50 * time.Millisecond

// CreateTopics makes the topics that are missing, waits until all are usable, and
// returns the names of those it made. It changes nothing about a topic that exists:
// one that was made with another partition count is an error.
func (c *Client) CreateTopics(ctx context.Context, cfg TopicsConfig) (created []string, err error) {
	cfg.Partitions = cmp.Or(cfg.Partitions, DefaultPartitions)
	if cfg.Partitions < 1 || cfg.Partitions > schema.Slots {
		return nil, fmt.Errorf("create topics: %d partitions: want 1 to %d", cfg.Partitions, schema.Slots)
	}
	if cfg.Replicas == 0 {
		if cfg.Replicas, err = c.defaultReplicas(ctx); err != nil {
			return nil, err
		}
	}
	for _, topic := range c.topics() {
		wanted := wantedTopic(topic, cfg)
		made, err := c.createTopic(ctx, wanted)
		if err != nil {
			return created, err
		}
		if made {
			created = append(created, topic.Name)
		}
		if err := c.awaitTopic(ctx, wanted); err != nil {
			return created, err
		}
	}
	return created, nil
}

func (c *Client) defaultReplicas(ctx context.Context) (int, error) {
	res, err := c.kafka.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{c.cfg.VotesTopic}})
	if err != nil {
		return 0, fmt.Errorf("count brokers of Kafka at %v: %w", c.cfg.Brokers, err)
	}
	// A cluster that is being started shows the brokers that are up; those that the
	// client was told of are to come.
	return max(1, min(DefaultReplicas, max(len(res.Brokers), len(c.cfg.Brokers)))), nil
}

// wantedTopic is how topic is made: all but that of votes have one partition.
func wantedTopic(topic inspect.Topic, cfg TopicsConfig) kafka.TopicConfig {
	wanted := kafka.TopicConfig{Topic: topic.Name, NumPartitions: 1, ReplicationFactor: cfg.Replicas}
	if topic.Kind == settings.Votes {
		wanted.NumPartitions = cfg.Partitions
	}
	for _, s := range settings.Made(topic.Kind, cfg.Replicas) {
		wanted.ConfigEntries = append(wanted.ConfigEntries, kafka.ConfigEntry{ConfigName: s.Name, ConfigValue: s.Value})
	}
	return wanted
}

// createTopic makes topic and tells whether it did: somebody may have before.
func (c *Client) createTopic(ctx context.Context, topic kafka.TopicConfig) (made bool, err error) {
	refusal := func(err error) bool { return !retriable(err) }
	err = c.again(ctx, refusal, func(ctx context.Context) error {
		_, err := c.partitions(ctx, topic.Topic)
		if !errors.Is(err, ErrNoTopic) {
			return err
		}
		res, err := c.kafka.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{topic}})
		if err == nil {
			err = res.Errors[topic.Topic]
		}
		made = err == nil
		if errors.Is(err, kafka.TopicAlreadyExists) {
			return nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("create topic %s with %d replicas in Kafka at %v: %w", topic.Topic, topic.ReplicationFactor, c.cfg.Brokers, err)
	}
	return made, nil
}

// awaitTopic waits until every partition of topic has a leader that answers. Those
// that somebody has added since do not count.
func (c *Client) awaitTopic(ctx context.Context, topic kafka.TopicConfig) error {
	asked := make([]kafka.OffsetRequest, topic.NumPartitions)
	for p := range asked {
		asked[p] = kafka.LastOffsetOf(p)
	}
	for {
		n, err := c.partitions(ctx, topic.Topic)
		if err == nil && n != topic.NumPartitions && !c.added(ctx, topic) {
			return fmt.Errorf("topic %s has %d partitions, not %d: %w", topic.Topic, n, topic.NumPartitions, errPartitions)
		}
		if err == nil {
			if _, err = c.listOffsets(ctx, topic.Topic, asked...); err == nil {
				return nil
			}
		}
		if !pause(ctx, usablePause) {
			return fmt.Errorf("wait for topic %s: %w", topic.Topic, err)
		}
	}
}

// added tells whether topic was made with as many partitions as it is to have, and
// others were added. Of those beside votes one is used.
func (c *Client) added(ctx context.Context, topic kafka.TopicConfig) bool {
	if topic.Topic != c.cfg.VotesTopic {
		return true
	}
	g, err := c.ReadGenesis(ctx, 0)
	return err == nil && g.Partitions == topic.NumPartitions
}
