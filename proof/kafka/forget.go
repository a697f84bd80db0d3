package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// deleteTimeoutMillis is how long brokers may take to delete records.
const deleteTimeoutMillis = 5000

// Forget deletes all records that are in partition 0 of topic now, as retention does:
// offsets go on. It asks the brokers at addrs, and fails when ctx ends before one
// that leads has answered.
func Forget(ctx context.Context, addrs []string, topic string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(addrs...))
	if err != nil {
		return fmt.Errorf("forget records of %s: %w", topic, err)
	}
	defer client.Close()
	request := kmsg.NewPtrDeleteRecordsRequest()
	request.TimeoutMillis = deleteTimeoutMillis
	request.Topics = []kmsg.DeleteRecordsRequestTopic{{
		Topic:      topic,
		Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Offset: -1}}, // Up to the high watermark.
	}}
	response, err := request.RequestWith(ctx, client)
	if err != nil {
		return fmt.Errorf("forget records of %s: %w", topic, err)
	}
	for _, t := range response.Topics {
		for _, p := range t.Partitions {
			err = errors.Join(err, kerr.ErrorForCode(p.ErrorCode))
		}
	}
	if err != nil {
		return fmt.Errorf("forget records of %s: %w", topic, err)
	}
	return nil
}
