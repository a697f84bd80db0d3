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
	id, err := s.Identity(ctx)
	if err != nil {
		return nil, err
	}
	totals := make([]schema.LedgerTotals, id.Partitions)
	for i := range totals {
		totals[i].PartitionState = schema.PartitionState{Partition: schema.Partition(i), State: schema.StateRecovering}
	}
	if totals, err = s.readStates(ctx, totals); err != nil {
		return nil, err
	}
	if err := s.readTallies(ctx, totals); err != nil {
		return nil, err
	}
	return totals, nil
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
		err := scan(&partition, &next, &newest, &t.Records, &t.VotesIn, &t.Counted, &t.Duplicates, &t.Conflicts, &t.Quarantined, &t.Voided)
		if err != nil {
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

func (s *Store) readStates(ctx context.Context, totals []schema.LedgerTotals) ([]schema.LedgerTotals, error) {
	err := s.readBy(ctx, s.lookups(), "states", nil, func(scan scanFunc) error {
		var partition uint16
		var state, reason string
		var since time.Time
		if err := scan(&partition, &state, &reason, &since); err != nil {
			return err
		}
		for p := len(totals); p <= int(partition); p++ {
			added := schema.PartitionState{Partition: schema.Partition(p), State: schema.StateRecovering}
			totals = append(totals, schema.LedgerTotals{PartitionState: added})
		}
		totals[partition].PartitionState = schema.PartitionState{
			Partition: schema.Partition(partition), State: schema.State(state), Reason: reason, Since: since.UTC(),
		}
		return nil
	})
	return totals, err
}
