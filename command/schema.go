package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"mlf/aggregate/store"
	"mlf/command/doctor"
	"mlf/command/process"
	"mlf/command/setup"
	"mlf/ingest/broker"
	"mlf/schema/finding"
	"mlf/schema/shares"
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

	Share  shares.Share `placeholder:"N/OF" help:"Count only this share of the log's partitions into the database, for instance 1/2; see above."`
	Shares clusterName  `placeholder:"CLUSTER/DATABASE" help:"Put the database together of the shares in this database on every server of this cluster; see above."`

	EndTLSSessions bool `help:"Besides, replace the secret of TLS session tickets, because somebody may have read it. Terminals go on: each shakes hands in full once."`
}

// Help is shown by mlf schema apply --help.
func (*applyCmd) Help() string {
	return `A country that is too large for one ClickHouse server is counted into several, each with a share of the log's partitions, and
read through one database that is put together of them. The servers are shards of one cluster in their configuration
(remote_servers); the shares' databases have one name, and another than the one in front:

  mlf schema apply … --clickhouse clickhouse://ch-1:9000/mlf_share --share 1/2
  mlf schema apply … --clickhouse clickhouse://ch-2:9000/mlf_share --share 2/2
  mlf schema apply … --clickhouse clickhouse://ch-1:9000/mlf --shares CLUSTER/mlf_share

Workers count into the shares (mlf aggregate --clickhouse …/mlf_share), everybody else asks the one in front (mlf query --clickhouse
…/mlf). It answers only when all servers do. How many shares there are is fixed: for another number count into new databases, and
compare (mlf compare).`
}

// Validate refuses flags that do not go together. kong calls it.
func (c *applyCmd) Validate() error {
	if c.Share != (shares.Share{}) && c.Shares != (clusterName{}) {
		return errors.New("--share and --shares: a database has one, or is put together of all")
	}
	return errors.Join(c.kafkaFlags.Validate(), c.storeFlags.Validate())
}

// clusterName is a store.Cluster as CLUSTER/DATABASE.
type clusterName store.Cluster

// UnmarshalText reads it. kong calls it.
func (c *clusterName) UnmarshalText(text []byte) error {
	name, database, _ := strings.Cut(string(text), "/")
	*c = clusterName{Name: name, Database: database}
	return store.Cluster(*c).Validate()
}

// applyMax bounds one attempt to apply: a thousand partitions take some 30 s.
const applyMax = 5 * time.Minute

// Run applies. What an attempt leaves half done the next one completes.
func (c *applyCmd) Run(ctx context.Context, p *console) error {
	lists, err := c.Load()
	if err != nil {
		return err
	}
	client, err := c.Once(broker.Config{GiveUp: c.Wait}, p.Log)
	if err != nil {
		return err
	}
	trusted, err := c.authoritiesOnce()
	if err != nil {
		return err
	}
	w := &process.Waiter{Log: p.Log, Attempt: applyMax, Until: time.Now().Add(c.Wait), Hopeless: hopeless}
	plan := setup.Plan{
		Topics: broker.TopicsConfig{Partitions: c.Partitions, Replicas: c.Replicas}, Database: c.config(trusted),
		Lists: lists, Share: c.Share, Cluster: store.Cluster(c.Shares),
	}
	done, err := process.Await(ctx, w, "Kafka and ClickHouse", func(ctx context.Context) (setup.Done, error) { return plan.Apply(ctx, client) })
	if err == nil && c.EndTLSSessions {
		err = client.ReplaceTicketSecret(ctx)
	}
	c.look(ctx, p.Log, client, plan.Database, err != nil)
	if err != nil && ctx.Err() == nil && !hopeless(err) {
		return fmt.Errorf("not ready after --wait %v: %w", c.Wait, err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "log %v, %d partitions, rules %d: ready\n", done.Log, done.Partitions, done.InForce)
	if done.Stays != nil {
		fmt.Fprintln(p.Stdout, done.Stays)
	}
	return nil
}

// lookMax is what each look is waited for.
const lookMax = 5 * time.Second

// look warns of what mlf doctor finds, as the user who applies, and apply does not
// refuse. Where nothing could be applied, of what is likely to be why.
func (c *applyCmd) look(ctx context.Context, log *slog.Logger, client *broker.Client, database store.Config, failed bool) {
	const stage = "schema"
	checks := client.Checks(stage, c.Replicas)
	if !failed {
		database.Share = true // It may be one.
		s, err := store.New(database, store.Telemetry{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return // It was opened a moment ago.
		}
		defer closeStore(s, log)
		checks = slices.Concat(checks, s.Checks(stage, client.Age), doctor.Together(client, databaseOf(client, s)))
	}
	checks = slices.DeleteFunc(checks, func(check finding.Check) bool {
		if failed {
			return !slices.Contains([]string{"kafka.clock", "kafka.disk", "kafka.in_sync"}, check.Name)
		}
		// Refused, or told already, or to come: workers start when this has ended.
		return slices.Contains([]string{"kafka.topic", "clickhouse.tables", "clickhouse.fsync", "log.workers"}, check.Name)
	})
	doctor.Warn(log, finding.Run(ctx, lookMax, checks...))
}
