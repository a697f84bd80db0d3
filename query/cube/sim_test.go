package cube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/query/cube/cubetest"
	"mlf/query/question"
	"mlf/schema"
)

// The simulation is a small country: logs of a few partitions, workers that count
// them, die, come back and haunt, a feed that drops, doubles and delays, a store
// that lags or is away, and a follower that is killed. At any time a state has all
// that its ledger accounts for and no more than the logs; in the end it has all.

const (
	simPartitions = 3
	simSegment    = 6 // Records.
)

// A simLog is what one partition's records come to: of every offset what was counted
// below.
type simLog struct {
	partition schema.Partition
	votes     []schema.Rollup // One for each record: its votes, not cumulative.
}

func (l *simLog) segment(o schema.Offset) schema.Segment { return schema.Segment(o / simSegment) }

// at returns the rows as of an offset.
func (l *simLog) at(next schema.Offset) naiveStore {
	rows := make(naiveStore)
	for i, v := range l.votes[:next] {
		k := naiveKey{l.partition, l.segment(schema.Offset(i)), v.Cell}
		r, ok := rows[k]
		if !ok {
			r = schema.Rollup{Cell: v.Cell, Partition: l.partition, Segment: k.segment}
		}
		for j, n := range v.Values {
			r.Values[j] += n
		}
		r.Reasons = schema.AddReasons(r.Reasons, v.Reasons)
		rows[k] = r
	}
	return rows
}

// changed returns the rows, as of next, of the cells that records [after, next) change.
func (l *simLog) changed(after, next schema.Offset) []schema.Rollup {
	all, seen := l.at(next), make(map[naiveKey]bool)
	var rows []schema.Rollup
	for i := after; i < next; i++ {
		if k := (naiveKey{l.partition, l.segment(i), l.votes[i].Cell}); !seen[k] {
			seen[k] = true
			rows = append(rows, all[k])
		}
	}
	return rows
}

// ledger returns the account, as of next, of the segments of records [after, next).
func (l *simLog) ledger(after, next schema.Offset) []schema.LedgerRow {
	var rows []schema.LedgerRow
	for s := l.segment(after); next > after && s <= l.segment(next-1); s++ {
		first, end := schema.Offset(s)*simSegment, min(next, schema.Offset(s+1)*simSegment)
		r := schema.LedgerRow{Partition: l.partition, Segment: s, Next: end, Newest: schema.Instant(end)}
		for _, v := range l.votes[first:end] {
			r.Records++
			r.Counted += total(&v.Values)
			r.VotesIn += total(&v.Values)
		}
		if end == schema.Offset(s+1)*simSegment {
			r.Chain[0] = byte(s + 1)
		}
		rows = append(rows, r)
	}
	return rows
}

// tally returns the account of everything below next.
func (l *simLog) tally(next schema.Offset) schema.Tally {
	var t schema.Tally
	for _, r := range l.ledger(0, next) {
		t.Add(r.Tally)
	}
	return t
}

// A simWorker counts one partition.
type simWorker struct {
	log                          *simLog
	into                         *simCopy
	read, told, written, ledgers schema.Offset
	teller                       schema.TellerID
	number                       uint64
}

// A sim is all of it.
type sim struct {
	*world
	ctx     context.Context // The test's.
	id      schema.Identity
	logs    []*simLog
	copies  []*simCopy
	store   *storeDouble // The first copy's.
	ghosts  []*simWorker // That haunt.
	feed    *feedDouble
	delayed []schema.ClaimBatch
	picked  atomic.Int32 // How often a copy was.

	cfg      Config
	naive    string
	follower *Follower
	stop     func()
	other    *Follower // Of another process, which reads the feed in another order.
	copied   copied
	dropRow  bool               // A row of a claim is to be lost.
	happened map[string]float64 // Counters of all followers.
}

