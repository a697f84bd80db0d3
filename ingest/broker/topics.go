package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

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
	for _, topic := range []kafka.TopicConfig{c.votesTopic(cfg), c.registryTopic(cfg), c.countsTopic(cfg), c.servedTopic(cfg)} {
		made, err := c.createTopic(ctx, topic)
		if err != nil {
			return created, err
		}
		if made {
			created = append(created, topic.Topic)
		}
		if err := c.awaitTopic(ctx, topic); err != nil {
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

// votesTopic is never compacted and never forgets, unless an operator says so
// later. A record is acknowledged when two brokers have it.
func (c *Client) votesTopic(cfg TopicsConfig) kafka.TopicConfig {
	return kafka.TopicConfig{
		Topic:             c.cfg.VotesTopic,
		NumPartitions:     cfg.Partitions,
		ReplicationFactor: cfg.Replicas,
		ConfigEntries: append(safety(cfg),
			kafka.ConfigEntry{ConfigName: "cleanup.policy", ConfigValue: "delete"},
			kafka.ConfigEntry{ConfigName: "retention.ms", ConfigValue: "-1"},
			kafka.ConfigEntry{ConfigName: "retention.bytes", ConfigValue: "-1"},
			// The producer measures its clock by the brokers'.
			kafka.ConfigEntry{ConfigName: "message.timestamp.type", ConfigValue: "LogAppendTime"},
			kafka.ConfigEntry{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(settings.BytesMax)},
		),
	}
}

func (c *Client) registryTopic(cfg TopicsConfig) kafka.TopicConfig {
	return kafka.TopicConfig{
		Topic:             c.cfg.RegistryTopic,
		NumPartitions:     1,
		ReplicationFactor: cfg.Replicas,
		ConfigEntries:     append(safety(cfg), kafka.ConfigEntry{ConfigName: "cleanup.policy", ConfigValue: "compact"}),
	}
}

// countsTopic forgets: what is in it is in the store as well.
func (c *Client) countsTopic(cfg TopicsConfig) kafka.TopicConfig {
	return kafka.TopicConfig{
		Topic:             c.cfg.CountsTopic,
		NumPartitions:     1,
		ReplicationFactor: cfg.Replicas,
		ConfigEntries: append(safety(cfg),
			kafka.ConfigEntry{ConfigName: settings.CleanupPolicy, ConfigValue: "delete"},
			kafka.ConfigEntry{ConfigName: settings.RetentionTime, ConfigValue: strconv.FormatInt(settings.CountsKept.Milliseconds(), 10)},
			// Retention takes whole files, and those only that are not written to.
			kafka.ConfigEntry{ConfigName: "segment.ms", ConfigValue: strconv.FormatInt(time.Hour.Milliseconds(), 10)},
			// Followers begin at a time.
			kafka.ConfigEntry{ConfigName: settings.TimestampType, ConfigValue: "LogAppendTime"},
			kafka.ConfigEntry{ConfigName: settings.MessageBytes, ConfigValue: strconv.Itoa(settings.BytesMax)},
		),
	}
}

// servedTopic is compacted, late: a record that holds and is not the last of its key
// stays until somebody has read it and put it again (settings.ServedLag).
func (c *Client) servedTopic(cfg TopicsConfig) kafka.TopicConfig {
	return kafka.TopicConfig{
		Topic:             c.cfg.ServedTopic,
		NumPartitions:     1,
		ReplicationFactor: cfg.Replicas,
		ConfigEntries: append(safety(cfg),
			kafka.ConfigEntry{ConfigName: settings.CleanupPolicy, ConfigValue: "compact"},
			kafka.ConfigEntry{ConfigName: settings.CompactionLag, ConfigValue: strconv.FormatInt(settings.ServedLag.Milliseconds(), 10)},
			kafka.ConfigEntry{ConfigName: settings.MessageBytes, ConfigValue: strconv.Itoa(settings.BytesMax)},
		),
	}
}

// safety is what all topics need so that an acknowledged record stays.
func safety(cfg TopicsConfig) []kafka.ConfigEntry {
	return []kafka.ConfigEntry{
		{ConfigName: "min.insync.replicas", ConfigValue: strconv.Itoa(min(2, cfg.Replicas))},
		{ConfigName: "unclean.leader.election.enable", ConfigValue: "false"},
	}
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
