package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/aggregate/store/storetest"
	"mlf/schema"
	"mlf/schema/columns"
	"mlf/schema/presence"
	"mlf/schema/shares"
)

// shareLog is the log that the contract's tests count.
func shareLog() schema.Identity {
	return schema.Identity{Log: schema.LogID{1, 2, 3}, Partitions: storetest.Partitions, Rules: schema.RulesV1}
}

// clusterOf starts two engines, the first of which has both as its cluster.
func clusterOf(t testing.TB) (engines [2]*embedded.Server) {
	t.Helper()
	engines[1] = engineOf(t, embedded.Config{Dir: t.TempDir(), Password: "secret"})
	engines[0] = engineOf(t, embedded.Config{Dir: t.TempDir(), Password: "secret", Cluster: []string{engines[1].Addr()}})
	return engines
}

// at returns the address of a database of engine.
func at(engine *embedded.Server, database string) store.Config {
	return store.Config{DSN: strings.TrimSuffix(engine.DSN(), "/mlf") + "/" + database}
}

// shared is what is counted into two shares and read through what is put together
// of them.
type shared struct {
	id    schema.Identity
	front store.Config
	on    [2]store.Config
}

// newShared sets one up in databases of its own.
func newShared(t testing.TB, engines [2]*embedded.Server, id schema.Identity) shared {
	t.Helper()
	part := newDatabase(t, engines[0].DSN())
	name := part[strings.LastIndex(part, "/")+1:]
	c := shared{id: id, front: store.Config{DSN: newDatabase(t, engines[0].DSN())}}
	for i := range c.on {
		c.on[i] = at(engines[i], name)
		c.on[i].Share = true
		if err := store.ApplyShare(t.Context(), c.on[i], id, shares.Share{Number: i, Of: 2}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.ApplyFront(t.Context(), c.front, id, store.Cluster{Name: "mlf", Database: name}); err != nil {
		t.Fatal(err)
	}
	return c
}

// clear empties the tables, that of the log's identity too.
func (c shared) clear(t testing.TB) {
	t.Helper()
	front := dial(t, c.front.DSN)
	defer func() { _ = front.Close() }()
	for _, table := range []string{"log_identity", "public_lot", "public_taken", "public_turnout", "public_release"} {
		ask(t, front, "ALTER TABLE "+table+" DROP PARTITION ALL")
	}
	for _, on := range c.on {
		conn := dial(t, on.DSN)
		for _, table := range []string{"votes_rollup", "segment_ledger", "terminal_watermark", "terminal_day", "partition_state", "checkpoint"} {
			ask(t, conn, "ALTER TABLE "+table+" DROP PARTITION ALL")
		}
		_ = conn.Close()
	}
}

// subject returns the servers as one store.
func (c shared) subject(t testing.TB) storetest.Subject {
	t.Helper()
	conns := [3]driver.Conn{dial(t, c.front.DSN), dial(t, c.on[0].DSN), dial(t, c.on[1].DSN)}
	t.Cleanup(func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	})
	s := &split{Store: openStore(t, c.front), partitions: c.id.Partitions}
	for i := range c.on {
		s.shares[i] = openStore(t, c.on[i])
	}
	return storetest.Subject{Store: s, SQL: func(t testing.TB, statement string) (n uint64) {
		t.Helper()
		if strings.HasPrefix(statement, "SELECT") && !strings.Contains(statement, "FROM checkpoint") {
			return ask(t, conns[0], statement)
		}
		return ask(t, conns[1], statement) + ask(t, conns[2], statement)
	}}
}

// A split store is written to by shares, and read through the front.
type split struct {
	*store.Store // The front.

	shares     [2]*store.Store
	partitions int
}

// of returns the store of p's share.
func (s *split) of(p schema.Partition) *store.Store {
	if (shares.Share{Of: 2}).Holds(p, s.partitions) {
		return s.shares[0]
	}
	return s.shares[1]
}

func (s *split) WriteRollups(ctx context.Context, rows []schema.Rollup) error {
	for on, rows := range shareOut(rows, func(r schema.Rollup) *store.Store { return s.of(r.Partition) }) {
		if err := on.WriteRollups(ctx, rows); err != nil {
			return err
		}
	}
	return nil
}

func (s *split) WriteLedger(ctx context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error {
	byRow := shareOut(rows, func(r schema.LedgerRow) *store.Store { return s.of(r.Partition) })
	byMark := shareOut(marks, func(m schema.Watermark) *store.Store {
		return s.of(schema.Partition(m.Terminal % schema.TerminalID(s.partitions)))
	})
	for _, on := range s.shares {
		if err := on.WriteLedger(ctx, byRow[on], byMark[on]); err != nil {
			return err
		}
	}
	return nil
}

func (s *split) WriteDays(ctx context.Context, days []presence.TerminalDay) error {
	for on, days := range shareOut(days, func(d presence.TerminalDay) *store.Store {
		return s.of(schema.Partition(d.Terminal % schema.TerminalID(s.partitions)))
	}) {
		if err := on.WriteDays(ctx, days); err != nil {
			return err
		}
	}
	return nil
}

func (s *split) WriteState(ctx context.Context, states []schema.PartitionState) error {
	for on, states := range shareOut(states, func(p schema.PartitionState) *store.Store { return s.of(p.Partition) }) {
		if err := on.WriteState(ctx, states); err != nil {
			return err
		}
	}
	return nil
}

// shareOut returns what of all belongs where.
func shareOut[T any](all []T, of func(T) *store.Store) map[*store.Store][]T {
	by := make(map[*store.Store][]T)
	for _, one := range all {
		by[of(one)] = append(by[of(one)], one)
	}
	return by
}

func (s *split) Chains(ctx context.Context, p schema.Partition, segment schema.Segment) ([]schema.Chain, error) {
	return s.of(p).Chains(ctx, p, segment)
}

func (s *split) WriteCheckpoint(ctx context.Context, c schema.Checkpoint) error {
	return s.of(c.Partition).WriteCheckpoint(ctx, c)
}

func (s *split) Checkpoints(ctx context.Context, p schema.Partition) ([]schema.CheckpointInfo, error) {
	return s.of(p).Checkpoints(ctx, p)
}

func (s *split) Checkpoint(ctx context.Context, info schema.CheckpointInfo) (schema.Checkpoint, error) {
	return s.of(info.Partition).Checkpoint(ctx, info)
}

// TestSharesTogetherAreAStore: what is written to the shares of two servers and read
// through one is a store as any.
func TestSharesTogetherAreAStore(t *testing.T) {
	c := newShared(t, clusterOf(t), shareLog())
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		if strings.Contains(t.Name(), "checkpoint") {
			t.Skip("each share's are its own")
		}
		c.clear(t)
		return c.subject(t)
	})
}

