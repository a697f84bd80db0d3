package command

import (
	"context"
	"fmt"
	"time"

	"mlf/aggregate/store"
	"mlf/command/process"
	"mlf/ingest/broker"
	"mlf/schema"
)

// schemaCmd groups the commands on what stages need before they run.
type schemaCmd struct {
	Apply applyCmd `cmd:"" help:"Create the topics, genesis records, stream key, ticket secret and tables that are missing; change nothing else."`
}

type applyCmd struct {
	kafkaFlags
	storeFlags
	Partitions int           `default:"16" help:"Partitions of the votes topic: fixed for its life, and the most workers that can count at once."`
	Replicas   int           `help:"Copies of every record. Default: 3, or the number of brokers where there are fewer."`
	Wait       time.Duration `default:"1m" help:"Longest time to wait for Kafka and ClickHouse; 0: they must be there."`

	EndTLSSessions bool `help:"Besides, replace the secret of TLS session tickets, because somebody may have read it. Terminals go on: each shakes hands in full once."`
}

// applyMax bounds one attempt to apply: a thousand partitions take some 30 s.
const applyMax = 5 * time.Minute

// Run applies. What an attempt leaves half done the next one completes.
func (c *applyCmd) Run(ctx context.Context, p *console) error {
	if err := c.validate(); err != nil {
		return err
	}
	client, err := c.client(broker.Config{GiveUp: c.Wait}, p.Log, process.NewRegistry(version()))
	if err != nil {
		return err
	}
	w := &process.Waiter{Log: p.Log, Attempt: applyMax, Until: time.Now().Add(c.Wait), Hopeless: hopeless}
	identity, err := process.Await(ctx, w, "Kafka and ClickHouse", func(ctx context.Context) (schema.Identity, error) {
		return applySchema(ctx, client, c.Clickhouse, broker.TopicsConfig{Partitions: c.Partitions, Replicas: c.Replicas})
	})
	if err == nil && c.EndTLSSessions {
		err = client.ReplaceTicketSecret(ctx)
	}
	if err != nil && ctx.Err() == nil && !hopeless(err) {
		return fmt.Errorf("not ready after --wait %v: %w", c.Wait, err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "log %v, %d partitions, rules %d: ready\n", identity.Log, identity.Partitions, identity.Rules)
	return err
}

// applySchema creates what is missing and changes nothing else: topics, a
// stream key, a ticket secret, genesis records, database and tables, the log's identity in the
// store. It may be run again at any time.
func applySchema(ctx context.Context, client *broker.Client, dsn string, topics broker.TopicsConfig) (schema.Identity, error) {
	identity, err := client.Apply(ctx, topics)
	if err != nil {
		return identity, err
	}
	return identity, store.Apply(ctx, dsn, identity)
}
