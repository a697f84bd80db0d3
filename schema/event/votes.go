package event

import (
	"fmt"

	"mlf/schema"
	"mlf/schema/votepb"
)

// A Key names a vote among those of its source: the sender's own id, or one that ingest
// made for it. Of the votes of one source with one key the first counts.
type Key [16]byte

// A Memory is for how long the count remembers the keys of a source.
type Memory uint8

// The memories.
const (
	MemoryForm   Memory = 1 // A form without ids: its key only tells the tries of one request apart.
	MemoryRating Memory = 2 // A form with ids, which sends again what was not answered.
	MemoryCall   Memory = 3 // Calls and exports, which come again with every file; messages, which are opened again.
)

// Length returns how long m is, in milliseconds; 0 when m is no memory. None is longer
// than a vote may be old.
func (m Memory) Length() schema.Instant {
	const minute, day = 60_000, 24 * 60 * 60_000
	switch m {
	case MemoryForm:
		return 10 * minute
	case MemoryRating:
		return 30 * day
	case MemoryCall:
		return 400 * day
	}
	return 0
}

// KeysMax is the most keys that the count remembers of one source and memory: a year of a
// city's telephone, 25 MB. Where there would be more it forgets the older half before their
// time, and takes no vote of before that either.
const KeysMax = 1 << 19

// A Vote is one vote that has a key.
type Vote struct {
	Key       Key
	At        schema.Instant // When it was cast; arrival where that is not known.
	Service   schema.ServiceID
	Value     schema.Value // 1 to the scale's highest.
	Reason    schema.Reason
	LateClock bool // It is not known when it was cast.
}

// A Batch is some votes of one source, at least 1 and at most schema.BatchVotesMax.
type Batch struct {
	Source
	Memory Memory
	Votes  []Vote
}

// The parts of a vote's mark, as in schema.VoteBatch.
const (
	markValue     = 7
	markReason    = 15
	reasonShift   = 3
	markLateClock = 1 << 7
)

// Append appends the record that holds b to dst. What Decode would refuse is a defect of
// this program, and panics here rather than be acknowledged and never counted.
func (b *Batch) Append(dst []byte) []byte {
	if err := b.check(); err != nil {
		panic(fmt.Sprintf("BUG: append votes with keys: %v", err))
	}
	m := &votepb.KeyedVotes{
		Format: uint32(Votes), Terminal: uint64(b.Terminal), Memory: uint32(b.Memory), Slot: uint32(b.Slot), Comune: uint32(b.Comune),
		Office: string(b.Office), Channel: uint32(b.Channel), Scale: uint32(b.Scale), Test: b.Test, IngestedMs: int64(b.Ingested),
	}
	last := b.Ingested
	for i := range b.Votes {
		v := &b.Votes[i]
		mark := byte(v.Value) | byte(v.Reason)<<reasonShift
		if v.LateClock {
			mark |= markLateClock
		}
		m.Keys = append(m.Keys, v.Key[:]...)
		m.AtDelta = append(m.AtDelta, int64(v.At-last))
		m.Marks = append(m.Marks, mark)
		m.Service = append(m.Service, uint32(v.Service))
		last = v.At
	}
	return seal(dst, m)
}

func (b *Batch) check() error {
	if err := b.Source.check(); err != nil {
		return err
	}
	if b.Memory.Length() == 0 || len(b.Votes) == 0 || len(b.Votes) > schema.BatchVotesMax {
		return fmt.Errorf("memory %d, %d votes: out of range", b.Memory, len(b.Votes))
	}
	for i := range b.Votes {
		v := &b.Votes[i]
		if v.Value < 1 || v.Value > b.Scale.Max() || v.Reason > schema.ReasonMax || !inTime(v.At) {
			return fmt.Errorf("vote %d: value %d, reason %d, time %d: out of range", i, v.Value, v.Reason, v.At)
		}
	}
	return nil
}

// Decode reads a record of kind Votes. Its error wraps schema.ErrUndecodable.
func (b *Batch) Decode(record []byte) (err error) {
	var m votepb.KeyedVotes
	if err := open(record, &m, Votes); err != nil {
		return err
	}
	if b.Source, err = source(&m); err != nil {
		return err
	}
	n := len(m.Marks)
	if len(m.Keys) != n*len(Key{}) || len(m.AtDelta) != n || len(m.Service) != n || m.Memory > uint32(MemoryCall) {
		return schema.Undecodable("memory %d, %d bytes of keys, %d times, %d services of %d votes", m.Memory, len(m.Keys), len(m.AtDelta), len(m.Service), n)
	}
	b.Memory, b.Votes = Memory(m.Memory), b.Votes[:0]
	at := b.Ingested
	for i, mark := range m.Marks {
		// Cannot come back into range by overflow: check refuses each that is out of it.
		at += schema.Instant(m.AtDelta[i])
		if m.Service[i] > serviceMax {
			return schema.Undecodable("vote %d: service %d: out of range", i, m.Service[i])
		}
		v := Vote{
			At: at, Service: schema.ServiceID(m.Service[i]), Value: schema.Value(mark & markValue),
			Reason: schema.Reason(mark >> reasonShift & markReason), LateClock: mark&markLateClock != 0,
		}
		copy(v.Key[:], m.Keys[i*len(v.Key):])
		b.Votes = append(b.Votes, v)
	}
	if err := b.check(); err != nil {
		return schema.Undecodable("%v", err)
	}
	return nil
}

// serviceMax is the highest schema.ServiceID.
const serviceMax = 1<<16 - 1