func newSim(t *testing.T, seed uint64, naive string) *sim {
	w := newWorld(t, seed)
	w.Rand = rand.New(rand.NewPCG(seed, 99))
	id := schema.Identity{Log: schema.LogID{7}, Partitions: simPartitions}
	s := &sim{
		world: w, ctx: t.Context(), id: id, feed: newFeedDouble(), naive: naive, happened: make(map[string]float64),
	}
	for p := range schema.Partition(simPartitions) {
		l := &simLog{partition: p}
		for range simSegment * (3 + s.IntN(12)) {
			v := w.row(1)
			v.Values[0] += 1 // Every record has a vote.
			l.votes = append(l.votes, v)
		}
		s.logs = append(s.logs, l)
	}
	s.countBeside()
	s.store = s.copies[0].storeDouble
	s.cfg = Config{
		Feed: s.feed, Store: s.pick, Clock: cubetest.Rome(t), RegionOf: cubetest.RegionOf, Dir: t.TempDir(),
		SealEvery: 2 * time.Second, GapWait: 300 * time.Millisecond, SnapshotEvery: 5 * time.Second,
		FreshMax: 1 + s.IntN(60), BackBy: 5 * time.Second, VotesMax: 1 << (10 + s.IntN(40)),
	}
	switch naive {
	case "trusts after":
		s.cfg.Feed = feedOf{s.feed, func(b []schema.ClaimBatch) []schema.ClaimBatch {
			return mapClaims(b, func(c *schema.Claim) { c.After = 0 })
		}}
	case "skips sealing":
		s.cfg.Store = func() Store { return neverClosed{s.store} }
		s.cfg.Feed = feedOf{s.feed, func(b []schema.ClaimBatch) []schema.ClaimBatch { return mapClaims(b, countNothing) }}
	case "publishes before taking":
		s.cfg.Feed = &lateRows{feedDouble: s.feed}
	}
	s.dropRow = naive == "skips sealing" || naive == "a row is lost"
	return s
}

func (s *sim) worker(into *simCopy, p schema.Partition) *simWorker {
	from := into.checkpoints[p]
	w := &simWorker{log: s.logs[p], into: into, read: from, told: from, written: from, ledgers: from}
	for i := range w.teller {
		w.teller[i] = byte(s.IntN(256))
	}
	return w
}

// tell is a claim of what w has read since it told before. It may be lost, come
// twice, late, or in several records.
func (s *sim) tell(w *simWorker) {
	if w.told == w.read {
		return
	}
	c := schema.Claim{
		Partition: w.log.partition, After: w.told, Next: w.read,
		Rollups: w.log.changed(w.told, w.read), Ledger: w.log.ledger(w.told, w.read),
	}
	w.told = w.read
	if s.dropRow && s.IntN(4) == 0 {
		s.dropRow = false
		c.Rollups = c.Rollups[1:]
	}
	batches := s.split(w, c)
	switch s.IntN(10) {
	case 0: // Lost, one of them at least.
		i := s.IntN(len(batches))
		batches = slices.Delete(batches, i, i+1)
	case 1:
		batches = append(batches, batches...)
	case 2:
		s.delayed = append(s.delayed, batches...)
		return
	case 3:
		s.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	}
	if s.IntN(20) == 0 {
		batches = append(batches, schema.ClaimBatch{Log: schema.LogID{8}, Number: 1, First: 1, Last: true, Claims: []schema.Claim{c}})
	}
	s.feed.append(batches...)
}

// split parts the rows of c over some records.
func (s *sim) split(w *simWorker, c schema.Claim) []schema.ClaimBatch {
	n := 1
	if s.IntN(3) == 0 {
		n += s.IntN(3)
	}
	first := w.number + 1
	var batches []schema.ClaimBatch
	for i := range n {
		w.number++
		b := schema.ClaimBatch{Log: s.id.Log, Teller: w.teller, Number: w.number, First: first, Last: i == n-1}
		piece := schema.Claim{Partition: c.Partition, Rollups: c.Rollups[len(c.Rollups)*i/n : len(c.Rollups)*(i+1)/n]}
		if b.Last {
			piece.After, piece.Next, piece.Ledger = c.After, c.Next, c.Ledger
		}
		b.Claims = []schema.Claim{piece}
		batches = append(batches, b)
	}
	return batches
}

// step lets somebody do something.
func (s *sim) step() {
	all := s.workers()
	w := all[s.IntN(len(all))]
	p := w.log.partition
	switch s.IntN(14) {
	case 0, 1, 2, 3:
		w.read = min(schema.Offset(len(w.log.votes)), w.read+schema.Offset(s.IntN(5)))
	case 4, 5, 6:
		s.tell(w)
	case 7, 8: // Rows, later their account, later a checkpoint.
		w.into.write(w.log.changed(w.written, w.read))
		w.written = w.read
	case 9:
		w.into.account(w.log.ledger(w.ledgers, w.written))
		w.ledgers = w.written
	case 10:
		if w == w.into.workers[p] {
			w.into.checkpoints[p] = max(w.into.checkpoints[p], w.ledgers)
		}
	case 11: // The worker dies, or seems to.
		old := w.into.workers[p]
		w.into.workers[p] = s.worker(w.into, p)
		if s.IntN(2) == 0 && len(s.ghosts) < 3 {
			s.ghosts = append(s.ghosts, old)
		}
	case 12:
		s.feed.append(s.delayed...)
		s.delayed = nil
		s.haunt()
	default:
		s.weather()
	}
}

