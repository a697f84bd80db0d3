// Package columns is rollups in columns, for who reads millions. It knows what a rollup is,
// and must not know where rows are kept or how they are counted.
package columns

import "mlf/schema"

// Rollups are rollups in columns: row i is the i-th of each slice.
type Rollups struct {
	Comune    []schema.ComuneID
	Office    []schema.OfficeCode
	Service   []schema.ServiceID
	Channel   []schema.Channel
	Scale     []schema.Scale
	Class     []schema.Class
	Hour      []schema.Hour
	Partition []schema.Partition
	Segment   []schema.Segment
	Values    [schema.ValueMax][]uint64

	// The reasons of row i are those of ReasonKeys and ReasonCounts from
	// ReasonsNext[i-1] (0 for the first) up to ReasonsNext[i].
	ReasonsNext  []int
	ReasonKeys   []schema.ReasonKey
	ReasonCounts []uint64
}

// Len returns the number of rows.
func (c *Rollups) Len() int { return len(c.Comune) }

// Append adds r as the last row, its reasons ascending.
func (c *Rollups) Append(r *schema.Rollup) {
	c.Comune, c.Office, c.Service = append(c.Comune, r.Comune), append(c.Office, r.Office), append(c.Service, r.Service)
	c.Channel, c.Scale, c.Class = append(c.Channel, r.Channel), append(c.Scale, r.Scale), append(c.Class, r.Class)
	c.Hour, c.Partition, c.Segment = append(c.Hour, r.Hour), append(c.Partition, r.Partition), append(c.Segment, r.Segment)
	for v, n := range r.Values {
		c.Values[v] = append(c.Values[v], n)
	}
	for _, of := range r.Reasons {
		c.ReasonKeys, c.ReasonCounts = append(c.ReasonKeys, of.Key), append(c.ReasonCounts, of.N)
	}
	c.ReasonsNext = append(c.ReasonsNext, len(c.ReasonKeys))
}
