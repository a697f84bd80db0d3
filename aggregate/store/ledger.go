package store

import (
	"context"
	"fmt"
	"time"

	"mlf/schema"
)

// Ledger returns the account of every partition of the log, in their order.
// Partitions of which nothing was counted yet are recovering. What lies below
// Next is in the answers of Stats from now on. Partitions that were added to the
// topic are there besides, once a worker has halted them.
func (s *Store) Ledger(ctx context.Context) ([]schema.LedgerTotals, error) {
	states, err := s.States(ctx)
	if err != nil {
		return nil, err
	}
	totals := make([]schema.LedgerTotals, len(states))
	for i := range totals {
		totals[i].PartitionState = states[i]
	}
	if err := s.readTallies(ctx, totals); err != nil {
		return nil, err
	}
	return totals, nil
}

// States returns whether the partitions are being counted, as Ledger does, and costs
// less.
func (s *Store) States(ctx context.Context) ([]schema.PartitionState, error) {
	id, err := s.Identity(ctx)
	if err != nil {
		return nil, err
	}
	var states []schema.PartitionState
	grow := func(n int) {
		for p := len(states); p < n; p++ {
			states = append(states, schema.PartitionState{Partition: schema.Partition(p), State: schema.StateRecovering})
		}
	}
	grow(id.Partitions)
	err = s.readBy(ctx, s.lookups(), "states", nil, func(scan scanFunc) error {
		var partition uint16
		var state, reason string
		var since time.Time
		if err := scan(&partition, &state, &reason, &since); err != nil {
			return err
		}
		grow(int(partition) + 1)
		states[partition] = schema.PartitionState{
			Partition: schema.Partition(partition), State: schema.State(state), Reason: reason, Since: since.UTC(),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return states, nil
}

// Tallies returns what Ledger does, for the partitions of the log and without
// their states.
func (s *Store) Tallies(ctx context.Context) ([]schema.LedgerTotals, error) {
	id, err := s.Identity(ctx)
	if err != nil {
		return nil, err
	}
	totals := make([]schema.LedgerTotals, id.Partitions)
	for i := range totals {
		totals[i].Partition = schema.Partition(i)
	}
	if err := s.readTallies(ctx, totals); err != nil {
		return nil, err
	}
	return totals, nil
}

func (s *Store) readTallies(ctx context.Context, totals []schema.LedgerTotals) error {
	return s.readBy(ctx, s.lookups(), "ledger", nil, func(scan scanFunc) error {
		var partition uint16
		var next uint64
		var newest time.Time
		var t schema.Tally
		into := []any{&partition, &next, &newest}
		for _, n := range t.Numbers() {
			into = append(into, n)
		}
		if err := scan(into...); err != nil {
			return err
		}
		if int(partition) >= len(totals) {
			return fmt.Errorf("partition %d: the log has %d", partition, len(totals))
		}
		row := &totals[partition]
		row.Next, row.Newest, row.Tally = schema.Offset(next), schema.InstantOf(newest), t
		return nil
	})
}
