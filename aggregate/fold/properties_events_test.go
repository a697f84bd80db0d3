package fold_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mlf/aggregate/fold"
	"mlf/schema"
	"mlf/schema/event"
)

const minute = 60_000

// drawEvent draws a record of a source without state.
func drawEvent(t *rapid.T) schema.Record {
	h := counter()
	src := event.Source{
		Terminal: schema.TerminalID(rapid.IntRange(0, 1).Draw(t, "source")), Comune: h.Comune, Office: h.Office,
		Scale:   rapid.SampledFrom([]schema.Scale{schema.ScaleMLF3, schema.ScaleStars5}).Draw(t, "scale"),
		Channel: schema.ChannelWeb, Ingested: h.Ingested + schema.Instant(rapid.IntRange(0, 40).Draw(t, "minute"))*minute,
		Test: rapid.IntRange(0, 9).Draw(t, "test") == 0,
	}
	var value []byte
	if rapid.Bool().Draw(t, "counters") {
		r := event.Counters{
			Source: src, At: src.Ingested - schema.Instant(rapid.IntRange(0, 150).Draw(t, "late"))*minute, Since: nine - minute,
			Epoch: event.Epoch{byte(rapid.IntRange(1, 12).Draw(t, "epoch"))}, Frame: rapid.Uint64Range(0, 5).Draw(t, "frame"),
			MostAMinute: 10, Carried: rapid.Bool().Draw(t, "carried"), Wraps: rapid.Bool().Draw(t, "wraps"), Restart: rapid.IntRange(0, 5).Draw(t, "restart") == 0,
		}
		r.FromZero = r.Carried && rapid.Bool().Draw(t, "from zero")
		for i := range r.Scale.Max() {
			if !r.Restart {
				r.Values[i] = rapid.SampledFrom([]uint64{0, 1, 30, 65530}).Draw(t, "count")
				if !r.Wraps && rapid.IntRange(0, 3).Draw(t, "long") == 0 {
					r.Values[i] += event.WrapAt
				}
			}
		}
		value = r.Append(nil)
	} else {
		b := event.Batch{Source: src, Memory: event.Memory(rapid.IntRange(1, 3).Draw(t, "memory"))}
		for range rapid.IntRange(1, 6).Draw(t, "votes") {
			b.Votes = append(b.Votes, event.Vote{
				Key: event.Key{byte(rapid.IntRange(0, 9).Draw(t, "key"))}, At: src.Ingested - schema.Instant(rapid.IntRange(-3, 20).Draw(t, "age"))*minute,
				Value: schema.Value(rapid.IntRange(1, 3).Draw(t, "value")), LateClock: rapid.IntRange(0, 9).Draw(t, "late") == 0,
			})
		}
		value = b.Append(nil)
	}
	if rapid.IntRange(0, 30).Draw(t, "garbage") == 0 {
		value[len(value)-1]++
	}
	return schema.Record{Value: value}
}

// sampleEvents are records of sources without state, a bit of everything.
func sampleEvents() []schema.Record {
	src := event.Source{Terminal: 5, Comune: 58091, Office: "A", Channel: schema.ChannelWeb, Scale: schema.ScaleStars5, Ingested: nine}
	b := event.Batch{Source: src, Memory: event.MemoryRating, Votes: []event.Vote{
		{Key: event.Key{1}, At: nine - 1, Value: 5, Reason: schema.ReasonClear}, {Key: event.Key{2}, At: nine, Value: 1, LateClock: true}, {Key: event.Key{2}, At: nine, Value: 2},
	}}
	recs := []schema.Record{{Value: b.Append(nil)}}
	b.Memory = event.MemoryForm
	recs = append(recs, schema.Record{Value: b.Append(nil)}, schema.Record{Value: []byte{1 << 3, byte(event.Votes)}})
	r := event.Counters{Source: src, Since: nine - minute, At: nine, Epoch: event.Epoch{1}, Frame: 1, MostAMinute: 60}
	for range fold.EpochsKept + 2 {
		r.Epoch[0]++
		r.Values[4] = uint64(r.Epoch[0])
		recs = append(recs, schema.Record{Value: r.Append(nil)})
	}
	r.Terminal, r.Carried, r.Wraps = 6, true, true
	for range 3 {
		r.Epoch[0]++
		r.At++
		recs = append(recs, schema.Record{Value: r.Append(nil)})
	}
	return recs
}