// filled are the votes that fill writes.
const filled = 100 * storetest.Partitions

// fill writes a vote in each partition of a hundred comuni, and the account of it.
func (c shared) fill(t testing.TB) {
	t.Helper()
	s := c.subject(t)
	var rows []schema.Rollup
	var ledger []schema.LedgerRow
	var states []schema.PartitionState
	for p := range schema.Partition(storetest.Partitions) {
		for comune := range schema.ComuneID(100) {
			rows = append(rows, schema.Rollup{
				Cell:      schema.Cell{Comune: comune + 1, Service: 1, Channel: 1, Scale: schema.ScaleMLF3, Class: schema.ClassOK, Hour: 500_000},
				Partition: p, Segment: 1, Values: [schema.ValueMax]uint64{1},
			})
		}
		ledger = append(ledger, schema.LedgerRow{Partition: p, Segment: 1, Next: 101, Tally: schema.Tally{Records: 100, VotesIn: 100, Counted: 100}})
		states = append(states, schema.PartitionState{Partition: p, State: schema.StateOK, Since: time.Unix(1_800_000_000, 0)})
	}
	marks := []schema.Watermark{{Terminal: 7, Stream: 8, Highest: filled, Offset: 10}}
	for _, err := range []error{s.WriteRollups(t.Context(), rows), s.WriteLedger(t.Context(), ledger, marks), s.WriteState(t.Context(), states)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// votesOf reads a store by each of its reads, side by side, and returns how many votes
// each has found.
func votesOf(ctx context.Context, s *store.Store) (votes map[string]uint64, errs map[string]error) {
	votes, errs = make(map[string]uint64), make(map[string]error)
	var mu sync.Mutex
	var reading sync.WaitGroup
	read := func(name string, do func(found *uint64) error) {
		reading.Go(func() {
			var found uint64
			err := do(&found)
			mu.Lock()
			defer mu.Unlock()
			votes[name], errs[name] = found, err
		})
	}
	rows := func(found *uint64) func(*columns.Rollups) error {
		return func(c *columns.Rollups) error { *found += uint64(len(c.Hour)); return nil }
	}
	read("settled", func(found *uint64) error {
		return s.Settled(ctx, 0, 1_000_000, []schema.Segment{2, 2, 2, 2}, rows(found))
	})
	read("open", func(found *uint64) error { return s.Open(ctx, nil, rows(found)) })
	read("stats", func(found *uint64) error {
		answer, err := s.Stats(ctx, schema.StatsQuery{From: 500_000, Next: 500_001, Group: []schema.Column{schema.ColumnComune}, RowsMax: 1000})
		for _, row := range answer.Rows {
			*found += row.Values[0]
		}
		return err
	})
	read("ledger", func(found *uint64) error {
		ledger, err := s.Ledger(ctx)
		for _, p := range ledger {
			*found += p.Counted
		}
		return err
	})
	read("segments", func(found *uint64) error {
		segments, err := s.Segments(ctx)
		for _, row := range segments {
			*found += row.Counted
		}
		return err
	})
	read("watermark", func(found *uint64) error {
		mark, _, err := s.Watermark(ctx, 7, 8)
		*found = uint64(mark.Highest)
		return err
	})
	reading.Wait()
	return votes, errs
}

// wantVotes checks that each read has found all votes.
func wantVotes(t *testing.T, s *store.Store) {
	t.Helper()
	votes, errs := votesOf(t.Context(), s)
	for read, err := range errs {
		if err != nil {
			t.Errorf("%s: %v", read, err)
		}
	}
	for read, got := range votes {
		if got != filled {
			t.Errorf("%s: got %d votes, want %d", read, got, filled)
		}
	}
}

// wantNone checks that no read has an answer, and that each says so with want.
func wantNone(t *testing.T, s *store.Store, want string) {
	t.Helper()
	_, errs := votesOf(t.Context(), s)
	for read, err := range errs {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", read, err, want)
		}
	}
}

// TestNobodyAnswersForSomeOfTheShares: a server that is frozen or away makes an error,
// never a smaller figure; and what was there before does not matter afterwards.
func TestNobodyAnswersForSomeOfTheShares(t *testing.T) {
	engines := clusterOf(t)
	c := newShared(t, engines, shareLog())
	c.fill(t)
	s := openStore(t, c.front)
	wantVotes(t, s)
	pid := engines[1].Pid()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s, "")
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	wantVotes(t, s)
	conn := dial(t, c.front.DSN)
	if got := ask(t, conn, "SELECT sum(votes) FROM bi_votes"); got != filled {
		t.Errorf("got %d votes for BI tools, want %d", got, filled)
	}
	_ = conn.Close()
	part := dial(t, c.on[1].DSN)
	ask(t, part, "DROP TABLE share")
	wantNone(t, s, "share")
	_ = part.Close()
	if err := engines[1].Close(); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s, "")
}