// workers are all that work, those that haunt besides.
func (s *sim) workers() []*simWorker {
	var all []*simWorker
	for _, c := range s.copies {
		all = append(all, c.workers...)
	}
	return append(all, s.ghosts...)
}

// haunt ends a worker that was thought dead.
func (s *sim) haunt() {
	if n := len(s.ghosts); n > 0 {
		s.ghosts = s.ghosts[:n-1]
	}
}

func (s *sim) weather() {
	switch s.IntN(6) {
	case 0:
		s.copies[s.IntN(len(s.copies))].setAway(s.IntN(2) == 0)
	case 1:
		s.feed.setAway(s.IntN(2) == 0)
	case 2:
		s.feed.forget()
	}
}

// start starts a follower.
func (s *sim) start(ctx context.Context) error {
	cfg, registry := s.cfg, prometheus.NewRegistry()
	cfg.Registry = registry
	f, err := New(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = f.Run(ctx)
	}()
	s.follower, s.stop = f, func() {
		cancel()
		<-ended
		s.remember(registry)
	}
	return nil
}

// remember adds up what a follower has told about itself.
func (s *sim) remember(registry *prometheus.Registry) {
	families, _ := registry.Gather()
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, label := range m.Label {
				name += " " + label.GetValue()
			}
			s.happened[name] += m.Counter.GetValue()
		}
	}
}

// restart stops the follower or kills it: then there is no last snapshot.
func (s *sim) restart(ctx context.Context) error {
	before, err := snapshotsIn(s.cfg.Dir)
	if err != nil {
		return err
	}
	kept := make(map[string][]byte)
	for _, name := range before {
		kept[name], _ = os.ReadFile(name)
	}
	s.stop()
	after, err := snapshotsIn(s.cfg.Dir)
	if err != nil {
		return err
	}
	if s.IntN(2) == 0 {
		for _, name := range after {
			_ = os.Remove(name)
		}
		for name, text := range kept {
			_ = os.WriteFile(name, text, 0o600)
		}
		after = before
	}
	if s.naive == "forgets open rows" {
		for _, name := range after {
			if err := s.forgetOpen(name); err != nil {
				return err
			}
		}
	}
	s.happened["restarts"]++
	return s.start(ctx)
}

// forgetOpen writes a snapshot anew without the maxima of open segments.
func (s *sim) forgetOpen(name string) error {
	cfg := s.cfg.withDefaults()
	c, err := restoreFrom(&cfg, name)
	if err != nil {
		return err
	}
	for i := range c.parts {
		clear(c.parts[i].segments)
	}
	var b bytes.Buffer
	if err := c.image(c.taken).writeTo(&b); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o600)
}

// everything asks for every cell.
func (s *sim) everything() (*question.Axes, func(question.Key) schema.Cell) {
	var comuni []schema.ComuneID
	offices := []schema.OfficeCode{"", "nord", "sud.2"}
	a := &question.Axes{
		From: s.First, Next: s.First + schema.Hour(s.Hours), RowsMax: 1 << 30,
		Comune: func(c schema.ComuneID) question.Group {
			if !slices.Contains(comuni, c) {
				comuni = append(comuni, c)
			}
			return question.Group(slices.Index(comuni, c))
		},
		Office:  func(o schema.OfficeCode) question.Group { return question.Group(slices.Index(offices, o)) },
		Service: func(v schema.ServiceID) question.Group { return question.Group(v / 500) },
		Channel: func(v schema.Channel) question.Group { return question.Group(v) },
		Scale:   func(v schema.Scale) question.Group { return question.Group(v) },
		Class:   func(v schema.Class) question.Group { return question.Group(v) },
		Reasons: true,
	}
	a.Hours = make([]question.Group, s.Hours)
	for i := range a.Hours {
		a.Hours[i] = question.Group(i)
	}
	return a, func(k question.Key) schema.Cell {
		return schema.Cell{
			Comune: comuni[k.Comune], Office: offices[k.Office], Service: schema.ServiceID(k.Service) * 500,
			Channel: schema.Channel(k.Channel), Scale: schema.Scale(k.Scale), Class: schema.Class(k.Class), Hour: s.First + schema.Hour(k.Hour),
		}
	}
}

// A count is of a value of a cell, or of a reason: kind as of stamps.
type simCount struct {
	cell schema.Cell
	kind int
}

func (s *sim) counts(v *State) (map[simCount]uint64, error) {
	a, cell := s.everything()
	got, err := v.Counts(s.ctx, a)
	if err != nil {
		return nil, err
	}
	all := make(map[simCount]uint64)
	for _, r := range got.Rows {
		for k, n := range r.Values {
			all[simCount{cell(r.Key), k}] = n
		}
	}
	for _, r := range got.Reasons {
		all[simCount{cell(r.Key), int(schema.ValueMax) + int(r.Reason)}] = r.N
	}
	return all, nil
}

