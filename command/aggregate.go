package command

import (
	"context"
	"log/slog"

	"mlf/aggregate"
	"mlf/command/process"
)

type aggregateCmd struct {
	stageFlags
	storeFlags
}

// Run counts until ctx ends.
func (c *aggregateCmd) Run(ctx context.Context, p *console) error {
	if err := c.validate(); err != nil {
		return err
	}
	return c.run(ctx, p, "aggregate", c.serve)
}

func (c *aggregateCmd) serve(ctx context.Context, b *base) error {
	partitions, err := b.awaitLog(ctx)
	if err != nil {
		return err
	}
	s, err := b.awaitStore(ctx, &c.storeFlags)
	if err != nil {
		return err
	}
	defer closeStore(s, b.log)
	worker, ready, err := b.aggregatePart(ctx, s, aggregate.Config{})
	if err != nil {
		return err
	}
	b.admin.Set(b.logCheck(), storeCheck(s), ready)
	b.log.Info("aggregate starts", slog.Int("partitions", partitions))
	return process.InOrder(ctx, b.log, worker)
}
