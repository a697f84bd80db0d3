package sim

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"mlf/proof/sim/sources"
	"mlf/proof/sim/verdict"
	"mlf/schema"
)

// speak lets one of the sources say something, as soon as all partitions are counted by
// rules that know how: the oldest or the newest of what it has not heard to be taken.
func (w *world) speak(ctx context.Context, by *process) {
	for p := range w.log.parts {
		if w.log.rules(p) < schema.RulesV3 || len(w.sources) == 0 {
			return
		}
	}
	w.hits[hitEvent]++
	s := w.sources[w.dice.IntN(len(w.sources))]
	s.Speak(w.dice, schema.InstantOf(time.Now()))
	s.Kept = slices.DeleteFunc(s.Kept, func(what *sources.Said) bool {
		answer := w.answers[what]
		switch heard := answer != nil && answer.Load() && !w.chance(100); {
		case heard && !w.chance(50): // It knows that it was taken.
		case s.IsDevice() && answer != nil && !w.chance(50): // A network delivers a frame once, mostly.
		case s.IsDevice() && w.chance(100): // Lost on its way.
		default:
			return false
		}
		delete(w.answers, what)
		return true
	})
	if n := len(s.Kept); n > 0 {
		w.tell(ctx, s.Kept[w.dice.IntN(2)*(n-1)], by)
	}
}

// tell puts what a source says on the log by a process.
func (w *world) tell(ctx context.Context, what *sources.Said, by *process) {
	said, value := what.Record(schema.InstantOf(time.Now()))
	w.events[string(value)] = said
	w.note("source %v says something by %s", said.Source().Terminal, by)
	heard := new(atomic.Bool)
	w.answers[what] = heard
	go func() {
		heard.Store(by.producer.Append(ctx, schema.PartitionOf(said.Source().Slot, partitions), value) == nil)
	}()
}

// countEvent accounts for an event on partition p.
func (a *amount) countEvent(hits map[string]int, p int, said *sources.Said) {
	count := func(t schema.Tally, counted []verdict.Counted) {
		a.tally.Add(t)
		for _, v := range counted {
			key := cellKey{v.Comune, v.Service, v.Hour, v.Value, schema.ReasonNone}
			a.votes[key] += v.N
			if v.Reason != schema.ReasonNone {
				key.reason = v.Reason
				a.votes[key] += v.N
			}
		}
		for hit, n := range map[string]uint64{hitKeyAgain: t.Duplicates, hitKeyOld: t.Quarantined, hitStale: t.Events.Stale, hitJump: t.Events.Quarantined - t.Quarantined} {
			hits[hit] += int(n)
		}
	}
	misplaced := int(schema.PartitionOf(said.Source().Slot, partitions)) != p
	if len(said.Batch.Votes) > 0 {
		count(a.events[p].Votes(&said.Batch, misplaced))
	} else {
		count(a.events[p].Reading(&said.Reading, misplaced))
	}
}