// TestAShareMadeAnewIsToldForEver: what was counted into the one before is gone.
func TestAShareMadeAnewIsToldForEver(t *testing.T) {
	engines := clusterOf(t)
	c := newShared(t, engines, shareLog())
	c.fill(t)
	s := openStore(t, c.front)
	wantVotes(t, s)
	name := c.on[1].DSN[strings.LastIndex(c.on[1].DSN, "/")+1:]
	admin := dial(t, at(engines[1], "default").DSN)
	ask(t, admin, "DROP DATABASE "+name)
	_ = admin.Close()
	if err := store.ApplyShare(t.Context(), c.on[1], shareLog(), shares.Share{Number: 1, Of: 2}); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s, "put together otherwise")
}

// TestWhoWasThereBeforeItWasSetUp has found an empty database, and finds a front.
func TestWhoWasThereBeforeItWasSetUp(t *testing.T) {
	engines := clusterOf(t)
	front := store.Config{DSN: engines[0].DSN()}
	if err := store.Migrate(t.Context(), front); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, front)
	if _, err := s.Identity(t.Context()); !errors.Is(err, store.ErrNotApplied) {
		t.Fatalf("got %v, want ErrNotApplied", err)
	}
	for i, engine := range engines {
		if err := store.ApplyShare(t.Context(), at(engine, "mlf_part"), shareLog(), shares.Share{Number: i, Of: 2}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.ApplyFront(t.Context(), front, shareLog(), store.Cluster{Name: "mlf", Database: "mlf_part"}); err != nil {
		t.Fatal(err)
	}
	if id, err := s.Identity(t.Context()); id != shareLog() || err != nil {
		t.Fatalf("got %v, %v", id, err)
	}
	part := dial(t, at(engines[1], "mlf_part").DSN)
	ask(t, part, "DROP TABLE share")
	_ = part.Close()
	wantNone(t, s, "share")
}

// TestAServerThatTheClusterHasTwice would count its votes twice.
func TestAServerThatTheClusterHasTwice(t *testing.T) {
	other := engineOf(t, embedded.Config{Dir: t.TempDir(), Password: "secret"})
	own := engineOf(t, embedded.Config{Dir: t.TempDir(), Password: "secret", Cluster: []string{other.Addr(), other.Addr()}})
	for i, engine := range []*embedded.Server{own, other} {
		if err := store.ApplyShare(t.Context(), at(engine, "mlf_part"), shareLog(), shares.Share{Number: i, Of: 2}); err != nil {
			t.Fatal(err)
		}
	}
	front := store.Config{DSN: own.DSN()}
	err := store.ApplyFront(t.Context(), front, shareLog(), store.Cluster{Name: "mlf", Database: "mlf_part"})
	if err == nil || strings.Count(err.Error(), "share 2/2 of log") != 2 {
		t.Errorf("got %v, want an error that names the second share twice", err)
	}
	if _, err := openStore(t, front).Identity(t.Context()); err == nil {
		t.Error("what was refused is a database all the same")
	}
}

// TestDatabasesStayWhatTheyAre: all of a log, a share of it, or a front.
func TestDatabasesStayWhatTheyAre(t *testing.T) {
	engines := clusterOf(t)
	c := newShared(t, engines, shareLog())
	c.fill(t)
	part, whole := c.on[0], at(engines[0], "mlf_whole")
	if err := store.Apply(t.Context(), whole, shareLog()); err != nil {
		t.Fatal(err)
	}
	if err := openStore(t, whole).WriteRollups(t.Context(), []schema.Rollup{{Cell: schema.Cell{Comune: 1, Hour: 500_000}}}); err != nil {
		t.Fatal(err)
	}
	name := part.DSN[strings.LastIndex(part.DSN, "/")+1:]
	first, cluster := shares.Share{Of: 2}, store.Cluster{Name: "mlf", Database: name}
	other := shareLog()
	other.Log = schema.LogID{9}
	public := part
	public.Share = false
	for what, err := range map[string]error{
		"a share made whole":          store.Apply(t.Context(), public, shareLog()),
		"a share made another":        store.ApplyShare(t.Context(), part, shareLog(), shares.Share{Number: 1, Of: 2}),
		"a share of three":            store.ApplyShare(t.Context(), part, shareLog(), shares.Share{Of: 3}),
		"a share of another log":      store.ApplyShare(t.Context(), part, other, first),
		"a share made a front":        store.ApplyFront(t.Context(), public, shareLog(), cluster),
		"a whole one made a share":    store.ApplyShare(t.Context(), whole, shareLog(), first),
		"a whole one made a front":    store.ApplyFront(t.Context(), whole, shareLog(), cluster),
		"a front made a share":        store.ApplyShare(t.Context(), c.front, shareLog(), first),
		"a front of another log":      store.ApplyFront(t.Context(), c.front, other, cluster),
		"more shares than partitions": store.ApplyShare(t.Context(), at(engines[0], "mlf_more"), shareLog(), shares.Share{Of: 5}),
		"a cluster that there is not": store.ApplyFront(t.Context(), at(engines[0], "mlf_none"), shareLog(), store.Cluster{Name: "none", Database: name}),
		"shares that there are not":   store.ApplyFront(t.Context(), at(engines[0], "mlf_not"), shareLog(), store.Cluster{Name: "mlf", Database: "mlf_nowhere"}),
		"a name that is none":         store.ApplyFront(t.Context(), at(engines[0], "mlf_bad"), shareLog(), store.Cluster{Name: "a b", Database: name}),
	} {
		if err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
	for range 2 { // They may all be applied again.
		for _, err := range []error{
			store.Apply(t.Context(), whole, shareLog()), store.Apply(t.Context(), c.front, shareLog()),
			store.ApplyShare(t.Context(), part, shareLog(), first), store.ApplyFront(t.Context(), c.front, shareLog(), cluster),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	}
	wantVotes(t, openStore(t, c.front))
	reader := openStore(t, public)
	wantNone(t, reader, "has a share of a log")
	worker := openStore(t, part)
	if id, share, err := worker.Share(t.Context()); id != shareLog() || share != first || err != nil {
		t.Errorf("got %v, share %v, %v", id, share, err)
	}
	if id, share, err := openStore(t, whole).Share(t.Context()); id != shareLog() || share != shares.Whole() || err != nil {
		t.Errorf("got %v, share %v, %v", id, share, err)
	}
	if id, share, err := openStore(t, c.front).Share(t.Context()); id != shareLog() || share != (shares.Share{}) || err != nil {
		t.Errorf("got %v, share %v, %v", id, share, err)
	}
	alien := []schema.Rollup{{Cell: schema.Cell{Comune: 1, Hour: 500_000}, Partition: 3}}
	for _, err := range []error{
		worker.WriteRollups(t.Context(), alien),
		worker.WriteLedger(t.Context(), []schema.LedgerRow{{Partition: 3, Segment: 1}}, nil),
		worker.WriteState(t.Context(), []schema.PartitionState{{Partition: 3, State: schema.StateOK}}),
		worker.WriteCheckpoint(t.Context(), schema.Checkpoint{CheckpointInfo: schema.CheckpointInfo{Partition: 3, Log: shareLog().Log, Taken: time.Now()}, Payload: []byte("x")}),
		openStore(t, c.front).WriteRollups(t.Context(), alien),
	} {
		if err == nil {
			t.Error("rows were taken that are another share's")
		}
	}
}
