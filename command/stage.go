package command

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate"
	"mlf/aggregate/store"
	"mlf/command/certificates"
	"mlf/command/process"
	"mlf/command/tracing"
	"mlf/ingest"
	"mlf/ingest/broker"
	"mlf/query"
	"mlf/query/calendar"
	"mlf/query/cube"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/annotation"
	"mlf/schema/network"
	"mlf/schema/registry"
	"mlf/schema/shares"
	"mlf/schema/source"
)

// clockSkewMax is how far an ingest process may be from its broker's clock. It
// stamps the hour in which a vote counts, and must be within 1 s of the truth;
// the rest is the broker's own error and the time a record takes.
const clockSkewMax = 5 * time.Second

// A base is what every stage's process is built on.
type base struct {
	log          *slog.Logger
	metrics      *prometheus.Registry
	client       *broker.Client
	admin        *process.Admin
	dependencies *process.Dependencies
	waiter       *process.Waiter
	keeper       *certificates.Keeper
	tracing      *tracing.Tracer      // Nil: nobody follows requests.
	words        *question.Vocabulary // Of those who count and answer; nil until countsPart.
	registered   *follower            // Nil until newFollower.
}

// The neighbours of processes, as metrics name them.
const (
	onKafka      = "kafka"
	onClickhouse = "clickhouse"
)

// newBase returns the base of a process that depends on the given neighbours. It has
// no client and no checks yet.
func newBase(p *console, on ...string) *base {
	b := &base{log: p.Log, metrics: process.NewRegistry(build(), p.Messages)}
	b.dependencies = process.NewDependencies(b.metrics, on...)
	b.admin = process.NewAdmin(b.metrics, b.log, b.dependencies)
	b.keeper = certificates.New(certificates.Telemetry{Registerer: b.metrics, Logger: b.log})
	return b
}

// A follower keeps all that the registry topic tells equal to it.
type follower struct {
	client      *broker.Client
	terminals   *schema.Terminals
	network     *network.Network // Beside terminals, to which each record is applied before.
	annotations *annotation.Book
	stateless   *source.Sources
}

