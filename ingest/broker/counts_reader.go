package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// A CountsReader reads claims from the counts topic. It keeps no position: whoever
// reads says from where. Used by one goroutine at a time.
type CountsReader struct {
	client  *Client
	mem     fetchMemory
	corrupt int // Damaged answers in a row.
}

// countsFetchBytes limits one answer: decoded it takes some five times as much.
const countsFetchBytes = 2 << 20

// corruptMax is how often a damaged batch is fetched again before it is left out:
// the fault may be of the network or of one replica.
const corruptMax = 3

// NewCountsReader returns a reader of the counts topic.
func (c *Client) NewCountsReader() *CountsReader {
	reading := *c
	reading.cfg.FetchBytesMax = min(reading.cfg.FetchBytesMax, countsFetchBytes)
	return &CountsReader{client: &reading}
}

// Since returns the offset of the first record that was appended at t or later; the
// end where there is none. ErrNoTopic: mlf schema apply has not made the topic.
func (r *CountsReader) Since(ctx context.Context, t time.Time) (schema.Offset, error) {
	offset, err := r.since(ctx, t)
	if err != nil {
		return 0, fmt.Errorf("find claims since %s in Kafka at %v: %w", t.UTC().Format(time.RFC3339), r.client.cfg.Brokers, r.missing(ctx, err))
	}
	return offset, nil
}

func (r *CountsReader) since(ctx context.Context, t time.Time) (schema.Offset, error) {
	topic := r.client.cfg.CountsTopic
	_, end, err := r.client.bounds(ctx, topic, countsPartition) // First: what comes after it is not passed over.
	if err != nil {
		return 0, err
	}
	res, err := r.client.kafka.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		topic: {kafka.TimeOffsetOf(int(countsPartition), t)},
	}})
	if err != nil {
		return 0, fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	for _, a := range res.Topics[topic] {
		if a.Error != nil {
			return 0, fmt.Errorf("list offsets of %s: %w", topic, a.Error)
		}
		for offset := range a.Offsets {
			if offset >= 0 {
				return schema.Offset(offset), nil
			}
		}
	}
	return end, nil
}

// Fetch returns the batches from offset at on, in order, and the offset to go on
// from: at once when there are some, else as soon as there are, and none when
// Config.FetchWaitMax is over. The batches are the caller's.
//
// schema.ErrOffsetOutOfRange: retention has overtaken at, or the topic was made anew.
// ErrNoTopic: mlf schema apply has not made it. Any other error is the world's, and
// worth another try. What cannot be read is left out, and a gap by its number.
func (r *CountsReader) Fetch(ctx context.Context, at schema.Offset) (batches []schema.ClaimBatch, next schema.Offset, err error) {
	topic := r.client.cfg.CountsTopic
	res, err := r.client.fetch(ctx, topic, countsPartition, at, r.mem.body)
	if err != nil {
		r.mem = fetchMemory{} // The connection may still write to it.
		return r.leaveOut(at, r.missing(ctx, err))
	}
	clear(r.mem.records)
	reader := recordset.Reader{At: at, Records: r.mem.records[:0]}
	err = reader.Read(res.recordSets)
	r.mem = fetchMemory{body: res.body, records: reader.Records}
	if err != nil {
		return r.leaveOut(at, fmt.Errorf("fetch %s, offset %d: %w", topic, at, err))
	}
	r.corrupt = 0
	for i := range reader.Records {
		b, err := schema.DecodeClaimBatch(reader.Records[i].Value)
		if err != nil {
			r.unreadable(reader.Records[i].Offset, err)
			continue
		}
		batches = append(batches, b)
	}
	return batches, reader.At, nil
}

// leaveOut returns err, or goes on behind a batch that stays damaged.
func (r *CountsReader) leaveOut(at schema.Offset, err error) ([]schema.ClaimBatch, schema.Offset, error) {
	if errors.Is(err, schema.ErrCorrupt) {
		if r.corrupt++; r.corrupt > corruptMax {
			r.corrupt = 0
			r.unreadable(at, err)
			return nil, at + 1, nil
		}
	}
	return nil, at, err
}

func (r *CountsReader) unreadable(at schema.Offset, err error) {
	r.client.metrics.unreadable.Inc()
	r.client.log.Warn("claims left out: what they said is read from the store", slog.Int64("offset", int64(at)), slog.Any("err", err))
}

// missing returns err, or that there is no such topic where that is why.
func (r *CountsReader) missing(ctx context.Context, err error) error {
	if _, lookedUp := r.client.partitions(ctx, r.client.cfg.CountsTopic); errors.Is(lookedUp, ErrNoTopic) {
		return lookedUp
	}
	return err
}
