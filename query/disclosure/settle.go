package disclosure

import (
	"cmp"
	"slices"
	"time"

	"mlf/schema"
)

// SettleAfter is how old a header must be, by the store's clock, before it holds.
// An insert's time is taken when it arrives, and it can be read when it is on disk;
// one that takes longer than this between the two has been given up by its writer.
// So once a header holds no other comes that was written before it.
const SettleAfter = 5 * time.Minute

// Settled returns the releases that hold, from the first on: of each number the
// header that was written first of those that go on from the release that holds
// before it. Whoever reads the same headers later gets the same, and more.
//
// The number is that of the release, not of its night: a leader that slept through
// a night writes a number that another has used, and is not read.
func Settled(headers []schema.Release, now time.Time) []schema.Release {
	byNumber := make(map[uint32][]*schema.Release, len(headers))
	for i := range headers {
		byNumber[headers[i].Number] = append(byNumber[headers[i].Number], &headers[i])
	}
	settled := make([]schema.Release, 0, len(byNumber))
	var previous schema.AttemptID
	for number := uint32(1); ; number++ {
		first := firstOf(byNumber[number], previous)
		if first == nil || now.Sub(first.Written) < SettleAfter {
			return settled
		}
		settled, previous = append(settled, *first), first.Attempt
	}
}

// underWay tells whether a release was written that goes on from the last of
// settled.
func underWay(headers, settled []schema.Release) bool {
	var last schema.Release
	if n := len(settled); n > 0 {
		last = settled[n-1]
	}
	return slices.ContainsFunc(headers, func(r schema.Release) bool {
		return r.Number == last.Number+1 && r.Previous == last.Attempt
	})
}

// firstOf returns the header that was written first of those that go on from
// previous; nil without any.
func firstOf(headers []*schema.Release, previous schema.AttemptID) *schema.Release {
	var first *schema.Release
	for _, h := range headers {
		if h.Previous != previous {
			continue
		}
		if first == nil || cmp.Or(h.Written.Compare(first.Written), cmp.Compare(h.Attempt, first.Attempt)) < 0 {
			first = h
		}
	}
	return first
}
