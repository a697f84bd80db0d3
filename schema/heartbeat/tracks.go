package heartbeat

import (
	"slices"
	"sync"
	"sync/atomic"

	"mlf/schema"
)

// Tracks are the values that devices have had of late, by terminal. Its zero value is
// empty and ready. Safe for use by several goroutines.
//
// A device that lives alone leaves one track: each heartbeat goes on from the one before.
// Two devices with one image leave two. They are found out
//   - where a heartbeat goes on from a value from which another has gone on, and
//   - where a track goes on after another of the terminal has: a device that lost its
//     value, or was set back, never returns to the track that it left.
//
// The same pair of values again is a heartbeat sent again, and no news. A process sees
// what it took itself at once, and what others took when it has read that. So two devices
// that send through two processes are found by what they send next; of a copy that is
// older than stepsMax heartbeats, a second one of each is needed; a copy that is never
// switched on while the other is cannot be found.
type Tracks struct {
	mu       sync.Mutex
	of       map[schema.TerminalID]*tracks
	complete atomic.Bool
}

// stepsMax is how many heartbeats of a terminal are remembered, 32 bytes each: 40 minutes
// at the usual pace of one device.
const stepsMax = 8

// A step is one heartbeat: from a value to the next.
type step struct {
	from, to Value
	told     schema.Instant // When the device on this track was last told of a copy; 0: never.
	copied   bool           // It was told in answer to this one.
}

// tracks are a terminal's.
type tracks struct {
	last  schema.Instant // When the newest heartbeat came.
	copy  Copy           // Without Told.
	steps []step         // By when they came, the newest last.
}

// A Verdict is what becomes of a heartbeat.
type Verdict struct {
	Copied bool // The device is to be told, now, that there is another.
	Copy   Copy // To be kept with the heartbeat.
}

// SetComplete tells that everything was noted that the topic held when reading began.
func (t *Tracks) SetComplete() { t.complete.Store(true) }

// Complete tells whether what the topic held at the beginning was noted.
func (t *Tracks) Complete() bool { return t.complete.Load() }

// Wait returns for how many milliseconds a terminal must wait at now if two of its
// heartbeats are to lie least milliseconds apart; 0: it need not.
func (t *Tracks) Wait(id schema.TerminalID, now schema.Instant, least int64) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.of[id]
	if s == nil {
		return 0
	}
	// A clock that was ahead must not silence a terminal for longer than others.
	return max(0, min(least, int64(s.last-now)+least))
}

// Take notes h, which came at h.At, and judges it. Each device is told once of a copy, and
// again whenever it repeats the heartbeat that was answered so. Copy of h is not looked at.
func (t *Tracks) Take(h *Heartbeat) Verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.tracks(h.Terminal)
	taken := s.take(h)
	if s.copy.Copied(h.At) && taken.told < s.copy.Since {
		taken.told, taken.copied = h.At, true
	}
	return Verdict{Copied: taken.copied, Copy: Copy{Seen: s.copy.Seen, Since: s.copy.Since, Told: taken.told}}
}

// Note takes a heartbeat that is on the topic, of this process or another.
func (t *Tracks) Note(h *Heartbeat) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.tracks(h.Terminal)
	taken := s.take(h)
	taken.told = max(taken.told, h.Copy.Told)
	taken.copied = taken.copied || h.Copy.Told != 0 && h.Copy.Told == h.At
	if h.Copy.Seen > s.copy.Seen {
		if !s.copy.Copied(h.Copy.Seen) {
			s.copy.Since = h.Copy.Since
		}
		s.copy.Seen = h.Copy.Seen
	}
}

// Apply takes one record of the topic. A record applied again changes nothing, nor does
// a nil value. One that cannot be read is an error and changes nothing.
func (t *Tracks) Apply(key string, value []byte) error {
	if value == nil {
		return nil
	}
	h, err := Decode(key, value)
	if err == nil {
		t.Note(&h)
	}
	return err
}

// tracks returns those of a terminal. t is locked.
func (t *Tracks) tracks(id schema.TerminalID) *tracks {
	if t.of == nil {
		t.of = make(map[schema.TerminalID]*tracks)
	}
	s := t.of[id]
	if s == nil {
		s = new(tracks)
		t.of[id] = s
	}
	return s
}

// take finds the step of h, or adds it.
func (s *tracks) take(h *Heartbeat) *step {
	s.last = max(s.last, h.At)
	next := step{from: h.Previous, to: h.Install}
	parent, at, branches := -1, len(s.steps), false
	for i := range s.steps {
		switch before := &s.steps[i]; {
		case before.from == next.from && before.to == next.to:
			return before
		case before.to == next.from:
			parent, next.told = i, before.told
		case next.from != 0 && before.from == next.from:
			branches = true
		}
		if s.steps[i].from == next.to { // Another process took it, and has waited for the log.
			at = min(at, i)
		}
	}
	if branches {
		next.told = 0 // Whatever was said on the track that it left, this device was never told.
	}
	if branches || at == len(s.steps) && parent >= 0 && parent < at-1 {
		s.seen(h.At)
	}
	if len(s.steps) == stepsMax {
		s.steps = slices.Delete(s.steps, 0, 1)
		at = max(0, at-1)
	}
	s.steps = slices.Insert(s.steps, at, next)
	return &s.steps[at]
}

// seen notes that two devices were seen.
func (s *tracks) seen(at schema.Instant) {
	if !s.copy.Copied(at) {
		s.copy.Since = at
	}
	s.copy.Seen = max(s.copy.Seen, at)
}