// TestAVoteWithAKeyCountsOnce: whatever comes again, early, late or years after, a vote
// with a key is counted once at most, and a vote that comes in time is.
func TestAVoteWithAKeyCountsOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := begunBy(t, schema.RulesV3)
		memory := event.Memory(rapid.IntRange(1, 3).Draw(rt, "memory"))
		length := memory.Length()
		counted := make(map[event.Key]bool)
		now, clock := nine, schema.Instant(0)
		cast := make(map[event.Key]schema.Instant)
		for range rapid.IntRange(1, 60).Draw(rt, "records") {
			now += schema.Instant(rapid.Int64Range(0, int64(length)/4).Draw(rt, "pause"))
			key := event.Key{byte(rapid.IntRange(0, 20).Draw(rt, "key"))}
			if cast[key] == 0 {
				cast[key] = now - schema.Instant(rapid.Int64Range(-2*minute, int64(length)/2).Draw(rt, "age"))
			}
			b := event.Batch{Source: event.Source{Terminal: 1, Comune: 1, Channel: schema.ChannelWeb, Scale: schema.ScaleStars5}, Memory: memory}
			b.Ingested = now - schema.Instant(rapid.IntRange(0, 1000).Draw(rt, "skew"))
			b.Votes = []event.Vote{{Key: key, At: cast[key], Value: 4}}
			clock = max(clock, b.Ingested)
			if rapid.IntRange(0, 5).Draw(rt, "take over") == 0 {
				f = reopened(t, f)
			}
			before := f.Total()
			apply(t, f, &schema.Record{Value: b.Append(nil)})
			after := f.Total()
			switch news, inTime := after.Counted > before.Counted, cast[key] >= clock-length && cast[key] <= b.Ingested+schema.VoteAheadMax; {
			case news && counted[key]:
				rt.Fatalf("key %d counts twice", key[0])
			case inTime && !news && !counted[key]:
				rt.Fatalf("key %d, %d ms old, does not count", key[0], now-cast[key])
			case news:
				counted[key] = true
			}
		}
	})
}

// TestASourceForgetsTheOlderHalf: with more keys than may be kept, the oldest are
// forgotten, and no vote of their time is taken any more: still none counts twice.
func TestASourceForgetsTheOlderHalf(t *testing.T) {
	f := begunBy(t, schema.RulesV3)
	send := func(first, n int, at schema.Instant) schema.Tally {
		t.Helper()
		before := f.Total()
		b := event.Batch{Source: event.Source{Terminal: 1, Comune: 1, Channel: schema.ChannelWeb, Scale: schema.ScaleStars5, Ingested: max(at, nine)}, Memory: event.MemoryRating}
		for i := range n {
			v := event.Vote{At: at, Value: 5}
			binary.BigEndian.PutUint64(v.Key[:], uint64(first+i))
			b.Votes = append(b.Votes, v)
			if len(b.Votes) == schema.BatchVotesMax || i == n-1 {
				apply(t, f, &schema.Record{Value: b.Append(nil)})
				b.Votes = b.Votes[:0]
			}
		}
		after := f.Total()
		return schema.Tally{Counted: after.Counted - before.Counted, Duplicates: after.Duplicates - before.Duplicates, Quarantined: after.Quarantined - before.Quarantined}
	}
	const half = fold.KeysMax / 2
	is := func(what string, got, want schema.Tally) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %+v, want %+v", what, got, want)
		}
	}
	is("the first half", send(0, half, nine), schema.Tally{Counted: half})
	is("the second half", send(half, half, nine+minute), schema.Tally{Counted: half})
	is("all of them again", send(0, half, nine), schema.Tally{Duplicates: half})
	is("one more", send(2*half, 1, nine+2*minute), schema.Tally{Counted: 1})
	f = reopened(t, f)
	is("the oldest again", send(0, 1, nine), schema.Tally{Quarantined: 1})
	is("one of their time, that never came", send(2*half+1, 1, nine), schema.Tally{Quarantined: 1})
	is("one of those after them again", send(half, 1, nine+minute), schema.Tally{Duplicates: 1})
	is("the one more again", send(2*half, 1, nine+2*minute), schema.Tally{Duplicates: 1})
	is("what comes now", send(2*half+2, 1, nine+3*minute), schema.Tally{Counted: 1})
}

// A press counter: a device whose counters go on, wrap, and begin anew.
type presses struct {
	session event.Epoch
	frame   uint64
	start   int // How often it was without power.
	values  [3]uint64
	since   [3]uint64 // In this start.
}

// A frame is what a device sends.
type frame struct {
	event.Counters
	rank  int // Of all frames, in the order in which they were sent.
	start int
	since [3]uint64
}

