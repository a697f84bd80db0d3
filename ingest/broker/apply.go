package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"mlf/ingest/broker/inspect"
	"mlf/ingest/broker/settings"
	"mlf/schema"
	"mlf/schema/finding"
)

// Apply makes what the log needs and is missing: topics, a stream key, a ticket
// secret, genesis records. It changes nothing else, may run again at any time, and
// twice at once. Topics that others made so that they lose records are refused,
// setting by setting; of what may be meant the log warns. It returns whose log it is.
func (c *Client) Apply(ctx context.Context, topics TopicsConfig) (schema.Identity, error) {
	topics.Partitions = cmp.Or(topics.Partitions, DefaultPartitions)
	if err := c.MakeTopics(ctx, topics); err != nil {
		return schema.Identity{}, err
	}
	if err := c.ensureKeys(ctx); err != nil {
		return schema.Identity{}, err
	}
	err := c.WriteGenesis(ctx, schema.NewLogID(), schema.RulesV3)
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

// MakeTopics makes the topics that are missing, and refuses those that lose records.
func (c *Client) MakeTopics(ctx context.Context, topics TopicsConfig) (err error) {
	if topics.Replicas == 0 {
		if topics.Replicas, err = c.defaultReplicas(ctx); err != nil {
			return err
		}
	}
	if _, err = c.CreateTopics(ctx, topics); err != nil {
		return err
	}
	return c.checkTopics(ctx, topics.Replicas)
}

// checkTopics refuses topics under which votes would be lost, and warns of what
// somebody may have chosen. Those that apply makes are right; others make topics,
// too, and change them.
func (c *Client) checkTopics(ctx context.Context, replicas int) error {
	var refused []string
	for _, topic := range c.topics() {
		found, err := c.cluster().Judge(ctx, topic, replicas)
		if inspect.Denied(err) {
			c.log.Warn("topic's settings not looked at", slog.String("topic", topic.Name), slog.Any("err", err))
			continue
		}
		if err != nil {
			return fmt.Errorf("look at the settings of topic %s: %w", topic.Name, err)
		}
		for _, f := range found {
			if f.Refused {
				refused = append(refused, fmt.Sprintf("topic %s, %s=%s: %s", topic.Name, f.Setting, f.Value, f.Advice))
				continue
			}
			c.log.Warn("topic's setting", slog.String("topic", topic.Name), slog.String("setting", f.Setting),
				slog.String("value", f.Value), slog.String("advice", f.Advice))
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("%w: %s", errUnsafe, strings.Join(refused, "; "))
	}
	return nil
}

// topics are those that mlf uses.
func (c *Client) topics() []inspect.Topic {
	return []inspect.Topic{
		{Kind: settings.Votes, Name: c.cfg.VotesTopic},
		{Kind: settings.Registry, Name: c.cfg.RegistryTopic},
		{Kind: settings.Counts, Name: c.cfg.CountsTopic},
		{Kind: settings.Served, Name: c.cfg.ServedTopic},
		{Kind: settings.Heartbeats, Name: c.cfg.HeartbeatsTopic},
		{Kind: settings.Alerts, Name: c.cfg.AlertsTopic},
	}
}

// cluster is who knows how Kafka is set up.
func (c *Client) cluster() *inspect.Cluster {
	return &inspect.Cluster{Kafka: c.kafka, BatchBytes: c.cfg.BatchBytesMax}
}

// A Stage is whose login the brokers are asked with: schema, ingest, aggregate, query.
type Stage = inspect.Stage

// Checks look at how Kafka is set up for mlf: brokers, settings, copies, rights of
// this user as stage needs them, clock, disks. They change nothing.
func (c *Client) Checks(stage Stage, replicas int) []finding.Check {
	return c.cluster().Checks(inspect.Wish{Topics: c.topics(), Replicas: replicas, Groups: c.cfg.Groups, Stage: stage, Age: c.Age})
}

// Denied tells whether err is of somebody who may not look.
func (*Client) Denied(err error) bool { return inspect.Denied(err) }

// Age returns how long ago the log began, by the append time of its first record.
func (c *Client) Age(ctx context.Context) (time.Duration, error) {
	first, _, err := c.bounds(ctx, c.cfg.VotesTopic, 0)
	if err != nil {
		return 0, err
	}
	appended, err := c.Appended(ctx, 0, first)
	if err != nil {
		return 0, err
	}
	return time.Since(appended.Time()), nil
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
