package fold

import (
	"slices"

	"mlf/schema"
	"mlf/schema/event"
)

// The limits of what is remembered of the votes that have keys. Where there would be
// more of a source's, it forgets the older half before their time, and takes no vote of
// before that either: nothing counts twice, and what comes in time counts.
const (
	// KeysMax is the most keys of one source.
	KeysMax = event.KeysMax

	// KeysAllMax is the most keys of a partition; then each source that adds one keeps
	// KeysFair at least. A country's sites have some 300,000 on each of 16 partitions.
	KeysAllMax = 1 << 21
	KeysFair   = 1 << 10
)

// sourceKey names what is remembered of a source: its keys are told apart by how long
// that is.
type sourceKey struct {
	terminal schema.TerminalID
	memory   event.Memory
}

// A source is what the fold knows of the votes with keys of one source.
//
// A key is known as long as it was taken at floor or later, and its memory reaches back to
// then from the log's time; a vote that is older than both is quarantined. A key is taken
// at the vote's time or the log's, whichever is later. So as long as a vote may count, its
// key is known.
type source struct {
	floor schema.Instant // Keys taken before were forgotten for lack of room.
	keys  map[event.Key]takenKey
}

// A takenKey is what is remembered of a key.
type takenKey struct {
	at      schema.Instant
	content content
}

// foldKeyed folds votes that have keys.
func (f *Fold) foldKeyed(b *event.Batch, t *schema.Tally) {
	k := sourceKey{b.Terminal, b.Memory}
	s := f.sources[k]
	if s == nil {
		s = &source{keys: make(map[event.Key]takenKey)}
	}
	for i := range b.Votes {
		v := &b.Votes[i]
		switch f.takeKey(s, b, v) {
		case fateNew:
			t.Counted++
			t.Events.Used++
			f.cellOfEvent(&b.Source, v.At, v.Service, v.LateClock).count(&schema.Vote{Value: v.Value, Reason: v.Reason})
			f.sawSource(b.Terminal, v.At)
		case fateDuplicate:
			t.Duplicates++
			t.Events.Repeated++
		case fateConflict:
			t.Conflicts++
			t.Events.Conflicts++
		case fateQuarantined:
			t.Quarantined++
			t.Events.Quarantined++
		}
	}
	if len(s.keys) > 0 {
		f.sources[k] = s
	}
}

// takeKey decides on v, and remembers its key where it is the first.
func (f *Fold) takeKey(s *source, b *event.Batch, v *event.Vote) fate {
	oldest := max(s.floor, f.clock-b.Memory.Length())
	if v.At < oldest || v.At > b.Ingested+schema.VoteAheadMax {
		return fateQuarantined
	}
	said := contentOf(b.Scale, v.Value)
	if known, ok := s.keys[v.Key]; ok && known.at >= oldest {
		if known.content != said {
			return fateConflict
		}
		return fateDuplicate
	}
	if len(s.keys) >= KeysMax || f.keys >= KeysAllMax && len(s.keys) >= KeysFair {
		if f.halve(s); v.At < s.floor {
			return fateQuarantined
		}
	}
	before := len(s.keys)
	s.keys[v.Key] = takenKey{max(v.At, f.clock), said}
	f.keys += len(s.keys) - before
	return fateNew
}

// halve forgets the older half of the keys of s. Where all were taken at once it forgets
// them all, and takes no vote of that moment.
func (f *Fold) halve(s *source) {
	times := make([]schema.Instant, 0, len(s.keys))
	for _, k := range s.keys {
		times = append(times, k.at)
	}
	slices.Sort(times)
	s.floor = times[len(times)/2]
	if s.floor == times[0] {
		s.floor++
	}
	f.forget(s, s.floor)
}

// forgetOld forgets the keys of all sources that are out of their time.
func (f *Fold) forgetOld() {
	for k, s := range f.sources {
		f.forget(s, f.clock-k.memory.Length())
		if len(s.keys) == 0 && s.floor <= f.clock-k.memory.Length() {
			delete(f.sources, k)
		}
	}
}

// forget forgets the keys of s that were taken before oldest.
func (f *Fold) forget(s *source, oldest schema.Instant) {
	for key, k := range s.keys {
		if k.at < oldest {
			delete(s.keys, key)
			f.keys--
		}
	}
}
