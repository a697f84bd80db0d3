package command

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate"
	"mlf/aggregate/store"
	"mlf/command/process"
	"mlf/ingest"
	"mlf/ingest/broker"
	"mlf/query"
	"mlf/query/calendar"
	"mlf/query/cube"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/annotation"
	"mlf/schema/registry"
)

// clockSkewMax is how far an ingest process may be from its broker's clock. It
// stamps the hour in which a vote counts, and must be within 1 s of the truth;
// the rest is the broker's own error and the time a record takes.
const clockSkewMax = 5 * time.Second

// A base is what every stage's process is built on.
type base struct {
	log     *slog.Logger
	metrics *prometheus.Registry
	client  *broker.Client
	admin   *process.Admin
	waiter  *process.Waiter
	words   *question.Vocabulary // Of those who count and answer; nil until countsPart.
}

// A follower keeps terminals and annotations equal to the registry topic.
type follower struct {
	client      *broker.Client
	terminals   *schema.Terminals
	annotations *annotation.Book
}

func (f *follower) part() process.Part {
	return process.Part{Name: "registry", Run: func(ctx context.Context) error {
		apply := func(key string, value []byte) error {
			return errors.Join(f.terminals.Apply(key, value), f.annotations.Apply(key, value))
		}
		return f.client.Follow(ctx, apply, func() { f.terminals.SetComplete(); f.annotations.SetComplete() })
	}}
}

func (f *follower) check() process.Check {
	return process.Check{Name: "registry", Do: func(context.Context) error {
		if !f.terminals.Complete() {
			return errors.New("still reading the terminals")
		}
		return nil
	}}
}

// newFollower returns a follower that has read nothing yet.
func (b *base) newFollower() *follower {
	return &follower{client: b.client, terminals: new(schema.Terminals), annotations: new(annotation.Book)}
}

// logCheck tells whether the log answers.
func (b *base) logCheck() process.Check { return process.Check{Name: "log", Do: b.client.Ping} }

// storeCheck tells whether the store answers.
func storeCheck(s *store.Store) process.Check { return process.Check{Name: "store", Do: s.Ping} }

// clockCheck tells whether this process's clock can be trusted.
func clockCheck(p *broker.Producer) process.Check {
	return process.Check{Name: "clock", Do: func(context.Context) error {
		if skew, known := p.ClockSkew(); known && skew.Abs() > clockSkewMax {
			return fmt.Errorf("clock is %v away from the broker's: want at most %v; check the time service of both", skew, clockSkewMax)
		}
		return nil
	}}
}

// ingestPart serves votes on ln.
func (b *base) ingestPart(ln net.Listener, log ingest.Log, terminals *schema.Terminals, cfg ingest.Config) (process.Part, error) {
	tellFiles(b.log, cfg.ConnsMax)
	server, err := ingest.New(log, terminals, ingest.Telemetry{Registerer: b.metrics, Logger: b.log}, cfg)
	if err != nil {
		return process.Part{}, err
	}
	return process.Part{Name: "ingest", Run: func(ctx context.Context) error { return server.Run(ctx, ln) }}, nil
}

// aggregatePart counts the log into s, and tells followers.
func (b *base) aggregatePart(ctx context.Context, s *store.Store, cfg aggregate.Config) (process.Part, process.Check, error) {
	id, err := process.Await(ctx, b.waiter, "ClickHouse", s.Identity)
	if err != nil {
		return process.Part{}, process.Check{}, err
	}
	aggregator, err := aggregate.New(
		aggregate.Parts{
			Log: b.client.NewConsumer(), Assigner: b.client.NewGroup(aggregate.RulesMax), Store: s, Teller: b.client.NewCountsWriter(id.Log),
		},
		aggregate.Telemetry{Registerer: b.metrics, Logger: b.log},
		cfg,
	)
	if err != nil {
		return process.Part{}, process.Check{}, err
	}
	ready := process.Check{Name: "recovery", Do: func(context.Context) error { return aggregator.Ready() }}
	return process.Part{Name: "aggregate", Run: aggregator.Run}, ready, nil
}