// sums adds up what the logs come to at some offsets.
func (s *sim) sums(next func(*simLog) schema.Offset) map[simCount]uint64 {
	all := make(map[simCount]uint64)
	for _, l := range s.logs {
		for k, r := range l.at(next(l)) {
			for i, n := range r.Values {
				all[simCount{k.cell, i}] += n
			}
			for _, of := range r.Reasons {
				all[simCount{k.cell, int(schema.ValueMax) + int(of.Key)}] += of.N
			}
		}
	}
	return all
}

// check holds the state to what it promises at any time.
func (s *sim) check() error {
	v := s.follower.State()
	if v == nil {
		return nil
	}
	got, err := s.counts(v)
	if err != nil {
		return err
	}
	ledger := v.Ledger()
	least := s.sums(func(l *simLog) schema.Offset { return ledger[l.partition].Next })
	most := s.sums(func(l *simLog) schema.Offset { return schema.Offset(len(l.votes)) })
	for k, n := range least {
		if got[k] < n {
			return fmt.Errorf("%v is %d, and the ledger accounts for %d", k, got[k], n)
		}
	}
	for k, n := range got {
		if n > most[k] {
			return fmt.Errorf("%v is %d, and the log has %d", k, n, most[k])
		}
	}
	for _, l := range s.logs {
		if have, want := ledger[l.partition].Tally, l.tally(ledger[l.partition].Next); have != want {
			return fmt.Errorf("partition %d at %d: account %+v, want %+v", l.partition, ledger[l.partition].Next, have, want)
		}
	}
	return nil
}

// finish lets everything be counted and stored, and compares every cell.
func (s *sim) finish() error {
	s.feed.setAway(false)
	for _, c := range s.copies {
		c.setAway(false)
		for _, w := range c.workers {
			w.read = schema.Offset(len(w.log.votes))
			s.tell(w)
			c.write(w.log.changed(0, w.read))
			c.account(w.log.ledger(0, w.read))
		}
	}
	s.feed.append(s.delayed...)
	var err error
	for range 40 {
		<-time.After(5 * time.Second)
		synctest.Wait()
		if err = s.same(); err == nil {
			break
		}
	}
	if err == nil && s.naive != "skips sealing" {
		err = s.check()
	}
	return err
}

func (s *sim) same() error {
	v := s.follower.State()
	if v == nil {
		return errors.New("there is no state")
	}
	for _, l := range s.logs {
		if t := v.Ledger()[l.partition]; t.Next != schema.Offset(len(l.votes)) {
			return fmt.Errorf("partition %d is at %d of %d", l.partition, t.Next, len(l.votes))
		}
	}
	got, err := s.counts(v)
	if err != nil {
		return err
	}
	want := s.sums(func(l *simLog) schema.Offset { return schema.Offset(len(l.votes)) })
	maps.DeleteFunc(want, func(_ simCount, n uint64) bool { return n == 0 })
	maps.DeleteFunc(got, func(_ simCount, n uint64) bool { return n == 0 })
	for k, n := range want {
		if got[k] != n {
			return fmt.Errorf("%v is %d in the end, want %d", k, got[k], n)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d counts in the end, want %d", len(got), len(want))
	}
	return nil
}

// play plays the schedule of a seed.
func play(t *testing.T, seed uint64, naive string) (s *sim, err error) {
	synctest.Test(t, func(t *testing.T) {
		s = newSim(t, seed, naive)
		if naive == "" && seed%2 == 1 {
			s.countBeside()
		}
		if err = s.start(t.Context()); err != nil {
			return
		}
		ctx, end := context.WithCancel(t.Context())
		defer end()
		if err = s.startOther(ctx); err == nil {
			err = s.run(t.Context())
		}
		s.stop()
	})
	if err != nil {
		err = fmt.Errorf("seed %d: %w", seed, err)
	}
	return s, err
}

func (s *sim) run(ctx context.Context) error {
	isTrue := s.naive != "skips sealing" && s.naive != "a row is lost" // The feed, of what it tells.
	for range 150 + s.IntN(150) {
		s.step()
		if s.IntN(3) == 0 {
			<-time.After(time.Duration(s.IntN(400)) * time.Millisecond)
			synctest.Wait()
		}
		if s.IntN(60) == 0 {
			if err := s.restart(ctx); err != nil {
				return err
			}
		}
		if err := s.check(); err != nil && isTrue {
			return err
		}
		if err := s.copy(); err != nil {
			return err
		}
	}
	if err := s.finish(); err != nil {
		return err
	}
	return s.sameCopy()
}
