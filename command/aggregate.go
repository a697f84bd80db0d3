package command

import (
	"context"
	"errors"
	"log/slog"

	"mlf/aggregate"
	"mlf/command/process"
)

type aggregateCmd struct {
	stageFlags
	storeFlags
}

// Validate refuses flags that do not go together. kong calls it.
func (c *aggregateCmd) Validate() error {
	return errors.Join(c.kafkaFlags.Validate(), c.Check(), c.storeFlags.Validate())
}

// Run counts until ctx ends.
func (c *aggregateCmd) Run(ctx context.Context, p *console) error {
	return c.run(ctx, p, "aggregate", c.serve, onKafka, onClickhouse)
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
	worker, aggregator, err := b.aggregatePart(ctx, s, s.Place(), aggregate.Config{})
	if err != nil {
		return err
	}
	b.admin.Set(recoveryCheck(aggregator.Ready, b.dependencies.Away))
	b.log.Info("aggregate starts", slog.Int("partitions", partitions))
	return process.InOrder(ctx, b.log, worker)
}
