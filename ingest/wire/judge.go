package wire

import (
	"math"
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

	// apartMax is by how much the two clocks of a terminal may differ about one
	// vote, in milliseconds: more than they drift apart while a vote waits for a
	// line, less than a suspended processor or a set clock makes of them.
	apartMax schema.Instant = 5 * 60 * 1000

	// lateSendMax is how long before the request sent_at may be, in milliseconds.
	// A clock that is wrong by more was usually never set, and says 1970.
	lateSendMax = schema.Instant(24 * time.Hour / time.Millisecond)

	// closedSlack is how long after its closure a terminal's votes are still taken, in
	// milliseconds: who closed it and the terminal have two clocks.
	closedSlack schema.Instant = 2 * 60 * 1000
)

// A finding is what there is to say about one vote.
type finding struct {
	index int
	seq   schema.Seq // 0: it could not be read.
	code  Code
}

// A Code is what a finding says. Several have one word on the wire, and each its
// own explanation; a word never changes its meaning.
type Code uint8

const (
	badSeq Code = iota
	badFace
	badValue
	closed
	unknownService
	unknownReason

	// The ways in which a vote's time is not to be believed.
	noTime
	unreadableAge
	unreadableWall
	unsentWall
	unreadableSent
	lateSend
	clocksApart
	aheadOfNow
	beforeEnrolment
	beyondAge
)

// Codes is how many codes there are: they are 0 to Codes-1.
const Codes = int(beyondAge) + 1

// Text returns the code as it is on the wire, and its explanation for people.
func (c Code) Text() (name, detail string) {
	switch c {
	case badSeq:
		return "bad_seq", "want an object whose seq is an integer from 1 to 9007199254740991"
	case badFace:
		return "bad_face", "want green, yellow or red"
	case badValue:
		return "bad_value", "want an integer of the terminal's scale"
	case closed:
		return "closed", "cast after the terminal was closed"
	case unknownService:
		return "unknown_service", "not a service of this terminal; counted as unspecified"
	case unknownReason:
		return "unknown_reason", "not a reason of this channel; counted as other"
	default:
		return "bad_time", c.doubt()
	}
}

// doubt says why a vote's time is not believed.
func (c Code) doubt() string {
	switch c {
	case noTime:
		return "neither age_ms nor at; counted in the hour of arrival"
	case unreadableAge:
		return "age_ms is no number from 0; counted in the hour of arrival"
	case unreadableWall:
		return "at is no RFC 3339 time with a zone; counted in the hour of arrival"
	case unsentWall:
		return "at needs sent_at beside it; counted in the hour of arrival"
	case unreadableSent:
		return "sent_at is no RFC 3339 time with a zone; counted in the hour of arrival"
	case lateSend:
		return "sent_at is 24 h old or more: a body made long ago, or a slow clock; counted in the hour of arrival"
	case clocksApart:
		return "age_ms and at differ by more than 5 min; counted in the hour of arrival"
	case aheadOfNow:
		return "the vote's time is more than 2 min ahead; counted in the hour of arrival"
	case beforeEnrolment:
		return "the vote's time is before the terminal's enrolment; counted in the hour of arrival"
	case beyondAge:
		return "the vote's time is more than 400 days ago; counted in the hour of arrival"
	default:
		panic("BUG: unknown code of a finding")
	}
}

// Rejects tells whether a vote with c is rejected; the others are warnings.
func (c Code) Rejects() bool { return c <= closed }

// A Verdict is what becomes of a message: the votes that go on the log, in
// their order, and what the answer says.
type Verdict struct {
	Votes    []schema.Vote // Accepted ones, and voided ones that close their seq.
	accepted int
	rejected []finding
	warnings []finding
}

func (v *Verdict) reset() {
	*v = Verdict{Votes: v.Votes[:0], rejected: v.rejected[:0], warnings: v.warnings[:0]}
}

// Counts are how many votes were accepted, and how many findings of each code
// there are.
type Counts struct {
	Accepted int
	Found    [Codes]int // By Code.
}

// Counts counts what v says.
func (v *Verdict) Counts() Counts {
	n := Counts{Accepted: v.accepted}
	for _, f := range v.rejected {
		n.Found[f.code]++
	}
	for _, f := range v.warnings {
		n.Found[f.code]++
	}
	return n
}