// drawFrames draws the life of a device: frames as they were sent, what was pressed, and
// whether a session began where counters may wrap: that may be taken for a start.
func drawFrames(t *rapid.T, carried bool) (frames []frame, pressed uint64, hidden bool) {
	var p presses
	for i := range p.values {
		if carried {
			p.values[i] = rapid.SampledFrom([]uint64{0, 7, 65500}).Draw(t, "first")
		}
	}
	p.session[0] = 1
	at := nine
	most := rapid.SampledFrom([]uint32{60, event.MostAMinuteMax}).Draw(t, "believed")
	for n := range rapid.IntRange(1, 30).Draw(t, "frames") {
		at += minute * schema.Instant(rapid.IntRange(1, 300).Draw(t, "minutes"))
		restart := false
		switch rapid.IntRange(0, 9).Draw(t, "life") {
		case 0: // Without power; its counters begin anew, and so does its session.
			p.session[0]++
			p.frame, p.values, p.since, restart = 0, [3]uint64{}, [3]uint64{}, carried
			p.start++
		case 1: // A session anew, where there are any.
			if carried {
				p.session[0]++
				p.frame = 0
				hidden = hidden || slices.Max(p.values[:]) >= event.WrapAt/2
			}
		}
		if !restart {
			for i := range p.values {
				more := rapid.Uint64Range(0, 15).Draw(t, "pressed")
				p.values[i] += more
				p.since[i] += more
				pressed += more
			}
		}
		p.frame++
		f := frame{rank: n, start: p.start, since: p.since}
		f.Counters = event.Counters{
			Source: event.Source{Terminal: 1, Comune: 1, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3},
			Since:  nine, At: at, Epoch: p.session, Frame: p.frame, Restart: restart, MostAMinute: most, Carried: carried, Wraps: carried,
		}
		for i, v := range p.values {
			f.Values[i] = v
			if carried {
				f.Values[i] = v % event.WrapAt
			}
		}
		frames = append(frames, f)
	}
	return frames, pressed, hidden
}

// drawArrivals has frames lost, doubled and late. Where marks arrive, those that say that
// the device started anew come first of their session, if late.
func drawArrivals(t *rapid.T, frames []frame, marks bool) []frame {
	type arrival struct {
		frame
		at int
	}
	var all []arrival
	for _, f := range frames {
		mark := marks && f.Restart
		if !mark && rapid.IntRange(0, 3).Draw(t, "lost") == 0 {
			continue
		}
		for range rapid.IntRange(1, 2).Draw(t, "times") {
			late := 0
			if !mark && rapid.IntRange(0, 3).Draw(t, "late") == 0 {
				late = rapid.IntRange(1, 8).Draw(t, "by")
			}
			all = append(all, arrival{f, f.rank + late})
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return a.at - b.at })
	var arrived []frame
	now := nine
	for _, a := range all {
		now = max(now, a.At)
		a.Ingested = now
		arrived = append(arrived, a.frame)
	}
	return arrived
}

// TestCountersNeverCountMoreThanWasPressed: whatever is lost, doubled or late, wraps or
// begins anew. Where no mark of a start is lost, and no session begins beside counters that
// wrap, the count is exact up to the last frame that came before any that was sent later.
func TestCountersNeverCountMoreThanWasPressed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		marks := rapid.Bool().Draw(rt, "marks arrive")
		frames, pressed, hidden := drawFrames(rt, true)
		arrived := drawArrivals(rt, frames, marks)
		f := begunBy(t, schema.RulesV3)
		var want, base uint64
		newest := -1
		var of [31]uint64 // By start, as of the newest frame that came in order.
		for i := range arrived {
			a := &arrived[i]
			apply(t, f, &schema.Record{Value: a.Append(nil)})
			if a.rank > newest {
				if newest < 0 {
					base = a.since[0] + a.since[1] + a.since[2]
				}
				newest = a.rank
				of[a.start] = a.since[0] + a.since[1] + a.since[2]
			}
			if f.Total().Counted > pressed {
				rt.Fatalf("counted %d of %d", f.Total().Counted, pressed)
			}
		}
		for _, n := range of {
			want += n
		}
		if want -= base; marks && !hidden && f.Total().Counted != want {
			rt.Fatalf("counted %d, want %d", f.Total().Counted, want)
		}
	})
}

// TestEpochsFromZeroAreExact: in any order, the count of a device whose counters begin
// at 0 in each epoch is what the last frame of each that arrived says.
func TestEpochsFromZeroAreExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		frames, pressed, _ := drawFrames(rt, false)
		arrived := drawArrivals(rt, frames, false)
		f := begunBy(t, schema.RulesV3)
		newest := make(map[event.Epoch]frame)
		for i := range arrived {
			a := arrived[i]
			apply(t, f, &schema.Record{Value: a.Append(nil)})
			if a.Frame > newest[a.Epoch].Frame {
				newest[a.Epoch] = a
			}
		}
		var want uint64
		for _, a := range newest {
			want += a.Values[0] + a.Values[1] + a.Values[2]
		}
		if got := f.Total().Counted; got != want || got > pressed {
			rt.Fatalf("counted %d of %d, want %d", got, pressed, want)
		}
	})
}
