package store_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/schema"
	"mlf/schema/columns"
)

// A server that hangs is told in 3 s from one that works: it says nothing. What
// it is asked by, and whether the connection is old or new, does not matter.
func TestASilentServerIsToldSoon(t *testing.T) {
	server := engine(t)
	dsn := newDatabase(t, server.DSN())
	if err := store.Apply(t.Context(), store.Config{DSN: dsn}, schema.Identity{Log: schema.LogID{1}, Partitions: 1, Rules: schema.RulesV1}); err != nil {
		t.Fatal(err)
	}
	warm, cold := openStore(t, store.Config{DSN: dsn}), openStore(t, store.Config{DSN: dsn})
	reads := func(s *store.Store) map[string]func(context.Context) error {
		return map[string]func(context.Context) error{
			"stats": func(ctx context.Context) error {
				_, err := s.Stats(ctx, schema.StatsQuery{From: 500_000, Next: 500_001, RowsMax: 10})
				return err
			},
			"wide stats": func(ctx context.Context) error {
				_, err := s.Stats(ctx, schema.StatsQuery{From: 500_000, Next: 500_001, RowsMax: 10, Wide: true})
				return err
			},
			"ledger":   func(ctx context.Context) error { _, err := s.Ledger(ctx); return err },
			"tallies":  func(ctx context.Context) error { _, err := s.Tallies(ctx); return err },
			"span":     func(ctx context.Context) error { _, _, err := s.Span(ctx); return err },
			"segments": func(ctx context.Context) error { _, err := s.Segments(ctx); return err },
			"settled": func(ctx context.Context) error {
				return s.Settled(ctx, 0, 1<<32-1, nil, func(*columns.Rollups) error { return nil })
			},
			"open": func(ctx context.Context) error {
				return s.Open(ctx, nil, func(*columns.Rollups) error { return nil })
			},
			"watermark": func(ctx context.Context) error { _, _, err := s.Watermark(ctx, 1, 1); return err },
		}
	}
	for name, read := range reads(warm) {
		if err := read(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	process := server.Pid()
	if err := syscall.Kill(process, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(process, syscall.SIGCONT) }()
	for _, s := range []*store.Store{warm, cold} {
		results := make(chan error)
		asked := reads(s)
		for name, read := range asked {
			go func() {
				began := time.Now()
				err := read(t.Context())
				switch took := time.Since(began); {
				case err == nil || errors.Is(err, schema.ErrTooDear):
					results <- errors.New(name + ": got no error, or one that blames the question")
				case took > 3*time.Second:
					results <- errors.New(name + ": told after " + took.String())
				default:
					results <- nil
				}
			}()
		}
		for range asked {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	}
	if err := syscall.Kill(process, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	// It may die of a handshake that was given up meanwhile, and be started again.
	for name, read := range reads(warm) {
		await(t, name+" from the thawed server", func() bool { return read(t.Context()) == nil })
	}
}

// A question that takes long and says so may take its time.
func TestASlowServerIsNotSilent(t *testing.T) {
	s := open(t, engine(t).DSN())
	for _, statement := range []string{
		"SELECT sleepEachRow(0.5) FROM numbers(8) SETTINGS max_block_size = 1",
		"SELECT sleepEachRow(2) FROM numbers(2) SETTINGS max_block_size = 2, function_sleep_max_microseconds_per_block = 10000000",
	} {
		if _, err := s.Store.(*store.Store).Ask(t.Context(), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// TestALoadEndsWithTheServersSilence: who takes may need longer than a silent server
// is given; a server that hangs in the midst of the rows may not.
func TestALoadEndsWithTheServersSilence(t *testing.T) {
	server := engine(t)
	subject := open(t, server.DSN())
	fillMonth(t, subject, 1_000_000)
	patience := time.NewTimer(3 * time.Second)
	defer patience.Stop()
	process, calls := server.Pid(), 0
	var frozen time.Time
	err := subject.Settled(t.Context(), 0, 1<<32-1, everySegment(), func(c *columns.Rollups) error {
		if calls++; calls == 1 {
			<-patience.C
		}
		if calls == 2 {
			frozen = time.Now()
			return syscall.Kill(process, syscall.SIGSTOP)
		}
		return nil
	})
	took := time.Since(frozen)
	if err := syscall.Kill(process, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err == nil || errors.Is(err, schema.ErrTooDear) || calls < 2 || took > 3*time.Second {
		t.Errorf("got %v after %d calls, %v after the server froze: want it told within 3 s", err, calls, took)
	}
}
