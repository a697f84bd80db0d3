package model

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"mlf/schema"
)

// loadBlock is the rows of one call: few, so that tests see several.
const loadBlock = 100

// Segments returns the account of every segment that has one, by partition and
// segment, open and closed rows joined by maximum.
func (s *Store) Segments(context.Context) ([]schema.LedgerRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	joined := New() // In it, rows of one segment have one key.
	chains := make(map[LedgerKey]schema.Chain)
	for k, row := range s.tables.Ledger {
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
	return rows, nil
}

// Span returns the hours that there are rollups of, half-open; 0, 0 without any.
func (s *Store) Span(context.Context) (first, next schema.Hour, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.tables.Rollups {
		if next == 0 || k.Cell.Hour < first {
			first = k.Cell.Hour
		}
		next = max(next, k.Cell.Hour+1)
	}
	return first, next, nil
}

// Settled calls take with the rows of hours [from, next) whose segment is below cut
// of their partition, in order of the cell.
func (s *Store) Settled(_ context.Context, from, next schema.Hour, cut []schema.Segment, take func(*schema.RollupColumns) error) error {
	rows := s.rollups(func(k RollupKey) bool {
		return k.Cell.Hour >= from && k.Cell.Hour < next && k.Segment < cutOf(cut, k.Partition)
	})
	slices.SortFunc(rows, func(a, b schema.Rollup) int { return compareCells(&a.Cell, &b.Cell) })
	return hand(rows, take)
}

// Open calls take with the rows of segments from cut of their partition on.
func (s *Store) Open(_ context.Context, cut []schema.Segment, take func(*schema.RollupColumns) error) error {
	return hand(s.rollups(func(k RollupKey) bool { return k.Segment >= cutOf(cut, k.Partition) }), take)
}

func (s *Store) rollups(pass func(k RollupKey) bool) []schema.Rollup {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []schema.Rollup
	for k, r := range s.tables.Rollups {
		if pass(k) {
			rows = append(rows, r)
		}
	}
	return rows
}

// cutOf returns the cut of p; 0 where there is none.
func cutOf(cut []schema.Segment, p schema.Partition) schema.Segment {
	if int(p) >= len(cut) {
		return 0
	}
	return cut[p]
}

// compareCells orders cells as the store's key does.
func compareCells(a, b *schema.Cell) int {
	return cmp.Or(cmp.Compare(a.Comune, b.Comune), cmp.Compare(a.Office, b.Office), cmp.Compare(a.Service, b.Service),
		cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Scale, b.Scale), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Hour, b.Hour))
}

// hand hands rows on in columns, a few at a time.
func hand(rows []schema.Rollup, take func(*schema.RollupColumns) error) error {
	for few := range slices.Chunk(rows, loadBlock) {
		if err := take(columnsOf(few)); err != nil {
			return err
		}
	}
	return nil
}

func columnsOf(rows []schema.Rollup) *schema.RollupColumns {
	c := new(schema.RollupColumns)
	for i := range rows {
		r := &rows[i]
		c.Comune, c.Office, c.Service = append(c.Comune, r.Comune), append(c.Office, r.Office), append(c.Service, r.Service)
		c.Channel, c.Scale, c.Class = append(c.Channel, r.Channel), append(c.Scale, r.Scale), append(c.Class, r.Class)
		c.Hour, c.Partition, c.Segment = append(c.Hour, r.Hour), append(c.Partition, r.Partition), append(c.Segment, r.Segment)
		for v, n := range r.Values {
			c.Values[v] = append(c.Values[v], n)
		}
		for _, key := range slices.Sorted(maps.Keys(r.Reasons)) {
			c.ReasonKeys, c.ReasonCounts = append(c.ReasonKeys, key), append(c.ReasonCounts, r.Reasons[key])
		}
		c.ReasonsNext = append(c.ReasonsNext, len(c.ReasonKeys))
	}
	return c
}
