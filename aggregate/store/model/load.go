package model

import (
	"cmp"
	"context"
	"slices"

	"mlf/schema"
	"mlf/schema/columns"
)

// loadBlock is the rows of one call: few, so that tests see several.
const loadBlock = 20

// Segments returns the account of every segment that has one, by partition and
// segment, open and closed rows joined by maximum.
func (t *Tables) Segments() []schema.LedgerRow {
	joined := New() // In it, rows of one segment have one key.
	chains := make(map[LedgerKey]schema.Chain)
	for k, row := range t.Ledger {
		segment := LedgerKey{Partition: k.Partition, Segment: k.Segment}
		if c := chains[segment]; string(k.Chain[:]) > string(c[:]) {
			chains[segment] = k.Chain
		}
		row.Chain = schema.Chain{}
		joined.Account(row)
	}
	rows := make([]schema.LedgerRow, 0, len(joined.Ledger))
	for k, row := range joined.Ledger {
		row.Chain = chains[k]
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b schema.LedgerRow) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Segment, b.Segment))
	})
	return rows
}

// Span returns the hours that there are rollups of, half-open; 0, 0 without any.
func (t *Tables) Span() (first, next schema.Hour) {
	for k := range t.Rollups {
		if next == 0 || k.Cell.Hour < first {
			first = k.Cell.Hour
		}
		next = max(next, k.Cell.Hour+1)
	}
	return first, next
}

// Settled returns the rows of hours [from, next) whose segment is below cut of their
// partition, in order of the cell, a few in each of the columns.
func (t *Tables) Settled(from, next schema.Hour, cut []schema.Segment) []*columns.Rollups {
	return t.columns(func(k *RollupKey) bool {
		return k.Cell.Hour >= from && k.Cell.Hour < next && k.Segment < cutOf(cut, k.Partition)
	})
}

// Open returns the rows of segments from cut of their partition on, a few in each of
// the columns.
func (t *Tables) Open(cut []schema.Segment) []*columns.Rollups {
	return t.columns(func(k *RollupKey) bool { return k.Segment >= cutOf(cut, k.Partition) })
}

func (t *Tables) columns(pass func(*RollupKey) bool) []*columns.Rollups {
	var rows []schema.Rollup
	for k, r := range t.Rollups {
		if pass(&k) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b schema.Rollup) int {
		return cmp.Or(a.Compare(&b.Cell), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Segment, b.Segment))
	})
	var all []*columns.Rollups
	for few := range slices.Chunk(rows, loadBlock) {
		all = append(all, columnsOf(few))
	}
	return all
}

// Segments returns what Tables.Segments does.
func (s *Store) Segments(context.Context) ([]schema.LedgerRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tables.Segments(), nil
}

// Span returns what Tables.Span does.
func (s *Store) Span(context.Context) (first, next schema.Hour, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, next = s.tables.Span()
	return first, next, nil
}

// Settled calls take with what Tables.Settled returns.
func (s *Store) Settled(_ context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error {
	s.mu.Lock()
	all := s.tables.Settled(from, next, cut)
	s.mu.Unlock()
	return hand(all, take)
}

// Open calls take with what Tables.Open returns.
func (s *Store) Open(_ context.Context, cut []schema.Segment, take func(*columns.Rollups) error) error {
	s.mu.Lock()
	all := s.tables.Open(cut)
	s.mu.Unlock()
	return hand(all, take)
}

// cutOf returns the cut of p; 0 where there is none.
func cutOf(cut []schema.Segment, p schema.Partition) schema.Segment {
	if int(p) >= len(cut) {
		return 0
	}
	return cut[p]
}

func hand(all []*columns.Rollups, take func(*columns.Rollups) error) error {
	for _, rows := range all {
		if err := take(rows); err != nil {
			return err
		}
	}
	return nil
}

func columnsOf(rows []schema.Rollup) *columns.Rollups {
	c := new(columns.Rollups)
	for i := range rows {
		c.Append(&rows[i])
	}
	return c
}
