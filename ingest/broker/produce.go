package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// kafka.Client.RawProduce takes one partition a request, and writes it by
// reflection. The exchange is written out below, as that of fetch is.

// produceVersion is the version of the Produce API that is spoken. Kafka has it
// since 2.1; what came later is of no use here.
const produceVersion = 7

// acksAll is -1: every in-sync replica has it.
const acksAll = 1<<16 - 1

// A produceRequest takes record sets to the broker that leads their partitions.
type produceRequest struct {
	leader int32
	buf    []byte // As it goes over the wire.

	negotiated int16 // Set by Required.
}

// A produceResponse is what came of each set.
type produceResponse struct{ answers []produced }

type produced struct {
	partition schema.Partition
	appended  time.Time // Zero where the log keeps the producer's.
	err       error     // The broker's.
}

// ApiKey is Kafka's number for the call.
func (r *produceRequest) ApiKey() protocol.ApiKey { return protocol.Produce }

// ApiKey is Kafka's number for the call.
func (r *produceResponse) ApiKey() protocol.ApiKey { return protocol.Produce }

// Broker returns whom r is for.
func (r *produceRequest) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	if b, ok := cluster.Brokers[r.leader]; ok {
		return b, nil
	}
	return protocol.Broker{}, fmt.Errorf("broker %d: %w", r.leader, kafka.BrokerNotAvailable)
}

// Required tells kafka-go to leave the exchange to RawExchange, always.
func (r *produceRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.negotiated = versions[protocol.Produce]
	return true
}

// RawExchange writes r to a connection and reads the answer. It runs in the
// connection's goroutine and may outlive the call that caused it.
func (r *produceRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.negotiated < produceVersion {
		return nil, fmt.Errorf("broker speaks version %d of Produce: want %d (Kafka 2.1 or newer)", r.negotiated, produceVersion)
	}
	body, err := exchange(rw, r.buf, nil)
	if err != nil {
		return nil, err
	}
	return parseProduceResponse(body)
}

// appendProduce writes a request as the Produce API wants it. Brokers get timeout
// for their replicas.
func appendProduce(dst []byte, topic string, timeout time.Duration, all parcels) []byte {
	be := binary.BigEndian
	dst = appendHead(dst, protocol.Produce, produceVersion)
	dst = be.AppendUint16(dst, 1<<16-1) // No transaction.
	dst = be.AppendUint16(dst, acksAll)
	dst = be.AppendUint32(dst, uint32(timeout.Milliseconds()))
	dst = be.AppendUint32(dst, 1) // One topic.
	dst = appendString(dst, topic)
	dst = be.AppendUint32(dst, uint32(len(all)))
	for _, p := range all {
		dst = be.AppendUint32(dst, uint32(p.partition))
		dst = append(dst, p.set...) // Its size is before it.
	}
	be.PutUint32(dst, uint32(len(dst)-recordset.SizeBytes))
	return dst
}

// parseProduceResponse takes an answer apart.
func parseProduceResponse(body []byte) (*produceResponse, error) {
	c := recordset.Cursor{Rest: body}
	if got := c.Int32(); got != correlation {
		return nil, fmt.Errorf("answer to request %d: want %d", got, correlation)
	}
	if topics := c.Int32(); topics != 1 {
		return nil, fmt.Errorf("answer for %d topics: want 1", topics)
	}
	c.Skip(int64(c.Int16())) // Topic.
	res := new(produceResponse)
	for n := c.Int32(); n > 0 && !c.Bad; n-- {
		a := produced{partition: schema.Partition(c.Int32())}
		if code := c.Int16(); code != 0 {
			a.err = kafka.Error(code)
		}
		c.Skip(8) // Base offset.
		if at := c.Int64(); at >= 0 {
			a.appended = time.UnixMilli(at)
		}
		c.Skip(8) // Log start.
		res.answers = append(res.answers, a)
	}
	if c.Bad {
		return nil, errors.New("answer is cut off")
	}
	return res, nil
}

var (
	_ protocol.BrokerMessage = (*produceRequest)(nil)
	_ protocol.RawExchanger  = (*produceRequest)(nil)
)
