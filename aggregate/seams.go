package aggregate

import (
	"context"
	"time"

	"mlf/schema"
	"mlf/schema/presence"
)

// A Log is where the votes are read from. Used by several goroutines, but never
// by two at a time for one partition.
type Log interface {
	// Fetch returns the records of p from offset at on, in order, without a gap.
	// It waits some 500 ms at most for the first, then returns none. The records
	// are the caller's until its next Fetch of p. Asking again is harmless. Of its
	// errors, ErrOffsetOutOfRange, ErrCorrupt and ErrGap of package schema are
	// told apart; after any other the caller asks again.
	Fetch(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Fetched, error)

	// Bounds returns the first offset that p still has, and the one after its last.
	Bounds(ctx context.Context, p schema.Partition) (first, next schema.Offset, err error)
}

// An Assigner says which partitions this process counts. That two processes
// count the same one at times is harmless.
type Assigner interface {
	// Assign calls hold with the partitions of this process, whenever they change,
	// one call at a time. The context of hold ends when they are taken away, and
	// hold then returns. Assign returns when ctx ends, or when it cannot go on.
	Assign(ctx context.Context, hold func(ctx context.Context, held []schema.Partition) error) error

	// Commit tells tools that show lag how far the count is. It is never read here.
	Commit(ctx context.Context, next map[schema.Partition]schema.Offset) error
}

// A Teller tells followers what was counted, before the store has it. It is told
// after nothing and before nothing: what it loses, they read from the store.
type Teller interface {
	// Tell hands on what has changed since it was last called, of all partitions
	// that this process counts: one call at a time. It blocks until that is durable,
	// for a time of its own at most. The claims are the caller's again when it
	// returns. After an error some of it may be there, or come to be later; it is not
	// told again, and the claims after it show the gap.
	Tell(ctx context.Context, claims []schema.Claim) error
}

// A Store is where the counts are kept. Each write is durable when it returns
// nil. After an error some of it may be there, or all; it is written again,
// whole. Every row may come any number of times, in any order, from several
// processes. Rows and payloads are the caller's again when a call returns; so
// are those that a read returns. Safe for use by several goroutines.
type Store interface {
	Run
	Rows
	Days
	Checkpoints
	States
}

// A Run is a store's server while it runs.
type Run interface {
	// Identity returns which log this store counts, as `mlf schema apply` wrote it.
	Identity(ctx context.Context) (schema.Identity, error)

	// Started returns when the store's server started. Within one run of it the
	// answers differ by less than Config.StartedTolerance.
	Started(ctx context.Context) (time.Time, error)
}

// Rows are what was counted.
type Rows interface {
	// WriteRollups writes rows of any number of months.
	WriteRollups(ctx context.Context, rows []schema.Rollup) error

	// WriteLedger writes the account of segments, and the state of streams.
	WriteLedger(ctx context.Context, rows []schema.LedgerRow, marks []schema.Watermark) error

	// Chains returns the chains, other than zero, of the rows of a segment. More
	// than one mean that two logs were counted into this store.
	Chains(ctx context.Context, p schema.Partition, s schema.Segment) ([]schema.Chain, error)
}

// Days are when terminals voted.
type Days interface {
	// WriteDays writes rows of any number of terminals and days. A row of the ledger says
	// of which records they are there (schema.PresenceRun), so they are written before it.
	WriteDays(ctx context.Context, days []presence.TerminalDay) error
}

// Checkpoints are states to go on from.
type Checkpoints interface {
	// WriteCheckpoint keeps a checkpoint, and afterwards forgets those that are
	// too many.
	WriteCheckpoint(ctx context.Context, c schema.Checkpoint) error

	// Checkpoints returns the complete checkpoints of p, the newest first: by
	// Next, then by Taken. schema.ErrCheckpointCorrupt: those that could be read,
	// and there are others that could not.
	Checkpoints(ctx context.Context, p schema.Partition) ([]schema.CheckpointInfo, error)

	// Checkpoint returns one of them. schema.ErrCheckpointCorrupt: its payload is
	// incomplete or does not match its SHA256.
	Checkpoint(ctx context.Context, info schema.CheckpointInfo) (schema.Checkpoint, error)
}

// States are how the partitions are, for others to see.
type States interface {
	// WriteState keeps the states of partitions; per partition the last one holds.
	WriteState(ctx context.Context, states []schema.PartitionState) error
}
