// Package verdict says what must become of what is on a log, from the rules as they are
// written down and in the simplest way there is: lists that are looked through, nothing
// that is ever forgotten.
//
// It knows the words of the log. It must not know the fold, nor any format.
package verdict

import (
	"slices"

	"mlf/schema"
)

// The limits of a stream, as the protocol has them.
const (
	intervalsMax = 4096
	closedMax    = 4096
	contentsKept = 256
)

// A Stream is what the oracle knows of one: every seq that was seen, and the gaps
// that were closed, as two ascending lists.
type Stream struct {
	Closed   []schema.SeqSpan
	seen     []schema.SeqSpan
	contents map[schema.Seq]schema.Value
}

// NewStream returns one of which nothing was seen.
func NewStream() *Stream { return &Stream{contents: make(map[schema.Seq]schema.Value)} }

// A Verdict is what must become of a vote.
type Verdict int

// The verdicts.
const (
	First Verdict = iota // It decides.
	Duplicate
	Conflict
	TooLate // Of a closed gap, or of before what is remembered.
	TooMany // By rules 1: a span too many.
)

// Take says what must become of a vote.
func (s *Stream) Take(q schema.Seq, v schema.Value, r schema.Rules) Verdict {
	switch {
	case Within(s.Closed, q) && v == schema.Voided:
		return Duplicate
	case Within(s.Closed, q):
		return TooLate
	case Within(s.seen, q):
		if highest := s.seen[len(s.seen)-1].Next - 1; q+contentsKept > highest && s.contents[q] != v {
			return Conflict
		}
		return Duplicate
	}
	seen := union(s.seen, []schema.SeqSpan{{First: q, Next: q + 1}})
	var intervals []schema.SeqSpan
	if len(seen)+len(s.Closed) > intervalsMax { // There cannot be more.
		intervals = union(seen, s.Closed)
	}
	switch {
	case len(intervals) <= intervalsMax:
	case r < schema.RulesV2:
		return TooMany
	default:
		if intervals[0].First > 1 {
			s.Closed = append(s.Closed, schema.SeqSpan{First: 1, Next: intervals[0].First})
		}
		s.Closed = append(s.Closed, schema.SeqSpan{First: intervals[0].Next, Next: intervals[1].First})
	}
	for len(s.Closed) > closedMax {
		s.Closed = slices.Insert(s.Closed[2:], 0, schema.SeqSpan{First: s.Closed[0].First, Next: s.Closed[1].Next})
	}
	s.seen, s.contents[q] = seen, v
	return First
}

// Within tells whether q is in one of spans.
func Within(spans []schema.SeqSpan, q schema.Seq) bool {
	i, _ := slices.BinarySearchFunc(spans, q, func(sp schema.SeqSpan, q schema.Seq) int {
		if sp.Next <= q {
			return -1
		}
		return 1
	})
	return i < len(spans) && q >= spans[i].First
}

// union joins spans of two ascending lists that overlap or touch.
func union(a, b []schema.SeqSpan) []schema.SeqSpan {
	out := make([]schema.SeqSpan, 0, len(a)+len(b))
	for len(a)+len(b) > 0 {
		if len(a) == 0 || len(b) > 0 && b[0].First < a[0].First {
			a, b = b, a
		}
		sp := a[0]
		a = a[1:]
		if n := len(out); n > 0 && sp.First <= out[n-1].Next {
			out[n-1].Next = max(out[n-1].Next, sp.Next)
			continue
		}
		out = append(out, sp)
	}
	return out
}
