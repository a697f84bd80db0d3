package fold_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// TestWhoIsWatchedCountsTheSame: what is told of a stream is what its votes came to in
// the account and in the cells, and telling changes nothing.
func TestWhoIsWatchedCountsTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rules := schema.Rules(rapid.IntRange(1, int(fold.RulesMax)).Draw(rt, "rules"))
		recs := drawRecords(rt, rules)
		plain, seen := begunBy(t, rules), begunBy(t, rules)
		var b schema.VoteBatch
		var told, of schema.Tally
		cells := make(map[schema.Cell]uint64)
		seen.Watch(1, 1, func(h *schema.BatchHeader, v fold.Verdict) {
			if h.Terminal != 1 || h.Stream != 1 {
				rt.Fatalf("told of terminal %d, stream %d", h.Terminal, h.Stream)
			}
			told.Add(tallyOf(v.Fate))
			if (v.Fate == fold.Quarantined) != (v.Why != 0) {
				rt.Fatalf("%v for the reason %q", v.Fate, v.Why)
			}
			if v.Fate == fold.Counted {
				cells[v.Cell]++
			}
		})
		for i := range recs {
			before := seen.Total()
			apply(t, plain, &recs[i])
			apply(t, seen, &recs[i])
			if b.Decode(recs[i].Value) == nil && len(recs[i].Key) == 0 && b.Terminal == 1 && b.Stream == 1 {
				after := seen.Total()
				of.Add(schema.Tally{
					VotesIn: after.VotesIn - before.VotesIn, Counted: after.Counted - before.Counted, Voided: after.Voided - before.Voided,
					Duplicates: after.Duplicates - before.Duplicates, Conflicts: after.Conflicts - before.Conflicts, Quarantined: after.Quarantined - before.Quarantined,
				})
			}
		}
		if told != of {
			rt.Fatalf("told %+v, the account says %+v", told, of)
		}
		if !bytes.Equal(plain.AppendState(nil), seen.AppendState(nil)) || plain.Total() != seen.Total() {
			rt.Fatal("the fold that was watched has another state")
		}
	})
}

func tallyOf(f fold.Fate) schema.Tally {
	t := schema.Tally{VotesIn: 1}
	switch f {
	case fold.Counted:
		t.Counted = 1
	case fold.Voided:
		t.Voided = 1
	case fold.Duplicate:
		t.Duplicates = 1
	case fold.Conflict:
		t.Conflicts = 1
	case fold.Quarantined:
		t.Quarantined = 1
	}
	return t
}

// TestVerdicts: each fate, and each reason for which a vote is quarantined.
func TestVerdicts(t *testing.T) {
	var last fold.Verdict
	f := func(sum *fold.Fold, h schema.BatchHeader, v schema.Vote, want string) {
		t.Helper()
		sum.Watch(h.Terminal, h.Stream, func(_ *schema.BatchHeader, v fold.Verdict) { last = v })
		last = fold.Verdict{}
		apply(t, sum, &schema.Record{Offset: sum.Next(), Value: batch(h, v)})
		got := last.Fate.String()
		if why := last.Why.String(); why != "" {
			got += " " + why
		}
		if got != want || last.Vote != v {
			t.Errorf("seq %d: got %s, want %s", v.Seq, got, want)
		}
	}
	vote := func(q schema.Seq, v schema.Value) schema.Vote { return schema.Vote{Seq: q, At: nine, Value: v} }
	h := counter()
	sum := begunBy(t, schema.RulesV2)
	f(sum, h, vote(5, schema.Green), "counted")
	if want := (schema.Cell{Comune: h.Comune, Office: "A", Channel: h.Channel, Scale: h.Scale, Class: schema.ClassOK, Hour: nine.Hour()}); last.Cell != want {
		t.Errorf("got cell %+v, want %+v", last.Cell, want)
	}
	f(sum, h, vote(6, schema.Voided), "voided")
	f(sum, h, vote(5, schema.Green), "duplicate")
	f(sum, h, vote(5, schema.Red), "conflict")
	late := vote(7, schema.Red)
	late.At += schema.VoteAheadMax + 1
	f(sum, h, late, "quarantined no_time")
	f(sum, h, vote(7, schema.Red), "counted")
	if last.Cell.Class != schema.ClassBurst {
		t.Errorf("right after another: got class %v", last.Cell.Class)
	}
	for q := schema.Seq(10); q < 10+2*fold.SpansMax; q += 2 {
		apply(t, sum, &schema.Record{Offset: sum.Next(), Value: batch(h, vote(q, schema.Red))})
	}
	f(sum, h, vote(4, schema.Green), "quarantined closed_gap")
	if decided, closed := sum.Decided(h.Terminal, h.Stream, 4); !decided || !closed {
		t.Errorf("a closed gap: got %t, %t", decided, closed)
	}
	if decided, closed := sum.Decided(h.Terminal, h.Stream, 5); !decided || closed {
		t.Errorf("a counted vote: got %t, %t", decided, closed)
	}
	if decided, _ := sum.Decided(h.Terminal, h.Stream+1, 5); decided {
		t.Error("another stream's seq is decided")
	}
	for s := range fold.StreamsMax {
		other := h
		other.Stream = schema.StreamID(100 + s)
		apply(t, sum, &schema.Record{Offset: sum.Next(), Value: batch(other, vote(1, schema.Red))})
	}
	h.Stream = 99
	f(sum, h, vote(1, schema.Red), "quarantined too_many_streams")

	h = counter()
	first := begun(t)
	for q := schema.Seq(1); q < 2*fold.SpansMax; q += 2 {
		apply(t, first, &schema.Record{Offset: first.Next(), Value: batch(h, vote(q, schema.Red))})
	}
	f(first, h, vote(3*fold.SpansMax, schema.Red), "quarantined too_many_spans")

	h.Slot = schema.Slots - 1
	stray := fold.New(0, identity(4))
	g := genesis(0, 4)
	apply(t, stray, &g)
	f(stray, h, vote(1, schema.Red), "quarantined other_partition")
}
