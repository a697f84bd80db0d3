package command

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store"
	"mlf/command/process"
	"mlf/query/copies"
	"mlf/query/cube"
	"mlf/query/disclosure/mirror"
	"mlf/schema"
)

// stores are the databases that a process answers from, of which one is asked.
type stores struct {
	set *copies.Set[*store.Store] // nil: there is one.
	all []*store.Store
}

// alone is one database, which is asked in any case.
func alone(s *store.Store) *stores { return &stores{all: []*store.Store{s}} }

// openStores returns the databases of f, none of which was asked yet.
func (b *base) openStores(f *storesFlags) (*stores, error) {
	trusted, err := f.authorities(b.keeper)
	if err != nil {
		return nil, err
	}
	var members []copies.Member[*store.Store]
	s := new(stores)
	for _, cfg := range f.databases(trusted, f.Clickhouse...) {
		place := prometheus.Labels{"database": cfg.Place()}
		one, err := store.New(cfg, store.Telemetry{Registerer: prometheus.WrapRegistererWith(place, b.metrics), Logger: b.log})
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.all = append(s.all, one)
		members = append(members, copies.Member[*store.Store]{
			Name: cfg.Place(), Copy: one, Check: func(ctx context.Context) error { return store.Check(ctx, cfg) },
		})
	}
	s.set, err = copies.New(copies.Config{Logger: b.log, Registry: b.metrics}, members...)
	return s, err
}

// await waits until one of s answers and has its tables, and returns what looks after
// them until the end.
func (b *base) await(ctx context.Context, s *stores) (process.Part, error) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	var looking sync.WaitGroup
	looking.Go(func() { _ = s.set.Run(running) })
	end := func() { stop(); looking.Wait() }
	_, err := process.Await(ctx, b.waiter, "ClickHouse", func(ctx context.Context) (struct{}, error) { return struct{}{}, s.set.Wait(ctx) })
	if err != nil {
		end()
		return process.Part{}, err
	}
	b.dependencies.Ask(process.Check{Name: onClickhouse, Do: func(ctx context.Context) error { return s.pick().Ping(ctx) }})
	return process.Part{Name: "databases", Run: func(ctx context.Context) error {
		<-ctx.Done()
		end()
		return nil
	}}, nil
}

// pick returns the database to ask now.
func (s *stores) pick() *store.Store {
	if s.set == nil {
		return s.all[0]
	}
	return s.set.Pick()
}

func (s *stores) forCube() cube.Store { return s.pick() }

// Tallies returns how far the one that is asked has counted.
func (s *stores) Tallies(ctx context.Context) ([]schema.LedgerTotals, error) {
	return s.pick().Tallies(ctx)
}

// States returns how the partitions of the one that is asked are counted.
func (s *stores) States(ctx context.Context) ([]schema.PartitionState, error) {
	return s.pick().States(ctx)
}

// mirror returns what is published, in all of them.
func (b *base) mirror(s *stores) (*mirror.Mirror, error) {
	var members []mirror.Member
	for _, one := range s.all {
		members = append(members, mirror.Member{Name: one.Place(), Copy: one})
	}
	return mirror.New(mirror.Telemetry{Registerer: b.metrics, Logger: b.log}, members...)
}

func (s *stores) close() error {
	var errs []error
	for _, one := range s.all {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

// closeStores gives the connections back.
func closeStores(s *stores, log *slog.Logger) {
	if err := s.close(); err != nil {
		log.Warn("store not closed cleanly", slog.Any("err", err))
	}
}
