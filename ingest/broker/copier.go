package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mlf/ingest/broker/refill"
	"mlf/schema"
)

// A Copier takes a log as a whole, and puts one back. Every call tries for
// Config.GiveUp. Used by one goroutine at a time.
type Copier struct {
	*Client
	writer refill.Writer
}

// NewCopier returns a copier of what c leads to.
func (c *Client) NewCopier() *Copier {
	return &Copier{Client: c, writer: refill.Writer{Kafka: c.kafka, Topic: c.cfg.VotesTopic}}
}

// Fetch is Consumer.Fetch; it comes to an end where a log has nothing more.
func (c *Copier) Fetch(ctx context.Context, p schema.Partition, at schema.Offset) (f schema.Fetched, err error) {
	err = c.again(ctx, Hopeless, func(ctx context.Context) error {
		f, err = c.NewConsumer().Fetch(ctx, p, at) // It would keep memory for every partition.
		return err
	})
	return f, err
}

// Bounds are those of each partition of the topic; all of them are known.
func (c *Copier) Bounds(ctx context.Context) (all []schema.Bounds, err error) {
	err = c.again(ctx, Hopeless, func(ctx context.Context) error {
		all, err = c.Client.Bounds(ctx)
		if p := slices.Index(all, schema.Bounds{First: schema.OffsetUnknown, Next: schema.OffsetUnknown}); p >= 0 {
			err = fmt.Errorf("partition %d: its leader does not tell where it ends", p)
		}
		return err
	})
	return all, err
}

// Identity returns whose log it is, by the first genesis that is left. ErrNoTopic and
// ErrNoGenesis: there is none; schema.ErrOffsetOutOfRange: retention has removed all.
func (c *Copier) Identity(ctx context.Context) (schema.Identity, error) {
	final := func(err error) bool {
		return Hopeless(err) || errors.Is(err, ErrNoTopic) || errors.Is(err, ErrNoGenesis)
	}
	var g schema.Genesis
	err := c.again(ctx, final, func(ctx context.Context) error {
		n, err := c.Partitions(ctx)
		if err == nil {
			g, err = c.firstGenesis(ctx, n)
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("ask Kafka at %v: %w", c.cfg.Brokers, err)
	}
	return schema.Identity{Log: g.Log, Partitions: g.Partitions, Rules: g.Rules}, err
}

// Append puts records back, of which the first comes to the end of p, with acks=all.
// refill.ErrElsewhere: they have not their offsets. refill.ErrTooLarge: one fits no batch.
func (c *Copier) Append(ctx context.Context, p schema.Partition, records []schema.Record) error {
	final := func(err error) bool { return !retriable(err) || errors.Is(err, refill.ErrElsewhere) }
	err := refill.Batches(records, c.cfg.BatchBytesMax, func(b *refill.Batch) error {
		return c.again(ctx, final, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, c.cfg.attemptMax())
			defer cancel()
			return c.writer.Append(ctx, p, b)
		})
	})
	if err != nil {
		return fmt.Errorf("partition %d: %w", p, err)
	}
	return nil
}

// ReadServed is ReadRecords for the topic of served users. ErrNoTopic: there is none.
func (c *Copier) ReadServed(ctx context.Context, apply func(key string, value []byte) error) error {
	f := &follower{client: c.Client, topic: c.cfg.ServedTopic, records: c.metrics.served, apply: apply, caughtUp: func() {}, began: time.Now()}
	return f.once(ctx)
}

// PutRegistryRecords appends records to the registry topic, and may do so twice.
func (c *Copier) PutRegistryRecords(ctx context.Context, records []schema.Record) error {
	return c.putAll(ctx, c.registry, records)
}

// PutServedRecords appends records to the topic of served users, and may do so twice.
func (c *Copier) PutServedRecords(ctx context.Context, records []schema.Record) error {
	return c.putAll(ctx, c.served, records)
}

// PutAlertRecords appends records to the topic of alerts, and may do so twice.
func (c *Copier) PutAlertRecords(ctx context.Context, records []schema.Record) error {
	return c.putAll(ctx, c.alerts, records)
}

func (c *Copier) putAll(ctx context.Context, to *leaders, records []schema.Record) error {
	return refill.Batches(records, c.cfg.BatchBytesMax, func(b *refill.Batch) error {
		return c.putSet(ctx, to, compactedPartition, &b.Set)
	})
}
