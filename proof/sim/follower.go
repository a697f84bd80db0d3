package sim

import (
	"mlf/aggregate/store/model"
	"mlf/schema"
)

// A follower holds the counts by what is told, in the order of the counts topic.
type follower interface {
	// take merges a batch, and tells whether something is missing: then it must load.
	take(b *schema.ClaimBatch) (missing bool)

	// reload takes what the store has.
	reload(s *database)

	// cells returns all rows; to be read only.
	cells() map[model.RollupKey]schema.Rollup

	// position returns up to where it has all rows.
	position() [partitions]schema.Offset

	// anew returns one that knows nothing yet.
	anew() follower
}

// A rule is how a follower goes by claims.
type rule int

// The rules. All but the first are wrong.
const (
	byTheBook rule = iota // That of schema.Claim.
	blind                 // Believes that each claim goes on from what it has.
	adding                // Adds rows up.
	partial               // Believes a claim of which it has heard the last record alone.
	rules
)

func (r rule) String() string {
	return [rules]string{"by the book", "blind to what a claim goes on from", "sums in place of maxima", "content with the last record"}[r]
}

// A tracker is a follower made of maps.
type tracker struct {
	rule rule
	*model.Tables
	next  [partitions]schema.Offset
	heard map[schema.TellerID]heard
}

// heard is what was heard of a teller that came in several records.
type heard struct{ first, number uint64 } // All from first up to number.

func newTracker(r rule) *tracker {
	return &tracker{rule: r, Tables: model.New(), heard: make(map[schema.TellerID]heard)}
}

func (t *tracker) anew() follower                           { return newTracker(t.rule) }
func (t *tracker) cells() map[model.RollupKey]schema.Rollup { return t.Rollups }
func (t *tracker) position() [partitions]schema.Offset      { return t.next }

func (t *tracker) take(b *schema.ClaimBatch) (missing bool) {
	whole := t.whole(b) || t.rule == partial
	for i := range b.Claims {
		c := &b.Claims[i]
		for _, r := range c.Rollups {
			t.merge(r)
		}
		if !b.Last || !whole {
			continue
		}
		at := &t.next[c.Partition]
		if c.After > *at && t.rule != blind {
			missing = true
			continue
		}
		*at = max(*at, c.Next)
		for _, l := range c.Ledger {
			if l.Next <= *at && t.votes(l.Partition, l.Segment) < l.Counted && t.rule == byTheBook {
				missing = true // It has loaded from a store that had lost rows.
			}
		}
	}
	return missing
}

// whole tells whether all records up to b were heard of those that came with it.
func (t *tracker) whole(b *schema.ClaimBatch) bool {
	if b.First == b.Number {
		t.heard[b.Teller] = heard{b.First, b.Number}
		return true
	}
	h := t.heard[b.Teller]
	if h.first != b.First || b.Number > h.number+1 {
		return false
	}
	t.heard[b.Teller] = heard{b.First, max(h.number, b.Number)}
	return true
}

func (t *tracker) merge(r schema.Rollup) {
	if t.rule != adding {
		t.Rollup(r)
		return
	}
	old := t.Rollups[model.RollupKey{Cell: r.Cell, Partition: r.Partition, Segment: r.Segment}]
	for i := range r.Values {
		r.Values[i] += old.Values[i]
	}
	t.Rollup(r)
}

// votes returns how many there are of a segment.
func (t *tracker) votes(p schema.Partition, s schema.Segment) (n uint64) {
	for k, r := range t.Rollups {
		if k.Partition == p && k.Segment == s {
			for _, v := range r.Values {
				n += v
			}
		}
	}
	return n
}

func (t *tracker) reload(s *database) {
	for _, r := range s.Rollups {
		t.Rollup(r)
	}
	for p := range t.next {
		t.next[p] = s.Next(schema.Partition(p))
	}
}
