package cube

import (
	"slices"
	"time"

	"mlf/schema"
	"mlf/schema/columns"
)

// takeBatch takes all rows of a record of the feed, then what its claims say. False:
// it is of another log, and nothing was taken.
func (c *core) takeBatch(b *schema.ClaimBatch, now time.Time) bool {
	if b.Log != c.log {
		return false
	}
	var r row
	for i := range b.Claims {
		claim := &b.Claims[i]
		for j := range claim.Rollups {
			c.take(claim.Partition, r.of(&claim.Rollups[j]))
		}
	}
	if !c.tellers.whole(b) {
		return true
	}
	for i := range b.Claims {
		claim := &b.Claims[i]
		if !c.has(claim.Partition) {
			continue // Added to the topic, and without records.
		}
		p := &c.parts[claim.Partition]
		before := p.position
		p.honour(span{claim.After, claim.Next, claim.Ledger}, now)
		c.isNews = c.isNews || p.position != before
	}
	return true
}

// of makes r the row of u.
func (r *row) of(u *schema.Rollup) *row {
	r.cell, r.segment, r.counts = u.Cell, u.Segment, u.Values
	r.keys, r.ns = r.keys[:0], r.ns[:0]
	for _, of := range u.Reasons {
		r.keys, r.ns = append(r.keys, of.Key), append(r.ns, of.N)
	}
	return r
}

// takeColumns takes rows of the store.
func (c *core) takeColumns(rows *columns.Rollups) {
	var r row
	for i := range rows.Len() {
		c.take(rows.Partition[i], r.at(rows, i))
	}
}

// at makes r row i of rows.
func (r *row) at(rows *columns.Rollups, i int) *row {
	r.cell = schema.Cell{
		Comune: rows.Comune[i], Office: rows.Office[i], Service: rows.Service[i], Channel: rows.Channel[i],
		Scale: rows.Scale[i], Class: rows.Class[i], Hour: rows.Hour[i],
	}
	r.segment = rows.Segment[i]
	for k := range r.counts {
		r.counts[k] = rows.Values[k][i]
	}
	first := 0
	if i > 0 {
		first = rows.ReasonsNext[i-1]
	}
	r.keys, r.ns = rows.ReasonKeys[first:rows.ReasonsNext[i]], rows.ReasonCounts[first:rows.ReasonsNext[i]]
	return r
}

// Bounds of what is remembered of those who tell.
const (
	tellersMax = 256  // Processes in the middle of telling.
	piecesMax  = 4096 // Records of what is told at once, of 1 MiB each.
)

// tellers remember which records have come of what is told in several. A record is
// forgotten when there are too many: its claims are then a gap, and no loss.
type tellers struct {
	telling map[schema.TellerID]*telling
	turn    uint64
}

// A telling is the records so far of what one process tells at once.
type telling struct {
	first  uint64
	pieces []uint64 // The numbers that came.
	turn   uint64   // When the last came.
}

// whole tells whether b has claims and all records before it, of what is told at
// once, have come.
func (t *tellers) whole(b *schema.ClaimBatch) bool {
	if b.First == b.Number {
		if b.Last {
			return true
		}
	} else if b.First > b.Number {
		return false
	}
	of := t.of(b.Teller, b.First)
	if len(of.pieces) < piecesMax && !slices.Contains(of.pieces, b.Number) {
		of.pieces = append(of.pieces, b.Number)
	}
	if !b.Last || b.Number-b.First+1 != uint64(len(of.pieces)) {
		return false
	}
	delete(t.telling, b.Teller)
	return true
}

// of returns what came of the telling from first on, a new one in place of any other
// of the same process.
func (t *tellers) of(id schema.TellerID, first uint64) *telling {
	if t.telling == nil {
		t.telling = make(map[schema.TellerID]*telling)
	}
	t.turn++
	of := t.telling[id]
	if of == nil || of.first != first {
		if of == nil && len(t.telling) == tellersMax {
			t.forgetOldest()
		}
		of = &telling{first: first}
		t.telling[id] = of
	}
	of.turn = t.turn
	return of
}

func (t *tellers) forgetOldest() {
	var oldest schema.TellerID
	turn := t.turn
	for id, of := range t.telling {
		if of.turn < turn {
			oldest, turn = id, of.turn
		}
	}
	delete(t.telling, oldest)
}
