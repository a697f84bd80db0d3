package store_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/schema"
	"mlf/schema/columns"
)

// balance serves on a port of loopback whose connections lead to what target
// returns, and ends with the test.
func balance(t *testing.T, target func() string) (addr string) {
	t.Helper()
	return balanceOn(t, loopback(t), target)
}

func loopback(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // Binding neither waits nor dials.
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func balanceOn(t *testing.T, ln net.Listener, target func() string) (addr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() { cancel(); _ = ln.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			from, err := ln.Accept()
			if err != nil {
				return
			}
			to, err := new(net.Dialer).DialContext(ctx, "tcp", target())
			if err != nil {
				_ = from.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _ = from.Close(); _ = to.Close() })
			go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
			go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
		}
	}()
	return ln.Addr().String()
}

// two starts two engines of one password, each with the tables and the identity
// of one log, and returns a DSN whose connections lead where target says.
func two(t *testing.T, target func(engines [2]*embedded.Server) string) (dsn string, engines [2]*embedded.Server) {
	t.Helper()
	for i := range engines {
		engines[i] = engineOf(t, embedded.Config{Dir: t.TempDir(), Password: "secret"})
		if err := store.Apply(t.Context(), store.Config{DSN: engines[i].DSN()}, schema.Identity{Log: schema.LogID{1}, Partitions: 4, Rules: schema.RulesV1}); err != nil {
			t.Fatal(err)
		}
	}
	addr := balance(t, func() string { return target(engines) })
	return strings.Replace(engines[0].DSN(), engines[0].Addr(), addr, 1), engines
}

// TestTwoServersBehindOneAddressAreTold: what one has acknowledged, the other does
// not have.
func TestTwoServersBehindOneAddressAreTold(t *testing.T) {
	var dials atomic.Int64
	dsn, engines := two(t, func(engines [2]*embedded.Server) string {
		return engines[dials.Add(1)%2].Addr()
	})
	s := openStore(t, store.Config{DSN: dsn})
	row := func(comune schema.ComuneID) []schema.Rollup {
		return []schema.Rollup{{Cell: schema.Cell{Comune: comune, Hour: 500_000}, Values: [schema.ValueMax]uint64{1}}}
	}
	// One connection serves one call after the other; a second is dialled when two
	// are wanted at once.
	acknowledged := schema.ComuneID(0)
	var told error
	for comune := schema.ComuneID(1); comune <= 100 && told == nil; comune++ {
		results := make(chan error, 2)
		go func() { _, err := s.Started(t.Context()); results <- err }()
		err := s.WriteRollups(t.Context(), row(comune))
		if err == nil {
			acknowledged++
		}
		results <- err
		for range 2 {
			if err := <-results; err != nil {
				told = err
			}
		}
	}
	if told == nil || strings.Count(told.Error(), "database ") != 2 {
		t.Fatalf("got %v, want an error that names both", told)
	}
	for _, call := range []error{s.Ping(t.Context()), s.WriteRollups(t.Context(), row(200))} {
		if call == nil || !strings.Contains(call.Error(), "leads to two servers") {
			t.Errorf("afterwards: got %v, want it to stay so", call)
		}
	}
	var most int
	for _, engine := range engines {
		direct := openStore(t, store.Config{DSN: engine.DSN()})
		rows, err := direct.Stats(t.Context(), schema.StatsQuery{From: 500_000, Next: 500_001, Group: []schema.Column{schema.ColumnComune}, RowsMax: 1000})
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, len(rows.Rows))
	}
	if most < int(acknowledged) {
		t.Errorf("%d rows were acknowledged, no server has more than %d", acknowledged, most)
	}
}

// TestAServerThatTakesAnothersPlaceIsTold: a failover is not a restart.
func TestAServerThatTakesAnothersPlaceIsTold(t *testing.T) {
	var failed atomic.Bool
	dsn, engines := two(t, func(engines [2]*embedded.Server) string {
		if failed.Load() {
			return engines[1].Addr()
		}
		return engines[0].Addr()
	})
	s := openStore(t, store.Config{DSN: dsn})
	if _, err := s.Started(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed.Store(true)
	kill(t, engines[0].Pid())
	var err error
	await(t, "an error that tells", func() bool {
		var started any
		started, err = s.Started(t.Context())
		if err == nil {
			t.Fatalf("the other server's start was taken for this one's: %v", started)
		}
		return strings.Contains(err.Error(), "leads to two servers")
	})
	again := openStore(t, store.Config{DSN: dsn}) // As a process that is started again.
	if _, err := again.Started(t.Context()); err != nil {
		t.Errorf("a new process: %v", err)
	}
}

// TestARestartIsNoOtherServer: the engine comes back with all that it had.
func TestARestartIsNoOtherServer(t *testing.T) {
	server := engine(t)
	s := open(t, server.DSN())
	if _, err := s.Started(t.Context()); err != nil {
		t.Fatal(err)
	}
	kill(t, server.Pid())
	await(t, "an answer", func() bool {
		_, err := s.Started(t.Context())
		if err != nil && strings.Contains(err.Error(), "two servers") {
			t.Fatal(err)
		}
		return err == nil
	})
}

// TestAnotherRoundIsNoLoss: while some ask whose log is counted, others read.
func TestAnotherRoundIsNoLoss(t *testing.T) {
	engine := engineOf(t, embedded.Config{Dir: t.TempDir()})
	if err := store.Apply(t.Context(), store.Config{DSN: engine.DSN()}, schema.Identity{Log: schema.LogID{1}, Partitions: 4, Rules: schema.RulesV1}); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, store.Config{DSN: engine.DSN()})
	ended := make(chan struct{})
	var rounds sync.WaitGroup
	rounds.Go(func() {
		for {
			select {
			case <-ended:
				return
			default:
				s.AskAgain()
			}
		}
	})
	defer rounds.Wait()
	defer close(ended)
	for range 20 {
		if _, err := s.Started(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestALoadIsOfTheOneServer: each is over a connection of its own, and what another
// server has is not what was counted.
func TestALoadIsOfTheOneServer(t *testing.T) {
	var failed atomic.Bool
	dsn, _ := two(t, func(engines [2]*embedded.Server) string {
		if failed.Load() {
			return engines[1].Addr()
		}
		return engines[0].Addr()
	})
	take := func(*columns.Rollups) error { return nil }
	for name, load := range map[string]func(s *store.Store) error{
		"settled":  func(s *store.Store) error { return s.Settled(t.Context(), 0, 1, nil, take) },
		"open":     func(s *store.Store) error { return s.Open(t.Context(), nil, take) },
		"segments": func(s *store.Store) error { _, err := s.Segments(t.Context()); return err },
	} {
		failed.Store(false)
		s := openStore(t, store.Config{DSN: dsn})
		if err := load(s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		failed.Store(true)
		for _, call := range []error{load(s), s.Ping(t.Context())} {
			if call == nil || !strings.Contains(call.Error(), "leads to two servers") {
				t.Errorf("%s: got %v: want it told that there are two, from then on", name, call)
			}
		}
	}
}
