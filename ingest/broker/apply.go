package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlf/schema"
)

// Apply makes what the log needs and is missing: topics, a stream key, genesis
// records. It changes nothing else, may run again at any time, and twice at once.
// It returns whose log it is.
func (c *Client) Apply(ctx context.Context, topics TopicsConfig) (schema.Identity, error) {
	if _, err := c.CreateTopics(ctx, topics); err != nil {
		return schema.Identity{}, err
	}
	if err := c.ensureStreamKey(ctx); err != nil {
		return schema.Identity{}, err
	}
	err := c.WriteGenesis(ctx, schema.NewLogID(), schema.RulesV1)
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
	return schema.Identity{Log: g.Log, Partitions: g.Partitions, Rules: g.Rules}, nil
}

// ensureStreamKey writes a stream key where there is none.
func (c *Client) ensureStreamKey(ctx context.Context) error {
	terminals, err := c.ReadRegistry(ctx)
	if err != nil {
		return err
	}
	if _, ok := terminals.SigningKey(); ok {
		return nil
	}
	key, value, err := schema.NewStreamKey(time.Now()).RegistryRecord()
	if err != nil {
		return err
	}
	if err := c.PutRegistry(ctx, key, value); err != nil {
		return fmt.Errorf("write stream key: %w", err)
	}
	return nil
}
