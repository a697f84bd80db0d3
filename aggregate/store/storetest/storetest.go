// Package storetest says in tests what a store must do. The embedded engine
// passes it, and so must any server that mlf is to run on, and the model that
// tests and simulations take for one.
//
// It knows the store's contract and its tables. It must not know what is behind
// them.
package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/schema"
	"mlf/schema/columns"
	"mlf/schema/presence"
)

// A Store is what is tested: the four seams of package aggregate, what sets a store
// up, and what is read of it.
type Store interface {
	WriteIdentity(ctx context.Context, id schema.Identity) error
	Identity(ctx context.Context) (schema.Identity, error)
	Started(ctx context.Context) (time.Time, error)

	WriteRollups(ctx context.Context, rows []schema.Rollup) error
	WriteLedger(ctx context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error
	Chains(ctx context.Context, p schema.Partition, s schema.Segment) ([]schema.Chain, error)

	WriteCheckpoint(ctx context.Context, c schema.Checkpoint) error
	Checkpoints(ctx context.Context, p schema.Partition) ([]schema.CheckpointInfo, error)
	Checkpoint(ctx context.Context, info schema.CheckpointInfo) (schema.Checkpoint, error)

	WriteState(ctx context.Context, states []schema.PartitionState) error

	WriteDays(ctx context.Context, days []presence.TerminalDay) error
	LastVotes(ctx context.Context, from, until schema.Instant, take func(schema.TerminalID, schema.Instant)) error
	NewestVotes(ctx context.Context, since schema.Instant, take func(schema.TerminalID, schema.Instant)) error
	DaySpan(ctx context.Context) (first, last presence.UTCDay, some bool, err error)
	Days(ctx context.Context, first, last presence.UTCDay, take func(presence.TerminalDay)) error
	Present(ctx context.Context) ([]presence.Account, error)

	Ledger(ctx context.Context) ([]schema.LedgerTotals, error)
	Tallies(ctx context.Context) ([]schema.LedgerTotals, error)
	Watermark(ctx context.Context, t schema.TerminalID, s schema.StreamID) (schema.Watermark, bool, error)

	Segments(ctx context.Context) ([]schema.LedgerRow, error)
	Span(ctx context.Context) (first, next schema.Hour, err error)
	Settled(ctx context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error
	Open(ctx context.Context, cut []schema.Segment, take func(*columns.Rollups) error) error

	// Stats of a model need know no other question than for every whole cell.
	Stats(ctx context.Context, q schema.StatsQuery) (schema.StatsAnswer, error)
}

// A Subject is a store to be tested: set up, empty, and nobody else's.
type Subject struct {
	Store

	// SQL runs a statement on the store's database, for what tests alone ask,
	// and returns the number that it answers with, 0 for none. nil: it is a model,
	// and is spared what only a database has to do.
	SQL func(t testing.TB, statement string) uint64
}

// sql runs a statement where there is a database.
func (s Subject) sql(t *testing.T, statement string) {
	t.Helper()
	if s.SQL != nil {
		s.SQL(t, statement)
	}
}

// Partitions is the partition count of the log that the tests count.
const Partitions = 4

// Run tests the stores that open returns, a new one for each test.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	type test = struct {
		name string
		test func(t *testing.T, s Subject)
	}
	tests := []test{
		{"the first identity is the store's for ever", identity},
		{"the server's start stays the same while it runs", started},
		{"rows repeated, shuffled and overtaken add up exactly", rollups},
		{"reasons are merged key by key", reasons},
		{"the ledger joins open and closed segments", ledger},
		{"two chains of one segment are both seen", chains},
		{"of a stream the highest offset wins", watermarks},
		{"of a partition the last state wins", states},
		{"days of terminals are merged", days},
		{"of which records there are days of terminals", present},
		{"what is settled and what is open are everything", loads},
		{"who loads may stop", loadErrors},
		{"an empty store has nothing to load", emptyLoads},
		{"the span of hours is that of the rows", span},
		{"segments are told one by one", segments},
		{"checkpoints come back as they were", checkpoints},
		{"a damaged checkpoint is refused", damagedCheckpoint},
		{"lots come back by their attempt", lots},
		{"lots come in the order of their numbers", lotsInOrder},
		{"notes of releases that are elsewhere", notes},
		{"turnout comes back as it was frozen", turnout},
		{"of racing releases all readers see the same first", releases},
	}
	databases := []test{
		{"a row may span no months, an insert may", months},
		{"every grouping adds up", groupings},
		{"filters leave out what they do not name", filters},
		{"rows have the codes that hold now", codes},
		{"days begin and end by Rome's clock", romeDays},
		{"votes of classes not asked for are told", excluded},
		{"reasons are told by row", reasonCounts},
		{"more rows than asked for are an error", rowsMax},
		{"nonsense is refused before the server sees it", nonsense},
		{"the largest checkpoint is taken", largestCheckpoint},
		{"a torn checkpoint does not count", tornCheckpoint},
		{"old checkpoints are dropped, the right ones kept", retention},
	}
	for _, tt := range slices.Concat(tests, databases) {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			if s.SQL == nil && slices.ContainsFunc(databases, func(d test) bool { return d.name == tt.name }) {
				t.Skip("a model need not")
			}
			tt.test(t, s)
		})
	}
}

// logIdentity is the identity of the log that the tests count.
func logIdentity() schema.Identity {
	return schema.Identity{Log: schema.LogID{1, 2, 3}, Partitions: Partitions, Rules: schema.RulesV1}
}

func identity(t *testing.T, s Subject) {
	ctx := t.Context()
	if _, err := s.Identity(ctx); err == nil {
		t.Error("an empty store has an identity")
	}
	want := logIdentity()
	for range 2 {
		if err := s.WriteIdentity(ctx, want); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []schema.Identity{
		{Log: schema.LogID{9}, Partitions: want.Partitions, Rules: want.Rules},
		{Log: want.Log, Partitions: want.Partitions + 1, Rules: want.Rules},
		{Log: want.Log, Partitions: want.Partitions, Rules: want.Rules + 1},
		{Log: want.Log},
		{Partitions: 1},
	} {
		if err := s.WriteIdentity(ctx, other); err == nil {
			t.Errorf("%+v was accepted after %+v", other, want)
		}
	}
	if got, err := s.Identity(ctx); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if s.SQL != nil {
		if got := s.SQL(t, "SELECT count() FROM log_identity"); got != 1 {
			t.Errorf("%d rows: want 1", got)
		}
	}
}

func started(t *testing.T, s Subject) {
	first, err := s.Started(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := s.Started(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := again.Sub(first).Abs(); d >= store.StartedTolerance {
			t.Errorf("two answers differ by %v: want less than %v", d, store.StartedTolerance)
		}
	}
}
