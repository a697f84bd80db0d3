package network

import (
	"cmp"
	"slices"
	"time"

	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// ActiveDays is how long after a vote a terminal counts as active: 30 days, so that a
// month of holidays makes nobody silent, and a terminal in a drawer is found.
const ActiveDays = 30

// A Seen is when a terminal was last seen, of all that was known by the end of a day.
type Seen struct {
	Vote time.Time // When the newest vote that was counted was cast; zero: none was.
	Sign time.Time // When it last told that it lives; zero: never, or it is of a kind that does not.

	Later bool // It has told so after that day, and whether it did before is not known.
}

// A Question is what figures are asked for.
type Question struct {
	Day   registry.Date // Of which members, residents and orders are.
	Until time.Time     // The end of that day by Rome's clock.

	ByRegion bool
	ByClass  bool // Of population.
}

// A Row is the figures of a region and a class; each is 0 or "" where rows are not by it,
// or where it is not known: a ministry is in no region, a union of no class.
type Row struct {
	Region schema.RegionID
	Class  string // A code of registry.ListPopulationClasses.
	Counts
}

// Counts are figures. A body that joined was invited to, an enrolled one has a terminal that
// may vote, an active one has one that does. Terminals for tests are not counted.
type Counts struct {
	Joined   uint64 // Bodies that take part on the day.
	Ordered  uint64 // Of these, those with an order.
	Enrolled uint64 // Of these, those with a terminal that may vote.
	Active   uint64 // Of these, those with an active one.
	Comuni   uint64 // Comuni that are, or belong to, a body that takes part.

	TerminalsOrdered uint64 // On orders.
	TerminalsClaimed uint64 // Enrolled by then, and not closed or revoked: the sum of the next three.
	TerminalsActive  uint64 // At least one vote that was counted, cast in the 30 days that end with the day.
	TerminalsIdle    uint64 // No such vote, but a sign that it lives.
	TerminalsSilent  uint64 // Neither.
	TerminalsClosed  uint64
	TerminalsRevoked uint64

	unsure uint64 // Of the silent ones, those that may have been idle.
}

// add adds d to c.
func (c *Counts) add(d *Counts) {
	c.Joined += d.Joined
	c.Ordered += d.Ordered
	c.Enrolled += d.Enrolled
	c.Active += d.Active
	c.Comuni += d.Comuni
	c.TerminalsOrdered += d.TerminalsOrdered
	c.TerminalsClaimed += d.TerminalsClaimed
	c.TerminalsActive += d.TerminalsActive
	c.TerminalsIdle += d.TerminalsIdle
	c.TerminalsSilent += d.TerminalsSilent
	c.TerminalsClosed += d.TerminalsClosed
	c.TerminalsRevoked += d.TerminalsRevoked
	c.unsure += d.unsure
}

// A place is where a body or a terminal is counted.
type place struct {
	region schema.RegionID
	class  string
}

// A count is one that is being made.
type count struct {
	Question
	network *network.Network
	lists   *registry.Registry
	seen    map[schema.TerminalID]Seen

	rows   map[place]*Counts
	bodies map[schema.BodyCode]*ofBody
	owners map[schema.ComuneID]schema.BodyCode // Bodies of type comune, by what they are.
	comuni map[schema.ComuneID]bool            // Those that are counted.
}

// ofBody is what a body has.
type ofBody struct {
	place
	ordered, enrolled, active bool
}

// Figures counts, and returns the rows by region and class, what is not known last, and
// their sum. Of terminals that seen lacks nobody has seen anything.
//
// A terminal is counted where it stands. What is of a body is counted where the body is:
// in its region where all its members are in one, in its class where it is a comune.
func Figures(q Question, n *network.Network, lists *registry.Registry, seen map[schema.TerminalID]Seen) (rows []Row, total Counts) {
	c := count{
		Question: q, network: n, lists: lists, seen: seen,
		rows: make(map[place]*Counts), bodies: make(map[schema.BodyCode]*ofBody),
		owners: make(map[schema.ComuneID]schema.BodyCode), comuni: make(map[schema.ComuneID]bool),
	}
	for _, b := range n.Bodies() {
		if b.JoinedBy(q.Day) {
			c.body(b)
		}
	}
	for _, o := range n.Orders() {
		if o.HeldBy(q.Day) {
			c.order(o)
		}
	}
	for _, e := range n.Terminals().All() {
		if !e.Test && e.Since.Before(q.Until) {
			c.terminal(e)
		}
	}
	for _, b := range c.bodies {
		at := c.at(b.place)
		at.Joined++
		at.Ordered += one(b.ordered)
		at.Enrolled += one(b.enrolled)
		at.Active += one(b.active)
	}
	for at, counts := range c.rows {
		rows = append(rows, Row{at.region, at.class, *counts})
		total.add(counts)
	}
	slices.SortFunc(rows, c.compare)
	return rows, total
}

func one(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// compare orders rows by region and by the size of classes.
func (c *count) compare(a, b Row) int {
	unknown := func(x Row) (region, class int) {
		return int(one(x.Region == 0)), int(one(x.Class == ""))
	}
	of := func(x Row) int {
		return slices.IndexFunc(c.lists.PopulationClasses(), func(class registry.PopulationClass) bool { return class.Code == x.Class })
	}
	regionA, classA := unknown(a)
	regionB, classB := unknown(b)
	return cmp.Or(cmp.Compare(regionA, regionB), cmp.Compare(a.Region, b.Region), cmp.Compare(classA, classB), cmp.Compare(of(a), of(b)))
}

// at returns the row of a place, as rows are wanted.
func (c *count) at(p place) *Counts {
	if !c.ByRegion {
		p.region = 0
	}
	if !c.ByClass {
		p.class = ""
	}
	if c.rows[p] == nil {
		c.rows[p] = new(Counts)
	}
	return c.rows[p]
}

// placeOf returns where a comune is on the day.
func (c *count) placeOf(id schema.ComuneID) place {
	comune, ok := c.lists.ComuneAt(id, c.Day)
	if !ok {
		return place{}
	}
	return place{comune.Region, c.lists.PopulationClass(comune.Population).Code}
}

// placeOfBody returns where a body is on the day.
func (c *count) placeOfBody(b *network.Body) place {
	var at place
	for i, id := range b.MembersAt(c.Day) {
		p := c.placeOf(id)
		if i > 0 && p.region != at.region {
			return place{}
		}
		at = p
	}
	if b.Type != network.TypeComune {
		at.class = ""
	}
	return at
}

// body takes a body that takes part.
func (c *count) body(b *network.Body) {
	c.bodies[b.Code] = &ofBody{place: c.placeOfBody(b)}
	for _, id := range b.MembersAt(c.Day) {
		if b.Type == network.TypeComune {
			c.owners[id] = b.Code
		}
		if !c.comuni[id] {
			c.comuni[id] = true
			c.at(c.placeOf(id)).Comuni++
		}
	}
}

// order takes an order, also one of a body that does not take part.
func (c *count) order(o *network.Order) {
	var at place
	if b := c.bodies[o.Body]; b != nil {
		b.ordered, at = true, b.place
	} else if b := c.network.Body(o.Body); b != nil {
		at = c.placeOfBody(b)
	}
	c.at(at).TerminalsOrdered += uint64(o.Terminals())
}

// terminal takes one that was enrolled.
func (c *count) terminal(e *schema.Enrolment) {
	at := c.at(c.placeOf(e.Comune))
	revokedAt := c.network.Terminals().RevokedAt(e.Terminal)
	switch {
	case e.Revoked && revokedAt.Before(c.Until): // Or nobody said when.
		at.TerminalsRevoked++
		return
	case !e.Closed.IsZero() && e.Closed.Before(c.Until):
		at.TerminalsClosed++
		return
	}
	begin := c.Until.AddDate(0, 0, -ActiveDays)
	within := func(t time.Time) bool { return !t.Before(begin) && t.Before(c.Until) }
	seen := c.seen[e.Terminal]
	active := within(seen.Vote)
	at.TerminalsClaimed++
	switch {
	case active:
		at.TerminalsActive++
	case within(seen.Sign):
		at.TerminalsIdle++
	default:
		at.TerminalsSilent++
		at.unsure += one(seen.Later)
	}
	owner := e.Body
	if owner == "" {
		owner = c.owners[e.Comune]
	}
	if b := c.bodies[owner]; b != nil {
		b.enrolled, b.active = true, b.active || active
	}
}
