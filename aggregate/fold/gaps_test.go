package fold_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// A seqModel is what rules 2 say of one stream, written down once more: seqs seen
// and closed as two lists of their own, looked through from the front.
type seqModel struct {
	seen, closed []schema.SeqSpan
	contents     map[schema.Seq]schema.Value
}

func holds(set []schema.SeqSpan, q schema.Seq) bool {
	return slices.ContainsFunc(set, func(sp schema.SeqSpan) bool { return q >= sp.First && q < sp.Next })
}

// union joins spans of two ascending lists that overlap or touch.
func union(a, b []schema.SeqSpan) []schema.SeqSpan {
	out := make([]schema.SeqSpan, 0, len(a)+len(b))
	for len(a)+len(b) > 0 {
		if len(a) == 0 || len(b) > 0 && b[0].First < a[0].First {
			a, b = b, a
		}
		sp := a[0]
		a = a[1:]
		if n := len(out); n > 0 && sp.First <= out[n-1].Next {
			out[n-1].Next = max(out[n-1].Next, sp.Next)
			continue
		}
		out = append(out, sp)
	}
	return out
}

// take returns what becomes of a vote, in the words of the ledger.
func (m *seqModel) take(v *schema.Vote) string {
	q := v.Seq
	switch {
	case holds(m.closed, q) && v.Value == schema.Voided:
		return "duplicate"
	case holds(m.closed, q):
		return "quarantined"
	case holds(m.seen, q):
		highest := m.seen[len(m.seen)-1].Next - 1
		if q+fold.ContentsKept > highest && m.contents[q] != v.Value {
			return "conflict"
		}
		return "duplicate"
	}
	m.contents[q] = v.Value
	m.seen = union(m.seen, []schema.SeqSpan{{First: q, Next: q + 1}})
	if all := union(m.seen, m.closed); len(all) > fold.SpansMax {
		if all[0].First > 1 {
			m.closed = append(m.closed, schema.SeqSpan{First: 1, Next: all[0].First})
		}
		m.closed = append(m.closed, schema.SeqSpan{First: all[0].Next, Next: all[1].First})
	}
	for len(m.closed) > fold.ClosedMax {
		m.closed = slices.Insert(m.closed[2:], 0, schema.SeqSpan{First: m.closed[0].First, Next: m.closed[1].Next})
	}
	if v.Value == schema.Voided {
		return "voided"
	}
	return "counted"
}

// TestGapsAreClosedAsTheModelSays plays streams of numberings that terminals were
// seen to have, and worse, against the model, with take-overs in between.
func TestGapsAreClosedAsTheModelSays(t *testing.T) {
	for name, next := range map[string]func(dice *rand.Rand, i int) schema.Seq{
		"the clock in milliseconds": func(dice *rand.Rand, i int) schema.Seq {
			return schema.Seq(1_793_610_000_000 + i*2000 + dice.IntN(50))
		},
		"the clock, late and again": func(dice *rand.Rand, i int) schema.Seq { return schema.Seq(1 + max(0, i-dice.IntN(3000))*7) },
		"at random":                 func(dice *rand.Rand, _ int) schema.Seq { return schema.Seq(1 + dice.Uint64N(1<<53-1)) },
		"close":                     func(dice *rand.Rand, _ int) schema.Seq { return schema.Seq(1 + dice.IntN(40_000)) },
		"downwards":                 func(dice *rand.Rand, i int) schema.Seq { return schema.SeqMax - schema.Seq(i*3+dice.IntN(40)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(1, 2))
			f, m := begunBy(t, schema.RulesV2), &seqModel{contents: make(map[schema.Seq]schema.Value)}
			const votes, perRecord = 10_000, 500
			for i := 0; i < votes; i += perRecord {
				list := make([]schema.Vote, perRecord)
				want := map[string]uint64{}
				for k := range list {
					list[k] = schema.Vote{Seq: next(dice, i+k), At: nine, Value: schema.Value(dice.IntN(4))}
					want[m.take(&list[k])]++
				}
				before := f.Total()
				apply(t, f, &schema.Record{Value: batch(counter(), list...)})
				after := f.Total()
				got := map[string]uint64{
					"counted": after.Counted - before.Counted, "voided": after.Voided - before.Voided, "duplicate": after.Duplicates - before.Duplicates,
					"conflict": after.Conflicts - before.Conflicts, "quarantined": after.Quarantined - before.Quarantined,
				}
				for fate, n := range got {
					if n != want[fate] {
						t.Fatalf("votes from the %d-th: got %v, want %v", i, got, want)
					}
				}
				m.watermark(t, f)
				if dice.IntN(3) == 0 {
					f = reopened(t, f)
				}
			}
			if len(m.closed) == 0 {
				t.Error("no gap was closed")
			}
		})
	}
}

