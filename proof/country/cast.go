package country

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"mlf/schema"
)

// A vote's class follows from the time between it and the vote before it on the
// log, and its cell from its hour. Both pass through a network that delays, and
// votes may arrive in any order. So that the expected count is certain all the
// same, honest votes of one stream keep these distances; a delay would have to
// be longer than them to change anything. Deliberate bursts travel within one
// request, where a delay is the same for all.
const (
	// spacingMin is the least time between votes of a stream outside a burst.
	spacingMin = 30 * time.Second

	// hourEndMin is the least time from a vote to the end of its hour.
	hourEndMin = 60 * time.Second

	// hourStartMin is the least time from the start of its hour, for a service
	// whose clock is behind.
	hourStartMin = 25 * time.Second
)

// Where the first votes of citizens lie within their hour, in milliseconds.
// A burst reaches from runBefore before its first vote to runAfter after it.
const (
	citizenGap   = int64(spacingMin/time.Millisecond) + runBefore + runAfter
	citizenFirst = int64(hourStartMin/time.Millisecond) + runBefore
	citizenNext  = 3600_000 - int64(hourEndMin/time.Millisecond) - runAfter

	runMax    = 5                     // Votes in one burst.
	runBefore = (runMax - 1) * backOf // All steps back.
	runAfter  = (runMax - 1) * stepOf // All steps forth.
	backOf    = 900                   // The longest step back.
	stepOf    = 2600                  // The longest step forth; from 2,000 on it is no burst.
)

// A vote is one sealed vote, with what is wrong with it.
type vote struct {
	seq     schema.Seq
	at      schema.Instant // When the citizen pressed.
	value   schema.Value   // Voided: the terminal sends what cannot be counted.
	reason  schema.Reason  // Above ReasonMax: a code that nobody knows.
	clock   clockFault
	closes  bool // A voided vote that is sent as {"seq":n}.
	service int8 // Index among the terminal's services, or one of the two below.
}

const (
	serviceAbsent  = -1
	serviceUnknown = -2
	reasonUnknown  = schema.ReasonMax + 1
)

// A clockFault is a way in which a vote's time cannot be used, so that it is
// counted as late_clock in the hour of its arrival.
type clockFault uint8

const (
	clockGood clockFault = iota
	clockNone            // Neither at nor age_ms.
	clockText            // An at that is no time.
	clockNegative
	clockTooOld // More than 400 days.
	clockBefore // Before the terminal was enrolled.
	clockTorn   // An age_ms and an at that contradict each other.

	// In a body that was made long ago and is sent again as it was. It is the
	// body's fault, so such votes travel with their like.
	clockFrozen
)

// frozenFor is how long ago a frozen body was made: more than the day within which
// its differences are still believed, less than the terminals are enrolled.
const frozenFor = 30 * time.Hour

// A unit is what always travels together, in this order: one vote or a burst.
type unit struct {
	votes []vote
	sent  int
}

// freeze puts the votes of u into a body of long ago.
func (u *unit) freeze() {
	for i := range u.votes {
		u.votes[i].clock = clockFrozen
	}
}

// frozen tells whether u travels in a body of long ago.
func (u *unit) frozen() bool { return u.votes[0].clock == clockFrozen }

// castDay returns the votes of one day of the plan, oldest first, numbered from
// next. The last day has the hour that the end lies in, too.
func (p *plan) castDay(t *terminal, day int, next schema.Seq) []unit {
	rng := p.rand(t.index, drawVotes+day)
	var units []unit
	first := p.first + schema.Hour(24*day)
	last := first + 24
	if day == p.cfg.Days-1 {
		last = p.end.Hour() + 1
	}
	for h := first; h < last; h++ {
		for _, at := range p.citizens(rng, t, h) {
			u := t.cast(rng, at, next)
			if at < p.end-schema.Instant(frozenFor.Milliseconds()) && rng.Float64() < frozenShare && !t.enrol.Test {
				u.freeze()
			}
			next += schema.Seq(len(u.votes))
			units = append(units, u)
		}
	}
	return units
}

// citizens returns when citizens step up to t in hour h, ascending and at least
// citizenGap apart: as many as there is time for.
func (p *plan) citizens(rng *rand.Rand, t *terminal, h schema.Hour) []schema.Instant {
	start := schema.InstantOf(h.Time())
	next := min(citizenNext, int64(p.end-start)-runAfter)
	room := next - citizenFirst
	if room <= citizenGap {
		return nil
	}
	mean := t.busy / 24 * p.season.Weight(t.enrol.Channel, h) * float64(room) / float64(citizenNext-citizenFirst)
	n := min(poisson(rng, mean), int(room/citizenGap))
	// n points in what is left when the gaps are taken out, then the gaps put back.
	when := make([]schema.Instant, n)
	for i := range when {
		when[i] = start + schema.Instant(citizenFirst+rng.Int64N(room-int64(n)*citizenGap+1))
	}
	slices.Sort(when)
	for i := range when {
		when[i] += schema.Instant(int64(i) * citizenGap)
	}
	return when
}

