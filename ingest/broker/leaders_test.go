package broker

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"

	"mlf/schema"
)

// A trip is a cluster that answers every request alike.
type trip struct {
	answer kafka.Response
	err    error
}

func (r trip) RoundTrip(context.Context, net.Addr, kafka.Request) (kafka.Response, error) {
	return r.answer, r.err
}

// TestUnknownOutcome: only an answer for the partition is one, and memory that a
// connection may still be reading is not used again.
func TestUnknownOutcome(t *testing.T) {
	f := func(r trip, want error, spare int) {
		t.Helper()
		c := &courier{client: &kafka.Client{Transport: r}}
		if _, err := c.send(t.Context(), 1, make([]byte, 100)); !errors.Is(err, want) || len(c.spare) != spare {
			t.Errorf("got %v, %d spare: want %v, %d", err, len(c.spare), want, spare)
		}
	}
	f(trip{answer: &produceResponse{answers: []produced{{partition: 1}}}}, nil, 1)
	f(trip{answer: &produceResponse{answers: []produced{{partition: 2}}}}, errNoAnswer, 1)
	f(trip{err: io.ErrUnexpectedEOF}, io.ErrUnexpectedEOF, 0)
}

// TestNobodyLeads: kafka-go calls nobody broker 0, which may be somebody.
func TestNobodyLeads(t *testing.T) {
	view := trip{answer: &metadata.Response{
		Brokers: []metadata.ResponseBroker{{NodeID: 0, Host: "a", Port: 1}},
		Topics: []metadata.ResponseTopic{{Name: "v", Partitions: []metadata.ResponsePartition{
			{PartitionIndex: 0, LeaderID: 0}, {PartitionIndex: 1, LeaderID: -1},
		}}},
	}}
	l := newLeaders(&kafka.Client{Addr: kafka.TCP("a:1"), Transport: view}, "v")
	f := func(p schema.Partition, want error) {
		t.Helper()
		if c, err := l.courier(t.Context(), p); !errors.Is(err, want) || (c == nil) != (want != nil) {
			t.Errorf("partition %d: got %v, %v: want %v", p, c, err, want)
		}
	}
	f(0, nil)
	f(1, kafka.LeaderNotAvailable)
	f(2, kafka.LeaderNotAvailable)
}
