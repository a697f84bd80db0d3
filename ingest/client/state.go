package client

import (
	"cmp"
	"slices"
	"time"
)

// An entry is a line of the journal: one of its fields is there.
type entry struct {
	Begin  *begun     `json:"begin,omitempty"`  // A stream takes votes from a number on; others take none from then.
	Vote   *cast      `json:"vote,omitempty"`   // A vote was cast.
	Given  *given     `json:"given,omitempty"`  // Votes without a number have got theirs.
	Forget *watermark `json:"forget,omitempty"` // The service has counted what is below.
	Aside  *number    `json:"aside,omitempty"`  // A vote cannot be sent: its number is closed in its place.
}

type begun struct {
	Stream string `json:"stream"`
	Next   uint64 `json:"next"`
	Old    bool   `json:"old,omitempty"`
}

type number struct {
	Stream string `json:"stream"`
	Seq    uint64 `json:"seq"`
}

// given numbers votes in their order, from First on.
type given struct {
	Stream string   `json:"stream"`
	First  uint64   `json:"first"`
	N      []uint64 `json:"n"`
}

type watermark struct {
	Stream  string      `json:"stream"`
	Highest uint64      `json:"highest"`
	Missing [][2]uint64 `json:"missing"` // Closed spans.
}

// closed tells whether a number is counted or voided.
func (w *watermark) closed(seq uint64) bool {
	return seq <= w.Highest && !slices.ContainsFunc(w.Missing, func(span [2]uint64) bool { return span[0] <= seq && seq <= span[1] })
}

// A cast is a vote as it is kept. Without a stream it has no number yet: it was stored
// before the stream was known to be its own.
type cast struct {
	N       uint64    `json:"n"` // Of the device's own counting.
	Stream  string    `json:"stream,omitempty"`
	Seq     uint64    `json:"seq,omitempty"`
	Face    string    `json:"face,omitempty"`
	Value   int       `json:"value,omitempty"`
	Service string    `json:"service,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"` // By the wall.
	Aside   bool      `json:"aside,omitempty"`

	when     time.Time // With the clock that never jumps; zero for a vote of an earlier run.
	answered time.Time // When 202 came; zero for never.
}

// A stream is one that this device has.
type stream struct {
	next uint64 // The next number that is free.
	old  bool   // It takes no more.
}

// A state is what the entries of a journal come to.
type state struct {
	votes   map[uint64]*cast // By their own numbers.
	streams map[string]*stream
	current string
	nextN   uint64
}

func newState() state {
	return state{votes: make(map[uint64]*cast), streams: make(map[string]*stream), nextN: 1}
}

// apply adds an entry.
func (s *state) apply(e entry) {
	switch {
	case e.Begin != nil:
		s.begin(e.Begin)
	case e.Vote != nil:
		s.votes[e.Vote.N] = e.Vote
		s.nextN = max(s.nextN, e.Vote.N+1)
		s.used(e.Vote.Stream, e.Vote.Seq)
	case e.Given != nil:
		for i, n := range e.Given.N {
			if v := s.votes[n]; v != nil {
				v.Stream, v.Seq = e.Given.Stream, e.Given.First+uint64(i)
			}
		}
		s.used(e.Given.Stream, e.Given.First+uint64(len(e.Given.N))-1)
	case e.Forget != nil:
		for n, v := range s.votes {
			if v.Stream == e.Forget.Stream && e.Forget.closed(v.Seq) {
				delete(s.votes, n)
			}
		}
	case e.Aside != nil:
		for _, v := range s.votes {
			v.Aside = v.Aside || v.Stream == e.Aside.Stream && v.Seq == e.Aside.Seq
		}
	}
}

func (s *state) begin(b *begun) {
	if !b.Old {
		for _, other := range s.streams {
			other.old = true
		}
		s.current = b.Stream
	}
	if b.Old && s.current == b.Stream {
		s.current = ""
	}
	s.streams[b.Stream] = &stream{next: b.Next, old: b.Old}
}

// used raises a stream's counter above a number. A stream whose beginning was lost takes
// no more votes.
func (s *state) used(name string, seq uint64) {
	if name == "" {
		return
	}
	of := s.streams[name]
	if of == nil {
		of = &stream{old: true}
		s.streams[name] = of
	}
	of.next = max(of.next, seq+1)
}

// doubt ends all streams: something that was stored is gone.
func (s *state) doubt() {
	s.current = ""
	for _, of := range s.streams {
		of.old = true
	}
}

// of returns the votes of a stream, or without one (""), in order.
func (s *state) of(name string) []*cast {
	var found []*cast
	for _, v := range s.votes {
		if v.Stream == name {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, func(a, b *cast) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.N, b.N))
	})
	return found
}

// entries are those that come to s again: what is needed of a journal.
func (s *state) entries() []entry {
	var all []entry
	for name, of := range s.streams {
		if name != s.current {
			all = append(all, entry{Begin: &begun{Stream: name, Next: of.next, Old: true}})
		}
	}
	if of := s.streams[s.current]; of != nil {
		all = append(all, entry{Begin: &begun{Stream: s.current, Next: of.next}})
	}
	for _, v := range s.votes {
		all = append(all, entry{Vote: v})
	}
	return all
}