// countsPart keeps all counts in memory: of what is in s and what workers tell.
// Snapshots are kept in dir, where it is not empty.
func (b *base) countsPart(s *store.Store, lists *registry.Registry, dir string) (*cube.Follower, process.Part, error) {
	clock, err := calendar.Rome()
	if err != nil {
		return nil, process.Part{}, err
	}
	b.words = question.NewVocabulary(lists, clock)
	follower, err := cube.New(cube.Config{
		Feed: b.client.NewCountsReader(), Store: s, Clock: clock, Dir: dir, RegionOf: b.words.RegionOf,
		Log: b.log, Registry: b.metrics,
	})
	if err != nil {
		return nil, process.Part{}, err
	}
	return follower, process.Part{Name: "counts", Run: follower.Run}, nil
}

// countsCheck tells whether the counts in memory have stood once. Where they fall
// later, answers are read from the store, and a metric tells of it.
func countsCheck(f *cube.Follower) process.Check {
	var stood atomic.Bool
	return process.Check{Name: "counts", Do: func(context.Context) error {
		if stood.Load() {
			return nil
		}
		err := f.Ready()
		stood.Store(err == nil)
		return err
	}}
}

// queryPart serves statistics on ln.
func (b *base) queryPart(ln net.Listener, parts query.Parts, cfg query.Config) (process.Part, error) {
	parts.Words = b.words
	server, err := query.New(parts, query.Telemetry{Registerer: b.metrics, Logger: b.log}, cfg)
	if err != nil {
		return process.Part{}, err
	}
	return process.Part{Name: "query", Run: func(ctx context.Context) error { return server.Run(ctx, ln) }}, nil
}

// stageFlags are those that every stage has.
type stageFlags struct {
	kafkaFlags
	Admin string `default:"127.0.0.1:9090" help:"Listener for metrics, probes and profiles; not for the public."`
}

// run answers probes at once, and runs serve until ctx ends: it waits for what the
// stage needs of its neighbours, and sets the checks once it has it.
func (f *stageFlags) run(ctx context.Context, p *console, name string, serve func(ctx context.Context, b *base) error) error {
	b := &base{log: p.Log, metrics: process.NewRegistry(version()), waiter: &process.Waiter{Log: p.Log, Attempt: process.AttemptMax, Hopeless: hopeless}}
	var err error
	if b.client, err = f.client(broker.Config{}, p.Log, b.metrics); err != nil {
		return err
	}
	ln, err := listen("admin", f.Admin)
	if err != nil {
		return err
	}
	b.admin = process.NewAdmin(b.metrics, b.log, b.waiter.Check())
	stage := process.Part{Name: name, Run: func(ctx context.Context) error {
		err := serve(ctx, b)
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil // It was asked to end while it waited.
		}
		return err
	}}
	return process.InOrder(ctx, p.Log, stage, b.admin.Part(ln))
}

// awaitLog waits until the log answers, and returns how many partitions its topic has.
func (b *base) awaitLog(ctx context.Context) (int, error) {
	return process.Await(ctx, b.waiter, "Kafka", b.client.Partitions)
}

// awaitStore waits until the store answers and has its tables.
func (b *base) awaitStore(ctx context.Context, f *storeFlags) (*store.Store, error) {
	return process.Await(ctx, b.waiter, "ClickHouse", func(ctx context.Context) (*store.Store, error) {
		return f.open(ctx, b.log, b.metrics)
	})
}

func closeStore(s *store.Store, log *slog.Logger) {
	if err := s.Close(); err != nil {
		log.Warn("store not closed cleanly", slog.Any("err", err))
	}
}

// hopeless tells whether waiting cannot mend err: somebody has to change something
// about this process or about what it was pointed at. That schema apply has not
// run is not hopeless: it may be running beside.
func hopeless(err error) bool {
	var usage usageError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &usage) || errors.As(err, &certificate) || broker.Hopeless(err) || store.Hopeless(err)
}
