package italy

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"mlf/schema"
)

// A vote is one of a leaf.
type vote struct {
	class   schema.Class
	hour    schema.Hour
	segment schema.Segment
	value   schema.Value
	reason  schema.Reason
}

// Months returns how many months of UTC the votes lie in, numbered from 0.
func (c *Country) Months() int { return len(c.clock.months) }

// segment returns the one that a vote of p is in which comes in at h. By what comes
// on the average: where a segment ends, nobody but the log could say.
func (c *Country) segment(p schema.Partition, h schema.Hour) schema.Segment {
	return schema.Segment(c.clock.before(indoors, h) * c.pace[p] / schema.SegmentRecords)
}

// Cut returns the open segment of every partition.
func (c *Country) Cut() []schema.Segment {
	cut := make([]schema.Segment, Partitions)
	for p := range cut {
		cut[p] = c.segment(schema.Partition(p), c.clock.next-1)
	}
	return cut
}

// month calls each with the votes of each leaf in month m, in order of the key; a
// leaf without any is left out. Votes that come in after the last hour are not there
// yet. The votes are the callee's until it returns; false ends it, and is returned.
func (c *Country) month(m int, each func(l *leaf, votes []vote) bool) bool {
	at := &c.clock.months[m]
	var votes []vote
	for i := range c.leaves {
		l := &c.leaves[i]
		kind := kindOf(l.channel)
		random := rand.New(rand.NewPCG(c.seed^uint64(m)<<32, uint64(i)))
		votes = votes[:0]
		for range poisson(random, l.votes*at.share[kind]) {
			if v, come := c.cast(random, l, at.hour(random.Uint64(), kind)); come {
				votes = append(votes, v)
			}
		}
		if len(votes) == 0 {
			continue
		}
		slices.SortFunc(votes, func(a, b vote) int {
			return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.hour, b.hour), cmp.Compare(a.segment, b.segment))
		})
		if !each(l, votes) {
			return false
		}
	}
	return true
}

// cast casts a vote; come is false where it has not come in yet.
func (c *Country) cast(random *rand.Rand, l *leaf, h schema.Hour) (v vote, come bool) {
	came := h + lateness(random)
	if came >= c.clock.next {
		return vote{}, false
	}
	v = vote{class: schema.ClassOK, hour: h, segment: c.segment(l.partition, came), value: l.scale.Max()}
	if random.Float64() > l.liked {
		v.value = 1 + schema.Value(random.IntN(int(v.value)-1))
	}
	switch random.IntN(200) {
	case 0:
		v.class = schema.ClassBurst
	case 1:
		v.class = schema.ClassLateClock
	}
	if v.value == 1 {
		v.reason = whyRed(random, l.channel)
	}
	return v, true
}

// whyRed returns the reason of a red vote. Of ten, three give none of those offered.
func whyRed(random *rand.Rand, c schema.Channel) schema.Reason {
	at := random.IntN(10)
	switch {
	case at < 2:
		return schema.ReasonSkipped
	case at < 3:
		return schema.ReasonTimeout
	case c == schema.ChannelWeb:
		return schema.ReasonUnclear + schema.Reason(at%4)
	}
	return schema.ReasonWaitingTime + schema.Reason(at%4)
}

// poisson returns a number of votes of which there are mean on the average.
func poisson(random *rand.Rand, mean float64) int {
	if mean > 30 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*random.NormFloat64())))
	}
	limit, product, n := math.Exp(-mean), random.Float64(), 0
	for product > limit {
		product *= random.Float64()
		n++
	}
	return n
}