// judge decides every claim of m, which terminal e sent and whose first byte came
// at now.
func (v *Verdict) judge(m *message, e *schema.Enrolment, now schema.Instant) {
	v.reset()
	bad := badFace
	if e.Scale != schema.ScaleMLF3 {
		bad = badValue
	}
	r := newReckoning(m, e, now)
	for i := range m.claims {
		c := &m.claims[i]
		if c.seq == 0 {
			v.rejected = append(v.rejected, finding{i, 0, badSeq})
			continue
		}
		if c.value == schema.Voided {
			v.rejected = append(v.rejected, finding{i, c.seq, bad})
			v.Votes = append(v.Votes, schema.Vote{Seq: c.seq, At: now})
			continue
		}
		at := r.stated(c)
		late := at < r.earliest || at > r.latest || r.contradicted(c, at)
		if late {
			v.warnings = append(v.warnings, finding{i, c.seq, r.doubt(c, at)})
			at = now
		} else if at > r.closed {
			v.rejected = append(v.rejected, finding{i, c.seq, closed})
			v.Votes = append(v.Votes, schema.Vote{Seq: c.seq, At: now})
			continue
		}
		if c.badService {
			v.warnings = append(v.warnings, finding{i, c.seq, unknownService})
		}
		if c.unknownReason {
			v.warnings = append(v.warnings, finding{i, c.seq, unknownReason})
		}
		// Written in its place: made elsewhere and copied it takes twice as long.
		v.Votes = append(v.Votes, schema.Vote{})
		vote := &v.Votes[len(v.Votes)-1]
		vote.Seq, vote.At, vote.Service = c.seq, at, c.service
		vote.Value, vote.Reason, vote.LateClock = c.value, c.reason, late
		if !late && r.byWall(c) {
			vote.Wall = c.wall
		}
		v.accepted++
	}
}

// A reckoning is what the times of one request's votes are found by.
type reckoning struct {
	now, since schema.Instant // When the request's first byte came, and the enrolment.

	// The first and the last time that is believed: none where lateSend.
	earliest, latest schema.Instant

	// The last time at which votes are taken: for ever where the terminal is open. One
	// whose time nobody knows may be of before.
	closed schema.Instant

	// By how much the terminal's wall clock is behind, as sent_at shows. The clock
	// is used as a difference to itself only, so that it may be wrong by any time.
	behind    schema.Instant
	sentState given

	// sent_at is of a day on which the terminal was at work, and not today. Either
	// the body was made then and is sent again as it was, or the clock is slow:
	// nobody can tell, and the votes' times would be off by days in one case.
	lateSend bool
}

func newReckoning(m *message, e *schema.Enrolment, now schema.Instant) reckoning {
	since := schema.InstantOf(e.Since)
	r := reckoning{now: now, since: since, earliest: max(since, now-ageMax), latest: now + aheadMax, closed: math.MaxInt64, sentState: m.sentState}
	if !e.Closed.IsZero() {
		r.closed = schema.InstantOf(e.Closed) + closedSlack
	}
	if m.sentState == valid {
		r.behind = now - m.sent
		r.lateSend = m.sent >= since && r.behind >= lateSendMax
	}
	if r.lateSend {
		r.latest = r.earliest - 1
	}
	return r
}

// byWall tells whether the wall clock says when c was cast.
func (r *reckoning) byWall(c *claim) bool { return c.wallState == valid && r.sentState == valid }

// never is the time of a vote that states none. It is before all others.
const never schema.Instant = math.MinInt64

// stated returns the time that c states; never for none. The age wins, because it
// comes from a clock that nobody sets.
func (r *reckoning) stated(c *claim) schema.Instant {
	switch {
	case c.ageState == valid:
		return r.now - schema.Instant(c.age)
	case r.byWall(c):
		return c.wall + r.behind
	}
	return never
}

// contradicted tells whether the wall clock says something too different of c,
// which states the time at.
func (r *reckoning) contradicted(c *claim, at schema.Instant) bool {
	return r.byWall(c) && (c.wall+r.behind-at > apartMax || at-c.wall-r.behind > apartMax)
}

// doubt says why the time at that c states cannot be believed.
func (r *reckoning) doubt(c *claim, at schema.Instant) Code {
	switch {
	case at == never:
		return r.missing(c)
	case r.contradicted(c, at):
		return clocksApart
	case r.lateSend:
		return lateSend
	case at > r.now+aheadMax:
		return aheadOfNow
	case at < r.now-ageMax:
		return beyondAge
	}
	return beforeEnrolment
}

// missing says why c has no time at all.
func (r *reckoning) missing(c *claim) Code {
	switch {
	case c.wallState == valid && r.sentState == invalid:
		return unreadableSent
	case c.wallState == valid:
		return unsentWall
	case c.wallState == invalid:
		return unreadableWall
	case c.ageState == invalid:
		return unreadableAge
	}
	return noTime
}
