package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate"
	"mlf/aggregate/store"
	"mlf/ingest"
	"mlf/ingest/broker"
	"mlf/query"
	"mlf/schema"
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
	admin   *admin
	waiter  *waiter // nil in mlf up, whose engines are its own.
}

// follower keeps terminals equal to the registry topic.
type follower struct {
	client    *broker.Client
	terminals *schema.Terminals
}

func (f *follower) part() part {
	return part{"registry", func(ctx context.Context) error {
		return f.client.Follow(ctx, f.terminals.Apply, f.terminals.SetComplete)
	}}
}

func (f *follower) check() check {
	return check{"registry", func(context.Context) error {
		if !f.terminals.Complete() {
			return errors.New("still reading the terminals")
		}
		return nil
	}}
}

// newFollower returns a follower that has read nothing yet.
func (b *base) newFollower() *follower {
	return &follower{client: b.client, terminals: new(schema.Terminals)}
}

// logCheck tells whether the log answers.
func (b *base) logCheck() check { return check{"log", b.client.Ping} }

// storeCheck tells whether the store answers.
func storeCheck(s *store.Store) check { return check{"store", s.Ping} }

// clockCheck tells whether this process's clock can be trusted.
func clockCheck(p *broker.Producer) check {
	return check{"clock", func(context.Context) error {
		if skew, known := p.ClockSkew(); known && skew.Abs() > clockSkewMax {
			return fmt.Errorf("clock is %v away from the broker's: want at most %v; check the time service of both", skew, clockSkewMax)
		}
		return nil
	}}
}

// ingestPart serves votes on ln.
func (b *base) ingestPart(ln net.Listener, log ingest.Log, terminals *schema.Terminals, cfg ingest.Config) (part, error) {
	tellFiles(b.log, cfg.ConnsMax)
	server, err := ingest.New(log, terminals, ingest.Telemetry{Registerer: b.metrics, Logger: b.log}, cfg)
	if err != nil {
		return part{}, err
	}
	return part{"ingest", func(ctx context.Context) error { return server.Run(ctx, ln) }}, nil
}

// aggregatePart counts the log into s.
func (b *base) aggregatePart(s *store.Store) (part, check) {
	aggregator := aggregate.New(
		aggregate.Parts{Log: b.client.NewConsumer(), Assigner: b.client.NewGroup(), Store: s},
		aggregate.Telemetry{Registerer: b.metrics, Logger: b.log},
		aggregate.Config{},
	)
	ready := check{"recovery", func(context.Context) error { return aggregator.Ready() }}
	return part{"aggregate", aggregator.Run}, ready
}

// queryPart serves statistics on ln.
func (b *base) queryPart(ln net.Listener, parts query.Parts, cfg query.Config) (part, error) {
	server, err := query.New(parts, query.Telemetry{Registerer: b.metrics, Logger: b.log}, cfg)
	if err != nil {
		return part{}, err
	}
	return part{"query", func(ctx context.Context) error { return server.Run(ctx, ln) }}, nil
}

// stageFlags are those that every stage has.
type stageFlags struct {
	kafkaFlags
	Admin string `default:"127.0.0.1:9090" help:"Listener for metrics, probes and profiles; not for the public."`
}

// run answers probes at once, and runs serve until ctx ends: it waits for what the
// stage needs of its neighbours, and sets the checks once it has it.
func (f *stageFlags) run(ctx context.Context, p *process, name string, serve func(ctx context.Context, b *base) error) error {
	b := &base{log: p.Log, metrics: newRegistry(), waiter: &waiter{log: p.Log, attempt: attemptMax}}
	var err error
	if b.client, err = f.client(p.Log, b.metrics); err != nil {
		return err
	}
	ln, err := listen("admin", f.Admin)
	if err != nil {
		return err
	}
	b.admin = &admin{metrics: b.metrics, checks: []check{b.waiter.check()}}
	stage := part{name, func(ctx context.Context) error {
		err := serve(ctx, b)
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil // It was asked to end while it waited.
		}
		return err
	}}
	return runInOrder(ctx, p.Log, stage, b.admin.part(ln))
}

// awaitLog waits until the log answers, and returns how many partitions its topic has.
func (b *base) awaitLog(ctx context.Context) (int, error) {
	return await(ctx, b.waiter, "Kafka", b.client.Partitions)
}

// awaitStore waits until the store answers and has its tables.
func (b *base) awaitStore(ctx context.Context, f *storeFlags) (*store.Store, error) {
	return await(ctx, b.waiter, "ClickHouse", func(ctx context.Context) (*store.Store, error) {
		return f.open(ctx, b.log, b.metrics)
	})
}
func closeStore(s *store.Store, log *slog.Logger) {
	if err := s.Close(); err != nil {
		log.Warn("store not closed cleanly", slog.Any("err", err))
	}
}
