package fold

import (
	"slices"

	"mlf/schema"
)

// spans is a set of seqs: ascending, disjoint, with a gap before each but
// perhaps the first. It is exact and has no time window: a vote sent again after
// a year is known, one first sent after a year is new.
type spans []schema.SeqSpan

// A mark is what add made of a seq.
type mark uint8

const (
	markNew  mark = iota + 1 // It is in the set now.
	markSeen                 // It was there already.
	markFull                 // It would be a span too many: it is not in the set.
)

// add puts q into the set, which may have most spans then.
func (s *spans) add(q schema.Seq, most int) mark {
	set := *s
	i := set.reaching(q)
	if i == len(set) {
		return s.open(i, q, most)
	}
	at := &set[i]
	switch {
	case q+1 < at.First:
		return s.open(i, q, most)
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
func (s *spans) open(i int, q schema.Seq, most int) mark {
	if len(*s) >= most {
		return markFull
	}
	*s = slices.Insert(*s, i, schema.SeqSpan{First: q, Next: q + 1})
	return markNew
}

// join makes one of the two lowest spans, with what is between them. It moves
// nothing: the set begins one further on in its memory.
func (s *spans) join() {
	set := *s
	set[1].First = set[0].First
	*s = set[1:]
}

// holds tells whether q is in the set.
func (s spans) holds(q schema.Seq) bool {
	i := s.reaching(q)
	return i < len(s) && q >= s[i].First && q < s[i].Next
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
