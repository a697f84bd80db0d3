package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

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
