package fold

import (
	"slices"

	"mlf/schema"
)

// changed tells on which of the fold's lists of changed cells a cell is.
type changed uint8

const (
	forStore     changed = 1 << iota // Since Drain.
	forFollowers                     // Since DrainClaim.
)

// A cell is the counts of one schema.Cell in the open segment.
type cell struct {
	schema.Cell
	segment schema.Segment
	dirty   changed
	values  [schema.ValueMax]uint64
	reasons []schema.ReasonNumber // Ascending; a few, found faster one by one than in a map.
}

// count adds a vote.
func (c *cell) count(v *schema.Vote) {
	c.values[v.Value-1]++
	if v.Reason == schema.ReasonNone {
		return
	}
	key := schema.KeyOfReason(v.Value, v.Reason)
	i := 0
	for ; i < len(c.reasons) && c.reasons[i].Key < key; i++ {
	}
	if i == len(c.reasons) || c.reasons[i].Key != key {
		c.reasons = slices.Insert(c.reasons, i, schema.ReasonNumber{Key: key})
	}
	c.reasons[i].N++
}

// rollup returns the row of c.
func (c *cell) rollup(p schema.Partition) schema.Rollup {
	return schema.Rollup{Cell: c.Cell, Partition: p, Segment: c.segment, Values: c.values, Reasons: slices.Clone(c.reasons)}
}

// A recordKey is the part of a cell that all votes of a record share.
type recordKey struct {
	comune  schema.ComuneID
	office  schema.OfficeCode
	channel schema.Channel
	scale   schema.Scale
}

// A cellGroup holds the cells of one recordKey in the open segment. Two steps, so
// that the string in the key is hashed once a record and not once a vote.
type cellGroup map[voteKey]*cell

// voteKey is the part of a cell that may differ within a record, in one word: hour
// 32 bits, service 16, class 8.
type voteKey uint64

func voteKeyOf(h schema.Hour, s schema.ServiceID, c schema.Class) voteKey {
	return voteKey(h)<<24 | voteKey(s)<<8 | voteKey(c)
}

func (k recordKey) cell(r voteKey, s schema.Segment) *cell {
	return &cell{
		Cell: schema.Cell{
			Comune:  k.comune,
			Office:  k.office,
			Service: schema.ServiceID(r >> 8),
			Channel: k.channel,
			Scale:   k.scale,
			Class:   schema.Class(r),
			Hour:    schema.Hour(r >> 24),
		},
		segment: s,
	}
}
