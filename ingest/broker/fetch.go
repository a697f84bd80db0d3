package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// kafka.Client.Fetch does not do here. It takes a batch's time from its producer
// where the broker wrote its own; says of a wrong checksum only in words; takes a
// batch whose length was damaged for the end of the answer, and waits for ever; and
// copies every record twice. So the exchange is written out below: kafka-go finds
// the leader and a connection, and hands both to a message that is a RawExchanger.

// fetchVersion is the version of the Fetch API that is spoken: the newest that
// kafka-go negotiates. Kafka has it since 2.3.
const fetchVersion = 11

// A fetchRequest asks one partition for the batches from an offset on.
type fetchRequest struct {
	topic     string
	partition int32
	offset    schema.Offset
	wait      time.Duration
	bytesMax  int32

	// body is memory for the answer. It goes over to the fetchResponse: where the
	// call ends without one, the connection may still be writing to it.
	body []byte

	negotiated int16 // Set by Required.
}

// A fetchResponse is the answer. All its bytes are in body.
type fetchResponse struct {
	body       []byte
	err        error // The broker's.
	logEnd     schema.Offset
	recordSets []byte // Batches; the last may be cut off.
}

// ApiKey is Kafka's number for the call.
func (r *fetchRequest) ApiKey() protocol.ApiKey { return protocol.Fetch }

// ApiKey is Kafka's number for the call.
func (r *fetchResponse) ApiKey() protocol.ApiKey { return protocol.Fetch }

// Broker returns the leader of the partition.
func (r *fetchRequest) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	same := &fetchapi.Request{Topics: []fetchapi.RequestTopic{{
		Topic:      r.topic,
		Partitions: []fetchapi.RequestPartition{{Partition: r.partition}},
	}}}
	return same.Broker(cluster)
}

// Required tells kafka-go to leave the exchange to RawExchange, always.
func (r *fetchRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.negotiated = versions[protocol.Fetch]
	return true
}

// RawExchange writes r to a connection and reads the answer. It runs in the
// connection's goroutine and may outlive the call that caused it.
func (r *fetchRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.negotiated < fetchVersion {
		return nil, fmt.Errorf("broker speaks version %d of Fetch: want %d (Kafka 2.3 or newer)", r.negotiated, fetchVersion)
	}
	body, err := exchange(rw, r.append(nil), r.body)
	if err != nil {
		return nil, err
	}
	return parseFetchResponse(body)
}

// append writes r as the Fetch API wants it.
func (r *fetchRequest) append(dst []byte) []byte {
	be := binary.BigEndian
	dst = appendHead(dst, protocol.Fetch, fetchVersion)
	dst = be.AppendUint32(dst, 1<<32-1) // Replica -1: a consumer.
	dst = be.AppendUint32(dst, uint32(r.wait.Milliseconds()))
	dst = be.AppendUint32(dst, 1) // Least bytes: answer as soon as there is a record.
	dst = be.AppendUint32(dst, uint32(r.bytesMax))
	dst = append(dst, 0)                // Read uncommitted: the log as it is.
	dst = be.AppendUint32(dst, 0)       // Session 0,
	dst = be.AppendUint32(dst, 1<<32-1) // epoch -1: none.
	dst = be.AppendUint32(dst, 1)       // One topic,
	dst = appendString(dst, r.topic)
	dst = be.AppendUint32(dst, 1) // one partition.
	dst = be.AppendUint32(dst, uint32(r.partition))
	dst = be.AppendUint32(dst, 1<<32-1) // Leader epoch -1: whatever it is.
	dst = be.AppendUint64(dst, uint64(r.offset))
	dst = be.AppendUint64(dst, 1<<64-1) // Log start -1: not a follower's.
	dst = be.AppendUint32(dst, uint32(r.bytesMax))
	dst = be.AppendUint32(dst, 0) // No forgotten topics.
	dst = appendString(dst, "")   // No rack.
	be.PutUint32(dst, uint32(len(dst)-recordset.SizeBytes))
	return dst
}

// parseFetchResponse takes the head of an answer apart.
func parseFetchResponse(body []byte) (*fetchResponse, error) {
	c := recordset.Cursor{Rest: body}
	if got := c.Int32(); got != correlation {
		return nil, fmt.Errorf("answer to request %d: want %d", got, correlation)
	}
	c.Skip(4) // Throttle time: the broker has waited itself.
	code := c.Int16()
	c.Skip(4) // Session.
	if code != 0 {
		return &fetchResponse{body: body, err: kafka.Error(code)}, nil
	}
	if topics := c.Int32(); topics != 1 {
		return nil, fmt.Errorf("answer for %d topics: want 1", topics)
	}
	c.Skip(int64(c.Int16())) // Topic.
	if partitions := c.Int32(); partitions != 1 {
		return nil, fmt.Errorf("answer for %d partitions: want 1", partitions)
	}
	c.Skip(4) // Partition.
	code = c.Int16()
	res := &fetchResponse{body: body, logEnd: schema.Offset(c.Int64())}
	c.Skip(8)                             // Last stable offset.
	c.Skip(8)                             // Log start.
	c.Skip(16 * max(0, int64(c.Int32()))) // Aborted transactions.
	c.Skip(4)                             // Preferred replica.
	res.recordSets = c.Take(max(0, int64(c.Int32())))
	if c.Bad {
		return nil, errors.New("answer is cut off")
	}
	if code != 0 {
		res.err = kafka.Error(code)
	}
	return res, nil
}

// fetch asks for the batches of a partition from offset at on and waits for them
// as long as the settings say. It uses body's memory for the answer, and only the
// answer says where it is then: body must not be used again.
func (c *Client) fetch(ctx context.Context, topic string, p schema.Partition, at schema.Offset, body []byte) (*fetchResponse, error) {
	return c.send(ctx, &fetchRequest{
		topic: topic, partition: int32(p), offset: at,
		wait: c.cfg.FetchWaitMax, bytesMax: int32(c.cfg.FetchBytesMax), body: body,
	})
}

// send is fetch as r says.
func (c *Client) send(ctx context.Context, r *fetchRequest) (*fetchResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, r.wait+c.cfg.Timeout)
	defer cancel()
	message, err := c.transport.RoundTrip(ctx, c.kafka.Addr, r)
	if err != nil {
		return nil, fmt.Errorf("fetch %s, partition %d, offset %d: %w", r.topic, r.partition, r.offset, err)
	}
	res, ok := message.(*fetchResponse)
	if !ok {
		panic(fmt.Sprintf("BUG: fetch answered by %T", message))
	}
	switch {
	case errors.Is(res.err, kafka.OffsetOutOfRange):
		err = fmt.Errorf("%w: %w", schema.ErrOffsetOutOfRange, res.err)
	case errors.Is(res.err, kafka.InvalidMessage):
		err = fmt.Errorf("%w: %w", schema.ErrCorrupt, res.err) // The broker saw it first.
	default:
		err = res.err
	}
	if err != nil {
		return nil, fmt.Errorf("fetch %s, partition %d, offset %d: %w", r.topic, r.partition, r.offset, err)
	}
	return res, nil
}

var (
	_ protocol.BrokerMessage = (*fetchRequest)(nil)
	_ protocol.RawExchanger  = (*fetchRequest)(nil)
)
