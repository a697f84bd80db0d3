package fold_test

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mlf/aggregate/fold"
	"mlf/aggregate/store/model"
	"mlf/schema"
)

// TestSpansAreASet holds the spans to a set of numbers.
func TestSpansAreASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s fold.Spans
		model := make(map[schema.Seq]bool)
		near := schema.Seq(rapid.SampledFrom([]uint64{1, 1000, uint64(schema.SeqMax) - 60}).Draw(t, "near"))
		for range rapid.IntRange(0, 120).Draw(t, "adds") {
			q := near + schema.Seq(rapid.IntRange(0, 60).Draw(t, "seq"))
			want := fold.MarkNew
			if model[q] {
				want = fold.MarkSeen
			}
			if got := s.Add(q); got != want {
				t.Fatalf("add %d: got %v, want %v", q, got, want)
			}
			model[q] = true
		}
		var end schema.Seq
		for i, sp := range s {
			if sp.First >= sp.Next || i > 0 && sp.First <= end {
				t.Fatalf("spans %v: the %d-th is empty, or not apart from the one before", s, i)
			}
			for q := sp.First; q < sp.Next; q++ {
				if !model[q] {
					t.Fatalf("spans %v hold %d, which was never added", s, q)
				}
				delete(model, q)
			}
			end = sp.Next
		}
		if len(model) > 0 {
			t.Fatalf("spans %v do not hold %v", s, model)
		}
	})
}

// TestCutsDoNotMatter: wherever a count is cut, into flushes, and into workers
// that go on from a checkpoint, its rows merge to the same, and its state is the
// same byte by byte.
func TestCutsDoNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rules := schema.Rules(rapid.IntRange(1, int(fold.RulesMax)).Draw(rt, "rules"))
		recs := drawRecords(rt, rules)
		whole := begunBy(t, rules)
		for i := range recs {
			apply(t, whole, &recs[i])
		}
		want := model.New()
		merge(want, whole)
		_, state := checkpoint(t, whole)

		cut, got := begunBy(t, rules), model.New()
		var saved *fold.Fold
		for i := range recs {
			switch rapid.SampledFrom([]string{"go on", "go on", "flush", "take over", "step back"}).Draw(rt, "cut") {
			case "flush":
				merge(got, cut)
			case "take over": // Rows first, then the checkpoint, then the next worker.
				merge(got, cut)
				cut = reopened(t, cut)
				saved = reopened(t, cut)
			case "step back": // Another worker, somewhere behind, sees the same records.
				if saved != nil {
					merge(got, saved)
				}
			}
			apply(t, cut, &recs[i])
			if saved != nil && saved.Next() <= schema.Offset(i) {
				apply(t, saved, &recs[saved.Next()-1])
			}
		}
		merge(got, cut)
		if _, again := checkpoint(t, cut); !bytes.Equal(again, state) {
			rt.Fatal("the states differ")
		}
		if cut.Chain() != whole.Chain() {
			rt.Fatal("the chains differ")
		}
		for _, m := range got.Marks { // The offset of a state that has not changed may be any later one.
			w := want.Marks[model.MarkKey{Terminal: m.Terminal, Stream: m.Stream}]
			if m.Highest != w.Highest || !slices.Equal(m.Missing, w.Missing) {
				rt.Fatalf("watermark: got %+v, want %+v", m, w)
			}
		}
		maps.DeleteFunc(got.Ledger, func(k model.LedgerKey, _ schema.LedgerRow) bool {
			return k.Chain == (schema.Chain{}) && len(got.Chains(k.Partition, k.Segment)) > 0 // Its open row was written before.
		})
		got.Marks, want.Marks = nil, nil
		if a := got.Present(0); a.Next != whole.Next() {
			rt.Fatalf("%+v: %d records were counted", a, whole.Next())
		} else if from, since := a.KnownSince(); from != 0 || since != 0 {
			rt.Fatalf("%+v is known from %d, since %d: want from the beginning", a, from, since)
		}
		got.Runs, want.Runs = nil, nil
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("got %+v\nwant %+v", got, want)
		}
	})
}

