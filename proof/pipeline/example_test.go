package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mlf/aggregate"
	"mlf/aggregate/store"
	clickhouse "mlf/aggregate/store/embedded"
	"mlf/ingest/broker"
	kafka "mlf/ingest/broker/embedded"
	"mlf/schema"
)

// The way of a vote: appended to a partition of the log, which acknowledges it;
// counted by an aggregator; read from the store that the statistics are made of.
// Before it stand mlf ingest, which checks votes, and after it mlf query.
func Example() {
	dir, err := os.MkdirTemp("", "mlf-example-")
	check(err)
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()

	// The engines, and what they must hold before a vote comes.
	logEngine, err := kafka.Start(ctx, kafka.Config{Dir: filepath.Join(dir, "kafka")}, kafka.Telemetry{})
	check(err)
	defer func() { _ = logEngine.Close() }()
	storeEngine, err := clickhouse.Start(ctx, clickhouse.Config{Dir: filepath.Join(dir, "clickhouse")}, clickhouse.Telemetry{})
	check(err)
	defer func() { _ = storeEngine.Close() }()
	log, err := broker.New(broker.Config{Brokers: []string{logEngine.Addr()}}, broker.Telemetry{})
	check(err)
	defer log.Close()
	identity, err := log.Apply(ctx, broker.TopicsConfig{Partitions: 1, Replicas: 1})
	check(err)
	check(store.Apply(ctx, store.Config{DSN: storeEngine.DSN()}, identity))
	counts, err := store.Open(ctx, store.Config{DSN: storeEngine.DSN()}, store.Telemetry{})
	check(err)
	defer func() { _ = counts.Close() }()

	// What runs all the time.
	producer := log.NewProducer(identity.Partitions)
	counter, err := aggregate.New(
		aggregate.Parts{Log: log.NewConsumer(), Assigner: log.NewGroup(identity.Log, counts.Place(), aggregate.RulesMax), Store: counts},
		aggregate.Telemetry{}, aggregate.Config{})
	check(err)
	running, end := context.WithCancel(ctx)
	ended := make(chan error, 2)
	go func() { ended <- producer.Run(running) }()
	go func() { ended <- counter.Run(running) }()
	<-producer.Running()

	// A terminal sends two votes, and the last of them again.
	now := schema.InstantOf(time.Now())
	header := schema.BatchHeader{
		Terminal: 1, Stream: 1, Comune: 58091, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3, Ingested: now,
	}
	green := schema.Vote{Seq: 1, At: now - 60_000, Value: schema.Green}
	red := schema.Vote{Seq: 2, At: now - 5_000, Value: schema.Red, Reason: schema.ReasonWaitingTime}
	for _, votes := range [][]schema.Vote{{green, red}, {red}} {
		check(producer.Append(ctx, 0, schema.AppendVoteBatch(nil, &header, votes)))
	}
	for {
		ledger, err := counts.Ledger(ctx)
		check(err)
		if len(ledger) == 1 && ledger[0].VotesIn == 3 {
			fmt.Printf("counted %d of %d votes, duplicates %d\n", ledger[0].Counted, ledger[0].VotesIn, ledger[0].Duplicates)
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	end()
	check(errors.Join(<-ended, <-ended))
	// Output: counted 2 of 3 votes, duplicates 1
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
