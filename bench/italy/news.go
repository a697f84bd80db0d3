package italy

import (
	"math/rand/v2"

	"mlf/schema"
)

// News are votes that come after the country's own: what workers would tell of them.
// Each of its claims follows the one before. Used by one goroutine.
type News struct {
	country *Country
	random  *rand.Rand
	parts   [Partitions]schema.LedgerRow         // The account so far of the segments that are told.
	counts  map[newsCell][schema.ValueMax]uint64 // Of all cells that were told, as they are.
}

type newsCell struct {
	leaf int
	hour schema.Hour
}

// NewNews returns news whose votes come behind offsets next of their partitions. They
// are in a segment of their own, the one after the country's last.
func (c *Country) NewNews(next [Partitions]schema.Offset) *News {
	n := &News{country: c, random: c.random(1, 3), counts: make(map[newsCell][schema.ValueMax]uint64)}
	for p, segment := range c.Cut() {
		n.parts[p] = schema.LedgerRow{Partition: schema.Partition(p), Segment: segment + 1, Next: next[p], Newest: schema.InstantOf(c.clock.next.Time())}
	}
	return n
}

// Claims returns what is told at once of so many votes of hours [from, next), each a
// record of its own: of any leaf, any hour, so most are a cell. The claims are the
// caller's.
func (n *News) Claims(votes int, from, next schema.Hour) []schema.Claim {
	var claims [Partitions]schema.Claim
	told := make(map[newsCell]bool, votes)
	for p := range claims {
		claims[p] = schema.Claim{Partition: schema.Partition(p), After: n.parts[p].Next}
	}
	for range votes {
		told[n.vote(from+schema.Hour(n.random.IntN(int(next-from))))] = true
	}
	for cell := range told {
		row := n.row(cell)
		claims[row.Partition].Rollups = append(claims[row.Partition].Rollups, row)
	}
	all := make([]schema.Claim, 0, Partitions)
	for p := range claims {
		if c := &claims[p]; len(c.Rollups) > 0 {
			c.Next, c.Ledger = n.parts[p].Next, []schema.LedgerRow{n.parts[p]}
			all = append(all, *c)
		}
	}
	return all
}

// vote casts one, and returns its cell.
func (n *News) vote(h schema.Hour) newsCell {
	cell := newsCell{n.random.IntN(len(n.country.leaves)), h}
	l := &n.country.leaves[cell.leaf]
	counts := n.counts[cell]
	counts[n.random.IntN(int(l.scale.Max()))]++
	n.counts[cell] = counts
	account := &n.parts[l.partition]
	account.Next++
	account.Records++
	account.VotesIn++
	account.Counted++
	return cell
}

func (n *News) row(cell newsCell) schema.Rollup {
	l := &n.country.leaves[cell.leaf]
	return schema.Rollup{
		Cell:      schema.Cell{Comune: l.comune, Office: l.office, Service: l.service, Channel: l.channel, Scale: l.scale, Class: schema.ClassOK, Hour: cell.hour},
		Partition: l.partition, Segment: n.parts[l.partition].Segment, Values: n.counts[cell],
	}
}

// Reached tells whether whoever is at offsets next has heard all that was told.
func (n *News) Reached(ledger []schema.LedgerTotals) bool {
	for p := range n.parts {
		if p >= len(ledger) || ledger[p].Next < n.parts[p].Next {
			return false
		}
	}
	return true
}
