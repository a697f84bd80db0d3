package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	metadataapi "github.com/segmentio/kafka-go/protocol/metadata"

	"mlf/ingest/broker/settings"
	"mlf/schema"
)

// Apply makes what the log needs and is missing: topics, a stream key, a ticket
// secret, genesis records. It changes nothing else, may run again at any time, and
// twice at once. Topics that others made so that they lose records are refused,
// setting by setting; of what may be meant the log warns. It returns whose log it is.
func (c *Client) Apply(ctx context.Context, topics TopicsConfig) (schema.Identity, error) {
	topics.Partitions = cmp.Or(topics.Partitions, DefaultPartitions)
	if topics.Replicas == 0 {
		var err error
		if topics.Replicas, err = c.defaultReplicas(ctx); err != nil {
			return schema.Identity{}, err
		}
	}
	if _, err := c.CreateTopics(ctx, topics); err != nil {
		return schema.Identity{}, err
	}
	if err := c.checkTopics(ctx, topics.Replicas); err != nil {
		return schema.Identity{}, err
	}
	if err := c.ensureKeys(ctx); err != nil {
		return schema.Identity{}, err
	}
	err := c.WriteGenesis(ctx, schema.NewLogID(), schema.RulesV2)
	if errors.Is(err, schema.ErrOffsetOutOfRange) {
		return schema.Identity{}, fmt.Errorf("%w: a finite retention has removed the genesis records, so there is nothing left to apply to this log", err)
	}
	if err != nil {
		return schema.Identity{}, err
	}
	g, err := c.ReadGenesis(ctx, 0)
	if err != nil {
		return schema.Identity{}, err
	}
	if g.Partitions != topics.Partitions {
		return schema.Identity{}, fmt.Errorf("log %v has %d partitions, not %d: %w", g.Log, g.Partitions, topics.Partitions, errPartitions)
	}
	return schema.Identity{Log: g.Log, Partitions: g.Partitions, Rules: g.Rules}, nil
}

// checkTopics refuses topics under which votes would be lost, and warns of what
// somebody may have chosen. Those that apply makes are right; others make topics,
// too, and change them.
func (c *Client) checkTopics(ctx context.Context, replicas int) error {
	var refused []string
	for _, topic := range []string{c.cfg.VotesTopic, c.cfg.RegistryTopic, c.cfg.CountsTopic, c.cfg.ServedTopic} {
		state, err := c.topicState(ctx, topic)
		if refusedRight(err) {
			c.log.Warn("topic's settings not looked at", slog.String("topic", topic), slog.Any("err", err))
			continue
		}
		if err != nil {
			return fmt.Errorf("look at the settings of topic %s: %w", topic, err)
		}
		state.Wanted = replicas
		for _, f := range c.judge(topic, state) {
			if f.Refused {
				refused = append(refused, fmt.Sprintf("topic %s, %s=%s: %s", topic, f.Setting, f.Value, f.Advice))
				continue
			}
			c.log.Warn("topic's setting", slog.String("topic", topic), slog.String("setting", f.Setting),
				slog.String("value", f.Value), slog.String("advice", f.Advice))
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("%w: %s", errUnsafe, strings.Join(refused, "; "))
	}
	return nil
}

// judge says what is wrong with the settings of topic.
func (c *Client) judge(topic string, state settings.Topic) []settings.Finding {
	switch topic {
	case c.cfg.VotesTopic:
		return state.Votes(c.cfg.BatchBytesMax)
	case c.cfg.CountsTopic:
		return state.Counts(c.cfg.BatchBytesMax)
	case c.cfg.ServedTopic:
		return state.Served()
	default:
		return state.Registry()
	}
}

// refusedRight tells whether who asks may not look at settings.
func refusedRight(err error) bool {
	return errors.Is(err, kafka.TopicAuthorizationFailed) || errors.Is(err, kafka.ClusterAuthorizationFailed)
}

// topicState asks the brokers about a topic.
func (c *Client) topicState(ctx context.Context, topic string) (settings.Topic, error) {
	state := settings.Topic{Settings: make(map[string]string)}
	res, err := c.kafka.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: topic,
		ConfigNames: settings.Names(),
	}}})
	if err != nil {
		return state, err
	}
	for _, r := range res.Resources {
		if r.Error != nil {
			return state, r.Error
		}
		for _, e := range r.ConfigEntries {
			state.Settings[e.ConfigName] = e.ConfigValue
		}
	}
	// kafka.Client.Metadata leaves out replicas whose broker is down.
	message, err := c.transport.RoundTrip(ctx, c.kafka.Addr, &metadataapi.Request{TopicNames: []string{topic}})
	if err != nil {
		return state, err
	}
	for _, t := range message.(*metadataapi.Response).Topics {
		for _, p := range t.Partitions {
			if n := len(p.ReplicaNodes); t.Name == topic && (state.Replicas == 0 || n < state.Replicas) {
				state.Replicas = n
			}
		}
	}
	return state, nil
}

// ensureKeys writes a stream key and a ticket secret where there are none. Two at
// once write two of each: both stream keys hold, and the later secret.
func (c *Client) ensureKeys(ctx context.Context) error {
	terminals, err := c.ReadRegistry(ctx)
	if err != nil {
		return err
	}
	if _, ok := terminals.SigningKey(); !ok {
		if err := c.writeStreamKey(ctx); err != nil {
			return fmt.Errorf("write stream key: %w", err)
		}
	}
	if terminals.TicketSecret() != nil {
		return nil
	}
	return c.ReplaceTicketSecret(ctx)
}

// writeStreamKey writes one and looks whether the registry has it, or another's.
func (c *Client) writeStreamKey(ctx context.Context) error {
	key, value, err := schema.NewStreamKey(time.Now()).RegistryRecord()
	if err != nil {
		return err
	}
	if err := c.PutRegistry(ctx, key, value); err != nil {
		return err
	}
	terminals, err := c.ReadRegistry(ctx)
	if err != nil {
		return err
	}
	if _, ok := terminals.SigningKey(); !ok {
		return errors.New("it was acknowledged, and is not on the registry topic")
	}
	return nil
}

// ReplaceTicketSecret writes a new ticket secret: it ends the TLS sessions that
// terminals would resume, at every process within moments. After an error the
// outcome is unknown.
func (c *Client) ReplaceTicketSecret(ctx context.Context) error {
	key, value, err := schema.NewTicketSecret(time.Now()).RegistryRecord()
	if err != nil {
		return err
	}
	if err := c.PutRegistry(ctx, key, value); err != nil {
		return fmt.Errorf("write ticket secret: %w", err)
	}
	return nil
}
