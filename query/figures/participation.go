package figures

// A Turnout is the votes and the served users of one place, service, channel and day.
type Turnout struct {
	Votes  uint64
	Served uint64
	Known  bool // Served is known; a 0 that is known is one, and nobody was there.
}

// Participation is how many of those who were served voted.
type Participation struct {
	// Rate is votes by served users, of the turnouts of which both are known; at least
	// 0. Above 1 it says that served users were counted too low: it is not cut, because
	// a false 100 % would hide that.
	Rate float64

	// Coverage is the part of all votes that Rate is of, 0 to 1; 1 without any votes.
	Coverage float64

	Votes, Served uint64 // That Rate is of.
}

// Participate adds up turnouts. False where nobody is known to have been served: unknown is
// not 0 %. There is no interval: all who were served were counted, none were drawn.
//
// "Tasso di partecipazione" in the programme's monthly reports from 2009 to 2013.
func Participate(turnouts []Turnout) (Participation, bool) {
	var p Participation
	all := 0.0
	for _, t := range turnouts {
		all += float64(t.Votes)
		if t.Known {
			p.Votes += t.Votes
			p.Served += t.Served
		}
	}
	if p.Served == 0 {
		return Participation{}, false
	}
	p.Rate, p.Coverage = float64(p.Votes)/float64(p.Served), 1
	if all > 0 {
		p.Coverage = min(float64(p.Votes)/all, 1)
	}
	return p, true
}
