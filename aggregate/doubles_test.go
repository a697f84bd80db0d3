package aggregate_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"mlf/aggregate/store/model"
	"mlf/schema"
	"mlf/schema/presence"
)

// errWorld is what the doubles answer when the world is at fault.
var errWorld = errors.New("the world is at fault")

// A memLog is a log in memory.
type memLog struct {
	mu      sync.Mutex
	records [][]schema.Record // By partition; records[p][i] is at offset i.
	starts  []schema.Offset
	epoch   int32
	most    int                                              // Records in one answer; 0 for any number.
	served  int                                              // Records in all answers.
	fault   func(p schema.Partition, at schema.Offset) error // Asked before every fetch; nil for none.
}

func newMemLog(partitions int) *memLog {
	l := &memLog{records: make([][]schema.Record, partitions), starts: make([]schema.Offset, partitions), epoch: 1}
	for p := range l.records {
		l.append(schema.Partition(p), genesis(schema.Partition(p), partitions))
	}
	return l
}

func (l *memLog) append(p schema.Partition, rec schema.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rec.Offset = schema.Offset(len(l.records[p]))
	l.records[p] = append(l.records[p], rec)
}

// newLog begins the log anew, as if its topic had been deleted and made again.
func (l *memLog) newLog() {
	l.change(func() {
		for p := range l.records {
			first := genesis(schema.Partition(p), len(l.records))
			g, _ := schema.DecodeGenesis(first.Value)
			g.Log[0] += 0x10
			first.Value = schema.AppendGenesis(nil, g)
			l.records[p] = []schema.Record{first}
		}
	})
}

// change does something to the log that an honest one never does.
func (l *memLog) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *memLog) end(p schema.Partition) schema.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return schema.Offset(len(l.records[p]))
}

