package model

import (
	"context"
	"errors"
	"slices"

	"mlf/schema"
)

// Ledger returns the account of every partition, in their order: those of the log,
// and those that somebody told a state of.
func (s *Store) Ledger(ctx context.Context) ([]schema.LedgerTotals, error) {
	id, err := s.Identity(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := id.Partitions
	for p := range s.states {
		n = max(n, int(p)+1)
	}
	totals := make([]schema.LedgerTotals, n)
	for i := range totals {
		p := schema.Partition(i)
		totals[i] = s.tables.totals(p)
		totals[i].PartitionState = schema.PartitionState{Partition: p, State: schema.StateRecovering}
		if st, ok := s.states[p]; ok {
			totals[i].PartitionState = st
		}
	}
	return totals, nil
}

// totals adds up the segments of p: of each its furthest row, open or closed.
func (t *Tables) totals(p schema.Partition) schema.LedgerTotals {
	furthest := make(map[schema.Segment]schema.LedgerRow)
	for k, row := range t.Ledger {
		if k.Partition == p && row.Next >= furthest[k.Segment].Next {
			furthest[k.Segment] = row
		}
	}
	var sum schema.LedgerTotals
	for _, row := range furthest {
		sum.Next, sum.Newest = max(sum.Next, row.Next), max(sum.Newest, row.Newest)
		sum.Add(row.Tally)
	}
	return sum
}

// Tallies returns what Ledger does, for the partitions of the log and without their
// states.
func (s *Store) Tallies(ctx context.Context) ([]schema.LedgerTotals, error) {
	id, err := s.Identity(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	totals := make([]schema.LedgerTotals, id.Partitions)
	for i := range totals {
		p := schema.Partition(i)
		totals[i] = s.tables.totals(p)
		totals[i].Partition = p
	}
	return totals, nil
}

// Watermark returns that of a stream; false where nothing was counted of it.
func (s *Store) Watermark(_ context.Context, t schema.TerminalID, id schema.StreamID) (schema.Watermark, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.tables.Marks[MarkKey{Terminal: t, Stream: id}]
	m.Missing = slices.Clone(m.Missing)
	return m, ok, nil
}

// errQuestion is the error of a question that only a database answers.
var errQuestion = errors.New("the model answers for whole cells alone, without filters")

// wholeCell is how many columns a cell has.
const wholeCell = 7

// Stats adds up the rows of every whole cell. It knows no other question.
func (s *Store) Stats(_ context.Context, q schema.StatsQuery) (schema.StatsAnswer, error) {
	if len(q.Group) != wholeCell {
		return schema.StatsAnswer{}, errQuestion
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sums := make(map[schema.Cell]*schema.StatsRow)
	for k, r := range s.tables.Rollups {
		row := sums[k.Cell]
		if row == nil {
			row = &schema.StatsRow{Cell: k.Cell}
			sums[k.Cell] = row
		}
		for i, n := range r.Values {
			row.Values[i] += n
		}
	}
	rows := make([]schema.StatsRow, 0, len(sums))
	for _, row := range sums {
		rows = append(rows, *row)
	}
	return schema.StatsAnswer{Rows: rows}, nil
}
