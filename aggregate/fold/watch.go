package fold

import "mlf/schema"

// A Fate is what became of one vote of a record: each is in one number of the account.
type Fate uint8

// The fates.
const (
	Counted     Fate = iota + 1 // The first under its seq: it is in a cell.
	Voided                      // The first under its seq: it closed the seq, and says nothing.
	Duplicate                   // Its seq was decided before, by the same content or too long ago to tell.
	Conflict                    // Its seq was decided before, by other content.
	Quarantined                 // It may not count; the seq is as it was.
)

// String returns the code of f, as the account names it.
func (f Fate) String() string {
	return [...]string{"unknown", "counted", "voided", "duplicate", "conflict", "quarantined"}[f]
}

// A Quarantine is why a vote is quarantined.
type Quarantine uint8

// The reasons.
const (
	OfOtherPartition Quarantine = iota + 1 // Its stream belongs on another partition.
	OfNoTime                               // Its time is too far from its record's.
	OfTooManyStreams                       // Its terminal has StreamsMax others.
	OfClosedGap                            // Its seq was closed for good, for lack of room.
	OfTooManySpans                         // By rules 1: its stream has SpansMax spans.
)

// String returns the code of q; empty for none.
func (q Quarantine) String() string {
	return [...]string{"", "other_partition", "no_time", "too_many_streams", "closed_gap", "too_many_spans"}[q]
}

// A Verdict is what became of one vote.
type Verdict struct {
	Vote    schema.Vote
	Index   int // Among the votes of its record.
	Fate    Fate
	Why     Quarantine     // Where Fate is Quarantined.
	Cell    schema.Cell    // Where Fate is Counted; its votes are in the row of this cell,
	Segment schema.Segment // and of this segment.
}

// A watched is a stream of whose votes somebody is told.
type watched struct {
	key  streamKey
	tell func(*schema.BatchHeader, Verdict)
}

// Watch has tell called with what becomes of each vote of a stream, as Apply applies
// their records: what is told is what is counted, not judged again. header is f's
// until tell returns. Whoever watches counts as whoever does not.
func (f *Fold) Watch(t schema.TerminalID, s schema.StreamID, tell func(header *schema.BatchHeader, v Verdict)) {
	f.watched = &watched{streamKey{t, s}, tell}
}

// has tells whether the votes of b are told of.
func (w *watched) has(b *schema.VoteBatch) bool {
	return w != nil && w.key == streamKey{b.Terminal, b.Stream}
}

// foldWatched folds the votes of b one by one, so that each has an account of its own.
func (f *Fold) foldWatched(b *schema.VoteBatch, t *schema.Tally) {
	votes := b.Votes()
	for i := range votes {
		one := schema.Tally{VotesIn: 1}
		c := f.foldVotes(b, votes[i:i+1], &one)
		v := Verdict{Vote: votes[i], Index: i, Fate: fateIn(&one)}
		switch v.Fate {
		case Counted:
			v.Cell, v.Segment = c.Cell, c.segment
		case Quarantined:
			v.Why = f.whyQuarantined(b, &votes[i])
		default: // There is no more to say of it.
		}
		one.VotesIn = 0 // The record's account has them.
		t.Add(one)
		f.watched.tell(&b.BatchHeader, v)
	}
}

// tellStrays tells of votes that came to a partition not theirs.
func (f *Fold) tellStrays(b *schema.VoteBatch) {
	if !f.watched.has(b) {
		return
	}
	for i, v := range b.Votes() {
		f.watched.tell(&b.BatchHeader, Verdict{Vote: v, Index: i, Fate: Quarantined, Why: OfOtherPartition})
	}
}

// fateIn returns in which number of t its one vote is.
func fateIn(t *schema.Tally) Fate {
	switch {
	case t.Counted == 1:
		return Counted
	case t.Voided == 1:
		return Voided
	case t.Duplicates == 1:
		return Duplicate
	case t.Conflicts == 1:
		return Conflict
	}
	return Quarantined
}

// whyQuarantined tells which of the reasons there are it was, in the order in which
// foldVotes comes upon them.
func (f *Fold) whyQuarantined(b *schema.VoteBatch, v *schema.Vote) Quarantine {
	switch {
	case !f.timesOf(b).hold(v.At):
		return OfNoTime
	case f.streams[streamKey{b.Terminal, b.Stream}] == nil:
		return OfTooManyStreams
	case f.id.Rules >= schema.RulesV2:
		return OfClosedGap
	}
	return OfTooManySpans
}

// Decided tells whether a seq is decided, by a vote or because its gap was closed for
// good; then also closed, and no vote of it is counted.
func (f *Fold) Decided(t schema.TerminalID, id schema.StreamID, q schema.Seq) (decided, closed bool) {
	s := f.streams[streamKey{t, id}]
	if s == nil {
		return false, false
	}
	return s.seen.holds(q), s.closed.holds(q)
}
