package aggregate_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate"
	"mlf/aggregate/fold"
	"mlf/aggregate/store/model"
	"mlf/schema"
	"mlf/schema/presence"
)

//nolint:gochecknoglobals // Flags must exist before main.
var (
	seeds    = flag.Int("seeds", 12, "schedules of the simulation to play")
	seedOnly = flag.Uint64("seed", 0, "play this schedule only")
)

// TestSimulation plays schedules in which everything goes wrong that may: workers
// are killed and overlap, inserts fail in part, the log answers with errors and
// changes its leader, the store restarts and loses what it acknowledged in the
// quarter of an hour before. In the end the store must hold what one undisturbed
// fold gives: every cell, the account, the chains, the watermarks.
func TestSimulation(t *testing.T) {
	for seed := uint64(1); seed <= uint64(*seeds); seed++ {
		if *seedOnly != 0 && seed != *seedOnly {
			continue
		}
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { simulate(t, seed) })
		})
	}
}

const simPartitions = 2

type simulation struct {
	dice  *rand.Rand
	log   *memLog
	store *memStore
	rough atomic.Bool // Faults happen.
	ended []chan error
}

func simulate(t *testing.T, seed uint64) {
	s := &simulation{dice: rand.New(rand.NewPCG(seed, 0)), log: newMemLog(simPartitions), store: newMemStore(simPartitions)}
	faults := rand.New(rand.NewPCG(seed, 1))
	s.store.dice = rand.New(rand.NewPCG(seed, 2))
	s.store.fault = func(string) error {
		if s.rough.Load() && faults.IntN(10) == 0 {
			return errWorld
		}
		return nil
	}
	weather := rand.New(rand.NewPCG(seed, 3))
	s.log.fault = func(schema.Partition, schema.Offset) error {
		switch n := weather.IntN(60); {
		case !s.rough.Load():
			return nil
		case n == 0:
			return schema.ErrCorrupt // Once, on the way: never four times in a row with these dice.
		case n < 4:
			return errWorld
		}
		return nil
	}
	s.log.most = 1 + s.dice.IntN(40)
	if seed%4 == 0 { // The end of a segment is near.
		for s.log.end(0) < schema.SegmentRecords-50 {
			s.log.append(0, schema.Record{Key: []byte(schema.KeyGenesis)})
		}
		s.log.most = 5000
	}
	s.rough.Store(true)
	s.play(t)
	s.rough.Store(false)

	last := s.start(t, false)
	s.await(t, last)
	last.kill()
	for _, ended := range s.ended {
		<-ended
	}
	compare(t, s.log, s.store)
}

// play lives through some hours.
func (s *simulation) play(t *testing.T) {
	var alive []*process
	for range 150 {
		switch n := s.dice.IntN(100); {
		case n < 60:
			for range s.dice.IntN(8) {
				s.cast()
			}
		case n < 70 && len(alive) < 3:
			alive = append(alive, s.start(t, true))
		case n < 80 && len(alive) > 0:
			i := s.dice.IntN(len(alive))
			if s.dice.IntN(2) == 0 {
				alive[i].crash()
			}
			alive[i].kill()
			alive = append(alive[:i], alive[i+1:]...)
		case n < 84:
			s.log.change(func() { s.log.epoch++ })
		case n < 86:
			s.store.restart(s.seconds(30), 14*time.Minute, s.dice.Float64())
		case n < 88:
			s.store.restart(s.seconds(30), 0, 0)
		case n < 90:
			p := schema.Partition(s.dice.IntN(simPartitions))
			s.log.append(p, control(p, simPartitions))
		}
		pass(s.seconds(120))
	}
	for _, p := range alive {
		p.kill()
	}
}

func (s *simulation) seconds(most int) time.Duration {
	return time.Duration(s.dice.IntN(most*1000)) * time.Millisecond
}

// pass lets time go by.
func pass(d time.Duration) { <-time.After(d) }

// cast appends the record of one request: votes in and out of order, again, and
// with other content.
func (s *simulation) cast() {
	h := counter()
	h.Terminal = schema.TerminalID(s.dice.IntN(6))
	h.Comune += schema.ComuneID(h.Terminal)
	h.Slot = schema.Slot(int(h.Terminal) * schema.Slots / 6)
	h.Stream = schema.StreamID(s.dice.IntN(2))
	h.Test = h.Terminal == 5
	var votes []schema.Vote
	for range 1 + s.dice.IntN(10) {
		seq := schema.Seq(1 + s.dice.IntN(400))
		v := schema.Vote{
			Seq:       seq,
			At:        nine + schema.Instant(seq/2)*600_000 + schema.Instant(seq%2)*1500,
			Service:   schema.ServiceID(seq % 3),
			Value:     schema.Value(seq % 4),
			LateClock: seq%50 == 0,
		}
		if s.dice.IntN(20) == 0 {
			v.Value = schema.Value(s.dice.IntN(4))
		}
		if v.Value == schema.Red {
			v.Reason = schema.Reason(1 + s.dice.IntN(4))
		}
		votes = append(votes, v)
	}
	p := schema.PartitionOf(h.Slot, simPartitions)
	if s.dice.IntN(50) == 0 {
		p = schema.Partition(s.dice.IntN(simPartitions))
	}
	rec := schema.Record{Value: batch(h, votes...)}
	if s.dice.IntN(100) == 0 {
		rec.Value = rec.Value[1:]
	}
	s.log.append(p, rec)
}

