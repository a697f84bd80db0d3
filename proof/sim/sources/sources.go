// Package sources is who votes in the simulation and keeps no state: forms and switches,
// whose votes have keys, and devices, which say where their counters are.
//
// It knows events, and dice. It must not know the world that they speak in.
package sources

import (
	"encoding/binary"
	"math/rand/v2"

	"mlf/schema"
	"mlf/schema/event"
)

// A Source says something again until it hears that it was taken; a device says it once.
type Source struct {
	Kept []*Said

	event.Source
	memory  event.Memory // 0: it is a device.
	keys    uint64
	reading event.Counters // Of a device: its newest.
	started byte
}

// A Said is something that a source says: votes, or a reading where there are none.
type Said struct {
	Batch   event.Batch
	Reading event.Counters
}

// Record returns what s says as it is on the log, where it comes in at now.
func (s Said) Record(now schema.Instant) (said Said, value []byte) {
	if len(s.Batch.Votes) > 0 {
		s.Batch.Ingested = now
		return s, s.Batch.Append(nil)
	}
	s.Reading.Ingested = now
	return s, s.Reading.Append(nil)
}

// Source returns who says it.
func (s *Said) Source() *event.Source {
	if len(s.Batch.Votes) > 0 {
		return &s.Batch.Source
	}
	return &s.Reading.Source
}

// epochsMax is how many epochs a device may have: as many as may rise.
const epochsMax = 8

// New returns sources of each kind.
func New() []*Source {
	all := make([]*Source, 6)
	for i := range all {
		s := &Source{memory: event.Memory(i % 4)}
		s.Source = event.Source{
			Terminal: schema.TerminalID(i + 50), Slot: schema.Slot(i * schema.Slots / len(all)), Comune: schema.ComuneID(70000 + i),
			Channel: schema.ChannelWeb, Scale: schema.ScaleStars5, Test: i == 3,
		}
		s.reading = event.Counters{MostAMinute: event.MostAMinuteMax, Epoch: event.Epoch{1}, Carried: i == 4, Wraps: i == 4}
		if s.reading.Carried {
			s.reading.Values = [schema.ValueMax]uint64{65_500, 65_535, 0, 7, 65_000}
		}
		all[i] = s
	}
	return all
}

// IsDevice tells whether s says where its counters are.
func (s *Source) IsDevice() bool { return s.memory == 0 }

// Speak has s find something to say at now.
func (s *Source) Speak(dice *rand.Rand, now schema.Instant) {
	if s.IsDevice() {
		s.press(dice, now)
	} else if len(s.Kept) < 4 || dice.IntN(3) > 0 {
		s.rate(dice, now)
	}
}

// rate has somebody vote, or a source use a key again.
func (s *Source) rate(dice *rand.Rand, now schema.Instant) {
	v := event.Vote{At: now - schema.Instant(dice.IntN(900_000)), Service: schema.ServiceID(dice.IntN(2)), Value: schema.Value(1 + dice.IntN(5))}
	if s.keys++; dice.IntN(10) == 0 {
		s.keys = max(1, s.keys-1-dice.Uint64N(s.keys))
	}
	binary.BigEndian.PutUint64(v.Key[:], s.keys)
	if dice.IntN(10) == 0 {
		v.At, v.LateClock = now, true
	}
	if v.Value < 3 {
		v.Reason = schema.ReasonUnclear
	}
	s.Kept = append(s.Kept, &Said{Batch: event.Batch{Source: s.Source, Memory: s.memory, Votes: []event.Vote{v}}})
}

// press has somebody press the buttons of a device, or its power fail, or a frame be
// damaged on its way.
func (s *Source) press(dice *rand.Rand, now schema.Instant) {
	r := &s.reading
	r.Source, r.At, r.Restart = s.Source, now, false
	r.Frame++
	for i := range r.Values {
		r.Values[i] += dice.Uint64N(3)
		if r.Wraps {
			r.Values[i] %= event.WrapAt
		}
	}
	if dice.IntN(30) == 0 && s.started < epochsMax-1 {
		s.started++
		r.Epoch[0]++
		r.Frame, r.Values, r.Restart = 0, [schema.ValueMax]uint64{}, true
	}
	if dice.IntN(100) == 0 {
		damaged := *r
		damaged.Values[4], damaged.Restart = event.WrapAt-1, false
		s.Kept = append(s.Kept, &Said{Reading: damaged})
	}
	s.Kept = append(s.Kept, &Said{Reading: *r})
}
