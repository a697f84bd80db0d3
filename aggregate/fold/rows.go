package fold

import (
	"mlf/schema"
	"mlf/schema/presence"
)

// Rows are what a fold has to tell the store. Each is cumulative, so a row that
// was written stays true, and one written again changes nothing.
type Rows struct {
	Rollups    []schema.Rollup
	Ledger     []schema.LedgerRow // Closed segments before the open one.
	Watermarks []schema.Watermark
	Days       []presence.TerminalDay
}

// Len returns the number of rows.
func (r *Rows) Len() int { return len(r.Rollups) + len(r.Ledger) + len(r.Watermarks) + len(r.Days) }

// Reset empties r, and keeps its memory.
func (r *Rows) Reset() {
	clear(r.Rollups)
	clear(r.Watermarks)
	r.Rollups, r.Ledger, r.Watermarks, r.Days = r.Rollups[:0], r.Ledger[:0], r.Watermarks[:0], r.Days[:0]
}

// Dirty returns the number of rows that Drain would append.
func (f *Fold) Dirty() int {
	n := len(f.dirtyCells) + len(f.dirtyStreams) + f.dirtyDays + len(f.closed)
	if f.dirtyLedger {
		n++
	}
	return n
}

// Drain appends the rows that have changed since it was last called, as they are
// now. The caller must see them into the store, or drop the fold: they do not
// come again until they change.
func (f *Fold) Drain(rows *Rows) {
	for _, c := range f.dirtyCells {
		c.dirty &^= forStore
		rows.Rollups = append(rows.Rollups, c.rollup(f.partition))
	}
	for _, s := range f.dirtyStreams {
		s.dirty = false
		rows.Watermarks = append(rows.Watermarks, s.watermark(f.next))
	}
	rows.Days = f.drainDays(rows.Days)
	first := len(rows.Ledger)
	rows.Ledger = append(rows.Ledger, f.closed...)
	if f.dirtyLedger {
		f.dirtyLedger = false
		rows.Ledger = append(rows.Ledger, f.ledgerRow(schema.Chain{}))
	}
	for i := range rows.Ledger[first:] {
		rows.Ledger[first+i].Present = f.run()
	}
	clear(f.dirtyCells) // Cells of closed segments live nowhere else.
	f.dirtyCells, f.dirtyStreams, f.closed = f.dirtyCells[:0], f.dirtyStreams[:0], f.closed[:0]
}
