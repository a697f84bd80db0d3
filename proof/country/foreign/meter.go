package foreign

import (
	"cmp"
	"slices"

	"mlf/schema"
)

// A meter counts presses and reports totals: what boxes and devices have in common.
type meter struct {
	values   int            // How many buttons it has.
	busy     float64        // Presses an hour, by day.
	interval schema.Instant // Between two reports.
	start    Totals         // What its first session begins with: zeros where the source is FromZero.
	steady   bool           // Its power is never cut.
}

// A report is what a meter says: totals, or only that it was started or is alive.
type report struct {
	session int
	number  uint64 // Within the session, from 0.
	at      schema.Instant
	kind    reportKind
	totals  Totals
}

type reportKind uint8

const (
	totalsReport reportKind = iota
	bootReport
	aliveReport
)

// aliveEvery is after how many reports a box tells of its batteries.
const aliveEvery = 96

// reports plays a meter: it presses, counts, and returns all reports in order. Presses
// between the last report and a power cut are told by none; while there is no power
// nothing is pressed. The last report comes after the last press.
func (s *source) reports(m *meter) (all []report) {
	now := report{at: s.first(), totals: m.start}
	say := func(kind reportKind) {
		said := now
		said.kind = kind
		all = append(all, said)
		now.number++
	}
	say(totalsReport)
	next := s.first() + m.interval
	darkUntil := s.first()
	for h := range s.cfg.Hours {
		for _, at := range s.moments(s.cfg.First+schema.Hour(h), m.busy) {
			for ; next <= at; next += m.interval {
				if now.at = next; next < darkUntil {
					continue
				}
				switch {
				case !m.steady && s.cut(m.interval):
					now.session, now.number, now.totals = now.session+1, 0, Totals{}
					darkUntil = next + hour/6 + schema.Instant(s.weather.IntN(2*hour))
					now.at = darkUntil
					say(bootReport)
				case now.number%aliveEvery == aliveEvery-1:
					say(aliveReport)
				default:
					say(totalsReport)
				}
			}
			value := schema.Value(1 + s.votes.IntN(m.values))
			if at < darkUntil {
				continue
			}
			now.totals[value-1]++
			s.pressed(at, value, false)
		}
	}
	now.at = max(s.end(), darkUntil)
	say(totalsReport)
	return all
}

// cut tells whether the power fails rather than that the meter reports.
func (s *source) cut(interval schema.Instant) bool {
	perReport := s.cfg.Weather.Cuts * float64(interval) / (24 * hour)
	return s.weather.Float64() < perReport
}

// An arrival is a report on its way.
type arrival struct {
	at    schema.Instant
	index int // Of the report.
}

// arrivals decides which reports arrive, when, and how often, and returns that in order.
func (s *source) arrivals(reports []report) (all []arrival) {
	for i := range reports {
		lost := s.cfg.Weather.Lost
		if reports[i].kind == bootReport {
			lost = max(lost, s.cfg.Weather.Boots)
		}
		for _, at := range s.cfg.Weather.arrivals(s.weather, reports[i].at, lost) {
			all = append(all, arrival{at, i})
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	return all
}

// deliverUnmarked does what deliver does for a box whose network tells of no sessions. Its
// reports are in the order in which they were received; what is older than one that came
// says nothing new. Where a total has fallen, the box has been started, and all totals
// with it; what a start hides that no total shows, nobody can know. marks: a start is told,
// where that arrives.
func (s *source) deliverUnmarked(reports []report, marks bool) []arrival {
	all := s.arrivals(reports)
	told := Told{Source: s.Name, FromZero: s.FromZero, unmarked: true, arrived: s.FromZero}
	newest := schema.Instant(-1)
	for _, a := range all {
		r := &reports[a.index]
		if r.at <= newest || r.kind == aliveReport || r.kind == bootReport && !marks {
			continue
		}
		newest = r.at
		if r.kind == bootReport {
			told.First, told.arrived = Totals{}, true
			continue
		}
		told.goOn(r.totals)
	}
	s.play.Truth.Told = append(s.play.Truth.Told, told)
	return all
}

// deliver decides what becomes of reports, and writes down what can be known from it. It
// returns the arrivals in order.
func (s *source) deliver(reports []report) []arrival {
	all := s.arrivals(reports)
	last := 0
	told, marked := make(map[int]*Told), make(map[int]bool)
	for _, a := range all {
		r := &reports[a.index]
		last = max(last, r.session)
		if r.kind != totalsReport {
			marked[r.session] = marked[r.session] || r.kind == bootReport
			continue
		}
		t := told[r.session]
		if t == nil {
			t = &Told{
				Source: s.Name, Session: r.session,
				FromZero: s.FromZero || r.session > 0, begun: s.begun(r.session, marked[r.session]),
			}
			told[r.session] = t
		}
		t.arrive(r.number, r.totals, r.session == last)
	}
	for session := range last + 1 {
		if t := told[session]; t != nil {
			s.play.Truth.Told = append(s.play.Truth.Told, *t)
		}
	}
	return all
}

// begun tells whether whoever saw what arrived before the first totals of a session knows
// that it began at 0. The counters of a box go on from one session to the next where no
// mark says that it was started, and none has fallen.
func (s *source) begun(session int, marked bool) bool {
	return s.Kind == Device || marked || s.FromZero && session == 0
}
