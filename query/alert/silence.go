package alert

import (
	"errors"
	"time"

	"mlf/query/fleet"
	"mlf/schema"
	"mlf/schema/alert"
)

// errNoCounts: the counts in memory do not stand.
var errNoCounts = errors.New("counts do not stand")

const (
	// silentAfter is after how many minutes of opening hours the fleet calls a terminal silent;
	// a rule's hours come on top of it.
	silentAfter = 30

	// backFor is for how long of opening hours all terminals must have been back.
	backFor = 2 * time.Hour

	// countryMin is from how many terminals on the country's silence says something: of fewer,
	// one office is half of it.
	countryMin = 20
)

// silence judges which terminals of a body nothing is heard of. Where more than half of the
// country's are silent it is a network's fault, or ours, and nothing is said to bodies.
func (j *Judge) silence(q *Question, t *territory, now time.Time) Verdict {
	if j.Fleet == nil || !j.Fleet.Book.Complete() {
		return Verdict{Why: whyRegistry}
	}
	if j.CountrySilent(now) {
		return Verdict{Why: whyCountry}
	}
	patience := silentAfter + int(q.Rule.Threshold*60)
	silent := j.inState(t, now, patience, fleet.Silent)
	v := Verdict{Known: true, Opens: len(silent) > 0}
	v.Calm = len(j.inState(t, now, silentAfter, fleet.Silent)) == 0
	v.Terminals, v.Count = named(silent)
	return v
}

// CountrySilent tells whether more than half of the country's terminals are silent at now. All
// of them are looked at once for each time that is asked about.
func (j *Judge) CountrySilent(now time.Time) bool {
	if j.Fleet == nil {
		return false
	}
	j.country.Lock()
	defer j.country.Unlock()
	if !j.country.at.Equal(now) {
		c := j.Fleet.Count(now)
		heard := c.Terminals - c.Unheard
		j.country.at, j.country.silent = now, heard >= countryMin && 2*c.Silent > heard
	}
	return j.country.silent
}

// inState returns the terminals of t that are in a state, by id, after minutes of silence.
func (j *Judge) inState(t *territory, now time.Time, minutes int, state fleet.State) (ids []schema.TerminalID) {
	if j.Fleet == nil {
		return nil
	}
	q := &fleet.Question{Comuni: t.comuni, SilentMinutes: minutes, States: []fleet.State{state}}
	a, err := j.Fleet.Answer(q, t.has, now)
	if err != nil {
		return nil // More than 20,000 terminals: no body has as many.
	}
	for i := range a.Terminals {
		ids = append(ids, a.Terminals[i].Terminal)
	}
	return ids
}

// named returns as many of ids as are named, and how many there are.
func named(ids []schema.TerminalID) ([]schema.TerminalID, int) {
	return ids[:min(len(ids), alert.TerminalsMax)], len(ids)
}
