package fold

import (
	"mlf/schema"
	"mlf/schema/presence"
)

// The limits of what is remembered of one terminal. By rules 1 a vote that would
// pass SpansMax was quarantined. By rules 2 it counts, and the lowest gap gives way:
// a terminal that numbers its votes by a clock never fills it.
//
// A terminal may take 2.5 MB in all: one that is broken, or whose token is stolen,
// must not take the memory and the checkpoint of the others.
const (
	// SpansMax is the most spans of seen seqs that one stream may have, so at most
	// 4,095 gaps between them, and one before: 64 kB. A terminal that sends its
	// queue back to front, 1,000 votes a request, opens far fewer.
	SpansMax = 4096

	// ClosedMax is the most closed gaps that one stream may have: as many again.
	ClosedMax = 4096

	// TerminalSpansMax is the most spans and closed gaps of all streams of one
	// terminal: two streams that are full. A terminal has one stream, and another for
	// each time that it was set up anew.
	TerminalSpansMax = 16384

	// StreamsMax is the most streams of one terminal, each of which may take a span
	// and a closed gap whatever the others have: one every day for eleven years.
	StreamsMax = 4096
)

// A terminal is what all streams of one terminal have taken, and when its votes were cast.
// Sources and devices, which have no streams, are there for that once a vote counts.
type terminal struct {
	id      schema.TerminalID
	streams int
	spans   int                    // Those of seen, and closed gaps.
	days    []presence.TerminalDay // Since Drain.
}

// makeRoom brings s within the limits again, after it has got a span more. Where it
// has too many spans, its lowest gap is closed; where its terminal has, too, so that
// s does not grow. Where it has too many closed gaps, the two lowest become one, and
// the seqs seen between them can no longer be told from closed ones.
func (s *stream) makeRoom() {
	excess := min(1, s.of.spans-TerminalSpansMax)
	if len(s.seen) > SpansMax || excess > 0 && len(s.seen) > 1 {
		excess += s.closeLowest()
	}
	for len(s.closed) > ClosedMax || excess > 0 && len(s.closed) > 1 {
		s.joinClosed()
		excess--
	}
	if excess > 0 && len(s.seen) > 1 { // Its first closed gap took the room of the span.
		s.closeLowest()
		s.joinClosed()
	}
}

// closeLowest closes the lowest gap of s for good, of which there is one at least
// between two spans; with it the gap before the first span, so that there is a span
// less in any case. It returns by how many spans and closed gaps s has grown.
func (s *stream) closeLowest() (grown int) {
	before := len(s.seen) + len(s.closed)
	if first := &s.seen[0]; first.First > 1 {
		s.closed = append(s.closed, schema.SeqSpan{First: 1, Next: first.First})
		first.First = 1
	}
	s.closed = append(s.closed, schema.SeqSpan{First: s.seen[0].Next, Next: s.seen[1].First})
	s.seen.join()
	grown = len(s.seen) + len(s.closed) - before
	s.of.spans += grown
	return grown
}

// joinClosed makes one of the two lowest closed gaps.
func (s *stream) joinClosed() {
	s.closed.join()
	s.of.spans--
}
