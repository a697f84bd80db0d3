package fold

import "mlf/schema"

// ContentsKept is how many seqs, back from a stream's highest, the fold
// remembers the content of. Below, a seq seen again is a duplicate whatever it
// says (protocol §3). It is a power of two, so that a seq's place is a mask.
const ContentsKept = 256

// streamKey names a stream. A stream id is random, but only the terminal's own
// were signed for it: the pair is what identifies.
type streamKey struct {
	terminal schema.TerminalID
	id       schema.StreamID
}

// A stream is what the fold knows of one stream of votes. What every vote needs
// comes first: it is one line of the processor's cache.
type stream struct {
	key   streamKey
	seen  spans // What was decided: seqs seen, and gaps that were closed.
	dirty bool  // On the fold's list of changed streams.

	// The counted vote before the next in log order that is neither late_clock
	// nor test: the next is a burst if it comes right after it.
	paced    bool // There was one.
	lastAt   schema.Instant
	lastWall schema.Instant // By the terminal's own wall clock; 0: none.

	// closed are the gaps that were closed for good, for lack of room (gaps.go): all
	// within the first span of seen.
	closed spans
	of     *terminal

	// contents[q%ContentsKept] is the content of seq q, for every q seen that is
	// above the highest less ContentsKept. Other places hold what was there before,
	// and are never read: a seq enters that range once, when it is marked.
	contents [ContentsKept]content
}

// A content is what makes two votes under one seq the same: scale and value, or
// voided.
type content uint8

const contentVoided content = 0

func contentOf(s schema.Scale, v schema.Value) content {
	if v == schema.Voided {
		return contentVoided
	}
	return content(s)<<4 | content(v)
}

// valid tells whether c is a content that contentOf makes.
func (c content) valid() bool {
	v := schema.Value(c & 15)
	return c == contentVoided || v >= 1 && v <= schema.Scale(c>>4).Max()
}

// A fate is what becomes of a vote.
type fate uint8

const (
	fateNew         fate = iota + 1 // The first under its seq: it decides.
	fateDuplicate                   // The same content again, or too old to tell.
	fateConflict                    // Another content under a seq already decided.
	fateQuarantined                 // Of a gap that was closed; by rules 1 a gap too many.
)

// account adds a vote that is not the first of its seq to t.
func (f fate) account(t *schema.Tally) {
	switch f {
	case fateDuplicate:
		t.Duplicates++
	case fateConflict:
		t.Conflicts++
	case fateQuarantined:
		t.Quarantined++
	case fateNew:
	}
}

// extend takes a vote that comes right after the stream's highest, which is the
// first of its seq then. A terminal that is never away sends nothing else: one span,
// made longer.
func (s *stream) extend(q schema.Seq, c content) bool {
	last := len(s.seen) - 1
	if last < 0 || s.seen[last].Next != q {
		return false
	}
	s.seen[last].Next++
	s.contents[q%ContentsKept] = c
	return true
}

// take decides on any other vote, and remembers it where it is the first of its seq.
// sparse: by rules 2, by which a stream may have any gaps.
func (s *stream) take(q schema.Seq, c content, sparse bool) fate {
	most := SpansMax
	if sparse {
		if s.closed.holds(q) {
			return s.takeClosed(c)
		}
		most++ // For as long as it takes to close a gap.
	}
	before := len(s.seen)
	switch s.seen.add(q, most) {
	case markFull:
		return fateQuarantined
	case markSeen:
		if s.remembers(q) && s.contents[q%ContentsKept] != c {
			return fateConflict
		}
		return fateDuplicate
	case markNew:
	}
	s.of.spans += len(s.seen) - before
	if sparse && len(s.seen) > before {
		s.makeRoom()
	}
	if s.remembers(q) {
		s.contents[q%ContentsKept] = c
	}
	return fateNew
}

// takeClosed decides on a vote of a gap that was closed: that its seq is void is
// what it says already, or it comes too late.
func (s *stream) takeClosed(c content) fate {
	if c == contentVoided {
		return fateDuplicate
	}
	return fateQuarantined
}

// remembers tells whether q is among the seqs whose content is kept: those above
// the highest less ContentsKept.
func (s *stream) remembers(q schema.Seq) bool { return q+ContentsKept >= s.seen.next() }

// bursts tells whether v is a burst, and takes it for the one before the next. Two
// votes are apart by the terminal's own clock where both have its time: what the
// line did between their requests is not in that. It is for counted votes that are
// neither late_clock nor test.
func (s *stream) bursts(c schema.Channel, v *schema.Vote) bool {
	after := v.At - s.lastAt
	if v.Wall != 0 && s.lastWall != 0 {
		after = v.Wall - s.lastWall
	}
	burst := s.paced && after >= 0 && after < schema.BurstWindow
	s.paced, s.lastAt, s.lastWall = true, v.At, v.Wall
	return burst && (c == schema.ChannelCounter || c == schema.ChannelTotem)
}

// watermark returns what the terminal may forget, after the records below next.
func (s *stream) watermark(next schema.Offset) schema.Watermark {
	w := schema.Watermark{Terminal: s.key.terminal, Stream: s.key.id, Offset: next}
	due := schema.Seq(1)
	for _, sp := range s.seen {
		if sp.First > due {
			if len(w.Missing) == schema.MissingMax {
				break
			}
			w.Missing = append(w.Missing, schema.SeqSpan{First: due, Next: sp.First})
		}
		due = sp.Next
		w.Highest = sp.Next - 1
	}
	return w
}
