package compare

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"mlf/schema"
	"mlf/schema/columns"
)

// A stream is the rows of a month in their order, read by another goroutine.
type stream struct {
	side   Side
	blocks chan *columns.Rollups
	free   chan struct{} // The last block is not needed any more; closed: nor any other.

	rows *columns.Rollups // nil: none are left.
	i    int              // In rows.
	cell schema.Cell      // Of row i.
}

func newStream(s Side) *stream {
	return &stream{side: s, blocks: make(chan *columns.Rollups), free: make(chan struct{})}
}

// read hands on the blocks of the store: one at a time, which stays the store's.
func (s *stream) read(ctx context.Context, m span, cut []schema.Segment) error {
	err := s.side.Store.Settled(ctx, m.first, m.next, cut, func(rows *columns.Rollups) error {
		if rows.Len() == 0 {
			return nil
		}
		select {
		case s.blocks <- rows:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		<-s.free // Whatever ctx does: until then the rows are being read.
		return nil
	})
	if err != nil {
		return fmt.Errorf("read rows of %s: %w", s.side.Name, err)
	}
	close(s.blocks) // Only then: after an error there may be more.
	return nil
}

// next moves to the row after row i.
func (s *stream) next(ctx context.Context) error {
	if s.i++; s.i == s.rows.Len() {
		s.free <- struct{}{}
		return s.block(ctx)
	}
	return s.look()
}

// block moves to the first row of the next block.
func (s *stream) block(ctx context.Context) error {
	select {
	case rows, ok := <-s.blocks:
		s.rows, s.i = rows, 0
		if !ok {
			return nil
		}
		return s.look()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// look reads the cell of row i. What is out of order would not be found in the other.
func (s *stream) look() error {
	cell := cellOf(s.rows, s.i)
	if s.cell.Compare(&cell) > 0 {
		return fmt.Errorf("read rows of %s: %+v after %+v: want them in the order of the cell", s.side.Name, cell, s.cell)
	}
	s.cell = cell
	return nil
}

// take returns the rows of cell that are left, by partition and segment.
func (s *stream) take(ctx context.Context, cell schema.Cell) ([]rowCounts, error) {
	var rows []rowCounts
	for s.rows != nil && s.cell == cell {
		rows = append(rows, rowCounts{Row{cell, s.rows.Partition[s.i], s.rows.Segment[s.i]}, countsOf(s.rows, s.i)})
		if err := s.next(ctx); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(rows, func(a, b rowCounts) int { return compareRows(a.Row, b.Row) })
	return rows, nil
}

type rowCounts struct {
	Row
	Counts
}

// sameRow tells whether s and t are at one row with the same counts. Most rows are,
// and it is all that most of them cost.
func (s *stream) sameRow(t *stream) bool {
	a, i, b, j := s.rows, s.i, t.rows, t.i
	for v := range a.Values {
		if a.Values[v][i] != b.Values[v][j] {
			return false
		}
	}
	if a.Partition[i] != b.Partition[j] || a.Segment[i] != b.Segment[j] || s.cell != t.cell {
		return false
	}
	keys, ns := reasonsOf(a, i)
	otherKeys, otherNs := reasonsOf(b, j)
	return slices.Equal(keys, otherKeys) && slices.Equal(ns, otherNs)
}

// A monthReport is what was found in the closed segments of a month.
type monthReport struct {
	found
	rows, votes uint64
	cells       Cells
}

// A join compares two streams of a month.
type join struct {
	*monthReport
	a, b  *stream
	open  *openCells
	cell  schema.Cell // That is being compared, zero before the first.
	state cellState   // Of its rows so far.
	tell  func(rows uint64)
}

// month compares the rows of m that are of segments below the cut.
func (c *comparison) month(ctx context.Context, m span, open *openCells) (monthReport, error) {
	report := monthReport{found: found{most: c.cfg.Show}}
	g, ctx := errgroup.WithContext(ctx)
	j := join{
		monthReport: &report, a: newStream(c.cfg.A), b: newStream(c.cfg.B), open: open,
		tell: func(rows uint64) { c.tell(func(p *Progress) { p.Rows += rows }) },
	}
	g.Go(func() error { return j.a.read(ctx, m, c.cut) })
	g.Go(func() error { return j.b.read(ctx, m, c.cut) })
	g.Go(func() error { return j.run(ctx) })
	err := g.Wait()
	return report, err
}

// tellRows is after how many rows it is told how far the join is.
const tellRows = 1 << 17

// run compares row by row.
func (j *join) run(ctx context.Context) error {
	defer close(j.a.free)
	defer close(j.b.free)
	if err := j.a.block(ctx); err != nil {
		return err
	}
	if err := j.b.block(ctx); err != nil {
		return err
	}
	told := uint64(0)
	for j.a.rows != nil || j.b.rows != nil {
		if err := j.step(ctx); err != nil {
			return err
		}
		if j.rows-told >= tellRows {
			j.tell(j.rows - told)
			told = j.rows
		}
	}
	j.end()
	j.tell(j.rows - told)
	return nil
}

// step compares a row, or what is left of a cell.
func (j *join) step(ctx context.Context) error {
	if j.a.rows == nil || j.b.rows == nil || !j.a.sameRow(j.b) {
		return j.rest(ctx)
	}
	j.enter(j.a.cell)
	j.rows++
	for v := range j.a.rows.Values {
		j.votes += j.a.rows.Values[v][j.a.i]
	}
	if err := j.a.next(ctx); err != nil {
		return err
	}
	return j.b.next(ctx)
}

// rest compares what is left of the lower of the two cells.
func (j *join) rest(ctx context.Context) error {
	cell := j.lower()
	j.enter(cell)
	a, err := j.a.take(ctx, cell)
	if err != nil {
		return err
	}
	b, err := j.b.take(ctx, cell)
	if err != nil {
		return err
	}
	for len(a) > 0 || len(b) > 0 {
		j.pair(&a, &b)
	}
	return nil
}

// lower returns the lower of the two cells; at least one stream has one.
func (j *join) lower() schema.Cell {
	if j.a.rows == nil || j.b.rows != nil && j.b.cell.Compare(&j.a.cell) < 0 {
		return j.b.cell
	}
	return j.a.cell
}

// pair compares the first row of a and b, and takes it from those that have it. What
// a count has no row of is 0.
func (j *join) pair(a, b *[]rowCounts) {
	order := 0
	switch {
	case len(*a) == 0:
		order = 1
	case len(*b) == 0:
		order = -1
	default:
		order = compareRows((*a)[0].Row, (*b)[0].Row)
	}
	var row Row
	var counts [2]Counts
	if order >= 0 {
		row, counts[1], *b = (*b)[0].Row, (*b)[0].Counts, (*b)[1:]
	}
	if order <= 0 {
		row, counts[0], *a = (*a)[0].Row, (*a)[0].Counts, (*a)[1:]
	}
	j.rows++
	j.votes += counts[0].votes()
	if !counts[0].equal(&counts[1]) {
		j.state = differs
		j.add(Difference{Partition: row.Partition, Segment: row.Segment, Row: &row, Counts: &counts})
	}
}

// enter begins a cell, unless it is in it.
func (j *join) enter(cell schema.Cell) {
	if j.cell == cell {
		return
	}
	j.end()
	j.cell, j.state = cell, j.open.take(&cell)
}

// end adds up the cell.
func (j *join) end() {
	if j.cell != (schema.Cell{}) {
		j.cells.add(j.state)
	}
}

// compareRows returns the order of the store's key.
func compareRows(a, b Row) int {
	return cmp.Or(a.Compare(&b.Cell), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Segment, b.Segment))
}
