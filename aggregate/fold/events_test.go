package fold_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"mlf/aggregate/fold"
	"mlf/schema"
	"mlf/schema/event"
)

// A sender sends votes with keys, and says what becomes of them.
type sender struct {
	t    *testing.T
	fold *fold.Fold
}

func numbered(n int) (k event.Key) {
	binary.BigEndian.PutUint64(k[:], uint64(n))
	return k
}

// send has source n send count votes with keys from first on, in records of the first of
// times, cast at the second, and the third later each.
func (s *sender) send(n schema.TerminalID, m event.Memory, first, count int, times ...schema.Instant) schema.Tally {
	s.t.Helper()
	now, at, step := times[0], times[1], times[2]
	before := s.fold.Total()
	b := event.Batch{Source: event.Source{Terminal: n, Comune: 1, Channel: schema.ChannelWeb, Scale: schema.ScaleStars5, Ingested: now}, Memory: m}
	for i := range count {
		b.Votes = append(b.Votes, event.Vote{Key: numbered(first + i), At: at + schema.Instant(i)*step, Value: 5})
		if len(b.Votes) == schema.BatchVotesMax || i == count-1 {
			apply(s.t, s.fold, &schema.Record{Value: b.Append(nil)})
			b.Votes = b.Votes[:0]
		}
	}
	after := s.fold.Total()
	return schema.Tally{Counted: after.Counted - before.Counted, Duplicates: after.Duplicates - before.Duplicates, Quarantined: after.Quarantined - before.Quarantined}
}

func (s *sender) is(what string, got, want schema.Tally) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

// TestAPartitionsKeysAreShared: where a partition has as many keys as it may, whoever adds
// one forgets some of its own, and who has few keeps them. What is forgotten does not
// count twice, not even when nothing of a source is left.
func TestAPartitionsKeysAreShared(t *testing.T) {
	s := sender{t, begunBy(t, schema.RulesV3)}
	const (
		rating, form = event.MemoryRating, event.MemoryForm
		day          = 24 * 60 * minute
		part, fair   = fold.KeysMax, fold.KeysFair
		few, forms   = 10, 5000
		now          = nine + 2*day
	)
	// Keys that are taken again once they are forgotten, and those of yesterday, are no more than they are.
	s.is("a form", s.send(9, form, 0, forms, nine, nine, 0), schema.Tally{Counted: forms})
	s.is("its keys again", s.send(9, form, 0, forms, nine+11*minute, nine+11*minute, 0), schema.Tally{Counted: forms})
	s.is("two days later", s.send(8, rating, 0, few, now, now, 0), schema.Tally{Counted: few})
	s.is("a form today", s.send(9, form, forms, forms, now, now, 0), schema.Tally{Counted: forms})
	s.is("its keys again", s.send(9, form, forms, forms, now+11*minute, now+11*minute, 0), schema.Tally{Counted: forms})
	at := now + 20*schema.Instant(minute)
	for n := range schema.TerminalID(3) {
		s.is("the most of one", s.send(n, rating, 0, part, at, at, 0), schema.Tally{Counted: part})
	}
	const rest = part - forms - few - 2*fair
	s.is("the rest", s.send(3, rating, 0, rest, at, at, 0), schema.Tally{Counted: rest})
	s.is("a fair share, over some time", s.send(4, rating, 0, fair, at, at-fair, 1), schema.Tally{Counted: fair})
	s.is("another, of one moment", s.send(5, rating, 0, fair-1, at, at-day, 0), schema.Tally{Counted: fair - 1})
	s.is("the last that there is room for", s.send(5, rating, fair-1, 1, at, at-day, 0), schema.Tally{Counted: 1})
	s.fold = reopened(t, s.fold)

	s.is("all that one sent", s.send(4, rating, 0, fair, at, at-fair, 1), schema.Tally{Duplicates: fair})
	s.is("who has few", s.send(8, rating, few, 1, at, at, 0), schema.Tally{Counted: 1})
	s.is("what it sent before", s.send(8, rating, 0, few, at, now, 0), schema.Tally{Duplicates: few})
	// All were taken at the log's time.
	s.is("one more, of that moment", s.send(5, rating, fair, 1, at, at-day, 0), schema.Tally{Quarantined: 1})
	s.fold = reopened(t, s.fold)
	s.is("of whom nothing is left", s.send(5, rating, 0, fair, at+day, at-day, 0), schema.Tally{Quarantined: fair})
	s.is("what it sends after that", s.send(5, rating, 0, 1, at+day, at+1, 0), schema.Tally{Counted: 1})
}

