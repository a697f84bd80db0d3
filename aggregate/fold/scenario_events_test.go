package fold_test

import (
	"fmt"
	"slices"
	"strings"

	"mlf/schema"
	"mlf/schema/event"
)

// Of sources that keep no state, scenarios say:
//
//	keyed NAME MEMORY [at=TIME]                        one record: form, rating or call; its votes are indented below:
//	  KEY FACE TIME [service=N] [reason=CODE] [late]
//	keys NAME MEMORY FIRST COUNT [at=TIME]             COUNT green votes with keys from FIRST on, cast at that time
//	device NAME [carried] [from_zero] [wraps] [most=N] [since=TIME]    what a terminal's readings have, after "terminal"
//	damaged KIND                                       a record of kind keyed or read that cannot be read
//	read NAME EPOCH FRAME TIME COUNT…|restart [at=TIME] [service=N]    a reading of the values' counters, red first

// key returns the key that text names.
func key(text string) (k event.Key) {
	copy(k[:], text)
	return k
}

// sourceOf returns what events of a terminal share, and the words that are left.
func (s *scenario) sourceOf(name string, words []string) (event.Source, []string) {
	h := s.header(name)
	src := event.Source{Terminal: h.Terminal, Slot: h.Slot, Comune: h.Comune, Office: h.Office, Channel: h.Channel, Scale: h.Scale, Test: h.Test, Ingested: h.Ingested}
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		at, is := strings.CutPrefix(w, "at=")
		if is {
			src.Ingested = s.time(at)
		}
		return is
	})
	return src, words
}

// event plays a command that is of a source without state; false where it is none.
func (s *scenario) event(words []string) bool {
	switch words[0] {
	case "keyed":
		src, rest := s.sourceOf(words[1], words[2:])
		s.keyed = &event.Batch{Source: src, Memory: s.memory(rest[0])}
	case "keys":
		src, rest := s.sourceOf(words[1], words[2:])
		b := event.Batch{Source: src, Memory: s.memory(rest[0])}
		first := s.number(rest[1])
		for n := range s.number(rest[2]) {
			b.Votes = append(b.Votes, event.Vote{Key: key(fmt.Sprintf("n%d", first+n)), At: src.Ingested, Value: schema.Green})
			if len(b.Votes) == schema.BatchVotesMax || n+1 == s.number(rest[2]) {
				s.apply(nil, b.Append(nil))
				b.Votes = b.Votes[:0]
			}
		}
	case "device":
		r := event.Counters{MostAMinute: 60, Since: nine}
		for _, w := range words[2:] {
			name, value, _ := strings.Cut(w, "=")
			switch name {
			case "carried":
				r.Carried = true
			case "from_zero":
				r.FromZero = true
			case "wraps":
				r.Wraps = true
			case "most":
				r.MostAMinute = uint32(s.number(value))
			case "since":
				r.Since = s.time(value)
			default:
				s.t.Fatalf("unknown word %q", w)
			}
		}
		s.devices[words[1]] = r
	case "damaged":
		kind := map[string]event.Kind{"keyed": event.Votes, "read": event.Reading}[words[1]]
		s.apply(nil, []byte{1 << 3, byte(kind), 0})
	case "read":
		s.read(words)
	default:
		return false
	}
	return true
}

func (s *scenario) memory(word string) event.Memory {
	m := event.Memory(1 + slices.Index([]string{"form", "rating", "call"}, word))
	if m.Length() == 0 {
		s.t.Fatalf("unknown memory %q", word)
	}
	return m
}

func (s *scenario) read(words []string) {
	r := s.devices[words[1]]
	var rest []string
	r.Source, rest = s.sourceOf(words[1], words[2:])
	copy(r.Epoch[:], rest[0])
	r.Frame, r.At = s.number(rest[1]), s.time(rest[2])
	if r.Ingested == nine {
		r.Ingested = r.At
	}
	for i, w := range rest[3:] {
		service, is := strings.CutPrefix(w, "service=")
		switch {
		case w == "restart":
			r.Restart = true
		case is:
			r.Service = schema.ServiceID(s.number(service))
		default:
			r.Values[i] = s.number(w)
		}
	}
	s.apply(nil, r.Append(nil))
}

// addKeyed reads a vote of the open record of votes with keys.
func (s *scenario) addKeyed(words []string) {
	plain := s.vote(append([]string{"0"}, words[1:]...))
	s.keyed.Votes = append(s.keyed.Votes, event.Vote{
		Key: key(words[0]), At: plain.At, Service: plain.Service, Value: plain.Value, Reason: plain.Reason, LateClock: plain.LateClock,
	})
}

// eventsText is what the account says of events; empty where there were none.
func eventsText(e schema.EventTally) string {
	if e == (schema.EventTally{}) {
		return ""
	}
	return fmt.Sprintf(" events: in=%d used=%d repeated=%d stale=%d conflicts=%d quarantined=%d", e.In, e.Used, e.Repeated, e.Stale, e.Conflicts, e.Quarantined)
}
