package broker_test

import (
	"context"
	"fmt"
	"os"

	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
)

// A record is appended, acknowledged by every replica, and read back.
func ExampleProducer() {
	ctx, stop := context.WithCancel(context.Background())
	dir, err := os.MkdirTemp("", "mlf-example-")
	check(err)
	defer func() { _ = os.RemoveAll(dir) }()
	kafka, err := embedded.Start(ctx, embedded.Config{Dir: dir}, embedded.Telemetry{})
	check(err)
	defer func() { _ = kafka.Close() }()

	client, err := broker.New(broker.Config{Brokers: []string{kafka.Addr()}}, broker.Telemetry{})
	check(err)
	defer client.Close()
	log, err := client.Apply(ctx, broker.TopicsConfig{Partitions: 1, Replicas: 1})
	check(err)

	producer := client.NewProducer(log.Partitions)
	ended := make(chan error, 1)
	go func() { ended <- producer.Run(ctx) }()
	<-producer.Running()
	check(producer.Append(ctx, 0, []byte("a record")))
	fetched, err := client.NewConsumer().Fetch(ctx, 0, 1) // At 0 is the genesis record.
	check(err)
	fmt.Printf("%s at offset %d, log end %d\n", fetched.Records[0].Value, fetched.Records[0].Offset, fetched.LogEnd)

	stop()
	check(<-ended)
	// Output: a record at offset 1, log end 2
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