// TestTheOlderHalfIsForgotten: half of the keys, by when they were taken.
func TestTheOlderHalfIsForgotten(t *testing.T) {
	s := sender{t, begunBy(t, schema.RulesV3)}
	const most = fold.KeysMax
	for i := range schema.Instant(4) {
		s.is("a quarter", s.send(1, event.MemoryCall, int(i)*most/4, most/4, nine+i, nine+i, 0), schema.Tally{Counted: most / 4})
	}
	s.is("one of the oldest time, that never came", s.send(1, event.MemoryCall, most, 1, nine+4, nine+1, 0), schema.Tally{Quarantined: 1})
	s.is("the older half again", s.send(1, event.MemoryCall, 0, most/2, nine+4, nine, 0), schema.Tally{Quarantined: most / 2})
	s.is("one of the younger, but of the oldest of them, again", s.send(1, event.MemoryCall, most/2, 1, nine+4, nine+2, 0), schema.Tally{Duplicates: 1})
	s.is("one of the youngest again", s.send(1, event.MemoryCall, most-1, 1, nine+4, nine+3, 0), schema.Tally{Duplicates: 1})
}

// TestEpochsOfADeviceAreBounded: beyond as many as may be, new ones are quarantined, and
// those that are known go on; none that is over counts again.
func TestEpochsOfADeviceAreBounded(t *testing.T) {
	f := begunBy(t, schema.RulesV3)
	const most = fold.EpochsEnded + fold.EpochsKept
	send := func(n int, frame uint64) schema.EventTally {
		t.Helper()
		r := event.Counters{
			Source: event.Source{Terminal: 1, Comune: 1, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3, Ingested: nine},
			Since:  nine, At: nine, Frame: frame, MostAMinute: 60, Values: [schema.ValueMax]uint64{frame},
		}
		binary.BigEndian.PutUint64(r.Epoch[:], uint64(10_000-n)) // Each before the last, by name.
		before := f.Total().Events
		apply(t, f, &schema.Record{Value: r.Append(nil)})
		after := f.Total().Events
		return schema.EventTally{Used: after.Used - before.Used, Stale: after.Stale - before.Stale, Quarantined: after.Quarantined - before.Quarantined}
	}
	is := func(what string, got, want schema.EventTally) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: got %+v, want %+v", what, got, want)
		}
	}
	for n := range most {
		is("an epoch", send(n, 1), schema.EventTally{Used: 1})
		if n%1000 == 0 {
			f = reopened(t, f)
		}
	}
	is("one too many", send(most, 1), schema.EventTally{Quarantined: 1})
	f = reopened(t, f)
	is("again", send(most, 1), schema.EventTally{Quarantined: 1})
	for n := range fold.EpochsEnded {
		is("one that is over", send(n, 2), schema.EventTally{Stale: 1})
	}
	is("one that may still rise", send(fold.EpochsEnded, 2), schema.EventTally{Used: 1})
	if got := f.Total().Counted; got != 1 {
		t.Errorf("counted %d after the last take-over, want 1", got)
	}
}

