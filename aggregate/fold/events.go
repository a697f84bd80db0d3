package fold

import (
	"mlf/schema"
	"mlf/schema/event"
)

// applyEvent folds the value of a record of a source that keeps no state, and accounts
// for it in t.
func (f *Fold) applyEvent(k event.Kind, value []byte, t *schema.Tally) {
	f.ingested = 0
	if k == event.Votes {
		b := &f.keyed
		if b.Decode(value) != nil {
			quarantineUndecodable(t)
			return
		}
		f.arrived(&b.Source)
		n := uint64(len(b.Votes))
		t.VotesIn, t.Events.In = n, n
		if schema.PartitionOf(b.Slot, f.id.Partitions) != f.partition {
			t.Quarantined, t.Events.Quarantined = n, n
			return
		}
		f.foldKeyed(b, t)
		return
	}
	r := &f.reading
	if r.Decode(value) != nil {
		quarantineUndecodable(t)
		return
	}
	f.arrived(&r.Source)
	t.Events.In = 1
	if schema.PartitionOf(r.Slot, f.id.Partitions) != f.partition {
		t.Events.Quarantined = 1
		return
	}
	f.foldReading(r, t)
}

// quarantineUndecodable accounts for an event of a foreign or defective producer. How
// many votes it meant nobody knows.
func quarantineUndecodable(t *schema.Tally) {
	t.VotesIn, t.Quarantined = 1, 1
	t.Events.In, t.Events.Quarantined = 1, 1
}

// arrived notes when the events of s arrived.
func (f *Fold) arrived(s *event.Source) {
	f.ingested = s.Ingested
	f.newest = max(f.newest, s.Ingested)
	f.tick(s.Ingested)
}

// dayLength is a day, in milliseconds.
const dayLength = 24 * 60 * 60_000

// tick brings the log's time to at, the ingest time of a record: by rules 3 that is the
// latest of any record, and all that a fold knows of time. Once a day it forgets the keys
// that are out of their time.
func (f *Fold) tick(at schema.Instant) {
	if at <= f.clock {
		return
	}
	day := f.clock / dayLength
	f.clock = at
	if at/dayLength > day {
		f.forgetOld()
	}
}

// classOfEvent returns the class of a vote that is in no stream.
func classOfEvent(test, late bool) schema.Class {
	switch {
	case test:
		return schema.ClassTest
	case late:
		return schema.ClassLateClock
	}
	return schema.ClassOK
}

// cellOfEvent returns the cell of a vote of s that is about to be counted.
func (f *Fold) cellOfEvent(s *event.Source, at schema.Instant, service schema.ServiceID, late bool) *cell {
	where := recordKey{s.Comune, s.Office, s.Channel, s.Scale}
	return f.cell(where, f.group(where), voteKeyOf(at.Hour(), service, classOfEvent(s.Test, late)))
}
