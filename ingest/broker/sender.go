package broker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// A Sender is what a Producer appends through: Kafka, or the log of a simulation.
type Sender interface {
	// Send makes one attempt to append a sealed record set to a partition of the
	// votes topic, with acks=all, and blocks until it is answered or ctx ends. It
	// returns the log's append time, zero where the log keeps the producer's. After
	// an error the set may be on the log all the same, or come to be on it later; it
	// does not change as long as that can be. Never called twice at a time for one
	// partition.
	Send(ctx context.Context, p schema.Partition, set []byte) (appended time.Time, err error)
}

// SenderParts are what a Producer needs that has no Client.
type SenderParts struct {
	Sender     Sender
	Config     Config // Only the limits of appends are used; Brokers may be empty.
	Logger     *slog.Logger
	Registerer prometheus.Registerer

	// Backoff returns the pause after a number of failures in a row. A simulation
	// must draw it from its own dice.
	Backoff func(failures int) time.Duration
}

// NewProducerOver returns a producer that appends through parts.Sender, with the
// same group commit, retries and limits as one over Kafka.
func NewProducerOver(parts SenderParts, partitions int) *Producer {
	return newProducer(&Producer{
		sender:  parts.Sender,
		cfg:     parts.Config.withDefaults(),
		log:     parts.Logger,
		metrics: newMetrics(parts.Registerer, parts.Config.withDefaults().InflightBytesMax),
		backoff: parts.Backoff,
	}, partitions)
}

// ReadSet takes a sealed record set apart, as a broker would: for a Sender that is
// no Kafka. Offsets count from 0; keys and values point into set. The errors wrap
// those of package schema: a set whose checksum does not match is none.
func ReadSet(set []byte) ([]schema.Record, error) {
	if len(set) < recordset.SizeBytes {
		return nil, fmt.Errorf("read record set: %d bytes", len(set))
	}
	reader := recordset.Reader{Dense: true}
	if err := reader.Read(set[recordset.SizeBytes:]); err != nil {
		return nil, err
	}
	return reader.Records, nil
}