// TestWhenEventsArrived: how far behind a count is shows with events as with votes.
func TestWhenEventsArrived(t *testing.T) {
	f := begunBy(t, schema.RulesV3)
	src := event.Source{Terminal: 1, Comune: 1, Channel: schema.ChannelWeb, Scale: schema.ScaleStars5, Ingested: nine + 5}
	b := event.Batch{Source: src, Memory: event.MemoryForm, Votes: []event.Vote{{At: nine, Value: 1}}}
	r := event.Counters{Source: src, At: nine, MostAMinute: 1}
	r.Ingested++
	is := func(value []byte, want schema.Instant) {
		t.Helper()
		apply(t, f, &schema.Record{Value: value})
		if got := f.Ingested(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	is(b.Append(nil), nine+5)
	is(r.Append(nil), nine+6)
	is([]byte{1 << 3, byte(event.Votes)}, 0)
}

// numbers returns them as a checkpoint has them.
func numbers(n ...uint64) (text []byte) {
	for _, n := range n {
		text = binary.AppendUvarint(text, n)
	}
	return text
}

func terminal(n byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, n} }

// green is the content of a green face.
const green = 1<<4 | 3

func stateOfKey(apart uint64, content byte, n int) []byte {
	k := numbered(n)
	return slices.Concat(numbers(apart), []byte{content}, k[:])
}

func stateOfSource(n byte, memory, floor uint64, keys ...[]byte) []byte {
	return slices.Concat(terminal(n), numbers(memory, floor, uint64(len(keys))), slices.Concat(keys...))
}

func stateOfEpoch(n byte, frame, at, green uint64) []byte {
	return slices.Concat([]byte{n}, make([]byte, 15), numbers(frame, at, 0, 0, green, 0, 0))
}

// over is the list of epochs that have ended, by the first bytes of their names.
func over(n ...byte) (text []byte) {
	text = numbers(uint64(len(n)))
	for _, n := range n {
		text = append(text, n, 0, 0, 0, 0, 0, 0, 0)
	}
	return text
}

func stateOfDevice(n byte, newest uint64, ended []byte, epochs ...[]byte) []byte {
	return slices.Concat(terminal(n), numbers(newest), ended, numbers(uint64(len(epochs))), slices.Concat(epochs...))
}

func list(items ...[]byte) []byte {
	return slices.Concat(numbers(uint64(len(items))), slices.Concat(items...))
}

// stateWithout returns the state of an empty log of rules 3 up to its sources.
func stateWithout(t *testing.T) []byte {
	begun := begunBy(t, schema.RulesV3).AppendState(nil)
	return begun[:len(begun)-3] // Log's time, sources, devices: none.
}

// TestStateOfEvents fixes what a checkpoint has of sources without state.
func TestStateOfEvents(t *testing.T) {
	f := begunBy(t, schema.RulesV3)
	src := event.Source{Terminal: 2, Slot: 1, Comune: 1, Channel: schema.ChannelWeb, Scale: schema.ScaleMLF3, Test: true, Ingested: nine}
	b := event.Batch{Source: src, Memory: event.MemoryCall, Votes: []event.Vote{
		{Key: numbered(7), At: nine, Value: 3}, {Key: numbered(8), At: nine + 5, Value: 1}, {Key: numbered(6), At: nine, Value: 2}, {Key: numbered(9), At: nine + 7, Value: 3},
	}}
	apply(t, f, &schema.Record{Value: b.Append(nil)})
	b.Memory, b.Votes = event.MemoryForm, b.Votes[:1]
	apply(t, f, &schema.Record{Value: b.Append(nil)})
	b.Terminal = 1
	apply(t, f, &schema.Record{Value: b.Append(nil)})
	r := event.Counters{Source: src, Since: nine, MostAMinute: 60}
	for i := range byte(fold.EpochsKept + 2) {
		r.Epoch[0], r.Frame, r.At, r.Values[2] = 10-i, uint64(i), nine-schema.Instant(i), 3
		apply(t, f, &schema.Record{Value: r.Append(nil)})
	}
	r.Terminal = 1
	apply(t, f, &schema.Record{Value: r.Append(nil)})
	now := uint64(nine)
	var kept [][]byte
	for i := uint64(2); i < fold.EpochsKept+2; i++ {
		kept = append(kept, stateOfEpoch(byte(10-i), i, now-i, 3))
	}
	want := slices.Concat(numbers(now), list(
		stateOfSource(1, 1, 0, stateOfKey(now, green, 7)),
		stateOfSource(2, 1, 0, stateOfKey(now, green, 7)),
		stateOfSource(2, 3, 0, stateOfKey(now, green-1, 6), stateOfKey(0, green, 7), stateOfKey(5, green-2, 8), stateOfKey(2, green, 9)),
	), list(
		stateOfDevice(1, now-9, over(), stateOfEpoch(1, 9, now-9, 3)),
		stateOfDevice(2, now, over(9, 10), kept...),
	))
	state := f.AppendState(nil)
	if !bytes.HasSuffix(state, want) {
		t.Errorf("got\n%x\nwant at the end\n%x", state, want)
	}
	again, err := fold.ReadState(state)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.AppendState(nil); !bytes.Equal(got, state) {
		t.Errorf("written again: got\n%x\nwant\n%x", got, state)
	}
}

// TestOpenRefusesEvents: what can be read, and no log has, of sources without state.
func TestOpenRefusesEvents(t *testing.T) {
	head := stateWithout(t)
	f := func(what, want string, sources, devices []byte) {
		t.Helper()
		_, err := fold.ReadState(slices.Concat(head, numbers(uint64(nine)), sources, devices))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want an error that says %q", what, err, want)
		}
	}
	now, ahead := uint64(nine), uint64(schema.VoteAheadMax)
	none := list()
	good := stateOfKey(now, green, 1)
	f("sources", "", list(stateOfSource(1, 1, 0, good), stateOfSource(1, 2, now, good), stateOfSource(2, 1, 5)), none)
	f("order of terminals", "out of order", list(stateOfSource(2, 1, 0, good), stateOfSource(1, 1, 0, good)), none)
	f("order of memories", "out of order", list(stateOfSource(1, 2, 0, good), stateOfSource(1, 1, 0, good)), none)
	f("a source twice", "out of order", list(stateOfSource(1, 1, 0, good), stateOfSource(1, 1, 0, good)), none)
	f("no memory", "is no source", list(stateOfSource(1, 0, 0, good)), none)
	f("a memory that nobody knows", "no number up to", list(stateOfSource(1, 4, 0, good)), none)
	f("nothing of a source", "0 keys", list(stateOfSource(1, 1, 0)), none)
	f("the last that may be ahead", "", list(stateOfSource(1, 1, 0, stateOfKey(now+ahead, green, 1))), none)
	f("a key ahead", "out of range or order", list(stateOfSource(1, 1, 0, stateOfKey(now+ahead+1, green, 1))), none)
	f("a key that was forgotten", "out of range or order", list(stateOfSource(1, 1, now+1, good)), none)
	f("a voided vote", "out of range or order", list(stateOfSource(1, 1, 0, stateOfKey(now, 0, 1))), none)
	f("a content that is none", "out of range or order", list(stateOfSource(1, 1, 0, stateOfKey(now, 0xff, 1))), none)
	f("keys of one time", "", list(stateOfSource(1, 1, 0, good, stateOfKey(0, green, 2))), none)
	f("order of keys", "out of range or order", list(stateOfSource(1, 1, 0, stateOfKey(now, green, 2), stateOfKey(0, green, 1))), none)
	f("a key twice in a row", "out of range or order", list(stateOfSource(1, 1, 0, good, stateOfKey(0, green, 1))), none)
	f("a key twice", "of them different", list(stateOfSource(1, 1, 0, stateOfKey(now-1, green, 1), stateOfKey(1, green, 1))), none)

	e := stateOfEpoch(1, 1, now, 3)
	f("devices", "", none, list(stateOfDevice(1, now, over(), e), stateOfDevice(2, now+1, over(3, 3, 4), e, stateOfEpoch(2, 0, 0, 0))))
	f("order of devices", "out of order", none, list(stateOfDevice(2, now, over(), e), stateOfDevice(1, now, over(), e)))
	f("a device twice", "out of order", none, list(stateOfDevice(1, now, over(), e), stateOfDevice(1, now, over(), e)))
	f("order of those that are over", "is out of order", none, list(stateOfDevice(1, now, over(4, 3), e)))
	f("no epoch", "0 epochs", none, list(stateOfDevice(1, now, over(1, 2, 3, 4, 5))))
	var kept [][]byte
	for n := range byte(fold.EpochsKept + 1) {
		kept = append(kept, stateOfEpoch(n, 1, now, 3))
	}
	f("as many as may rise", "", none, list(stateOfDevice(1, now, over(), kept[1:]...)))
	f("one too many that may rise", "9 epochs", none, list(stateOfDevice(1, now, over(), kept...)))
	many := make([]byte, fold.EpochsEnded+1)
	f("as many as may be", "", none, list(stateOfDevice(1, now, over(many[1:]...), kept[1:]...)))
	f("one too many", "4097 that have ended", none, list(stateOfDevice(1, now, over(many...), kept[1:]...)))
	f("an epoch twice", "comes twice", none, list(stateOfDevice(1, now, over(), e, e)))
	f("newer than the newest", "newer than the newest", none, list(stateOfDevice(1, now-1, over(), e)))
	f("a count too high", "no number up to", none, list(stateOfDevice(1, now, over(), stateOfEpoch(1, 1, now, event.CountMax+1))))
	f("a frame too high", "no number up to", none, list(stateOfDevice(1, now, over(), stateOfEpoch(1, event.CountMax+1, now, 1))))
}
