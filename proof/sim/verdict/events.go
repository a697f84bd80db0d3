package verdict

import (
	"mlf/schema"
	"mlf/schema/event"
)

// Events is what was said on one partition by sources that keep no state.
type Events struct {
	Days // Of streams as well, where somebody notes them.

	clock   schema.Instant
	keys    map[sourceKey]*keys
	devices map[schema.TerminalID]*device
}

type sourceKey struct {
	terminal schema.TerminalID
	memory   event.Memory
}

// NewEvents returns one of which nothing was said.
func NewEvents() *Events {
	return &Events{Days: make(Days), keys: make(map[sourceKey]*keys), devices: make(map[schema.TerminalID]*device)}
}

// Tick brings the log's time to at.
func (e *Events) Tick(at schema.Instant) { e.clock = max(e.clock, at) }

// A Counted is some votes that count: as many of one value of a cell.
type Counted struct {
	Comune  schema.ComuneID
	Service schema.ServiceID
	Hour    schema.Hour
	Value   schema.Value
	Reason  schema.Reason
	N       uint64
}

// Votes says what must become of votes that have keys: the account of them, and which are
// counted. Those on a partition that is not theirs are not.
func (e *Events) Votes(b *event.Batch, misplaced bool) (t schema.Tally, counted []Counted) {
	e.Tick(b.Ingested)
	k := sourceKey{b.Terminal, b.Memory}
	if e.keys[k] == nil {
		e.keys[k] = new(keys)
	}
	for i := range b.Votes {
		v := &b.Votes[i]
		t.VotesIn++
		t.Events.In++
		is := TooLate
		if !misplaced {
			is = e.keys[k].take(v, b.Memory, e.clock, b.Ingested)
		}
		switch is {
		case First:
			t.Counted++
			t.Events.Used++
			counted = append(counted, Counted{b.Comune, v.Service, v.At.Hour(), v.Value, v.Reason, 1})
			e.Saw(b.Terminal, v.At, b.Ingested)
		case Duplicate:
			t.Duplicates++
			t.Events.Repeated++
		case Conflict:
			t.Conflicts++
			t.Events.Conflicts++
		case TooLate, TooMany:
			t.Quarantined++
			t.Events.Quarantined++
		}
	}
	return t, counted
}

// Reading says what must become of a reading, as Votes does.
func (e *Events) Reading(r *event.Counters, misplaced bool) (t schema.Tally, counted []Counted) {
	e.Tick(r.Ingested)
	if misplaced {
		return schema.Tally{Events: schema.EventTally{In: 1, Quarantined: 1}}, nil
	}
	if e.devices[r.Terminal] == nil {
		e.devices[r.Terminal] = new(device)
	}
	events, more := e.devices[r.Terminal].take(r)
	t.Events = events
	for i, n := range more {
		if n > 0 {
			t.VotesIn, t.Counted = t.VotesIn+n, t.Counted+n
			counted = append(counted, Counted{r.Comune, r.Service, r.At.Hour(), schema.Value(i + 1), schema.ReasonNone, n})
			e.Saw(r.Terminal, r.At, r.Ingested)
		}
	}
	return t, counted
}

// keys are all votes with keys that one source has sent with one memory.
type keys struct{ taken []takenKey }

type takenKey struct {
	key   event.Key
	at    schema.Instant
	value schema.Value
}

// take says what must become of a vote that comes when the log's time is clock, in a
// record that was ingested at another.
func (k *keys) take(v *event.Vote, m event.Memory, clock, ingested schema.Instant) Verdict {
	oldest := clock - m.Length()
	if v.At < oldest || v.At > ingested+schema.VoteAheadMax {
		return TooLate
	}
	for _, known := range k.taken {
		if known.key != v.Key || known.at < oldest {
			continue
		}
		if known.value != v.Value {
			return Conflict
		}
		return Duplicate
	}
	k.taken = append(k.taken, takenKey{v.Key, max(clock, v.At), v.Value})
	return First
}

// A device is all readings of one device that were used, in the order of the log.
type device struct{ used []event.Counters }

// take says what must become of r, and how many votes of each value it adds.
func (d *device) take(r *event.Counters) (is schema.EventTally, more [schema.ValueMax]uint64) {
	from, is := d.before(r)
	if is != (schema.EventTally{}) {
		return is, more
	}
	if from != nil && !r.Restart {
		ok := false
		if more, ok = added(r, from); !ok {
			return schema.EventTally{In: 1, Quarantined: 1}, [schema.ValueMax]uint64{}
		}
	}
	d.used = append(d.used, *r)
	return schema.EventTally{In: 1, Used: 1}, more
}

// before returns the reading from which r goes on: nil where counting begins with it. is
// says what becomes of r where it is not used.
func (d *device) before(r *event.Counters) (from *event.Counters, is schema.EventTally) {
	last := len(d.used) - 1
	zero := &event.Counters{At: r.Since}
	for i := range d.used {
		u := &d.used[i]
		if u.Epoch == r.Epoch {
			from = u // The newest is the last that was used.
		}
		if u.At <= r.At {
			zero.At = max(zero.At, u.At)
		}
	}
	switch {
	case from != nil && (r.Frame < from.Frame || r.Carried && d.used[last].Epoch != r.Epoch):
		return nil, schema.EventTally{In: 1, Stale: 1}
	case from != nil && r.Frame == from.Frame && r.Values == from.Values:
		return nil, schema.EventTally{In: 1, Repeated: 1}
	case from != nil && r.Frame == from.Frame:
		return nil, schema.EventTally{In: 1, Conflicts: 1}
	case from != nil:
		return from, is
	case !r.Carried, last < 0 && r.FromZero:
		return zero, is
	case last < 0:
		return nil, is
	case r.At <= d.used[last].At:
		return nil, schema.EventTally{In: 1, Stale: 1}
	}
	return &d.used[last], is
}

// added returns how many votes r adds to from; false where nobody believes them.
func added(r, from *event.Counters) (more [schema.ValueMax]uint64, ok bool) {
	minutes := float64(max(0, r.At-from.At)) / 60_000
	most := max(50, uint64(minutes*float64(r.MostAMinute)+0.999999))
	var wrapped, rose uint64
	fell := false
	for i, n := range r.Values {
		before := from.Values[i]
		rose += n
		if n < before {
			fell = true
			more[i] = n + 1<<16 - before
		} else {
			more[i] = n - before
		}
		wrapped += more[i]
	}
	switch {
	case !fell:
		return more, wrapped <= most
	case r.Epoch == from.Epoch && r.Wraps && wrapped <= most:
		return more, true
	case r.Epoch == from.Epoch && !r.Wraps:
		return more, false
	case r.Epoch != from.Epoch && r.Wraps && wrapped < rose:
		return more, wrapped <= most
	}
	return r.Values, rose <= most
}
