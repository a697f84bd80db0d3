package baseline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// jsonVote is a vote on the log, as one writes it down without much thought.
type jsonVote struct {
	Terminal uint64    `json:"terminal"`
	Seq      uint64    `json:"seq"`
	Comune   string    `json:"comune"`
	Service  uint16    `json:"service"`
	Channel  string    `json:"channel"`
	Value    uint8     `json:"value"`
	Reason   uint8     `json:"reason"`
	At       time.Time `json:"at"`
}

// jsonCell is what its votes are counted by.
type jsonCell struct {
	comune  string
	service uint16
	channel string
	hour    int64
}

// errValue is the error of a vote with a value that no face has.
var errValue = errors.New("value out of range")

// jsonCounter is what a count keeps: per cell, the votes of each value.
type jsonCounter map[jsonCell]*[5]uint64

// ReadJSON is baseline C: kafka.Reader in a consumer group, encoding/json, and a
// map. It counts until it has seen the given number of votes, and forgets
// nothing; it knows no duplicates, keeps no ledger and writes nothing down. The
// reader fetches as much at once as it may, which is what its documentation
// advises for throughput.
func ReadJSON(ctx context.Context, brokers []string, topic, group string, votes int) (cells int, err error) {
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: brokers, Topic: topic, GroupID: group, StartOffset: kafka.FirstOffset,
		MinBytes: 100_000, MaxBytes: 10_000_000, MaxWait: 100 * time.Millisecond,
		QueueCapacity: 1000, CommitInterval: time.Second,
	})
	defer func() { err = errors.Join(err, r.Close()) }()
	count := make(jsonCounter)
	for range votes {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", topic, err)
		}
		if err := count.add(m.Value); err != nil {
			return 0, fmt.Errorf("read %s, partition %d, offset %d: %w", topic, m.Partition, m.Offset, err)
		}
	}
	return len(count), nil
}

func (c jsonCounter) add(message []byte) error {
	var v jsonVote
	if err := json.Unmarshal(message, &v); err != nil {
		return err
	}
	if v.Value < 1 || v.Value > 5 {
		return errValue
	}
	k := jsonCell{v.Comune, v.Service, v.Channel, v.At.Unix() / 3600}
	counts := c[k]
	if counts == nil {
		counts = new([5]uint64)
		c[k] = counts
	}
	counts[v.Value-1]++
	return nil
}

// WriteJSON creates topic and puts messages on it, spread over its partitions.
func WriteJSON(ctx context.Context, brokers []string, topic string, partitions int, messages func(yield func([]byte) bool)) (err error) {
	client := &kafka.Client{Addr: kafka.TCP(brokers...)}
	res, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}},
	})
	if err != nil {
		return fmt.Errorf("create %s: %w", topic, err)
	}
	if err := res.Errors[topic]; err != nil {
		return fmt.Errorf("create %s: %w", topic, err)
	}
	const atOnce = 10_000
	w := &kafka.Writer{
		Addr: kafka.TCP(brokers...), Topic: topic, RequiredAcks: kafka.RequireAll,
		BatchSize: 1000, BatchTimeout: 5 * time.Millisecond, Balancer: &kafka.RoundRobin{},
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var pending []kafka.Message
	send := func() error {
		if err := w.WriteMessages(ctx, pending...); err != nil {
			return fmt.Errorf("write to %s: %w", topic, err)
		}
		pending = pending[:0]
		return nil
	}
	for m := range messages {
		pending = append(pending, kafka.Message{Value: append([]byte(nil), m...)})
		if len(pending) == atOnce {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}
