package ingest

import (
	"time"

	"mlf/schema"
)

// A vote's time is used only where it is believable (protocol §3).
const (
	// aheadMax is how far a vote may lie in the future, in milliseconds: more
	// than two clocks kept by NTP differ, less than anybody would notice.
	aheadMax schema.Instant = 2 * 60 * 1000

	// ageMax is the age, in milliseconds, from which a clock is taken to be
	// wrong: a terminal in a drawer for a year still counts where it should.
	ageMax = schema.Instant(400 * 24 * time.Hour / time.Millisecond)
)

// A finding is what there is to say about one vote.
type finding struct {
	index int
	seq   schema.Seq // 0: it could not be read.
	code  code
}

// A code is the word of a finding; it never changes its meaning.
type code uint8

const (
	badSeq code = iota
	badFace
	badValue
	unknownService
	unknownReason
	badTime
)

// codes is how many codes there are.
const codes = int(badTime) + 1

// text returns the code as it is on the wire, and its explanation for people.
func (c code) text() (name, detail string) {
	switch c {
	case badSeq:
		return "bad_seq", "want an object whose seq is an integer from 1 to 9007199254740991"
	case badFace:
		return "bad_face", "want green, yellow or red"
	case badValue:
		return "bad_value", "want an integer of the terminal's scale"
	case unknownService:
		return "unknown_service", "not a service of this terminal; counted as unspecified"
	case unknownReason:
		return "unknown_reason", "not a reason of this channel; counted as other"
	case badTime:
		return "bad_time", "no usable time of the vote; counted in the hour of arrival"
	}
	panic("BUG: unknown code of a finding")
}

// rejects tells whether a vote with c is rejected; the others are warnings.
func (c code) rejects() bool { return c == badSeq || c == badFace || c == badValue }

// A verdict is what becomes of a message: the votes that go on the log, in
// their order, and what the answer says.
type verdict struct {
	votes    []schema.Vote // Accepted ones, and voided ones that close their seq.
	accepted int
	rejected []finding
	warnings []finding
}

func (v *verdict) reset() {
	*v = verdict{votes: v.votes[:0], rejected: v.rejected[:0], warnings: v.warnings[:0]}
}

// counts are how many votes were accepted, and how many findings of each code
// there are.
type counts struct {
	accepted int
	found    [codes]int
}

func (v *verdict) counts() counts {
	n := counts{accepted: v.accepted}
	for _, f := range v.rejected {
		n.found[f.code]++
	}
	for _, f := range v.warnings {
		n.found[f.code]++
	}
	return n
}

// judge decides every claim of m, which terminal e sent and which had been read
// at now.
func (v *verdict) judge(m *message, e *schema.Enrolment, now schema.Instant) {
	v.reset()
	bad := badFace
	if e.Scale != schema.ScaleMLF3 {
		bad = badValue
	}
	since := schema.InstantOf(e.Since)
	for i := range m.claims {
		c := &m.claims[i]
		if c.seq == 0 {
			v.rejected = append(v.rejected, finding{i, 0, badSeq})
			continue
		}
		if c.value == schema.Voided {
			v.rejected = append(v.rejected, finding{i, c.seq, bad})
			v.votes = append(v.votes, schema.Vote{Seq: c.seq, At: now})
			continue
		}
		at, ok := m.timeOf(c, now)
		if !ok || at > now+aheadMax || at < now-ageMax || at < since {
			at, ok = now, false
			v.warnings = append(v.warnings, finding{i, c.seq, badTime})
		}
		if c.badService {
			v.warnings = append(v.warnings, finding{i, c.seq, unknownService})
		}
		if c.unknownReason {
			v.warnings = append(v.warnings, finding{i, c.seq, unknownReason})
		}
		// Written in its place: made elsewhere and copied it takes twice as long.
		v.votes = append(v.votes, schema.Vote{})
		vote := &v.votes[len(v.votes)-1]
		vote.Seq, vote.At, vote.Service = c.seq, at, c.service
		vote.Value, vote.Reason, vote.LateClock = c.value, c.reason, !ok
		v.accepted++
	}
}

// timeOf returns the time that c states. The age wins, because it comes from a
// clock that nobody sets; a wall clock is used only as a difference to itself.
func (m *message) timeOf(c *claim, now schema.Instant) (at schema.Instant, ok bool) {
	switch {
	case c.ageState == valid:
		return now - schema.Instant(c.age), true
	case c.wallState == valid && m.sentState == valid:
		return c.wall + (now - m.sent), true
	}
	return 0, false
}
