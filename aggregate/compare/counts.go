package compare

import (
	"cmp"
	"slices"

	"mlf/schema"
	"mlf/schema/columns"
)

// A Row is the counts of a cell over one segment of one partition.
type Row struct {
	schema.Cell
	schema.Partition
	schema.Segment
}

// Counts are the votes of a row.
type Counts struct {
	Values  [schema.ValueMax]uint64 // Values[v-1] is the count of value v.
	Reasons []schema.ReasonNumber   // Ascending by key, none of 0.
}

// countsOf returns those of row i. Reasons come in any order: the store sorts those of
// rows that it has merged.
func countsOf(rows *columns.Rollups, i int) Counts {
	var c Counts
	for v := range c.Values {
		c.Values[v] = rows.Values[v][i]
	}
	keys, ns := reasonsOf(rows, i)
	for k, key := range keys {
		if ns[k] > 0 {
			c.Reasons = append(c.Reasons, schema.ReasonNumber{Key: key, N: ns[k]})
		}
	}
	slices.SortFunc(c.Reasons, func(a, b schema.ReasonNumber) int { return cmp.Compare(a.Key, b.Key) })
	return c
}

func reasonsOf(rows *columns.Rollups, i int) ([]schema.ReasonKey, []uint64) {
	from, next := 0, rows.ReasonsNext[i]
	if i > 0 {
		from = rows.ReasonsNext[i-1]
	}
	return rows.ReasonKeys[from:next], rows.ReasonCounts[from:next]
}

// votes returns how many there are.
func (c *Counts) votes() uint64 {
	var n uint64
	for _, of := range c.Values {
		n += of
	}
	return n
}

func (c *Counts) equal(d *Counts) bool {
	return c.Values == d.Values && slices.Equal(c.Reasons, d.Reasons)
}

// above tells whether some number of c is higher than that of d.
func (c *Counts) above(d *Counts) bool {
	for v := range c.Values {
		if c.Values[v] > d.Values[v] {
			return true
		}
	}
	for _, r := range c.Reasons {
		i, ok := slices.BinarySearchFunc(d.Reasons, r.Key, func(r schema.ReasonNumber, k schema.ReasonKey) int { return cmp.Compare(r.Key, k) })
		if !ok || r.N > d.Reasons[i].N {
			return true
		}
	}
	return false
}

// rise takes the higher of each number.
func (c *Counts) rise(d Counts) {
	for v := range c.Values {
		c.Values[v] = max(c.Values[v], d.Values[v])
	}
	if len(d.Reasons) > 0 {
		c.Reasons = schema.MaxReasons(c.Reasons, d.Reasons)
	}
}

// cellOf returns the cell of row i.
func cellOf(rows *columns.Rollups, i int) schema.Cell {
	return schema.Cell{
		Comune: rows.Comune[i], Office: rows.Office[i], Service: rows.Service[i],
		Channel: rows.Channel[i], Scale: rows.Scale[i], Class: rows.Class[i], Hour: rows.Hour[i],
	}
}