// A process is one Aggregator.
type process struct {
	*aggregate.Aggregator
	cancel context.CancelFunc
	dead   atomic.Bool
	ended  chan error
}

func (p *process) kill()  { p.cancel() }
func (p *process) crash() { p.dead.Store(true) }

// deadStore answers nothing any more once the process has crashed.
type deadStore struct {
	*memStore
	dead *atomic.Bool
}

func (d deadStore) WriteRollups(ctx context.Context, rows []schema.Rollup) error {
	if d.dead.Load() {
		return errWorld
	}
	return d.memStore.WriteRollups(ctx, rows)
}

func (d deadStore) WriteCheckpoint(ctx context.Context, c schema.Checkpoint) error {
	if d.dead.Load() {
		return errWorld
	}
	return d.memStore.WriteCheckpoint(ctx, c)
}

// start starts a process; of the rough ones, some count one partition only.
func (s *simulation) start(t *testing.T, rough bool) *process {
	held := []schema.Partition{0, 1}
	if rough && s.dice.IntN(3) == 0 {
		held = held[s.dice.IntN(2):][:1]
	}
	cfg := aggregate.Config{DirtyRowsMax: 20 + s.dice.IntN(100), InsertRowsMax: 1 + s.dice.IntN(50)}
	p := &process{ended: make(chan error, 1)}
	p.Aggregator = newAggregator(t,
		aggregate.Parts{Log: s.log, Store: deadStore{s.store, &p.dead}, Assigner: &assigner{first: held}},
		aggregate.Telemetry{Registerer: prometheus.NewRegistry(), Logger: discard()},
		cfg)
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(t.Context())
	go func() { p.ended <- p.Run(ctx) }()
	s.ended = append(s.ended, p.ended)
	return p
}

// await waits until the last process and the ledger have everything.
func (s *simulation) await(t *testing.T, last *process) {
	for range 600 {
		all := last.Ready() == nil
		s.store.look(func() {
			for p := range schema.Partition(simPartitions) {
				all = all && s.store.Next(p) == s.log.end(p) && s.store.states[p].State == schema.StateOK
			}
		})
		if all {
			return
		}
		pass(time.Second)
	}
	t.Fatal("the count did not come to the log's end")
}

// compare holds the store to what the log amounts to.
func compare(t *testing.T, l *memLog, s *memStore) {
	t.Helper()
	want := model.New()
	for p := range l.records {
		f := fold.New(schema.Partition(p), identity(len(l.records)))
		for _, rec := range l.records[p] { // A copy: workers may be reading.
			apply(t, f, &rec)
		}
		merge(want, f)
	}
	for k, r := range want.Rollups {
		if got := s.Rollups[k]; !reflect.DeepEqual(got, r) {
			t.Errorf("cell %+v: got %v %v, want %v %v", k, got.Values, got.Reasons, r.Values, r.Reasons)
		}
	}
	for k, r := range want.Ledger {
		if got := s.Ledger[k]; got != r {
			t.Errorf("ledger: got %+v, want %+v", got, r)
		}
	}
	for k, m := range want.Marks {
		got := s.Marks[k]
		got.Offset = m.Offset // A state that has not changed keeps the offset of its last change.
		if !reflect.DeepEqual(got, m) {
			t.Errorf("watermark: got %+v, want %+v", got, m)
		}
	}
	if len(s.Rollups) != len(want.Rollups) || len(s.Marks) != len(want.Marks) {
		t.Errorf("got %d cells and %d watermarks, want %d and %d", len(s.Rollups), len(s.Marks), len(want.Rollups), len(want.Marks))
	}
	if !maps.Equal(s.Days, want.Days) {
		t.Errorf("days of terminals: got %+v, want %+v", s.Days, want.Days)
	}
	for p := range l.records {
		if a := s.Present(schema.Partition(p)); presence.KnownSince([]presence.Account{a}) != 0 {
			t.Errorf("%+v: want all days since the log's beginning", a)
		}
	}
	for _, st := range s.states {
		if st.State != schema.StateOK {
			t.Errorf("partition %d is %s: %s", st.Partition, st.State, st.Reason)
		}
	}
}
