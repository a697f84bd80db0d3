package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// ErrNoGenesis says that a partition has no record. `mlf schema apply` writes the
// first.
var ErrNoGenesis = errors.New("log has no genesis record: run mlf schema apply")

// WriteGenesis gives the log its identity: a genesis record at offset 0 of every
// partition that is empty, and nothing to others. Partition 0 decides: where it has
// a genesis already, that one's log id, rules and partition count are written, not
// those given. So a run that was broken off is completed by the next, two at once
// agree, and partitions that were added to the topic since are left alone.
//
// It returns an error when a partition begins with anything but the genesis of the
// same log. A genesis may be there twice, at offset 0 and after it.
func (c *Client) WriteGenesis(ctx context.Context, id schema.LogID, rules schema.Rules) error {
	n, err := c.Partitions(ctx)
	if err != nil {
		return fmt.Errorf("write genesis: %w", err)
	}
	want := schema.Genesis{Log: id, Partitions: n, Rules: rules}
	for p := schema.Partition(0); int(p) < min(n, want.Partitions); p++ {
		want.Partition = p
		got, err := c.ensureGenesis(ctx, want)
		if err != nil {
			return fmt.Errorf("write genesis: %w", err)
		}
		if p == 0 {
			want = got
			want.Partition = p
		}
		if got != want || got.Partitions > n {
			return fmt.Errorf("write genesis: partition %d of %d belongs to log %v of %d partitions, rules %d, as partition %d; want log %v of %d, rules %d: %w",
				p, n, got.Log, got.Partitions, got.Rules, got.Partition, want.Log, want.Partitions, want.Rules, errSeveralLogs)
		}
	}
	return nil
}

// ensureGenesis writes g if its partition is empty, and returns what is there.
func (c *Client) ensureGenesis(ctx context.Context, g schema.Genesis) (got schema.Genesis, err error) {
	var set recordset.Set
	set.Add([]byte(schema.KeyGenesis), schema.AppendGenesis(nil, g))
	set.Seal(schema.InstantOf(time.Now()))
	refusal := func(err error) bool { return !retriable(err) }
	err = c.again(ctx, refusal, func(ctx context.Context) error {
		// Also an append that failed may be there: look before writing again.
		_, end, err := c.bounds(ctx, c.cfg.VotesTopic, g.Partition)
		if err != nil || end > 0 {
			return err
		}
		return c.produce(ctx, c.votes, g.Partition, set.Buf)
	})
	if err != nil {
		return got, fmt.Errorf("partition %d: %w", g.Partition, err)
	}
	return c.ReadGenesis(ctx, g.Partition) // Another one may have been faster.
}

// ReadGenesis returns the genesis record of p, or ErrNoGenesis when p is empty.
// Where retention has removed it the error wraps schema.ErrOffsetOutOfRange, where
// something else is in its place schema.ErrUndecodable.
func (c *Client) ReadGenesis(ctx context.Context, p schema.Partition) (g schema.Genesis, err error) {
	final := func(err error) bool {
		return !retriable(err) || slices.ContainsFunc([]error{
			ErrNoGenesis, ErrNoTopic, schema.ErrOffsetOutOfRange, schema.ErrCorrupt, schema.ErrGap, schema.ErrUndecodable, schema.ErrFormat,
		}, func(sentinel error) bool { return errors.Is(err, sentinel) })
	}
	err = c.again(ctx, final, func(ctx context.Context) error {
		g, err = c.readGenesis(ctx, p)
		return err
	})
	if err != nil {
		return schema.Genesis{}, fmt.Errorf("read genesis of partition %d: %w", p, err)
	}
	return g, nil
}

// LogPartitions returns how many partitions the log has. Somebody may have added
// some to the topic since: a vote must go where its stream has always gone, or
// nobody counts it. The genesis records know. Where retention has removed them
// all, the topic is believed.
func (c *Client) LogPartitions(ctx context.Context) (int, error) {
	topic, err := c.Partitions(ctx)
	if err != nil {
		return 0, err
	}
	g, err := c.firstGenesis(ctx, topic)
	if errors.Is(err, schema.ErrOffsetOutOfRange) {
		return topic, nil
	}
	if err == nil && g.Partitions != topic {
		c.log.Warn("topic has other partitions than its log: those that were added are not used",
			slog.Int("topic", topic), slog.Int("log", g.Partitions))
	}
	return g.Partitions, err
}

// LogIdentity returns which log Kafka has, its partitions, and by which rules it began. Of
// a log whose beginning retention has taken away the partitions alone are known.
func (c *Client) LogIdentity(ctx context.Context) (schema.Identity, error) {
	n, err := c.LogPartitions(ctx)
	if err != nil {
		return schema.Identity{}, err
	}
	g, err := c.firstGenesis(ctx, n)
	if errors.Is(err, schema.ErrOffsetOutOfRange) {
		return schema.Identity{Partitions: n}, nil
	}
	return schema.Identity{Log: g.Log, Partitions: n, Rules: g.Rules}, err
}

// firstGenesis returns the first genesis that retention has left of n partitions.
func (c *Client) firstGenesis(ctx context.Context, n int) (g schema.Genesis, err error) {
	for p := range n {
		if g, err = c.ReadGenesis(ctx, schema.Partition(p)); !errors.Is(err, schema.ErrOffsetOutOfRange) {
			break
		}
	}
	return g, err
}

func (c *Client) readGenesis(ctx context.Context, p schema.Partition) (schema.Genesis, error) {
	_, end, err := c.bounds(ctx, c.cfg.VotesTopic, p)
	if err != nil {
		return schema.Genesis{}, err
	}
	if end == 0 {
		return schema.Genesis{}, ErrNoGenesis
	}
	res, err := c.fetch(ctx, c.cfg.VotesTopic, p, 0, nil)
	if err != nil {
		return schema.Genesis{}, err
	}
	reader := recordset.Reader{Dense: true}
	if err := reader.Read(res.recordSets); err != nil {
		return schema.Genesis{}, err
	}
	if len(reader.Records) == 0 {
		return schema.Genesis{}, errors.New("no record in time")
	}
	first := reader.Records[0]
	if string(first.Key) != schema.KeyGenesis {
		return schema.Genesis{}, fmt.Errorf("record 0 has key %q: %w", first.Key, schema.ErrUndecodable)
	}
	return schema.DecodeGenesis(first.Value)
}
