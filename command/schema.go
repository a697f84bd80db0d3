package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlf/aggregate"
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
	registryFlags
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
	lists, err := c.load()
	if err != nil {
		return err
	}
	client, err := c.client(broker.Config{GiveUp: c.Wait}, p.Log, process.NewRegistry(version()))
	if err != nil {
		return err
	}
	w := &process.Waiter{Log: p.Log, Attempt: applyMax, Until: time.Now().Add(c.Wait), Hopeless: hopeless}
	done, err := process.Await(ctx, w, "Kafka and ClickHouse", func(ctx context.Context) (applied, error) {
		return applySchema(ctx, client, broker.TopicsConfig{Partitions: c.Partitions, Replicas: c.Replicas}, c.Clickhouse, namesOf(lists))
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
	fmt.Fprintf(p.Stdout, "log %v, %d partitions, rules %d: ready\n", done.Log, done.Partitions, done.inForce)
	if done.stays != nil {
		fmt.Fprintln(p.Stdout, done.stays)
	}
	return nil
}

// applied is what applySchema leaves.
type applied struct {
	schema.Identity
	inForce schema.Rules // By which the log is counted from now on.
	stays   error        // Why these are not the newest; nil if they are.
}

// applySchema creates what is missing: topics, a stream key, a ticket secret,
// genesis records, database and tables, the log's identity in the store. Of what is
// there it changes the names for BI tools, and the log's rules, once every worker knows the newest. It may be
// run again at any time, and several times at once.
func applySchema(ctx context.Context, client *broker.Client, topics broker.TopicsConfig, dsn string, names store.Names) (applied, error) {
	identity, err := client.Apply(ctx, topics)
	if err != nil {
		return applied{}, err
	}
	if err := store.Apply(ctx, dsn, identity); err != nil {
		return applied{}, err
	}
	if err := store.ApplyNames(ctx, dsn, names); err != nil {
		return applied{}, err
	}
	a := applied{Identity: identity}
	a.inForce, err = client.RaiseRules(ctx, identity, aggregate.RulesMax)
	if errors.Is(err, broker.ErrRulesStay) {
		a.stays, err = err, nil
	}
	return a, err
}