// merge writes what f has to tell into a store.
func merge(to *model.Tables, f *fold.Fold) {
	var rows fold.Rows
	f.Drain(&rows)
	for _, r := range rows.Rollups {
		to.Rollup(r)
	}
	for _, r := range rows.Ledger {
		to.Account(r)
	}
	for _, m := range rows.Watermarks {
		to.Mark(m)
	}
	for _, d := range rows.Days {
		to.Day(d)
	}
}

func drawRecords(t *rapid.T, rules schema.Rules) []schema.Record {
	vote := rapid.Custom(func(t *rapid.T) schema.Vote {
		v := schema.Vote{
			Seq:       schema.Seq(rapid.IntRange(1, 600).Draw(t, "seq")),
			At:        nine + schema.Instant(rapid.IntRange(0, 20).Draw(t, "second"))*1000,
			Service:   schema.ServiceID(rapid.IntRange(0, 2).Draw(t, "service")),
			Value:     schema.Value(rapid.IntRange(0, 3).Draw(t, "value")),
			LateClock: rapid.IntRange(0, 9).Draw(t, "late") == 0,
		}
		if rapid.IntRange(0, 2).Draw(t, "walled") == 0 {
			v.Wall = nine + schema.Instant(rapid.IntRange(-20_000, 20_000).Draw(t, "wall"))
		}
		if rapid.IntRange(0, 20).Draw(t, "far") == 0 {
			v.At += schema.Instant(rapid.IntRange(-1, 1).Draw(t, "years")) * 2 * 365 * 24 * 3_600_000
		}
		if v.Value != schema.Voided {
			v.Reason = schema.Reason(rapid.IntRange(0, int(schema.ReasonMax)).Draw(t, "reason"))
		}
		return v
	})
	record := rapid.Custom(func(t *rapid.T) schema.Record {
		if rules >= schema.RulesV3 && rapid.IntRange(0, 2).Draw(t, "event") == 0 {
			return drawEvent(t)
		}
		h := counter()
		h.Terminal = schema.TerminalID(rapid.IntRange(0, 2).Draw(t, "terminal"))
		h.Stream = schema.StreamID(rapid.IntRange(0, 1).Draw(t, "stream"))
		h.Channel = schema.Channel(1 + h.Terminal)
		h.Ingested += schema.Instant(rapid.IntRange(0, 9).Draw(t, "ingested"))
		switch rapid.IntRange(0, 40).Draw(t, "kind") {
		case 0:
			return control(schema.Rules(rapid.IntRange(1, int(fold.RulesMax)).Draw(t, "new rules")), 0, 1)
		case 1, 2: // More spans than a stream may have, after a few of them.
			first := rapid.IntRange(1, 20).Draw(t, "first")
			return schema.Record{Value: batch(h, seqsFrom(first+2000*rapid.IntRange(0, 9).Draw(t, "part"), schema.BatchVotesMax, 2)...)}
		}
		value := batch(h, rapid.SliceOfN(vote, 1, 12).Draw(t, "votes")...)
		if rapid.IntRange(0, 30).Draw(t, "garbage") == 0 {
			value = value[1:]
		}
		return schema.Record{Value: value}
	})
	return rapid.SliceOfN(record, 0, 40).Draw(t, "records")
}

func checkpoint(t testing.TB, f *fold.Fold) (schema.CheckpointInfo, []byte) {
	t.Helper()
	info, payload, err := f.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	return info, payload
}

// reopened returns the fold that goes on from f's checkpoint.
func reopened(t testing.TB, f *fold.Fold) *fold.Fold {
	t.Helper()
	_, payload := checkpoint(t, f)
	g, err := fold.Open(payload)
	if err != nil {
		t.Fatal(err)
	}
	if g.Dirty() != 0 || g.Next() != f.Next() || g.Chain() != f.Chain() {
		t.Fatalf("reopened at %d with %d dirty rows, want %d with none", g.Next(), g.Dirty(), f.Next())
	}
	return g
}

