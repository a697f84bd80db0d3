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
	return forget(ctx, client, topic, 0, allRecords)
}

// Forget deletes all records that are in a partition of topic now, as the function
// does, whoever may do so.
func (c *Cluster) Forget(ctx context.Context, topic string, partition int32) error {
	return c.ForgetBefore(ctx, topic, partition, allRecords)
}

// ForgetBefore deletes the records of a partition that are before an offset, as
// retention does, whoever may do so.
func (c *Cluster) ForgetBefore(ctx context.Context, topic string, partition int32, offset int64) error {
	return c.administer(func(client *kgo.Client) error { return forget(ctx, client, topic, partition, offset) })
}

// allRecords is the offset that stands for the high watermark.
const allRecords = -1

func forget(ctx context.Context, client *kgo.Client, topic string, partition int32, before int64) error {
	request := kmsg.NewPtrDeleteRecordsRequest()
	request.TimeoutMillis = deleteTimeoutMillis
	request.Topics = []kmsg.DeleteRecordsRequestTopic{{
		Topic:      topic,
		Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: partition, Offset: before}},
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
