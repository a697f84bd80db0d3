package compare

import (
	"context"
	"fmt"
	"slices"

	"mlf/schema"
	"mlf/schema/columns"
)

// The readings of open segments, in their order.
const (
	before  = iota // Of A.
	between        // Of B.
	after          // Of A, again.
)

// openRows are the rows of open segments with their counts in each reading. Rows have
// numbers, so that each key is kept once.
type openRows struct {
	most   int
	number map[Row]int
	rows   []Row
	counts [after + 1][]Counts // By number; one that came with a later reading is 0.
}

// read reads the rows of s, instead of those that the reading has had so far.
func (c *comparison) read(ctx context.Context, s Side, o *openRows, reading int) error {
	clear(o.counts[reading])
	err := s.Store.Open(ctx, c.cut, func(block *columns.Rollups) error {
		for i := range block.Len() {
			o.at(reading, Row{cellOf(block, i), block.Partition[i], block.Segment[i]}).rise(countsOf(block, i))
		}
		if len(o.rows) > o.most {
			return fmt.Errorf("more than %d rows are of open segments", o.most)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read open segments of %s: %w", s.Name, err)
	}
	return nil
}

// at returns the counts of a row in a reading, to be changed before the next call.
func (o *openRows) at(reading int, k Row) *Counts {
	n, ok := o.number[k]
	if !ok {
		n = len(o.rows)
		o.number[k], o.rows = n, append(o.rows, k)
	}
	of := &o.counts[reading]
	for len(*of) <= n {
		*of = append(*of, Counts{})
	}
	return &(*of)[n]
}

// of returns the counts of row n in a reading.
func (o *openRows) of(reading, n int) *Counts {
	if n >= len(o.counts[reading]) {
		return new(Counts)
	}
	return &o.counts[reading][n]
}

// falls tells whether some number is lower than in the reading before.
func (o *openRows) falls(reading int) bool {
	for n := range o.counts[reading-1] {
		if o.of(reading-1, n).above(o.of(reading, n)) {
			return true
		}
	}
	return false
}

// open reads the open segments of A, B and A again, and compares.
func (c *comparison) open(ctx context.Context, r *Report) (*openCells, error) {
	rows := &openRows{most: c.cfg.OpenMax, number: make(map[Row]int)}
	a, err := c.account(ctx, c.cfg.A)
	if err != nil {
		return nil, err
	}
	if err := c.read(ctx, c.cfg.A, rows, before); err != nil {
		return nil, err
	}
	r.From = a.position(r.Partitions)
	b, err := c.follow(ctx, c.cfg.B, r.From, rows, between)
	if err != nil {
		return nil, err
	}
	a, err = c.follow(ctx, c.cfg.A, b.position(r.Partitions), rows, after)
	if err != nil {
		return nil, err
	}
	r.Until = a.position(r.Partitions)
	return r.open(rows), nil
}

// follow reads s once it has counted up to a position and no number falls. Those of
// the reading before may be of more records than the position says, because rows are
// written before their account, so what is missing may still come: it is missing for
// good where it has not within Wait.
func (c *comparison) follow(ctx context.Context, s Side, to []schema.Offset, rows *openRows, reading int) (a account, err error) {
	err = c.await(ctx, c.cfg.Wait, func() (waiting string, err error) {
		if a, err = c.reach(ctx, s, to); err != nil {
			return "", err
		}
		if err := c.read(ctx, s, rows, reading); err != nil || !rows.falls(reading) {
			return "", err
		}
		return s.Name + " lacks votes of an open segment", nil
	})
	return a, err
}

// A cellState is what is known of a cell: the highest of its rows'.
type cellState uint8

const (
	isEqual   cellState = iota
	isBounded           // It was counted further between the two readings of A.
	differs
)

// openCells are the cells that have rows in open segments, by their hours. An hour is
// used by one goroutine at a time.
type openCells struct {
	hours map[schema.Hour]map[schema.Cell]cellState
}

// open compares the three readings of each row, in the order of the store's key.
func (r *Report) open(rows *openRows) *openCells {
	cells := &openCells{hours: make(map[schema.Hour]map[schema.Cell]cellState)}
	order := make([]int, len(rows.rows))
	for n := range order {
		order[n] = n
	}
	slices.SortFunc(order, func(n, m int) int { return compareRows(rows.rows[n], rows.rows[m]) })
	for _, n := range order {
		k := rows.rows[n]
		first, b, last := rows.of(before, n), rows.of(between, n), rows.of(after, n)
		d := Difference{Partition: k.Partition, Segment: k.Segment, Open: true, Row: &k}
		state := isEqual
		switch {
		case first.above(b):
			state, d.Counts = differs, &[2]Counts{*first, *b}
		case b.above(last):
			state, d.Counts = differs, &[2]Counts{*last, *b}
		case !first.equal(last):
			state = isBounded
			r.RowsBounded++
		}
		if state == differs {
			r.add(d)
		}
		r.RowsOpen++
		r.Votes += first.votes()
		cells.put(&k.Cell, state)
	}
	return cells
}

func (o *openCells) put(c *schema.Cell, s cellState) {
	of := o.hours[c.Hour]
	if of == nil {
		of = make(map[schema.Cell]cellState)
		o.hours[c.Hour] = of
	}
	of[*c] = max(of[*c], s)
}

// take returns what is known of c from open segments, and forgets it.
func (o *openCells) take(c *schema.Cell) cellState {
	of := o.hours[c.Hour]
	if of == nil {
		return isEqual
	}
	s := of[*c]
	delete(of, *c)
	return s
}

// rest adds the cells that nobody took: those of open segments alone.
func (o *openCells) rest(r *Report) {
	for _, of := range o.hours {
		for _, s := range of {
			r.Cells.add(s)
		}
	}
}
