package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// compactedPartition is the only one: what is compacted needs an order, not throughput.
const compactedPartition schema.Partition = 0

// grace is how long a missing registry topic may be a broker's that has not heard
// of it yet, and a refused login a broker's that is being stopped.
const grace = 2 * time.Second

// PutRegistry appends a record to the registry topic, with acks=all. It tries for
// Config.GiveUp, or until ctx ends or Kafka refuses for good; after an error the
// outcome is unknown. Key and value may be used again when it has returned.
func (c *Client) PutRegistry(ctx context.Context, key string, value []byte) error {
	if err := c.put(ctx, c.registry, compactedPartition, key, value); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

// put appends one record with a key to a partition.
func (c *Client) put(ctx context.Context, to *leaders, p schema.Partition, key string, value []byte) error {
	var set recordset.Set
	set.Add([]byte(key), value)
	return c.putSet(ctx, to, p, &set)
}

// putSet appends the records of set to a partition: all of them, or, after an error,
// perhaps none.
func (c *Client) putSet(ctx context.Context, to *leaders, p schema.Partition, set *recordset.Set) error {
	set.Seal(schema.InstantOf(time.Now()))
	err := c.again(ctx, func(err error) bool { return !retriable(err) }, func(ctx context.Context) error {
		return c.produce(ctx, to, p, set.Buf)
	})
	if err != nil {
		return fmt.Errorf("append to %s, partition %d, of Kafka at %v: %w", to.topic, p, c.cfg.Brokers, err)
	}
	return nil
}

// ReadRegistry returns what the registry topic held when it was called. It ends
// with an error when nothing could be read for Config.GiveUp, with ErrNoTopic when
// there is no such topic.
func (c *Client) ReadRegistry(ctx context.Context) (*schema.Terminals, error) {
	terminals := new(schema.Terminals)
	if err := c.ReadRecords(ctx, terminals.Apply); err != nil {
		return nil, err
	}
	return terminals, nil
}

// ReadRecords is ReadRegistry for whatever takes the records, as Follow gives them.
func (c *Client) ReadRecords(ctx context.Context, apply func(key string, value []byte) error) error {
	return c.registryFollower(apply, func() {}).once(ctx)
}

// once reads what the topic held when it was called.
func (f *follower) once(ctx context.Context) error {
	final := func(err error) bool {
		return (errors.Is(err, ErrNoTopic) || refused(err)) && time.Since(f.began) > grace
	}
	for !f.applied {
		if err := f.client.again(ctx, final, f.step); err != nil {
			return fmt.Errorf("read topic %s from Kafka at %v: %w", f.topic, f.client.cfg.Brokers, err)
		}
	}
	return nil
}

// Follow reads the registry topic from its start and calls apply for each record,
// in order, for ever: a new record within moments. It calls caughtUp once, when all
// that was on the topic at the beginning has been applied. It returns nil when ctx
// ends, and ErrNoTopic when there is no such topic.
//
// A record may be applied again: a record appended twice, or all of them when the
// topic was cut in a way that leaves nothing else. Records without key are skipped; one
// without value, which is nil, takes back what the key had. An error of apply is logged;
// the next record follows. Key and value are apply's for the length of the call.
func (c *Client) Follow(ctx context.Context, apply func(key string, value []byte) error, caughtUp func()) error {
	return c.registryFollower(apply, caughtUp).run(ctx)
}

// run follows until ctx ends, or until there is no topic.
func (f *follower) run(ctx context.Context) error {
	c := f.client
	failures := 0
	for ctx.Err() == nil {
		err := f.step(ctx)
		switch {
		case err == nil:
			if failures > 0 {
				c.log.Info("topic is followed again", slog.String("topic", f.topic))
			}
			failures = 0
			continue
		case ctx.Err() != nil:
			continue
		case errors.Is(err, ErrNoTopic) && time.Since(f.began) > grace:
			return fmt.Errorf("follow topic %s: %w", f.topic, err)
		}
		if failures++; failures == 1 {
			c.log.Warn("topic not followed", slog.String("topic", f.topic), slog.Any("err", err))
		}
		pause(ctx, backoff(failures))
	}
	return nil
}

// A follower is where the reading of a compacted topic of one partition stands.
type follower struct {
	client   *Client
	topic    string
	records  prometheus.Counter // Those applied.
	apply    func(key string, value []byte) error
	caughtUp func()
	began    time.Time

	placed  bool          // next is known.
	next    schema.Offset // To be applied next.
	target  schema.Offset // The log end at the beginning.
	applied bool          // All below target; caughtUp was called.
	mem     fetchMemory
}

// registryFollower follows the registry, from its start.
func (c *Client) registryFollower(apply func(key string, value []byte) error, caughtUp func()) *follower {
	return &follower{client: c, topic: c.cfg.RegistryTopic, records: c.metrics.registry, apply: apply, caughtUp: caughtUp, began: time.Now()}
}

// step reads once.
func (f *follower) step(ctx context.Context) error {
	if !f.placed {
		if err := f.place(ctx); err != nil {
			return err
		}
	}
	res, err := f.client.fetch(ctx, f.topic, compactedPartition, f.next, f.mem.body)
	if err != nil {
		f.mem = fetchMemory{}
		// Compaction may take away the start of the log, or somebody made the topic
		// anew: begin again. What was applied before is applied again at worst.
		f.placed = !errors.Is(err, schema.ErrOffsetOutOfRange)
		return err
	}
	clear(f.mem.records)
	reader := recordset.Reader{At: f.next, Records: f.mem.records[:0]}
	err = reader.Read(res.recordSets)
	f.mem = fetchMemory{body: res.body, records: reader.Records}
	if err != nil {
		return err
	}
	for i := range reader.Records {
		f.take(&reader.Records[i])
	}
	f.next = reader.At
	// The target may never be read: compaction removes records, also the last. An
	// empty answer says that there is nothing more.
	f.noteProgress(len(res.recordSets) == 0 && res.logEnd >= f.target)
	return nil
}

// noteProgress calls caughtUp when it is time.
func (f *follower) noteProgress(nothingMore bool) {
	if !f.applied && (f.next >= f.target || nothingMore) {
		f.applied = true
		f.caughtUp()
	}
}

// place finds out where the topic begins and ends.
func (f *follower) place(ctx context.Context) error {
	// The offsets' call would ask some broker for a topic that does not exist.
	if _, err := f.client.partitions(ctx, f.topic); err != nil {
		return err
	}
	first, end, err := f.client.bounds(ctx, f.topic, compactedPartition)
	if err != nil {
		return err
	}
	f.placed, f.next, f.target = true, first, end
	f.noteProgress(false)
	return nil
}

// take applies one record.
func (f *follower) take(r *schema.Record) {
	if r.Key == nil {
		return
	}
	f.records.Inc()
	if err := f.apply(string(r.Key), r.Value); err != nil {
		f.client.log.Warn("record not applied", slog.String("topic", f.topic), slog.Int64("offset", int64(r.Offset)), slog.Any("err", err))
	}
}
