package event_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/votepb"
)

const nine schema.Instant = 1_793_610_000_000 // 2026-11-02T09:00:00Z

func source() event.Source {
	return event.Source{
		Terminal: 0x0123456789abcdef, Slot: 517, Comune: 58091, Office: "EUR-1", Channel: schema.ChannelWeb, Scale: schema.ScaleStars5, Test: true, Ingested: nine,
	}
}

// votes are of all that a vote may be.
func votes() event.Batch {
	return event.Batch{Source: source(), Memory: event.MemoryRating, Votes: []event.Vote{
		{Key: event.Key{1, 2, 15: 16}, At: nine - 61_500, Service: 12, Value: 5, Reason: schema.ReasonNoTrouble},
		{Key: event.Key{}, At: 0, Value: 1, LateClock: true},
		{Key: event.Key{0xff}, At: schema.InstantMax, Service: 65535, Value: 3, Reason: schema.ReasonOther},
	}}
}

func reading() event.Counters {
	return event.Counters{
		Source: source(), Service: 12, Since: nine - 86_400_000, At: nine - 1100, Epoch: event.Epoch{7, 15: 9}, Frame: 150,
		Values: [schema.ValueMax]uint64{1, 16, 160, 35, 65535}, MostAMinute: 60, Carried: true, FromZero: true, Wraps: true,
	}
}

func extremes() event.Counters {
	r := event.Counters{Source: event.Source{Comune: 1, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3}, Frame: event.CountMax, MostAMinute: event.MostAMinuteMax, At: schema.InstantMax}
	r.Values[2] = event.CountMax
	return r
}

func restart() event.Counters {
	r := reading()
	r.Values, r.Restart = [schema.ValueMax]uint64{}, true
	return r
}

func TestRecordsComeBack(t *testing.T) {
	b := votes()
	var gotB event.Batch
	if err := gotB.Decode(b.Append(nil)); err != nil || !reflect.DeepEqual(gotB, b) {
		t.Errorf("votes: got %+v, %v\nwant %+v", gotB, err, b)
	}
	for _, want := range []event.Counters{reading(), extremes(), restart()} {
		var got event.Counters
		if err := got.Decode(want.Append(nil)); err != nil || got != want {
			t.Errorf("reading: got %+v, %v\nwant %+v", got, err, want)
		}
	}
}

func TestKinds(t *testing.T) {
	b, r := votes(), reading()
	f := func(value []byte, want event.Kind) {
		t.Helper()
		if got := event.KindOf(value); got != want {
			t.Errorf("%x: got kind %d, want %d", value[:min(4, len(value))], got, want)
		}
	}
	f(b.Append(nil), event.Votes)
	f(r.Append(nil), event.Reading)
	f([]byte{8, 3}, event.Votes)
	f(nil, event.None)
	f([]byte{8}, event.None)
	f([]byte{16, 3}, event.None)
	f([]byte{8, 5}, event.None)
	h := schema.BatchHeader{Comune: 1, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3}
	stream := schema.AppendVoteBatch(nil, &h, []schema.Vote{{Seq: 1, Value: 1}})
	f(stream, event.None)
	var v schema.VoteBatch
	if err := v.Decode(b.Append(nil)); !errors.Is(err, schema.ErrFormat) {
		t.Errorf("who reads votes of streams alone: got %v, want %v", err, schema.ErrFormat)
	}
}

var update = flag.Bool("update", false, "rewrite the golden file in testdata") //nolint:gochecknoglobals // A flag must exist before main.

// TestGoldenRecords fixes the encodings of the log, byte by byte. -update is right only
// for a format that no log has yet.
func TestGoldenRecords(t *testing.T) {
	var text bytes.Buffer
	add := func(what string, record []byte) {
		fmt.Fprintf(&text, "# %s: %d bytes\n", what, len(record))
		for line := range slices.Chunk(record, 32) {
			fmt.Fprintf(&text, "%x\n", line)
		}
	}
	b, r, e, s := votes(), reading(), extremes(), restart()
	add("three votes with keys", b.Append(nil))
	add("a reading", r.Append(nil))
	add("a reading at the ends of its ranges", e.Append(nil))
	add("a device that started anew", s.Append(nil))
	file := filepath.Join("testdata", "records.golden")
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", text.Bytes(), want)
	}
}

// again returns the record of m, which change has changed.
func again[M proto.Message](t *testing.T, record []byte, m M, change func(M)) []byte {
	t.Helper()
	body, err := schema.CutChecksum(record)
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(body, m); err != nil {
		t.Fatal(err)
	}
	change(m)
	out, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return schema.AppendChecksum(out, 0)
}