// watermark holds what the terminal is told to the model.
func (m *seqModel) watermark(t *testing.T, f *fold.Fold) {
	t.Helper()
	var rows fold.Rows
	f.Drain(&rows)
	for _, mark := range rows.Watermarks {
		decided := union(m.seen, m.closed)
		due := schema.Seq(1)
		var missing []schema.SeqSpan
		for _, sp := range decided {
			if sp.First > due {
				missing = append(missing, schema.SeqSpan{First: due, Next: sp.First})
			}
			due = sp.Next
		}
		if n := min(len(missing), schema.MissingMax); !slices.Equal(mark.Missing, missing[:n]) {
			t.Fatalf("got missing %v, want %v", mark.Missing, missing[:n])
		}
	}
}

// TestTerminalsAreBounded: of all streams of a terminal no more is kept than the
// limits say, the votes count all the same, and nobody else's are touched.
func TestTerminalsAreBounded(t *testing.T) {
	f := begunBy(t, schema.RulesV2)
	send := func(terminal schema.TerminalID, stream schema.StreamID, first, count, step int) (counted, quarantined uint64) {
		h := counter()
		h.Terminal, h.Stream = terminal, stream
		before := f.Total()
		for part := range slices.Chunk(seqsFrom(first, count, step), schema.BatchVotesMax) {
			apply(t, f, &schema.Record{Value: batch(h, part...)})
		}
		after := f.Total()
		return after.Counted - before.Counted, after.Quarantined - before.Quarantined
	}
	for s := range schema.StreamID(6) { // Four would be within the limit.
		if n, _ := send(1, s, 10, 4000, 10); n != 4000 {
			t.Errorf("stream %d: %d of 4,000 votes were counted", s, n)
		}
	}
	if _, spans := f.Terminal(1); spans > fold.TerminalSpansMax+2 {
		t.Errorf("terminal has %d spans and closed gaps, want at most %d", spans, fold.TerminalSpansMax)
	}
	if n, late := send(1, 0, 15, 4000, 10); n != 4000 || late != 0 {
		t.Errorf("gaps of the first stream: %d counted, %d quarantined: want all open, as it has not grown since", n, late)
	}
	if n, late := send(1, 5, 15, 4000, 10); n > 100 || late < 3900 {
		t.Errorf("gaps of the last stream: %d counted, %d quarantined: want nearly all closed", n, late)
	}

	// Streams. Each may have a span and a closed gap whatever the others have.
	for s := schema.StreamID(6); s < fold.StreamsMax; s++ {
		if n, _ := send(1, s, 5, 3, 10); n != 3 {
			t.Fatalf("stream %d: %d of 3 votes were counted", s, n)
		}
	}
	if n, late := send(1, fold.StreamsMax, 1, 5, 1); n != 0 || late != 5 {
		t.Errorf("a stream too many: %d counted, %d quarantined, want 0 and 5", n, late)
	}
	if n, _ := send(1, fold.StreamsMax-1, 100, 5, 1); n != 5 {
		t.Errorf("a stream that was there: %d counted, want 5", n)
	}
	if streams, spans := f.Terminal(1); streams != fold.StreamsMax || spans > fold.TerminalSpansMax+2*fold.StreamsMax {
		t.Errorf("terminal has %d streams, %d spans and closed gaps", streams, spans)
	}
	if n, _ := send(2, 1, 10, 4000, 10); n != 4000 {
		t.Errorf("another terminal: %d counted, want 4,000", n)
	}
	streams, spans := f.Terminal(1)
	again := reopened(t, f)
	if s, n := again.Terminal(1); s != streams || n != spans {
		t.Errorf("after a take-over: %d streams and %d spans, want %d and %d", s, n, streams, spans)
	}
}

// seqsFrom returns green votes of every step-th seq.
func seqsFrom(first, count, step int) []schema.Vote {
	votes := make([]schema.Vote, count)
	for i := range votes {
		votes[i] = schema.Vote{Seq: schema.Seq(first + i*step), At: nine, Value: schema.Green}
	}
	return votes
}

// TestTerminalsOfRules1 may have more than rules 2 allow: they do not grow.
func TestTerminalsOfRules1(t *testing.T) {
	f := begun(t)
	send := func(stream schema.StreamID, votes []schema.Vote) {
		h := counter()
		h.Stream = stream
		for part := range slices.Chunk(votes, schema.BatchVotesMax) {
			apply(t, f, &schema.Record{Value: batch(h, part...)})
		}
	}
	for s := range schema.StreamID(6) {
		send(s, seqsFrom(1, 4096, 10))
	}
	_, before := f.Terminal(counter().Terminal)
	if before != 6*4096 {
		t.Fatalf("terminal has %d spans, want %d", before, 6*4096)
	}
	change := control(schema.RulesV2, 0, 1)
	apply(t, f, &change)
	counted := f.Total().Counted
	for s := range schema.StreamID(6) {
		send(s, seqsFrom(1_000_000, 100, 10))
	}
	if got := f.Total().Counted - counted; got != 600 {
		t.Errorf("%d votes were counted after the change, want 600", got)
	}
	if _, after := f.Terminal(counter().Terminal); after > before {
		t.Errorf("terminal has %d spans and closed gaps, and had %d", after, before)
	}
}
