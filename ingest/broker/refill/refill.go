// Package refill appends records at the offsets that they had on another log: one
// batch of a partition after the other, each once, however often it is sent.
//
// It knows kafka-go, and how brokers recognise what they have; it must not know what
// a record says, when to try again, nor where records come from.
package refill

import (
	"bytes"
	"context"
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

// ErrElsewhere says that records came to be at other offsets than they had: somebody
// else appends to the topic, or a batch of an earlier run arrived late.
var ErrElsewhere = errors.New("somebody else appends to the topic: delete it and begin again")

// ErrTooLarge says that a record fits no batch. A producer that compressed may have
// written it.
var ErrTooLarge = errors.New("record is too large for a batch")

// A Writer appends to one topic. Its memory is that of one batch. Not safe for use by
// several goroutines.
type Writer struct {
	Kafka *kafka.Client
	Topic string

	begun bool
	is    recordset.Sequence
	next  map[schema.Partition]int32 // Sequences due.
}

// A Batch is records that go to the log together.
type Batch struct {
	Set   recordset.Set
	first schema.Offset
}

// Batches calls do with records in batches of at most most bytes, in order. do may
// keep its batch. A record that fits none is an error that wraps ErrTooLarge.
func Batches(records []schema.Record, most int, do func(b *Batch) error) error {
	for len(records) > 0 {
		b := Batch{first: records[0].Offset}
		for size := recordset.SizeBytes + recordset.HeadBytes; len(records) > 0; records = records[1:] {
			r := &records[0]
			if size += recordset.RecordHeadBytes + len(r.Key) + len(r.Value); size > most {
				break
			}
			b.Set.Add(r.Key, r.Value)
		}
		if b.Set.Count == 0 {
			return fmt.Errorf("record %d of %d bytes: %w", b.first, len(records[0].Key)+len(records[0].Value), ErrTooLarge)
		}
		b.Set.Seal(schema.InstantOf(time.Now()))
		if err := do(&b); err != nil {
			return err
		}
	}
	return nil
}

// Append makes one attempt to append b to p, with acks=all. The same call may
// be made again after an error: brokers append b once. After a success the records
// have their offsets. ErrElsewhere: they have others, and no call mends it.
func (w *Writer) Append(ctx context.Context, p schema.Partition, b *Batch) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	q := w.is
	q.First = w.next[p]
	last := b.first + schema.Offset(b.Set.Count) - 1
	b.Set.Number(q)
	// A call that was broken off may still read what it was given.
	sent := bytes.NewReader(bytes.Clone(b.Set.Buf))
	res, err := w.Kafka.RawProduce(ctx, &kafka.RawProduceRequest{
		Topic: w.Topic, Partition: int(p), RequiredAcks: kafka.RequireAll, RawRecords: protocol.RawRecordSet{Reader: sent},
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return fmt.Errorf("append records %d to %d: %w", b.first, last, err)
	}
	if got := schema.Offset(res.BaseOffset); got != b.first {
		return fmt.Errorf("append records %d to %d: they are at %d and after it: %w", b.first, last, got, ErrElsewhere)
	}
	w.next[p] = (q.First + b.Set.Count) & (1<<31 - 1) // After the highest comes 0.
	return nil
}

// begin asks for a producer id, once.
func (w *Writer) begin(ctx context.Context) error {
	if w.begun {
		return nil
	}
	message, err := w.Kafka.Transport.RoundTrip(ctx, w.Kafka.Addr, new(producerRequest))
	if err != nil {
		return fmt.Errorf("ask for a producer id: %w", err)
	}
	res, ok := message.(*producerResponse)
	if !ok {
		panic(fmt.Sprintf("BUG: producer id answered by %T", message))
	}
	if res.err != nil {
		return fmt.Errorf("ask for a producer id: %w", res.err)
	}
	w.begun, w.is, w.next = true, res.is, make(map[schema.Partition]int32)
	return nil
}

// A producerRequest asks for the id of a producer without transactions. kafka-go's own
// looks for a coordinator of transactions first, which makes a topic for them.
type producerRequest struct{}

type producerResponse struct {
	is  recordset.Sequence
	err error // The broker's.
}

// ApiKey is Kafka's number for the call.
func (*producerRequest) ApiKey() protocol.ApiKey { return protocol.InitProducerId }

// ApiKey is Kafka's number for the call.
func (*producerResponse) ApiKey() protocol.ApiKey { return protocol.InitProducerId }

// Required tells kafka-go to leave the exchange to RawExchange, always.
func (*producerRequest) Required(map[protocol.ApiKey]int16) bool { return true }

// answerBytes is the length of an answer: correlation, throttle time, error, producer,
// epoch.
const answerBytes = 4 + 4 + 2 + 8 + 2

// RawExchange writes the request, in the API's first version, and reads the answer.
func (*producerRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	be := binary.BigEndian
	body := be.AppendUint16(nil, uint16(protocol.InitProducerId))
	body = be.AppendUint16(body, 0)                                  // Version.
	body = be.AppendUint32(body, 1)                                  // Correlation: a connection carries one request at a time.
	body = be.AppendUint16(body, 1<<16-1)                            // No client id,
	body = be.AppendUint16(body, 1<<16-1)                            // no transaction,
	body = be.AppendUint32(body, uint32(time.Minute.Milliseconds())) // which would take so long.
	if _, err := rw.Write(append(be.AppendUint32(nil, uint32(len(body))), body...)); err != nil {
		return nil, err
	}
	var answer [recordset.SizeBytes + answerBytes]byte
	if _, err := io.ReadFull(rw, answer[:]); err != nil {
		return nil, err
	}
	c := recordset.Cursor{Rest: answer[:]}
	if n := c.Int32(); n != answerBytes {
		return nil, fmt.Errorf("answer of %d bytes: want %d", n, answerBytes)
	}
	c.Skip(4 + 4) // Correlation, throttle time.
	res := new(producerResponse)
	if code := c.Int16(); code != 0 {
		res.err = kafka.Error(code)
	}
	res.is.Producer = c.Int64()
	res.is.Epoch = c.Int16()
	return res, nil
}

var _ protocol.RawExchanger = (*producerRequest)(nil)
