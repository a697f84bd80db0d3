package broker

import (
	"context"
	"fmt"
	"sync"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// A Consumer reads the votes topic. Safe for use by several goroutines, each for
// partitions of its own. It keeps no position: whoever reads says from where.
type Consumer struct {
	client *Client

	mu   sync.Mutex
	kept map[schema.Partition]fetchMemory
}

// fetchMemory is what one partition's fetches use in turn.
type fetchMemory struct {
	body    []byte
	records []schema.Record
}

// NewConsumer returns a consumer of the votes topic.
func (c *Client) NewConsumer() *Consumer {
	return &Consumer{client: c, kept: make(map[schema.Partition]fetchMemory)}
}

// Fetch returns the records of p from offset at on: at once when there are some,
// else as soon as there are, and none when Config.FetchWaitMax is over. The caller
// owns the answer until its next fetch of p.
//
// The errors that a worker must tell apart are schema.ErrOffsetOutOfRange,
// schema.ErrCorrupt and schema.ErrGap; any other is the world's, and worth another try.
func (c *Consumer) Fetch(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Fetched, error) {
	m := c.client.metrics
	mem := c.take(p)
	res, err := c.client.fetch(ctx, c.client.cfg.VotesTopic, p, at, mem.body)
	if err != nil {
		// The connection may still write to the memory: it is lost.
		m.fetches.WithLabelValues(fetchResult(ctx, err)).Inc()
		return schema.Fetched{}, err
	}
	clear(mem.records) // They point into answers that may be gone.
	reader := recordset.Reader{Dense: true, At: at, Records: mem.records[:0]}
	err = reader.Read(res.recordSets)
	c.keep(p, fetchMemory{body: res.body, records: reader.Records})
	if err != nil {
		m.fetches.WithLabelValues(fetchResult(ctx, err)).Inc()
		return schema.Fetched{}, fmt.Errorf("fetch %s, partition %d, offset %d: %w", c.client.cfg.VotesTopic, p, at, err)
	}
	m.fetches.WithLabelValues(resultOK).Inc()
	m.fetchBytes.Add(float64(len(res.recordSets)))
	m.fetchRecords.Add(float64(len(reader.Records)))
	return schema.Fetched{
		Records:     reader.Records,
		LogEnd:      res.logEnd,
		LeaderEpoch: reader.Epoch,
	}, nil
}

// Bounds returns the first offset of p and one past its last.
func (c *Consumer) Bounds(ctx context.Context, p schema.Partition) (first, next schema.Offset, err error) {
	first, next, err = c.client.bounds(ctx, c.client.cfg.VotesTopic, p)
	if err != nil {
		return 0, 0, fmt.Errorf("partition %d: %w", p, err)
	}
	return first, next, nil
}

// take returns p's memory and forgets it, so that a fetch of p that should not be
// under way at the same time gets memory of its own.
func (c *Consumer) take(p schema.Partition) fetchMemory {
	c.mu.Lock()
	defer c.mu.Unlock()
	mem := c.kept[p]
	delete(c.kept, p)
	return mem
}

func (c *Consumer) keep(p schema.Partition, mem fetchMemory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[p] = mem
}