// TestOpenRefuses what is no checkpoint, or one cut short anywhere.
func TestOpenRefuses(t *testing.T) {
	for r := schema.RulesV1; r <= fold.RulesMax; r++ {
		state := sampleStateBy(t, r)
		if _, err := fold.ReadState(state); err != nil {
			t.Fatal(err)
		}
		for n := range state {
			if _, err := fold.ReadState(state[:n]); err == nil {
				t.Errorf("rules %d: a state cut after %d of %d bytes was accepted", r, n, len(state))
			}
		}
		if _, err := fold.ReadState(append(bytes.Clone(state), 0)); err == nil {
			t.Errorf("rules %d: a byte too many was accepted", r)
		}
	}
	for _, payload := range []string{"", "mlfc", "mlfc\x01", "mlfc\x02rest", "mlfc\x03rest", "mlfc\x04rest", "mlfd\x01rest", "mlfc\x01rest"} {
		if _, err := fold.Open([]byte(payload)); err == nil {
			t.Errorf("%q was accepted", payload)
		}
	}
}

// TestOpenRefusesAnAccountOfOtherVotes: every number can be read and the
// account is balanced, but the cells do not hold what it says.
func TestOpenRefusesAnAccountOfOtherVotes(t *testing.T) {
	f := begun(t)
	rec := schema.Record{Value: batch(counter(), schema.Vote{Seq: 1, At: nine, Value: schema.Green})}
	apply(t, f, &rec)
	state := f.AppendState(nil)
	// Six numbers of one byte, log id, chain, two hashes, then the account:
	// records, votes_in, counted.
	const account = 6 + 16 + 32 + 2*32
	if got := state[account : account+3]; !bytes.Equal(got, []byte{2, 1, 1}) {
		t.Fatalf("got %v where the account should be, want 2 records, 1 vote in, 1 counted", got)
	}
	state[account+1]++
	state[account+2]++
	if _, err := fold.ReadState(state); err == nil {
		t.Error("an account of two votes was accepted with cells of one")
	}
}

// sampleState returns the state of a fold that has a bit of everything.
func sampleState(t testing.TB) []byte { return sampleStateBy(t, schema.RulesV1) }

// sampleStateBy is sampleState by rules r; by rules 2 with gaps that were closed.
func sampleStateBy(t testing.TB, r schema.Rules) []byte {
	f := begunBy(t, r)
	recs := country(2, 3, 40)
	h := counter()
	h.Office = ""
	recs = append(recs,
		schema.Record{Value: []byte("?")},
		schema.Record{Value: batch(h, schema.Vote{Seq: 9, At: nine}, schema.Vote{Seq: 300, At: nine, Value: 2, Wall: nine + 3000}, schema.Vote{Seq: 9, At: nine, Value: 1})})
	if r >= schema.RulesV2 {
		h.Stream = 2
		for part := range 5 {
			recs = append(recs, schema.Record{Value: batch(h, seqsFrom(2+2000*part, schema.BatchVotesMax, 2)...)})
		}
	}
	if r >= schema.RulesV3 {
		recs = append(recs, sampleEvents()...)
	}
	for i := range recs {
		apply(t, f, &recs[i])
	}
	return f.AppendState(nil)
}

// FuzzReadState: no state can make the reader panic, and what it accepts is
// written again byte by byte, and counts on.
func FuzzReadState(f *testing.F) {
	f.Add([]byte{})
	f.Add(begun(f).AppendState(nil))
	f.Add(sampleState(f))
	f.Add(sampleStateBy(f, schema.RulesV2))
	f.Add(sampleStateBy(f, schema.RulesV3))
	next := schema.Record{Value: batch(counter(), schema.Vote{Seq: 41, At: nine, Value: 1, Reason: 2}, schema.Vote{Seq: 1, At: nine, Value: 3})}
	f.Fuzz(func(t *testing.T, state []byte) {
		sum, err := fold.ReadState(state)
		if err != nil {
			return
		}
		if again := sum.AppendState(nil); !bytes.Equal(again, state) {
			t.Fatalf("got\n%x, want\n%x", again, state)
		}
		apply(t, sum, &next)
		if sum.Identity().Rules >= schema.RulesV3 {
			for _, rec := range sampleEvents() {
				apply(t, sum, &rec)
			}
		}
		var rows fold.Rows
		sum.Drain(&rows)
	})
}

// FuzzOpen: no payload can make the reader panic.
func FuzzOpen(f *testing.F) {
	_, payload := checkpoint(f, begun(f))
	f.Add(payload)
	f.Add([]byte("mlfc\x01"))
	f.Fuzz(func(_ *testing.T, payload []byte) {
		_, _ = fold.Open(payload)
	})
}