func (f *follower) part() process.Part {
	return process.Part{Name: "registry", Run: func(ctx context.Context) error {
		apply := func(key string, value []byte) error {
			return errors.Join(f.terminals.Apply(key, value), f.network.Apply(key, value), f.annotations.Apply(key, value), f.stateless.Apply(key, value))
		}
		return f.client.Follow(ctx, apply, func() { f.terminals.SetComplete(); f.network.SetComplete(); f.annotations.SetComplete() })
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
	terminals := new(schema.Terminals)
	b.registered = &follower{client: b.client, terminals: terminals, network: network.New(terminals), annotations: new(annotation.Book), stateless: new(source.Sources)}
	return b.registered
}

// clockCheck tells whether this process's clock can be trusted.
func clockCheck(p *broker.Producer) process.Check {
	return process.Check{Name: "clock", Do: func(context.Context) error {
		if skew, known := p.ClockSkew(); known && skew.Abs() > clockSkewMax {
			return fmt.Errorf("clock is %v away from the broker's: want at most %v; check the time service of both", skew, clockSkewMax)
		}
		return nil
	}}
}

// ingestPart serves votes on ln, and dismisses peers once ctx has ended.
func (b *base) ingestPart(ctx context.Context, ln net.Listener, log ingest.Log, terminals *schema.Terminals, cfg ingest.Config) (process.Part, error) {
	process.TellFiles(b.log, cfg.ConnsMax)
	server, err := ingest.New(log, terminals, ingest.Telemetry{Registerer: b.metrics, Logger: b.log, Follow: b.tracing.Requests(cfg.TLS != nil)}, cfg)
	if err != nil {
		return process.Part{}, err
	}
	context.AfterFunc(ctx, server.Dismiss)
	return process.Part{Name: "ingest", Run: func(ctx context.Context) error { return server.Run(ctx, ln) }}, nil
}

// aggregatePart counts the log into s, which is at place, or the share of it that s has,
// and tells followers.
func (b *base) aggregatePart(ctx context.Context, s *store.Store, place string, cfg aggregate.Config) (process.Part, *aggregate.Aggregator, error) {
	var id schema.Identity
	share, err := process.Await(ctx, b.waiter, "ClickHouse", func(ctx context.Context) (share shares.Share, err error) {
		if id, share, err = s.Share(ctx); err == nil && share == (shares.Share{}) {
			err = store.ErrFront
		}
		return share, err
	})
	if err != nil {
		return process.Part{}, nil, err
	}
	group := b.client.NewGroup(id.Log, place, aggregate.RulesMax)
	if share != shares.Whole() {
		group.Only(func(p schema.Partition) bool { return share.Holds(p, id.Partitions) })
		b.log.Info("a share of the log is counted", slog.String("share", share.String()))
	}
	aggregator, err := aggregate.New(
		aggregate.Parts{
			Log: b.client.NewConsumer(), Assigner: group, Store: s, Teller: b.client.NewCountsWriter(id.Log),
		},
		aggregate.Telemetry{Registerer: b.metrics, Logger: b.log, Landed: b.tracing.Landings()},
		cfg,
	)
	if err != nil {
		return process.Part{}, nil, err
	}
	return process.Part{Name: "aggregate", Run: aggregator.Run}, aggregator, nil
}

// recoveryGrace is how long a worker that has recovered before may recover again and
// be ready: usual recoveries are over by then, and it is known which neighbour is away.
const recoveryGrace = 10 * time.Second

// recoveryCheck tells whether all is recovered that a worker holds. Nobody asks a
// worker anything, so this only paces rollouts: they stop while new workers cannot
// recover, or old ones that have taken partitions over. But a worker that has
// recovered before cannot help it that a neighbour is away: there it stays ready.
func recoveryCheck(recovered func() error, away func() bool) process.Check {
	var mu sync.Mutex
	var before bool
	var since time.Time // When it was first seen to recover, with all neighbours there.
	return process.Check{Name: "recovery", Do: func(context.Context) error {
		err, now := recovered(), time.Now()
		mu.Lock()
		defer mu.Unlock()
		before = before || err == nil
		if err == nil || away() {
			since = time.Time{}
		} else if since.IsZero() {
			since = now
		}
		if before && (since.IsZero() || now.Sub(since) < recoveryGrace) {
			return nil
		}
		return err
	}}
}

// countsPart keeps all counts in memory: of what is in s and what workers tell.
// Snapshots are kept in dir, where it is not empty.
func (b *base) countsPart(s *stores, lists *registry.Registry, dir string) (*cube.Follower, process.Part, error) {
	clock, err := calendar.Rome()
	if err != nil {
		return nil, process.Part{}, err
	}
	b.words = question.NewVocabulary(lists, clock)
	follower, err := cube.New(cube.Config{
		Feed: b.client.NewCountsReader(), Store: s.forCube, Clock: clock, Dir: dir, RegionOf: b.words.RegionOf,
		Log: b.log, Registry: b.metrics,
	})
	if err != nil {
		return nil, process.Part{}, err
	}
	return follower, process.Part{Name: "counts", Run: follower.Run}, nil
}

// countsCheck tells whether the counts in memory have stood once. Where they fall
// later, answers are read from the store, and a metric tells of it.
func countsCheck(f *cube.Follower) process.Check { return process.Once("counts", f.Ready) }

// queryPart serves statistics on ln, and dismisses peers once ctx has ended.
func (b *base) queryPart(ctx context.Context, ln net.Listener, parts query.Parts, cfg query.Config) (process.Part, error) {
	parts.Words = b.words
	server, err := query.New(parts, query.Telemetry{Registerer: b.metrics, Logger: b.log, Around: b.tracing.Around()}, cfg)
	if err != nil {
		return process.Part{}, err
	}
	context.AfterFunc(ctx, server.Dismiss)
	return process.Part{Name: "query", Run: func(ctx context.Context) error { return server.Run(ctx, ln) }}, nil
}

// stageFlags are those that every stage has.
type stageFlags struct {
	kafkaFlags
	tracing.Config
	Admin string `default:"127.0.0.1:9090" help:"Listener for metrics, probes and profiles; not for the public."`
}

// run answers probes at once, and runs serve until ctx ends: it waits for what the
// stage needs of the neighbours that it is on, and sets the checks once it has it.
func (f *stageFlags) run(ctx context.Context, p *console, name string, serve func(ctx context.Context, b *base) error, on ...string) error {
	b := newBase(p, on...)
	b.waiter = &process.Waiter{Log: p.Log, Attempt: process.AttemptMax, Hopeless: hopeless}
	var err error
	if b.client, err = f.Client(broker.Config{}, b.keeper, broker.Telemetry{Registerer: b.metrics, Logger: p.Log}); err != nil {
		return err
	}
	if err := b.trace(ctx, f.Config, name); err != nil {
		return err
	}
	ln, err := listen("admin", f.Admin)
	if err != nil {
		return err
	}
	b.admin.Set(b.waiter.Check())
	b.dependencies.Ask(process.Check{Name: onKafka, Do: b.client.Ping})
	defer context.AfterFunc(ctx, b.drain)()
	stage := process.Part{Name: name, Run: func(ctx context.Context) error {
		err := serve(ctx, b)
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil // It was asked to end while it waited.
		}
		return err
	}}
	return process.InOrder(ctx, p.Log, stage, b.tracing.Part(), b.dependencies.Part(), b.keeperPart(), b.admin.Part(ln))
}

// trace has requests followed in the process of a name, if cfg says so.
func (b *base) trace(ctx context.Context, cfg tracing.Config, name string) (err error) {
	b.tracing, err = tracing.New(ctx, cfg, tracing.Process{Name: name, Version: version()}, tracing.Telemetry{Registerer: b.metrics, Logger: b.log})
	if err != nil {
		return usageError{err}
	}
	return nil
}

// keeperPart sees to it that certificates are those of their files.
func (b *base) keeperPart() process.Part {
	return process.Part{Name: "certificates", Run: b.keeper.Run}
}

// drain tells that the process was asked to end.
func (b *base) drain() {
	b.admin.Drain()
	b.log.Info("asked to end")
}

// delayMax is the longest that a process may go on to serve after it was asked to
// end: as long as the slowest balancers need to notice.
const delayMax = time.Minute

// drainFlags are those of a stage that others send requests to.
type drainFlags struct {
	DrainDelay time.Duration `default:"0s" help:"Time after SIGTERM to go on serving, with /readyz 503, so that balancers find out before the listener closes; at most 1m. The whole stop takes as much longer."`
}

// Validate refuses a delay that is none.
func (f drainFlags) Validate() error {
	if f.DrainDelay < 0 || f.DrainDelay > delayMax {
		return fmt.Errorf("--drain-delay %v: want 0s to %v", f.DrainDelay, delayMax)
	}
	return nil
}

// serve runs parts in order until ctx has been over for the delay.
func (f drainFlags) serve(ctx context.Context, log *slog.Logger, parts ...process.Part) error {
	ctx, cancel := process.Delayed(ctx, f.DrainDelay)
	defer cancel()
	return process.InOrder(ctx, log, parts...)
}

// awaitLog waits until the log answers, and returns how many partitions its topic has.
func (b *base) awaitLog(ctx context.Context) (int, error) {
	return process.Await(ctx, b.waiter, "Kafka", b.client.Partitions)
}

// awaitStore waits until the store answers and has its tables.
func (b *base) awaitStore(ctx context.Context, f *storeFlags) (*store.Store, error) {
	trusted, err := f.authorities(b.keeper)
	if err != nil {
		return nil, err
	}
	cfg := f.config(trusted)
	cfg.Share = true // It is counted into: whoever answers has storesFlags.
	s, err := process.Await(ctx, b.waiter, "ClickHouse", func(ctx context.Context) (*store.Store, error) {
		return store.Open(ctx, cfg, store.Telemetry{Registerer: b.metrics, Logger: b.log})
	})
	if err == nil {
		b.dependencies.Ask(process.Check{Name: onClickhouse, Do: s.Ping})
	}
	return s, err
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