// TestVotesRefusals: what ingest does not write is refused whole.
func TestVotesRefusals(t *testing.T) {
	good := votes()
	record := good.Append(nil)
	f := func(what string, change func(m *votepb.KeyedVotes)) {
		t.Helper()
		var b event.Batch
		if err := b.Decode(again(t, record, new(votepb.KeyedVotes), change)); !errors.Is(err, schema.ErrUndecodable) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	var same event.Batch
	if err := same.Decode(again(t, record, new(votepb.KeyedVotes), func(*votepb.KeyedVotes) {})); err != nil {
		t.Fatal(err)
	}
	f("format", func(m *votepb.KeyedVotes) { m.Format = 4 })
	f("no memory", func(m *votepb.KeyedVotes) { m.Memory = 0 })
	f("memory", func(m *votepb.KeyedVotes) { m.Memory = 4 })
	f("memory of another number", func(m *votepb.KeyedVotes) { m.Memory = 1<<8 | 1 })
	f("slot", func(m *votepb.KeyedVotes) { m.Slot = 1024 })
	f("slot of another number", func(m *votepb.KeyedVotes) { m.Slot = 1 << 16 })
	f("no comune", func(m *votepb.KeyedVotes) { m.Comune = 0 })
	f("comune", func(m *votepb.KeyedVotes) { m.Comune = 1_000_000 })
	f("office", func(m *votepb.KeyedVotes) { m.Office = "a b" })
	f("no channel", func(m *votepb.KeyedVotes) { m.Channel = 0 })
	f("channel", func(m *votepb.KeyedVotes) { m.Channel = 1<<8 | 1 })
	f("scale", func(m *votepb.KeyedVotes) { m.Scale = 4 })
	f("ingest time", func(m *votepb.KeyedVotes) { m.IngestedMs = -1 })
	f("ingest time alone", func(m *votepb.KeyedVotes) { m.IngestedMs, m.AtDelta[0] = -1, m.AtDelta[0]+int64(nine)+1 })
	f("ingest time after all", func(m *votepb.KeyedVotes) { m.IngestedMs = int64(schema.InstantMax) + 1 })
	f("a key cut", func(m *votepb.KeyedVotes) { m.Keys = m.Keys[1:] })
	f("a key too many", func(m *votepb.KeyedVotes) { m.Keys = append(m.Keys, make([]byte, 16)...) })
	f("a time too many", func(m *votepb.KeyedVotes) { m.AtDelta = append(m.AtDelta, 0) })
	f("time below 0", func(m *votepb.KeyedVotes) { m.AtDelta[1]-- })
	f("time that wraps", func(m *votepb.KeyedVotes) { m.AtDelta[2] = 1<<63 - 1 })
	f("time that wraps back", func(m *votepb.KeyedVotes) { m.AtDelta[0], m.AtDelta[1] = 1<<63-1, -1<<63+1 })
	f("a service too few", func(m *votepb.KeyedVotes) { m.Service = m.Service[1:] })
	f("service", func(m *votepb.KeyedVotes) { m.Service[0] = 1 << 16 })
	f("a voided vote", func(m *votepb.KeyedVotes) { m.Marks[0] &^= 7 })
	f("value beyond its scale", func(m *votepb.KeyedVotes) { m.Marks[0] |= 7 })
	f("no votes", func(m *votepb.KeyedVotes) { m.Keys, m.AtDelta, m.Marks, m.Service = nil, nil, nil, nil })
	f("too many votes", func(m *votepb.KeyedVotes) {
		const n = schema.BatchVotesMax + 1
		m.Keys, m.AtDelta, m.Marks, m.Service = make([]byte, 16*n), make([]int64, n), bytes.Repeat([]byte{1}, n), make([]uint32, n)
	})
	f("unknown field", func(m *votepb.KeyedVotes) { m.ProtoReflect().SetUnknown([]byte{0x98, 6, 1}) })
	everyBit(t, record, func(record []byte) error { return new(event.Batch).Decode(record) })
}

func TestReadingRefusals(t *testing.T) {
	good := reading()
	record := good.Append(nil)
	f := func(what string, change func(m *votepb.CounterReading)) {
		t.Helper()
		var r event.Counters
		if err := r.Decode(again(t, record, new(votepb.CounterReading), change)); !errors.Is(err, schema.ErrUndecodable) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	f("format", func(m *votepb.CounterReading) { m.Format = 3 })
	f("slot", func(m *votepb.CounterReading) { m.Slot = 1024 })
	f("service", func(m *votepb.CounterReading) { m.Service = 1 << 16 })
	f("epoch cut", func(m *votepb.CounterReading) { m.Epoch = m.Epoch[1:] })
	f("frame", func(m *votepb.CounterReading) { m.Frame = event.CountMax + 1 })
	f("a counter too few", func(m *votepb.CounterReading) { m.Counters = m.Counters[1:] })
	f("a counter too many", func(m *votepb.CounterReading) { m.Counters = append(m.Counters, 0) })
	f("a counter of more than 16 bits", func(m *votepb.CounterReading) { m.Counters[0] = 1 << 16 })
	f("a counter of more than 53 bits", func(m *votepb.CounterReading) { m.Wraps, m.Counters[0] = false, event.CountMax+1 })
	f("time below 0", func(m *votepb.CounterReading) { m.AtDelta = -int64(nine) - 1 })
	f("time that wraps", func(m *votepb.CounterReading) { m.AtDelta = 1<<63 - 1 })
	f("enrolled before 1970", func(m *votepb.CounterReading) { m.SinceMs = -1 })
	f("nothing is believed", func(m *votepb.CounterReading) { m.MostAMinute = 0 })
	f("anything is believed", func(m *votepb.CounterReading) { m.MostAMinute = event.MostAMinuteMax + 1 })
	f("from zero, and not carried", func(m *votepb.CounterReading) { m.Carried = false })
	f("unknown field", func(m *votepb.CounterReading) { m.ProtoReflect().SetUnknown([]byte{0x98, 6, 1}) })
	everyBit(t, record, func(record []byte) error { return new(event.Counters).Decode(record) })
}

// TestWhatCannotBeReadIsNotWritten: it would be acknowledged and never counted.
func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	f := func(what string, write func()) {
		t.Helper()
		defer func() {
			if said, _ := recover().(string); !strings.HasPrefix(said, "BUG: append") || !strings.Contains(said, "out of range") {
				t.Errorf("%s: got %q", what, said)
			}
		}()
		write()
	}
	keyed := func(what string, change func(b *event.Batch)) {
		t.Helper()
		b := votes()
		change(&b)
		f(what, func() { b.Append(nil) })
	}
	read := func(what string, change func(r *event.Counters)) {
		t.Helper()
		r := reading()
		change(&r)
		f(what, func() { r.Append(nil) })
	}
	keyed("slot", func(b *event.Batch) { b.Slot = schema.Slots })
	keyed("comune", func(b *event.Batch) { b.Comune = 1_000_000 })
	keyed("channel", func(b *event.Batch) { b.Channel = schema.ChannelDigital + 1 })
	keyed("no channel", func(b *event.Batch) { b.Channel = 0 })
	keyed("scale", func(b *event.Batch) { b.Scale = 0 })
	keyed("memory", func(b *event.Batch) { b.Memory = event.MemoryCall + 1 })
	keyed("a vote of before 1970", func(b *event.Batch) { b.Votes[1].At = -1 })
	keyed("a voided vote", func(b *event.Batch) { b.Votes[1].Value = 0 })
	keyed("reason", func(b *event.Batch) { b.Votes[1].Reason = schema.ReasonMax + 1 })
	keyed("nothing", func(b *event.Batch) { b.Votes = nil })
	read("slot", func(r *event.Counters) { r.Slot = schema.Slots })
	read("a counter that its scale does not have", func(r *event.Counters) { r.Scale = schema.ScaleMLF3 })
	read("a start with counts", func(r *event.Counters) { r.Restart = true })
	read("a frame too high", func(r *event.Counters) { r.Frame = event.CountMax + 1 })
}

// everyBit checks that a record with any one bit flipped, or cut anywhere, is refused.
func everyBit(t *testing.T, record []byte, decode func([]byte) error) {
	t.Helper()
	for i := range record {
		if decode(record[:i]) == nil {
			t.Errorf("cut after %d bytes: accepted", i)
		}
		for bit := range 8 {
			flipped := bytes.Clone(record)
			flipped[i] ^= 1 << bit
			if decode(flipped) == nil {
				t.Errorf("bit %d of byte %d: accepted", bit, i)
			}
		}
	}
}

// FuzzVotes: no record can make the reader panic, and what it accepts is written again as
// what reads the same.
func FuzzVotes(f *testing.F) {
	b := votes()
	body, _ := schema.CutChecksum(b.Append(nil))
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, again event.Batch
		if got.Decode(schema.AppendChecksum(bytes.Clone(body), 0)) != nil {
			return
		}
		if err := again.Decode(got.Append(nil)); err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("got %+v, %v\nwant %+v", again, err, got)
		}
	})
}

// FuzzReading is FuzzVotes of readings.
func FuzzReading(f *testing.F) {
	for _, r := range []event.Counters{reading(), extremes(), restart()} {
		body, _ := schema.CutChecksum(r.Append(nil))
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, again event.Counters
		if got.Decode(schema.AppendChecksum(bytes.Clone(body), 0)) != nil {
			return
		}
		if err := again.Decode(got.Append(nil)); err != nil || got != again {
			t.Errorf("got %+v, %v\nwant %+v", again, err, got)
		}
	})
}
