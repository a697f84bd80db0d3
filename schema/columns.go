package schema

// RollupColumns are rollups in columns, for who reads millions: row i is the i-th
// of each slice.
type RollupColumns struct {
	Comune    []ComuneID
	Office    []OfficeCode
	Service   []ServiceID
	Channel   []Channel
	Scale     []Scale
	Class     []Class
	Hour      []Hour
	Partition []Partition
	Segment   []Segment
	Values    [ValueMax][]uint64

	// The reasons of row i are those of ReasonKeys and ReasonCounts from
	// ReasonsNext[i-1] (0 for the first) up to ReasonsNext[i].
	ReasonsNext  []int
	ReasonKeys   []ReasonKey
	ReasonCounts []uint64
}

// Len returns the number of rows.
func (c *RollupColumns) Len() int { return len(c.Comune) }
