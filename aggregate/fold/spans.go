package fold

import (
	"slices"

	"mlf/schema"
)

// SpansMax is the most spans of seen seqs that one stream may have, so at most
// 4,095 gaps between them. A terminal that sends its queue back to front, 1,000
// votes a request, opens far fewer; one that goes on past this is broken or
// hostile, and must not take the memory of the others (64 kB a stream).
const SpansMax = 4096

// spans is a set of seqs: ascending, disjoint, with a gap before each but
// perhaps the first. It is exact and has no time window: a vote sent again after
// a year is known, one first sent after a year is new.
type spans []schema.SeqSpan

// A mark is what add made of a seq.
type mark uint8

const (
	markNew  mark = iota + 1 // It is in the set now.
	markSeen                 // It was there already.
	markFull                 // It would be a span more than SpansMax: it is not in the set.
)

// add puts q into the set.
func (s *spans) add(q schema.Seq) mark {
	set := *s
	i := set.reaching(q)
	if i == len(set) {
		return s.open(i, q)
	}
	at := &set[i]
	switch {
	case q+1 < at.First:
		return s.open(i, q)
	case q+1 == at.First:
		at.First = q
	case q < at.Next:
		return markSeen
	default: // q == at.Next
		at.Next++
		if i+1 < len(set) && set[i+1].First == at.Next {
			at.Next = set[i+1].Next
			*s = slices.Delete(set, i+1, i+2)
		}
	}
	return markNew
}

// open makes a span of q alone, before the i-th.
func (s *spans) open(i int, q schema.Seq) mark {
	if len(*s) == SpansMax {
		return markFull
	}
	*s = slices.Insert(*s, i, schema.SeqSpan{First: q, Next: q + 1})
	return markNew
}

// reaching returns the index of the first span that ends at q or after it: the
// only one that can hold q, or that q can lengthen.
func (s spans) reaching(q schema.Seq) int {
	low, high := 0, len(s)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if s[mid].Next < q {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// next returns the seq after the highest of the set; 0 when the set is empty.
func (s spans) next() schema.Seq {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1].Next
}
