// Package model is what the tables of a store hold, in memory, merged as the store
// merges them: for tests and simulations. storetest holds both to the same rules.
package model

import (
	"cmp"
	"slices"

	"mlf/schema"
	"mlf/schema/presence"
)

// A RollupKey is what rollups merge by.
type RollupKey struct {
	Cell      schema.Cell
	Partition schema.Partition
	Segment   schema.Segment
}

// A LedgerKey is what ledger rows merge by.
type LedgerKey struct {
	Partition schema.Partition
	Segment   schema.Segment
	Chain     schema.Chain
}

// A MarkKey is what watermarks merge by.
type MarkKey struct {
	Terminal schema.TerminalID
	Stream   schema.StreamID
}

// A DayKey is what days of terminals merge by.
type DayKey struct {
	Terminal schema.TerminalID
	Day      presence.UTCDay
}

// A RunKey is what runs merge by.
type RunKey struct {
	Partition schema.Partition
	From      schema.Offset
}

// Tables are what a store holds. They are used by one goroutine at a time.
type Tables struct {
	Rollups     map[RollupKey]schema.Rollup
	Ledger      map[LedgerKey]schema.LedgerRow
	Marks       map[MarkKey]schema.Watermark
	Days        map[DayKey]presence.TerminalDay
	Runs        map[RunKey]schema.PresenceRun
	Checkpoints []schema.Checkpoint // In the order of their writing.
}

// New returns empty tables.
func New() *Tables {
	return &Tables{
		Rollups: make(map[RollupKey]schema.Rollup),
		Ledger:  make(map[LedgerKey]schema.LedgerRow),
		Marks:   make(map[MarkKey]schema.Watermark),
		Days:    make(map[DayKey]presence.TerminalDay),
		Runs:    make(map[RunKey]schema.PresenceRun),
	}
}

// Rollup merges r by maximum, number by number. It keeps nothing of r's memory.
func (t *Tables) Rollup(r schema.Rollup) {
	k := RollupKey{r.Cell, r.Partition, r.Segment}
	old, ok := t.Rollups[k]
	if ok {
		for i := range r.Values {
			r.Values[i] = max(r.Values[i], old.Values[i])
		}
	}
	r.Reasons = schema.MaxReasons(r.Reasons, old.Reasons)
	t.Rollups[k] = r
}

// Account merges r by maximum, number by number.
func (t *Tables) Account(r schema.LedgerRow) {
	k := LedgerKey{r.Partition, r.Segment, r.Chain}
	old := t.Ledger[k]
	r.Next, r.Newest = max(r.Next, old.Next), max(r.Newest, old.Newest)
	r.Max(old.Tally)
	t.run(r.Partition, r.Present)
	r.Present = schema.PresenceRun{}
	t.Ledger[k] = r
}

// run merges r by maximum.
func (t *Tables) run(p schema.Partition, r schema.PresenceRun) {
	if r == (schema.PresenceRun{}) {
		return
	}
	k := RunKey{p, r.From}
	old := t.Runs[k]
	r.Next, r.Since = max(r.Next, old.Next), max(r.Since, old.Since)
	t.Runs[k] = r
}

// Day merges d.
func (t *Tables) Day(d presence.TerminalDay) {
	k := DayKey{d.Terminal, d.Day}
	if old, ok := t.Days[k]; ok {
		d.Merge(&old)
	}
	t.Days[k] = d
}

// Present returns of which records of a partition the days of terminals are there.
func (t *Tables) Present(p schema.Partition) presence.Account {
	a := presence.Account{Partition: p, Next: t.Next(p)}
	for k, row := range t.Ledger {
		if k.Partition == p {
			a.Newest = max(a.Newest, row.Newest)
		}
	}
	for k, r := range t.Runs {
		if k.Partition == p {
			a.Runs = append(a.Runs, r)
		}
	}
	slices.SortFunc(a.Runs, func(a, b schema.PresenceRun) int { return cmp.Compare(a.From, b.From) })
	return a
}

// Mark merges m: the state at the highest offset holds. It keeps nothing of m's
// memory.
func (t *Tables) Mark(m schema.Watermark) {
	k := MarkKey{m.Terminal, m.Stream}
	if old, ok := t.Marks[k]; !ok || m.Offset >= old.Offset {
		m.Missing = slices.Clone(m.Missing)
		t.Marks[k] = m
	}
}

// Next returns how far the ledger says that p was counted.
func (t *Tables) Next(p schema.Partition) schema.Offset {
	var next schema.Offset
	for k, row := range t.Ledger {
		if k.Partition == p {
			next = max(next, row.Next)
		}
	}
	return next
}

// Chains returns the chains of the closed rows of a segment.
func (t *Tables) Chains(p schema.Partition, segment schema.Segment) []schema.Chain {
	var chains []schema.Chain
	for k := range t.Ledger {
		if k.Partition == p && k.Segment == segment && k.Chain != (schema.Chain{}) {
			chains = append(chains, k.Chain)
		}
	}
	return chains
}

// CheckpointsOf lists those of p, newest first: highest Next, then latest Taken.
func (t *Tables) CheckpointsOf(p schema.Partition) []schema.CheckpointInfo {
	var infos []schema.CheckpointInfo
	for _, c := range t.Checkpoints {
		if c.Partition == p {
			infos = append(infos, c.CheckpointInfo)
		}
	}
	slices.SortStableFunc(infos, func(a, b schema.CheckpointInfo) int {
		return cmp.Or(cmp.Compare(b.Next, a.Next), b.Taken.Compare(a.Taken))
	})
	return infos
}
