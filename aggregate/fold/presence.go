package fold

import (
	"mlf/schema"
	"mlf/schema/presence"
)

// A sight is when votes of one terminal were cast on one day.
type sight struct {
	day         presence.UTCDay
	first, last schema.Instant
}

// begin begins s with a vote that was cast at at.
func (s *sight) begin(at schema.Instant) { *s = sight{presence.DayOf(at), at, at} }

// extend takes another vote of the same day.
func (s *sight) extend(at schema.Instant) { s.first, s.last = min(s.first, at), max(s.last, at) }

// saw notes that votes of t were counted, which the record that is applied has brought.
// What is noted is not part of the state: it is kept until Drain alone, for the store
// merges whatever it is told.
func (f *Fold) saw(t *terminal, s *sight) {
	row := presence.TerminalDay{Terminal: t.id, Day: s.day, First: s.first, Last: s.last, Ingested: f.ingested}
	for i := len(t.days) - 1; i >= 0; i-- { // Mostly there is one.
		if t.days[i].Day == s.day {
			t.days[i].Merge(&row)
			return
		}
	}
	if len(t.days) == 0 {
		f.dirtyTerminals = append(f.dirtyTerminals, t)
	}
	t.days = append(t.days, row)
	f.dirtyDays++
}

// sawSource notes a vote of a source or device that was counted.
func (f *Fold) sawSource(id schema.TerminalID, at schema.Instant) {
	var s sight
	s.begin(at)
	f.saw(f.terminal(id), &s)
}

// terminal returns what is known of a terminal, as of one that is new.
func (f *Fold) terminal(id schema.TerminalID) *terminal {
	t := f.terminals[id]
	if t == nil {
		t = &terminal{id: id}
		f.terminals[id] = t
	}
	return t
}

// daysKept is the most days for which a terminal keeps memory between two drains.
const daysKept = 4

// drainDays appends the days that have changed since it was last called.
func (f *Fold) drainDays(rows []presence.TerminalDay) []presence.TerminalDay {
	for _, t := range f.dirtyTerminals {
		rows = append(rows, t.days...)
		if t.days = t.days[:0]; cap(t.days) > daysKept {
			t.days = nil
		}
	}
	clear(f.dirtyTerminals)
	f.dirtyTerminals, f.dirtyDays = f.dirtyTerminals[:0], 0
	return rows
}

// run returns of which records f has told the days of terminals, once Drain has returned:
// of those that it has applied itself.
func (f *Fold) run() schema.PresenceRun {
	return schema.PresenceRun{From: f.from, Next: f.next, Since: f.since}
}
