package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store"
	"mlf/ingest/broker"
	"mlf/schema"
	"mlf/schema/registry"
)

// kafkaFlags say where the log is.
type kafkaFlags struct {
	Kafka         []string `required:"" placeholder:"ADDR" help:"Kafka brokers to begin with, host:port, comma-separated."`
	KafkaTLS      bool     `name:"kafka-tls" help:"Speak TLS to the brokers."`
	KafkaCA       string   `name:"kafka-ca" placeholder:"FILE" help:"Authorities (PEM) that may sign the brokers' certificates. Default: the system's."`
	KafkaCert     string   `placeholder:"FILE" help:"Client certificate (PEM), where brokers ask for one."`
	KafkaKey      string   `placeholder:"FILE" help:"Private key (PEM) of --kafka-cert."`
	KafkaSASL     string   `name:"kafka-sasl" enum:",SCRAM-SHA-256,SCRAM-SHA-512" default:"" placeholder:"MECHANISM" help:"SCRAM-SHA-256 or SCRAM-SHA-512."`
	KafkaUser     string   `help:"User name for SASL."`
	KafkaPassword string   `help:"Password for SASL. Better in the environment: MLF_KAFKA_PASSWORD."`
}

// client returns a client for the brokers; it has not dialled yet.
func (f *kafkaFlags) client(log *slog.Logger, reg prometheus.Registerer) (*broker.Client, error) {
	client, err := broker.New(broker.Config{
		Brokers: f.Kafka,
		TLS:     f.KafkaTLS, TLSCA: f.KafkaCA, TLSCert: f.KafkaCert, TLSKey: f.KafkaKey,
		SASLMechanism: f.KafkaSASL, SASLUser: f.KafkaUser, SASLPassword: f.KafkaPassword,
	}, log, reg)
	if err != nil {
		return nil, usageError{err}
	}
	return client, nil
}

// storeFlags say where the rollups are.
type storeFlags struct {
	Clickhouse string `required:"" placeholder:"DSN" help:"ClickHouse, for instance clickhouse://user:password@host:9000/mlf (secure=true for TLS). Database mlf when none is named."`
}

// validate refuses an address that cannot be one.
func (f *storeFlags) validate() error {
	if err := (store.Config{DSN: f.Clickhouse}).Validate(); err != nil {
		return usageError{err}
	}
	return nil
}

// open connects to the store and says what to do when it is not there.
func (f *storeFlags) open(ctx context.Context, log *slog.Logger, reg prometheus.Registerer) (*store.Store, error) {
	return store.Open(ctx, store.Config{DSN: f.Clickhouse}, log, reg)
}

// registryFlags say where the reference data is.
type registryFlags struct {
	Registry string `placeholder:"DIR" help:"Folder with lists (CSV) that replace the built-in ones of the same name: labels, services, comuni."`
}

func (f *registryFlags) load() (*registry.Registry, error) {
	if f.Registry == "" {
		return registry.Load()
	}
	return registry.LoadFS(os.DirFS(f.Registry))
}

// schemaCmd groups the commands on what stages need before they run.
type schemaCmd struct {
	Apply applyCmd `cmd:"" help:"Create the topics, genesis records, stream key and tables that are missing; change nothing else."`
}

type applyCmd struct {
	kafkaFlags
	storeFlags
	Partitions int           `default:"16" help:"Partitions of the votes topic: fixed for its life, and the most workers that can count at once."`
	Replicas   int           `help:"Copies of every record. Default: 3, or the number of brokers where there are fewer."`
	Wait       time.Duration `default:"1m" help:"Longest time to wait for Kafka and ClickHouse; 0: they must be there."`
}

// applyMax bounds one attempt to apply: a thousand partitions take some 30 s.
const applyMax = 5 * time.Minute

// Run applies. What an attempt leaves half done the next one completes.
func (c *applyCmd) Run(ctx context.Context, p *process) error {
	if err := c.validate(); err != nil {
		return err
	}
	client, err := c.client(p.Log, newRegistry())
	if err != nil {
		return err
	}
	w := &waiter{log: p.Log, attempt: applyMax, until: time.Now().Add(c.Wait)}
	identity, err := await(ctx, w, "Kafka and ClickHouse", func(ctx context.Context) (schema.Identity, error) {
		return applySchema(ctx, client, c.Clickhouse, broker.TopicsConfig{Partitions: c.Partitions, Replicas: c.Replicas})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "log %v, %d partitions, rules %d: ready\n", identity.Log, identity.Partitions, identity.Rules)
	return err
}

// applySchema creates what is missing and changes nothing else: topics, a
// stream key, genesis records, database and tables, the log's identity in the
// store. It may be run again at any time.
func applySchema(ctx context.Context, client *broker.Client, dsn string, topics broker.TopicsConfig) (schema.Identity, error) {
	identity, err := applyLog(ctx, client, topics)
	if err != nil {
		return identity, err
	}
	return identity, store.Apply(ctx, dsn, identity)
}

// applyLog is the part of applySchema that the log needs.
func applyLog(ctx context.Context, client *broker.Client, topics broker.TopicsConfig) (schema.Identity, error) {
	var identity schema.Identity
	if _, err := client.CreateTopics(ctx, topics); err != nil {
		return identity, err
	}
	terminals, err := readRegistry(ctx, client)
	if err != nil {
		return identity, err
	}
	if _, ok := terminals.SigningKey(); !ok {
		key, value, err := schema.NewStreamKey(1, time.Now()).RegistryRecord()
		if err != nil {
			return identity, err
		}
		if err := client.PutRegistry(ctx, key, value); err != nil {
			return identity, fmt.Errorf("write stream key: %w", err)
		}
	}
	err = client.WriteGenesis(ctx, schema.NewLogID(), schema.RulesV1)
	if errors.Is(err, schema.ErrOffsetOutOfRange) {
		return identity, fmt.Errorf("%w: a finite retention has removed the genesis records, so there is nothing left to apply to this log", err)
	}
	if err != nil {
		return identity, err
	}
	genesis, err := client.ReadGenesis(ctx, 0)
	if err != nil {
		return identity, err
	}
	return schema.Identity{Log: genesis.Log, Partitions: genesis.Partitions, Rules: genesis.Rules}, nil
}