// poisson draws from the Poisson distribution (Knuth's method; mean below 700).
func poisson(rng *rand.Rand, mean float64) int {
	limit, product := math.Exp(-mean), rng.Float64()
	n := 0
	for ; product > limit; n++ {
		product *= rng.Float64()
	}
	return n
}

// How often something special happens, per citizen or vote.
const (
	runShare         = 0.015  // A citizen who presses more than once.
	voidShare        = 0.002  // A face that is none, or a vote that was lost.
	clockShare       = 0.0025 // A clock that cannot be used.
	frozenShare      = 0.002  // A body that is sent long after it was made.
	absentShare      = 0.10   // No service named.
	strangeShare     = 0.001  // A service or a reason that nobody knows.
	redAskedShare    = 0.80   // A red face that is asked why.
	yellowAskedShare = 0.10
	praiseAskedShare = 0.05
)

// cast returns what the citizen who steps up to t at the given time does.
func (t *terminal) cast(rng *rand.Rand, at schema.Instant, next schema.Seq) unit {
	n := 1
	if rng.Float64() < runShare {
		n = 2 + rng.IntN(runMax-1)
	}
	u := unit{votes: make([]vote, n)}
	for i := range u.votes {
		u.votes[i] = t.castOne(rng, at, next)
		next++
		at += step(rng)
	}
	return u
}

// step is the time from one press of a burst to the next: mostly within
// BurstWindow, at times beyond it or, the clock having been set, back.
func step(rng *rand.Rand) schema.Instant {
	switch pick(rng, []float64{0.8, 0.1, 0.1}) {
	case 0:
		return schema.Instant(rng.IntN(schema.BurstWindow))
	case 1:
		return schema.Instant(schema.BurstWindow + rng.IntN(stepOf-schema.BurstWindow))
	}
	return schema.Instant(-1 - rng.IntN(backOf))
}

func (t *terminal) castOne(rng *rand.Rand, at schema.Instant, seq schema.Seq) vote {
	v := vote{seq: seq, at: at, service: serviceAbsent}
	switch chance := rng.Float64(); {
	case chance < strangeShare:
		v.service = serviceUnknown
	case chance > absentShare:
		v.service = int8(min(rng.IntN(len(t.enrol.Services)), rng.IntN(len(t.enrol.Services))))
	}
	v.value = schema.Value(1 + pick(rng, t.shares[:t.enrol.Scale.Max()]))
	v.reason = t.reason(rng, v.value)
	if rng.Float64() < clockShare && !t.enrol.Test {
		faults := clockTorn - clockNone
		if t.wire.dates() {
			faults++
		}
		v.clock = clockNone + clockFault(rng.IntN(int(faults)))
	}
	if rng.Float64() < voidShare {
		v.value, v.closes = schema.Voided, rng.Float64() < 0.5
	}
	return v
}

// reason returns the answer to the question asked after a face. Waiting time
// prevailed in the first weeks of the programme; the other weights are assumed.
// Municipal sites ask some who are content, too.
func (t *terminal) reason(rng *rand.Rand, v schema.Value) schema.Reason {
	digital := t.enrol.Channel == schema.ChannelWeb || t.enrol.Channel == schema.ChannelDigital
	if digital && v == t.enrol.Scale.Max() {
		return praise(rng)
	}
	asked := [...]float64{schema.Red: redAskedShare, schema.Yellow: yellowAskedShare, schema.Green: 0, 4: 0, 5: 0}[v]
	if rng.Float64() >= asked {
		return schema.ReasonNone
	}
	if rng.Float64() < strangeShare {
		return reasonUnknown
	}
	first := schema.ReasonWaitingTime
	if digital {
		first = schema.ReasonUnclear
	}
	switch i := pick(rng, []float64{30, 10, 14, 8, 8, 20, 10}); i {
	case 4:
		return schema.ReasonOther
	case 5:
		return schema.ReasonSkipped
	case 6:
		return schema.ReasonTimeout
	default:
		return first + schema.Reason(i)
	}
}

// praise returns what pleased who is content with a site.
func praise(rng *rand.Rand) schema.Reason {
	if rng.Float64() >= praiseAskedShare {
		return schema.ReasonNone
	}
	return schema.ReasonClear + schema.Reason(pick(rng, []float64{40, 25, 20, 15}))
}
