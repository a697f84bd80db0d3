package bodies

import (
	"slices"
	"time"

	"mlf/query/access"
	figures "mlf/query/network"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// A State is how far a terminal has come: the latest that is true.
type State string

// The states. They are those of the figures of the network; a terminal is claimed where
// nobody knows which of the next three it is.
const (
	Claimed State = "claimed" // Enrolled.
	Active  State = "active"  // A vote of its was counted that was cast in the last ActiveDays.
	Idle    State = "idle"    // No such vote, but it told that it lives.
	Silent  State = "silent"  // Neither.
	Closed  State = "closed"
	Revoked State = "revoked"
)

// states are the names of all states.
func states() []string {
	return []string{string(Claimed), string(Active), string(Idle), string(Silent), string(Closed), string(Revoked)}
}

// Counts are how many terminals of a body are in each state; those for tests are not
// counted.
type Counts struct {
	Ordered int  `json:"ordered"` // On orders that were not cancelled.
	Claimed int  `json:"claimed"` // Enrolled, and not closed or revoked: also the next three.
	Active  *int `json:"active"`  // Null, as the next two, where it is not known of each.
	Idle    *int `json:"idle"`
	Silent  *int `json:"silent"`
	Closed  int  `json:"closed"`
	Revoked int  `json:"revoked"`
}

// countsOf counts for bodies, by code, what who may see. All of them are there.
func (d *Desk) countsOf(bodies []*network.Body, who *access.Identity) map[schema.BodyCode]*Counts {
	now := d.Now()
	today := registry.DateOf(now.In(d.zone))
	counts, unknown := make(map[schema.BodyCode]*Counts), make(map[schema.BodyCode]bool)
	for _, b := range bodies {
		counts[b.Code] = &Counts{Active: new(int), Idle: new(int), Silent: new(int)}
	}
	for _, o := range d.Network.Orders() {
		if c := counts[o.Body]; c != nil && o.HeldBy(today) {
			c.Ordered += o.Terminals()
		}
	}
	owners := d.Network.Owners(today)
	for _, e := range d.Network.Terminals().All() {
		code := ownerOf(e, owners)
		if c := counts[code]; c != nil && !e.Test && inOffices(who, e) {
			state := d.activity(e, now).state
			c.add(state)
			unknown[code] = unknown[code] || state == Claimed
		}
	}
	for code := range unknown {
		if c := counts[code]; unknown[code] {
			c.Active, c.Idle, c.Silent = nil, nil, nil
		}
	}
	return counts
}

// add counts one terminal.
func (c *Counts) add(s State) {
	switch s {
	case Revoked:
		c.Revoked++
		return
	case Closed:
		c.Closed++
		return
	case Active:
		*c.Active++
	case Idle:
		*c.Idle++
	case Silent:
		*c.Silent++
	case Claimed:
	}
	c.Claimed++
}

// ownerOf returns whose terminal e is: as its enrolment says, or the body that its comune is.
func ownerOf(e *schema.Enrolment, owners map[schema.ComuneID]schema.BodyCode) schema.BodyCode {
	if e.Body != "" {
		return e.Body
	}
	return owners[e.Comune]
}

// inOffices tells whether who may see a terminal of a body that it may see: a token may
// name offices.
func inOffices(who *access.Identity, e *schema.Enrolment) bool {
	return who.Role > access.Body || len(who.Own.Offices) == 0 || slices.Contains(who.Own.Offices, e.Office)
}

// An activity is what is known of a terminal beside its enrolment.
type activity struct {
	state              State
	lastSeen, lastVote time.Time // Zero: never, or it is not known.
}

func (d *Desk) activity(e *schema.Enrolment, now time.Time) activity {
	var a activity
	known := false
	if d.Seen != nil {
		a.lastSeen, a.lastVote, known = d.Seen(e.Terminal)
	}
	since := now.AddDate(0, 0, -figures.ActiveDays)
	switch {
	case e.Revoked:
		a.state = Revoked
	case !e.Closed.IsZero() && !e.Closed.After(now):
		a.state = Closed
	case !a.lastVote.Before(since):
		a.state = Active
	case !known:
		a.state = Claimed
	case !a.lastSeen.Before(since):
		a.state = Idle
	default:
		a.state = Silent
	}
	return a
}
