package cube

import (
	"time"

	"mlf/schema"
)

// A verdict is what the store's account says of a core.
type verdict struct {
	sealed    int                // Segments that were balanced now.
	imbalance *imbalance         // What does not agree; nil: everything does.
	gaps      []schema.Partition // To be read from the store, which is further.
	votes     uint64             // At most, of what is to be read.
	waiting   bool               // Some claim is missing, and may still come.
}

// check balances the segments that the position and the store's ledger have passed,
// and seals them. It finds where the feed has fallen behind: a claim is missing for
// longer than wait, or the position is below what the store had at the last check.
func (c *core) check(account []schema.LedgerRow, now time.Time, wait time.Duration) verdict {
	var v verdict
	by := make([]map[schema.Segment]schema.LedgerRow, len(c.parts))
	next := make([]schema.Offset, len(c.parts))
	for i := range by {
		by[i] = make(map[schema.Segment]schema.LedgerRow)
	}
	for _, r := range account {
		if c.has(r.Partition) {
			next[r.Partition] = max(next[r.Partition], r.Next)
			if r.Segment >= c.parts[r.Partition].sealed {
				by[r.Partition][r.Segment] = r
			}
		}
	}
	for i := range c.parts {
		p := &c.parts[i]
		if !p.sealAll(by[i], &v) {
			return v
		}
		if !p.behind(next[i], now, wait) {
			v.waiting = v.waiting || len(p.pending) > 0
			continue
		}
		v.gaps = append(v.gaps, p.partition)
		for _, r := range by[i] {
			v.votes += r.Counted
		}
	}
	return v
}

// sealAll seals, in order, the segments that account has closed and that are closed
// here; false where one does not balance.
func (p *part) sealAll(account map[schema.Segment]schema.LedgerRow, v *verdict) bool {
	for {
		theirs, ok := account[p.sealed]
		ours := p.rows[p.sealed]
		isClosed := func(r schema.LedgerRow) bool { return r.Chain != schema.Chain{} }
		if !ok || !isClosed(theirs) || !isClosed(ours) || p.position < theirs.Next {
			return true
		}
		votes := uint64(0)
		if open := p.segments[p.sealed]; open != nil {
			votes = open.votes
		}
		if votes != theirs.Counted || ours.Chain != theirs.Chain {
			v.imbalance = &imbalance{segmentKey{p.partition, p.sealed}, votes, theirs.Counted, ours.Chain != theirs.Chain}
			return false
		}
		p.seal(&theirs)
		v.sealed++
	}
}

// behind tells whether p is to be read from the store, whose ledger is at next.
func (p *part) behind(next schema.Offset, now time.Time, wait time.Duration) bool {
	due := p.due // What the store had at the last check should have been told by now.
	p.due = next
	if next <= p.position {
		return false
	}
	return due > p.position || len(p.pending) > 0 && now.Sub(p.gapSince) >= wait
}

// cutsOf returns the segments from which on gaps are to be read; of other partitions
// none.
func (c *core) cutsOf(gaps []schema.Partition) []schema.Segment {
	cuts := make([]schema.Segment, len(c.parts))
	for i := range cuts {
		cuts[i] = noSegment
	}
	for _, p := range gaps {
		cuts[p] = c.parts[p].sealed
	}
	return cuts
}

// noSegment is a cut that no segment reaches.
const noSegment = ^schema.Segment(0)

// reloaded says that all rows of gaps were taken from the store after its account
// was read.
func (c *core) reloaded(account []schema.LedgerRow, gaps []schema.Partition, now time.Time) {
	isGap := make([]bool, len(c.parts))
	for _, p := range gaps {
		isGap[p] = true
	}
	for _, r := range account {
		if c.has(r.Partition) && isGap[r.Partition] {
			c.parts[r.Partition].stand(r.Next, []schema.LedgerRow{r})
		}
	}
	for _, i := range gaps {
		p := &c.parts[i]
		p.follow()
		p.gapSince = time.Time{}
		if len(p.pending) > 0 {
			p.gapSince = now
		}
	}
	c.isNews = true
}

// isWaiting tells whether some claim is missing.
func (c *core) isWaiting() bool {
	for i := range c.parts {
		if len(c.parts[i].pending) > 0 {
			return true
		}
	}
	return false
}
