package fold

import (
	"slices"

	"mlf/schema"
	"mlf/schema/event"
)

const (
	// EpochsKept is how many epochs of a device whose counters begin at 0 in each may
	// still rise. Their readings may come late, and are exact whatever came in between.
	EpochsKept = 8

	// EpochsEnded is the most epochs of a device that are over. Readings of them are stale
	// for ever; where there would be more, new epochs are quarantined. One start a day for
	// eleven years: a device that has more counts something else.
	EpochsEnded = 4096

	// JumpLeast is how many votes a reading may add however short the time since the one
	// before: those of a queue that was let in at once.
	JumpLeast = 50

	// ReadingsApart is from how far apart, in milliseconds, two readings do not tell the
	// hour of the votes between them: those are late_clock.
	ReadingsApart = 2 * 60 * 60_000
)

// A device is what the fold knows of a device's counters.
type device struct {
	epochs []epoch        // Which may still rise: last used last. One where they are carried.
	ended  []uint64       // The others that were, by the first half of their names, ascending.
	newest schema.Instant // The latest time of its readings.
}

// An epoch is the newest reading of a run of counters.
type epoch struct {
	id     event.Epoch
	frame  uint64
	at     schema.Instant
	values [schema.ValueMax]uint64
}

// short is the name under which an epoch that has ended is remembered.
func short(id event.Epoch) uint64 {
	var n uint64
	for _, b := range id[:8] {
		n = n<<8 | uint64(b)
	}
	return n
}

// foldReading folds a reading of counters.
func (f *Fold) foldReading(r *event.Counters, t *schema.Tally) {
	d := f.devices[r.Terminal]
	if d == nil {
		d = new(device)
	}
	if at := r.At - r.Ingested; at < -schema.VoteAgeMax || at > schema.VoteAheadMax {
		t.Events.Quarantined = 1
		return
	}
	from, fate := d.before(r)
	if fate == readingNew {
		fate = f.countReading(r, from, t)
	}
	switch fate {
	case readingNew:
		d.use(r)
		f.devices[r.Terminal] = d
		t.Events.Used = 1
	case readingRepeated:
		t.Events.Repeated = 1
	case readingStale:
		t.Events.Stale = 1
	case readingConflict:
		t.Events.Conflicts = 1
	case readingQuarantined:
		t.Events.Quarantined = 1
	}
}

// A readingFate is what becomes of a reading.
type readingFate uint8

const (
	readingNew readingFate = iota
	readingRepeated
	readingStale
	readingConflict
	readingQuarantined
)

// before returns the reading from which r goes on; its frame is that of r where counting
// begins with r.
func (d *device) before(r *event.Counters) (from epoch, fate readingFate) {
	i := d.index(r.Epoch)
	if i >= 0 {
		e := d.epochs[i]
		switch {
		case r.Frame < e.frame:
			return e, readingStale
		case r.Frame > e.frame:
			return e, readingNew
		case r.Values == e.values:
			return e, readingRepeated
		}
		return e, readingConflict
	}
	if _, over := slices.BinarySearch(d.ended, short(r.Epoch)); over {
		return epoch{}, readingStale
	}
	if len(d.ended)+len(d.epochs) >= EpochsEnded+EpochsKept {
		return epoch{}, readingQuarantined
	}
	last := len(d.epochs) - 1
	switch {
	case r.Carried && last >= 0 && r.At <= d.newest:
		return epoch{}, readingStale // Of an epoch that was over before any of it came.
	case r.Carried && last >= 0:
		return d.epochs[last], readingNew
	case r.Carried && !r.FromZero:
		return epoch{id: r.Epoch, frame: r.Frame, at: r.At, values: r.Values}, readingNew
	}
	from.at = r.Since
	for i := range d.epochs { // Those of later times say nothing of how long this one took.
		if at := d.epochs[i].at; at <= r.At {
			from.at = max(from.at, at)
		}
	}
	return from, readingNew
}

func (d *device) index(id event.Epoch) int {
	return slices.IndexFunc(d.epochs, func(e epoch) bool { return e.id == id })
}

// countReading counts what r adds to from, and accounts for the votes in t.
func (f *Fold) countReading(r *event.Counters, from epoch, t *schema.Tally) readingFate {
	if r.Restart {
		return readingNew
	}
	apart := max(0, r.At-from.at)
	most := max(JumpLeast, (uint64(apart)*uint64(r.MostAMinute)+59_999)/60_000)
	added, ok := rise(r, &from, most)
	if !ok {
		return readingQuarantined
	}
	for i, n := range added {
		if n == 0 {
			continue
		}
		t.VotesIn += n
		t.Counted += n
		f.cellOfEvent(&r.Source, r.At, r.Service, apart > ReadingsApart).values[i] += n
	}
	if sum(added) > 0 {
		f.sawSource(r.Terminal, r.At)
	}
	return readingNew
}

// rise returns how many votes of each value were cast between from and r; false where
// they are more than most, or the counters fell and cannot have.
//
// Where one fell, 16 bits began at 0 again, or the device started anew, and with it all
// of its counters: then r is what has been cast since, at least. In one epoch it is the
// first if that is believed. In another it is the second, as a device that starts takes a
// new one, unless the first explains it with fewer votes: of two explanations that nobody
// can tell apart, the one is taken that cannot be too much.
func rise(r *event.Counters, from *epoch, most uint64) (added [schema.ValueMax]uint64, ok bool) {
	fell, wrapped := false, r.Wraps
	for i, n := range r.Values[:r.Scale.Max()] { // From may be of a scale with more values.
		if n < from.values[i] {
			fell = true
			n += event.WrapAt
			wrapped = wrapped && n >= from.values[i] // From may be of a time when they did not wrap.
		}
		added[i] = n - from.values[i]
	}
	same := r.Epoch == from.id
	if !fell || wrapped && (same && sum(added) <= most || !same && sum(added) < sum(r.Values)) {
		return added, sum(added) <= most
	}
	return r.Values, sum(r.Values) <= most && (r.Wraps || !same)
}

func sum(values [schema.ValueMax]uint64) (n uint64) {
	for _, v := range values {
		n += v
	}
	return n
}

// use makes r the newest reading of its epoch.
func (d *device) use(r *event.Counters) {
	if i := d.index(r.Epoch); i >= 0 {
		d.epochs = slices.Delete(d.epochs, i, i+1)
	}
	keep := EpochsKept - 1
	if r.Carried {
		keep = 0
	}
	for len(d.epochs) > keep {
		name := short(d.epochs[0].id)
		i, _ := slices.BinarySearch(d.ended, name)
		d.ended = slices.Insert(d.ended, i, name)
		d.epochs = slices.Delete(d.epochs, 0, 1)
	}
	d.epochs = append(d.epochs, epoch{r.Epoch, r.Frame, r.At, r.Values})
	d.newest = max(d.newest, r.At)
}
