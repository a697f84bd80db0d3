package fold

import "mlf/schema"

// untold is what has changed since DrainClaim: a second list beside those of Drain,
// because followers are told more often than the store is written to, and apart
// from it.
type untold struct {
	after  schema.Offset // Followers were told what there was below, or that they were not.
	cells  []*cell
	closed []schema.LedgerRow
}

// Follow begins to keep what followers must be told: of the records from Next on.
// Without it DrainClaim has nothing to say, and nothing is kept for it.
func (f *Fold) Follow() {
	f.dirty |= forFollowers
	f.untold = untold{after: f.next}
}

// Untold returns the number of rows that DrainClaim would append, and whether there
// is anything to claim: records may change no cell.
func (f *Fold) Untold() (rows int, news bool) {
	return len(f.untold.cells), f.dirty&forFollowers != 0 && f.next > f.untold.after
}

// DrainClaim sets c to the claim of what has changed since it was last called, in c's
// memory: every such cell as it is now, of segments that have closed since as well.
// What it returns does not come again until it changes: where it cannot be told,
// followers see by the next claim's After that it is missing.
func (f *Fold) DrainClaim(c *schema.Claim) {
	u := &f.untold
	c.Partition, c.After, c.Next = f.partition, u.after, f.next
	c.Rollups = c.Rollups[:0]
	for _, changed := range u.cells {
		c.Rollups = append(c.Rollups, changed.rollup(f.partition))
	}
	c.Ledger = append(c.Ledger[:0], u.closed...)
	if f.next > f.first && f.next > u.after {
		c.Ledger = append(c.Ledger, f.ledgerRow(schema.Chain{}))
	}
	f.DropClaim()
}

// DropClaim forgets what has changed since DrainClaim: followers will not be told,
// and see that by the next claim's After.
func (f *Fold) DropClaim() {
	u := &f.untold
	for _, c := range u.cells {
		c.dirty &^= forFollowers
	}
	clear(u.cells) // Cells of closed segments live nowhere else.
	u.after, u.cells, u.closed = f.next, u.cells[:0], u.closed[:0]
}
