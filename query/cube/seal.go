package cube

import (
	"errors"
	"fmt"
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
// and seals them. Of the others it looks whether they have what their account says. It finds where the feed has fallen behind: a claim is missing for
// longer than wait, or the position is below what the store had some time before.
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
		if v.imbalance = p.sealAll(by[i], &v.sealed); v.imbalance == nil {
			v.imbalance = p.lacks()
		}
		if v.imbalance != nil {
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
// here, up to one that does not balance.
func (p *part) sealAll(account map[schema.Segment]schema.LedgerRow, sealed *int) *imbalance {
	for {
		theirs, ok := account[p.sealed]
		ours := p.rows[p.sealed]
		if !ok || !theirs.Closed() || !ours.Closed() || p.position < theirs.Next {
			return nil
		}
		if votes := p.votes(p.sealed); votes != theirs.Counted || ours.Chain != theirs.Chain {
			return &imbalance{segmentKey{p.partition, p.sealed}, votes, theirs.Counted, ours.Chain != theirs.Chain}
		}
		p.seal(&theirs)
		*sealed++
	}
}

// votes is how many are counted of an open segment.
func (p *part) votes(s schema.Segment) uint64 {
	if open := p.segments[s]; open != nil {
		return open.votes
	}
	return 0
}

// lacks returns an open segment that has less than the account of it, as of the
// position, says; nil where all have that, or more, which others may have told. A
// segment may be open for weeks: what is lost is found long before it is sealed.
func (p *part) lacks() *imbalance {
	for s, r := range p.rows {
		if votes := p.votes(s); votes < r.Counted {
			return &imbalance{segmentKey: segmentKey{p.partition, s}, votes: votes, counted: r.Counted}
		}
	}
	return nil
}

// dueWaits is how many times as long as for a claim that is missing one waits for a
// feed that says nothing.
const dueWaits = 5

// behind tells whether p is to be read from the store, whose ledger is at next.
func (p *part) behind(next schema.Offset, now time.Time, wait time.Duration) bool {
	isLate := false
	if now.Sub(p.dueSince) >= dueWaits*wait {
		isLate = p.due > p.position // What the store had then should have been told by now.
		p.due, p.dueSince = next, now
	}
	if next <= p.position {
		return false
	}
	return isLate || len(p.pending) > 0 && now.Sub(p.gapSince) >= wait
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

// errLacks is the error of a store that has lost rows, and has not got them again.
var errLacks = errors.New("the store has fewer votes than its ledger accounts for")

// reloaded says that all rows of gaps were taken from the store after its account
// was read. Without all that the account says the gaps stay.
func (c *core) reloaded(account []schema.LedgerRow, gaps []schema.Partition, now time.Time) error {
	isGap := make([]bool, len(c.parts))
	for _, p := range gaps {
		isGap[p] = true
	}
	for _, stands := range []bool{false, true} {
		for _, r := range account {
			if !c.has(r.Partition) || !isGap[r.Partition] || r.Segment < c.parts[r.Partition].sealed {
				continue
			}
			p := &c.parts[r.Partition]
			if votes := p.votes(r.Segment); votes < r.Counted {
				return fmt.Errorf("%w: %w", errLacks, &imbalance{segmentKey: segmentKey{p.partition, r.Segment}, votes: votes, counted: r.Counted})
			}
			if stands {
				p.stand(r.Next, []schema.LedgerRow{r})
			}
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
	return nil
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
