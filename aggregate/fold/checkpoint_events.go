package fold

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"mlf/schema"
	"mlf/schema/event"
)

// The part of a checkpoint that is of sources without state, from version 3 on:
//
//	log's time
//	sources: terminal 8, memory, floor, keys: (time, content 1, key 16), by time
//	devices: terminal 8, newest, ended epochs: 8 each, ascending,
//	         epochs, last used last: epoch 16, frame, time, five counts
//
// Sources and devices are sorted. The time of a key is the difference to that before it.
func (f *Fold) appendEvents(dst []byte) []byte {
	dst = appendNumbers(dst, uint64(f.clock), uint64(len(f.sources)))
	for _, k := range sortedKeys(f.sources, sourceKey.compare) {
		dst = f.sources[k].append(binary.AppendUvarint(binary.BigEndian.AppendUint64(dst, uint64(k.terminal)), uint64(k.memory)))
	}
	dst = binary.AppendUvarint(dst, uint64(len(f.devices)))
	for _, t := range sortedKeys(f.devices, cmp.Compare[schema.TerminalID]) {
		dst = f.devices[t].append(binary.BigEndian.AppendUint64(dst, uint64(t)))
	}
	return dst
}

func sortedKeys[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compare)
	return keys
}

func (k sourceKey) compare(other sourceKey) int {
	return cmp.Or(cmp.Compare(k.terminal, other.terminal), cmp.Compare(k.memory, other.memory))
}

func (s *source) append(dst []byte) []byte {
	type taken struct {
		takenKey
		key event.Key
	}
	all := make([]taken, 0, len(s.keys))
	for key, k := range s.keys {
		all = append(all, taken{k, key})
	}
	slices.SortFunc(all, func(a, b taken) int { return cmp.Or(cmp.Compare(a.at, b.at), bytes.Compare(a.key[:], b.key[:])) })
	dst = appendNumbers(dst, uint64(s.floor), uint64(len(all)))
	var last schema.Instant
	for i := range all {
		k := &all[i]
		dst = binary.AppendUvarint(dst, uint64(k.at-last))
		dst = append(append(dst, byte(k.content)), k.key[:]...)
		last = k.at
	}
	return dst
}

func (d *device) append(dst []byte) []byte {
	dst = appendNumbers(dst, uint64(d.newest), uint64(len(d.ended)))
	for _, name := range d.ended {
		dst = binary.BigEndian.AppendUint64(dst, name)
	}
	dst = binary.AppendUvarint(dst, uint64(len(d.epochs)))
	for i := range d.epochs {
		e := &d.epochs[i]
		dst = appendNumbers(append(dst, e.id[:]...), e.frame, uint64(e.at))
		dst = appendNumbers(dst, e.values[:]...)
	}
	return dst
}

// The least that parts of it take.
const (
	sourceBytes = 8 + 1 + 1 + 1
	keyBytes    = 1 + 1 + 16
	deviceBytes = 8 + 1 + 1 + 1 + epochBytes
	epochBytes  = 16 + 1 + 1 + int(schema.ValueMax)
)

// events reads what appendEvents wrote.
func (r *stateReader) events(f *Fold) {
	if r.version < 3 {
		return
	}
	f.clock = schema.Instant(r.number("log's time", uint64(schema.InstantMax)))
	var last sourceKey
	for range r.length("sources", sourceBytes) {
		k := sourceKey{schema.TerminalID(binary.BigEndian.Uint64(r.bytes("terminal", 8))), event.Memory(r.number("memory", uint64(event.MemoryCall)))}
		s := r.source(f.clock)
		if k.memory.Length() == 0 || last.memory != 0 && last.compare(k) >= 0 {
			r.fail("source %v is no source, or out of order", k)
		}
		if r.err != nil {
			return
		}
		last = k
		f.sources[k] = s
		f.keys += len(s.keys)
	}
	before := schema.TerminalID(0)
	for i := range r.length("devices", deviceBytes) {
		t := schema.TerminalID(binary.BigEndian.Uint64(r.bytes("terminal", 8)))
		d := r.device()
		if i > 0 && t <= before {
			r.fail("device %v is out of order", t)
		}
		if r.err != nil {
			return
		}
		before = t
		f.devices[t] = d
	}
}

// instant reads a time that a fold may keep: a vote's, which may be ahead of the log's.
func (r *stateReader) instant(what string) schema.Instant {
	return schema.Instant(r.number(what, uint64(schema.InstantMax)+1)) // A floor is a millisecond later than the last key.
}

// source reads the keys of a source at the log's time clock.
func (r *stateReader) source(clock schema.Instant) *source {
	s := &source{floor: r.instant("floor")}
	n := r.length("keys", keyBytes)
	s.keys = make(map[event.Key]takenKey, n)
	var at schema.Instant
	var last event.Key
	for i := range n {
		apart := r.instant("time of a key")
		at += apart
		c := content(r.bytes("content", 1)[0])
		var key event.Key
		copy(key[:], r.bytes("key", len(key)))
		if at < s.floor || at > clock+schema.VoteAheadMax || !c.valid() || c == contentVoided || i > 0 && apart == 0 && bytes.Compare(last[:], key[:]) >= 0 {
			r.fail("key at %d, content %#x: out of range or order", at, c)
			return s
		}
		last = key
		s.keys[key] = takenKey{at, c}
	}
	if len(s.keys) != n || n > KeysMax || n == 0 && s.floor == 0 {
		r.fail("%d keys, %d of them different", n, len(s.keys))
	}
	return s
}

func (r *stateReader) device() *device {
	d := &device{newest: r.instant("newest reading")}
	n := r.length("ended epochs", 8)
	d.ended = make([]uint64, n)
	for i := range d.ended {
		d.ended[i] = binary.BigEndian.Uint64(r.bytes("epoch", 8))
		if i > 0 && d.ended[i] < d.ended[i-1] {
			r.fail("epoch %x is out of order", d.ended[i])
		}
	}
	kept := r.length("epochs", epochBytes)
	if kept < 1 || kept > EpochsKept || n+kept > EpochsEnded+EpochsKept {
		r.fail("%d epochs, and %d that have ended", kept, n)
		return d
	}
	for range kept {
		var e epoch
		copy(e.id[:], r.bytes("epoch", len(e.id)))
		e.frame = r.number("frame", event.CountMax)
		e.at = r.instant("time of a reading")
		for i := range e.values {
			e.values[i] = r.number("count", event.CountMax)
		}
		if d.index(e.id) >= 0 || e.at > d.newest {
			r.fail("epoch %x comes twice, or is newer than the newest", e.id)
			return d
		}
		d.epochs = append(d.epochs, e)
	}
	return d
}
