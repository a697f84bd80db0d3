package aggregate

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// RulesMax is the highest rules by which this program counts.
const RulesMax = fold.RulesMax

// CheckpointVersion is the version of checkpoints that this program writes, and the
// newest that it reads.
const CheckpointVersion = fold.CheckpointVersion

// A Config sets how often and how much. The zero value of each field stands for
// its default.
type Config struct {
	// FlushEvery is how long a vote waits for the next flush. Default 250 ms: a
	// wall clock of the country shows it within half a second.
	FlushEvery time.Duration

	// FlushEveryMax is how far FlushEvery stretches when there is more to write
	// than RowsPerSecondMax. Default 10 s.
	FlushEveryMax time.Duration

	// TellEvery is how long a vote waits until followers are told, where there is a
	// Teller. Default 100 ms: with what the way takes, it is on screen when the
	// citizen looks up. It stretches as FlushEvery does.
	TellEvery time.Duration

	// RowsPerSecondMax is how many rows a second this process writes before it
	// flushes less often: a cell that changes all the time is then written less
	// often. Default 50,000, what ClickHouse merges on one core beside its reads.
	RowsPerSecondMax int

	// InsertRowsMax is how many rollup rows go into one insert. Default 100,000.
	InsertRowsMax int

	// DirtyRowsMax is how many rows may wait for the store, all partitions
	// together, before reading the log stops. Default 500,000, some 100 MB. Twice as
	// many may wait for the Teller before they are dropped.
	DirtyRowsMax int

	// CheckpointEvery is how much of the log, in time, is read again after a
	// crash. Default 60 s.
	CheckpointEvery time.Duration

	// TailEvery is how often the last records of the log are compared with those
	// that were counted, and the store is asked since when it runs. Default 5 s: a
	// log that was rewritten in place, or a restart of the store, is found within
	// ten.
	TailEvery time.Duration

	// StepBack is how long before a restart of the store a checkpoint must have
	// been taken to be believed after it. Default 15 min: by then an acknowledged
	// row is on disk even where fsync is off.
	StepBack time.Duration

	// StartedTolerance is how far two answers of Store.Started may differ within
	// one run of the server. Default 2 s: ClickHouse counts whole seconds, and the
	// answers come over a network.
	StartedTolerance time.Duration

	// AboveMax is how long a log may end before the offset to go on from, before
	// that is taken for a loss. Default 60 s: after a change of leader the log's
	// end lags for a moment.
	AboveMax time.Duration

	// StuckAfter is how long a count may stand still before its state says so.
	// Default 20 s: longer than a store or a broker needs to restart, and with the
	// next flush within the 30 s after which people look.
	StuckAfter time.Duration

	// DrainMax is how long Run goes on after its context has ended, to flush and
	// take checkpoints. Default 20 s, below the 30 s that Kubernetes grants.
	DrainMax time.Duration

	// RulesMax is the highest rules by which this process counts: at a record that
	// sets higher ones it halts. Default fold.RulesMax, all that this version knows;
	// lower it stands for an older version, in simulations.
	RulesMax schema.Rules

	// Now is the clock. Default time.Now. It decides when things happen, never
	// what is counted.
	Now func() time.Time
}

// withDefaults returns c with every zero field set.
func (c Config) withDefaults() Config {
	c.FlushEvery = cmp.Or(c.FlushEvery, 250*time.Millisecond)
	c.TellEvery = cmp.Or(c.TellEvery, 100*time.Millisecond)
	c.FlushEveryMax = cmp.Or(c.FlushEveryMax, 10*time.Second)
	c.CheckpointEvery = cmp.Or(c.CheckpointEvery, time.Minute)
	c.TailEvery = cmp.Or(c.TailEvery, 5*time.Second)
	c.StepBack = cmp.Or(c.StepBack, 15*time.Minute)
	c.StartedTolerance = cmp.Or(c.StartedTolerance, 2*time.Second)
	c.AboveMax = cmp.Or(c.AboveMax, time.Minute)
	c.StuckAfter = cmp.Or(c.StuckAfter, 20*time.Second)
	c.DrainMax = cmp.Or(c.DrainMax, 20*time.Second)
	c.RowsPerSecondMax = cmp.Or(c.RowsPerSecondMax, 50_000)
	c.InsertRowsMax = cmp.Or(c.InsertRowsMax, 100_000)
	c.DirtyRowsMax = cmp.Or(c.DirtyRowsMax, 500_000)
	c.RulesMax = cmp.Or(c.RulesMax, fold.RulesMax)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Validate tells what is wrong with c; nil for nothing.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case min(c.FlushEvery, c.TellEvery, c.CheckpointEvery, c.TailEvery, c.StepBack, c.StartedTolerance, c.AboveMax, c.StuckAfter, c.DrainMax) < 0:
		return errors.New("aggregate: a time span is negative")
	case min(c.RowsPerSecondMax, c.InsertRowsMax, c.DirtyRowsMax) < 0:
		return errors.New("aggregate: a limit is negative")
	case c.RulesMax > fold.RulesMax:
		return fmt.Errorf("aggregate: rules %d: this version knows %d", c.RulesMax, fold.RulesMax)
	case c.FlushEveryMax < c.FlushEvery:
		return errors.New("aggregate: flush-every-max is below flush-every")
	}
	return nil
}
