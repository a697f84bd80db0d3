package sim

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

// A stream is what the oracle knows of one: every seq that was seen, and the gaps
// that were closed, as two ascending lists.
type stream struct {
	seen, closed []schema.SeqSpan
	contents     map[schema.Seq]schema.Value
}

// A verdict is what must become of a vote.
type verdict int

const (
	first verdict = iota // It decides.
	duplicate
	conflict
	tooLate // Of a closed gap.
	tooMany // By rules 1: a span too many.
)

// take says what must become of a vote.
func (s *stream) take(q schema.Seq, v schema.Value, r schema.Rules) verdict {
	switch {
	case within(s.closed, q) && v == schema.Voided:
		return duplicate
	case within(s.closed, q):
		return tooLate
	case within(s.seen, q):
		if highest := s.seen[len(s.seen)-1].Next - 1; q+contentsKept > highest && s.contents[q] != v {
			return conflict
		}
		return duplicate
	}
	seen := union(s.seen, []schema.SeqSpan{{First: q, Next: q + 1}})
	var intervals []schema.SeqSpan
	if len(seen)+len(s.closed) > intervalsMax { // There cannot be more.
		intervals = union(seen, s.closed)
	}
	switch {
	case len(intervals) <= intervalsMax:
	case r < schema.RulesV2:
		return tooMany
	default:
		if intervals[0].First > 1 {
			s.closed = append(s.closed, schema.SeqSpan{First: 1, Next: intervals[0].First})
		}
		s.closed = append(s.closed, schema.SeqSpan{First: intervals[0].Next, Next: intervals[1].First})
	}
	for len(s.closed) > closedMax {
		s.closed = slices.Insert(s.closed[2:], 0, schema.SeqSpan{First: s.closed[0].First, Next: s.closed[1].Next})
	}
	s.seen, s.contents[q] = seen, v
	return first
}

// within tells whether q is in one of spans.
func within(spans []schema.SeqSpan, q schema.Seq) bool {
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