func (l *memLog) Fetch(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Fetched, error) {
	for range 2 {
		f, err := l.fetch(p, at)
		if err != nil || len(f.Records) > 0 {
			return f, err
		}
		select {
		case <-ctx.Done():
			return schema.Fetched{}, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
	return l.fetch(p, at)
}

func (l *memLog) fetch(p schema.Partition, at schema.Offset) (schema.Fetched, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		if err := l.fault(p, at); err != nil {
			return schema.Fetched{}, err
		}
	}
	all := l.records[p]
	f := schema.Fetched{LogEnd: schema.Offset(len(all)), LeaderEpoch: l.epoch}
	if at < l.starts[p] || at > f.LogEnd {
		return f, schema.ErrOffsetOutOfRange
	}
	rest := all[at:]
	if l.most > 0 {
		rest = rest[:min(len(rest), l.most)]
	}
	f.Records = slices.Clone(rest)
	l.served += len(rest)
	return f, nil
}

func (l *memLog) Bounds(_ context.Context, p schema.Partition) (first, next schema.Offset, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.starts[p], schema.Offset(len(l.records[p])), nil
}

// An assigner gives all partitions, or what comes on changes.
type assigner struct {
	first   []schema.Partition
	changes chan []schema.Partition
	fail    chan error
	mu      sync.Mutex
	commits map[schema.Partition]schema.Offset
}

func (a *assigner) Assign(ctx context.Context, hold func(context.Context, []schema.Partition) error) error {
	held := a.first
	for {
		holding, end := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- hold(holding, held) }()
		var err error
		select {
		case <-ctx.Done():
		case held = <-a.changes:
		case err = <-a.fail:
		}
		end()
		<-done
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

func (a *assigner) Commit(_ context.Context, next map[schema.Partition]schema.Offset) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.commits == nil {
		a.commits = make(map[schema.Partition]schema.Offset)
	}
	maps.Copy(a.commits, next)
	return nil
}

func sumOf(payload []byte) [sha256.Size]byte { return sha256.Sum256(payload) }

// A memStore is a store in memory that can lose what it has acknowledged lately.
type memStore struct {
	mu      sync.Mutex
	id      schema.Identity
	started time.Time
	*model.Tables
	states  map[schema.Partition]schema.PartitionState
	journal []written
	calls   map[string]int

	// fault is asked at every call: a write for which it answers an error is done
	// in part. nil for none.
	fault func(operation string) error
	dice  *rand.Rand
}

// A written is one row, and when it was acknowledged.
type written struct {
	at time.Time
	do func(*model.Tables)
}

func newMemStore(partitions int) *memStore {
	return &memStore{
		id:      identity(partitions),
		started: time.Now(),
		Tables:  model.New(),
		states:  make(map[schema.Partition]schema.PartitionState),
		calls:   make(map[string]int),
		dice:    rand.New(rand.NewPCG(1, 2)),
	}
}

// look lets a test read what the store holds.
func (s *memStore) look(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// restart takes the server down, and up again after a while. Of what was
// acknowledged within the span before, each row is lost with the given chance.
func (s *memStore) restart(down, within time.Duration, chance float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.started = now.Add(down)
	s.Tables = model.New()
	s.journal = slices.DeleteFunc(s.journal, func(w written) bool {
		return now.Sub(w.at) < within && s.dice.Float64() < chance
	})
	for _, w := range s.journal {
		w.do(s.Tables)
	}
}

// begin counts a call. Its error, if any, is the call's answer; part tells how
// much of it is done all the same.
func (s *memStore) begin(operation string) (part float64, err error) {
	s.calls[operation]++
	if time.Now().Before(s.started) {
		return 0, errWorld
	}
	if s.fault == nil {
		return 1, nil
	}
	if err := s.fault(operation); err != nil {
		return s.dice.Float64() * 1.5, err // Sometimes all of it is there.
	}
	return 1, nil
}

func (s *memStore) write(operation string, rows []func(*model.Tables)) error {
	part, err := s.begin(operation)
	for _, do := range rows {
		if err == nil || s.dice.Float64() < part {
			do(s.Tables)
			s.journal = append(s.journal, written{time.Now(), do})
		}
	}
	return err
}

func (s *memStore) Identity(context.Context) (schema.Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.begin("identity")
	return s.id, err
}

func (s *memStore) Started(context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.begin("started")
	return s.started, err
}

func (s *memStore) WriteRollups(_ context.Context, rows []schema.Rollup) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []func(*model.Tables)
	for _, r := range rows {
		all = append(all, func(t *model.Tables) { t.Rollup(r) })
	}
	return s.write("rollups", all)
}

func (s *memStore) WriteLedger(_ context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []func(*model.Tables)
	for _, r := range rows {
		all = append(all, func(t *model.Tables) { t.Account(r) })
	}
	for _, m := range marks {
		all = append(all, func(t *model.Tables) { t.Mark(m) })
	}
	return s.write("ledger", all)
}

func (s *memStore) WriteDays(_ context.Context, days []presence.TerminalDay) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []func(*model.Tables)
	for _, d := range days {
		all = append(all, func(t *model.Tables) { t.Day(d) })
	}
	return s.write("days", all)
}

func (s *memStore) Chains(_ context.Context, p schema.Partition, segment schema.Segment) ([]schema.Chain, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.begin("chains"); err != nil {
		return nil, err
	}
	return s.Tables.Chains(p, segment), nil
}

func (s *memStore) WriteCheckpoint(_ context.Context, c schema.Checkpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Payload = bytes.Clone(c.Payload)
	return s.write("checkpoint", []func(*model.Tables){func(t *model.Tables) { t.Checkpoints = append(t.Checkpoints, c) }})
}

func (s *memStore) Checkpoints(_ context.Context, p schema.Partition) ([]schema.CheckpointInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.begin("checkpoints")
	if err != nil && !errors.Is(err, schema.ErrCheckpointCorrupt) {
		return nil, err
	}
	infos := s.CheckpointsOf(p)
	if err != nil {
		infos = infos[1:] // The newest is damaged.
	}
	return infos, err
}

func (s *memStore) Checkpoint(_ context.Context, info schema.CheckpointInfo) (schema.Checkpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.begin("open"); err != nil {
		return schema.Checkpoint{}, err
	}
	for _, c := range s.Tables.Checkpoints {
		if c.CheckpointInfo == info {
			if sha256.Sum256(c.Payload) != info.SHA256 {
				return c, schema.ErrCheckpointCorrupt
			}
			return c, nil
		}
	}
	return schema.Checkpoint{}, errWorld
}

func (s *memStore) WriteState(_ context.Context, states []schema.PartitionState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.begin("state"); err != nil {
		return err
	}
	for _, st := range states {
		s.states[st.Partition] = st
	}
	return nil
}
