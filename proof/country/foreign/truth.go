package foreign

import "mlf/schema"

// Truth is what a checker may demand: never more than was pressed, and exactly what
// can be known from what arrived.
type Truth struct {
	Pressed map[Cell]uint64 // All presses and ratings of people, in the hour in which they pressed.
	Told    []Told          // Of boxes and devices: their sessions, in order, of which a report with totals arrived.
	Votes   []Vote          // Of exchanges and sites: those with an identity, in order, also what never arrived.

	Simulated uint64 // Frames that somebody sent by hand from a console: none of them counts.
	Bots      uint64 // Ratings of bots: none of them counts.
}

// A Cell is what presses are summed by.
type Cell struct {
	Source string
	Hour   schema.Hour
	Value  schema.Value // Of a box: the number of the button. Else of the source's scale.
	Test   bool
}

// Totals are how often each value, less 1, was pressed in all.
type Totals [schema.ValueMax]uint64

// Less returns t without what was pressed before.
func (t Totals) Less(before Totals) (since Totals) {
	for i := range t {
		since[i] = t[i] - before[i]
	}
	return since
}

// Plus returns the sum of t and more.
func (t Totals) Plus(more Totals) Totals {
	for i := range t {
		t[i] += more[i]
	}
	return t
}

// A Told is what can be known of one session of a box, or epoch of a device: of the time
// from one power cut to the next.
type Told struct {
	Source   string
	Session  int  // From 0.
	FromZero bool // Its totals began at 0: its first report is news, too.

	// Totals as of its reports that arrived, beyond 65,535 as well: the first of them
	// to arrive; the newest of them; and the newest that arrived before any report of a
	// later session. Zero where Told is FromZero and nothing arrived in time.
	First, Newest, Prompt Totals

	// Of a box whose network tells of no sessions: First is the newest reading, Newest what
	// all readings together have counted.
	unmarked bool

	begun             bool // Whoever saw what arrived knows that the session began at 0.
	arrived, prompt   bool
	newest, promptSeq uint64 // The numbers of those reports.
}

// Counted returns what is to be counted of the session by who takes reports of a session
// whenever they come. Who leaves what comes after a later session began counts at least
// AtLeast.
func (t *Told) Counted() Totals {
	if t.unmarked {
		return t.Newest
	}
	return t.since(t.Newest, t.FromZero)
}

// AtLeast returns what is to be counted of what came in time. Where nothing said that the
// session began at 0, its first report may be taken for one that only says where counters
// stand.
func (t *Told) AtLeast() Totals {
	if t.unmarked {
		return t.Newest
	}
	if !t.prompt {
		return Totals{}
	}
	return t.since(t.Prompt, t.begun)
}

// since returns what was pressed from the beginning, or from the first report, until now.
func (t *Told) since(now Totals, fromZero bool) Totals {
	if fromZero {
		return now
	}
	before := t.First
	for i := range now {
		before[i] = min(before[i], now[i])
	}
	return now.Less(before)
}

// arrive notes a report that arrived, after reports of a later session or in time.
func (t *Told) arrive(number uint64, totals Totals, inTime bool) {
	if !t.arrived {
		t.First = totals
	}
	if !t.arrived || number > t.newest {
		t.Newest, t.newest = totals, number
	}
	if inTime && (!t.prompt || number > t.promptSeq) {
		t.Prompt, t.promptSeq, t.prompt = totals, number, true
	}
	t.arrived = true
}

// goOn counts what totals say beyond the newest reading. The first of all only says where
// they stand.
func (t *Told) goOn(totals Totals) {
	before, fell := t.First, false
	for i := range totals {
		fell = fell || totals[i] < before[i]
	}
	switch {
	case !t.arrived:
	case fell:
		t.Newest = t.Newest.Plus(totals)
	default:
		t.Newest = t.Newest.Plus(totals.Less(before))
	}
	t.First, t.arrived = totals, true
}

// A Vote is one that can be told from all others of its source, however often it comes.
type Vote struct {
	Source  string
	ID      string // Of the call or the rating; "" where it tells none.
	At      schema.Instant
	Told    schema.Instant // When it was cast, by what arrived of it; of a call alone, whose hour is then known.
	Value   schema.Value
	Test    bool
	Arrived bool // By a request.
	Filed   bool // In the file that its source keeps.
}

// pressed notes that somebody pressed.
func (s *source) pressed(at schema.Instant, value schema.Value, test bool) {
	s.play.Truth.Pressed[Cell{Source: s.Name, Hour: at.Hour(), Value: value, Test: test}]++
}

// vote notes a vote with an identity.
func (s *source) vote(v Vote) {
	v.Source = s.Name
	s.pressed(v.At, v.Value, v.Test)
	s.play.Truth.Votes = append(s.play.Truth.Votes, v)
}

// PressedBy returns what was pressed at a source in all, tests apart.
func (t *Truth) PressedBy(name string) (sum Totals) {
	for cell, n := range t.Pressed {
		if cell.Source == name && !cell.Test {
			sum[cell.Value-1] += n
		}
	}
	return sum
}

// Known returns the least and the most that may be counted of a source in the end, tests
// apart: what came in time, and all that came, twice or late as it may be. imported: the
// files of sources were read as well.
func (t *Truth) Known(name string, imported bool) (least, most Totals) {
	for i := range t.Told {
		if t.Told[i].Source == name {
			least, most = least.Plus(t.Told[i].AtLeast()), most.Plus(t.Told[i].Counted())
		}
	}
	for _, v := range t.Votes {
		if v.Source == name && !v.Test && (v.Arrived || imported && v.Filed) {
			least[v.Value-1]++
			most[v.Value-1]++
		}
	}
	return least, most
}

// Filed returns how many votes the file of a source has.
func (t *Truth) Filed(name string) (n uint64) {
	for _, v := range t.Votes {
		if v.Source == name && v.Filed {
			n++
		}
	}
	return n
}

// ByHour returns what is to be counted of a source in each hour, where that is known of all
// its votes: of exchanges.
func (t *Truth) ByHour(name string, imported bool) map[schema.Hour]Totals {
	hours := make(map[schema.Hour]Totals)
	for _, v := range t.Votes {
		if v.Source == name && v.Told > 0 && (v.Arrived || imported && v.Filed) {
			sum := hours[v.Told.Hour()]
			sum[v.Value-1]++
			hours[v.Told.Hour()] = sum
		}
	}
	return hours
}
