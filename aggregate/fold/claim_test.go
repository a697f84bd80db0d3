package fold_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mlf/aggregate/fold"
	"mlf/aggregate/store/model"
	"mlf/schema"
)

// A follower holds cells as of an offset, by the rule of schema.Claim.
type follower struct {
	*model.Tables
	next schema.Offset
}

// take merges a claim, and tells whether there is a gap before it.
func (f *follower) take(c schema.Claim) (gap bool) {
	for _, r := range c.Rollups {
		f.Rollup(r)
	}
	for _, r := range c.Ledger {
		f.Account(r)
	}
	if c.After > f.next {
		return true
	}
	f.next = max(f.next, c.Next)
	return false
}

// told drains f's claim, into memory of its own.
func told(f *fold.Fold) (c schema.Claim) {
	f.DrainClaim(&c)
	return c
}

// followed returns f, which tells from now on.
func followed(f *fold.Fold) *fold.Fold {
	f.Follow()
	return f
}

// TestAFollowerHoldsWhatTheFoldDoes: two workers count the same log, flush, tell,
// fail to tell, die and go on from a checkpoint; their claims come in any order, any
// number of times, or never. At its position a follower has every row, and never
// more than there is.
func TestAFollowerHoldsWhatTheFoldDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rules := schema.Rules(rapid.IntRange(1, int(fold.RulesMax)).Draw(rt, "rules"))
		recs := drawRecords(rt, rules)
		workers := [2]*fold.Fold{followed(begunBy(t, rules)), followed(begunBy(t, rules))}
		saved := reopened(t, workers[0])
		store := &follower{model.New(), 1}
		heard := &follower{model.New(), 1}
		var claims []schema.Claim
		hear := func(c schema.Claim) {
			if heard.take(c) { // A reload: the store's rows, and how far they go.
				for _, r := range store.Rollups {
					heard.Rollup(r)
				}
				heard.next = max(heard.next, store.next)
			}
			hasAll(rt, heard.Tables, rowsAt(t, rules, recs, heard.next))
		}
		for range 3 * len(recs) {
			w := &workers[rapid.IntRange(0, 1).Draw(rt, "worker")]
			switch rapid.SampledFrom([]string{"go on", "go on", "flush", "tell", "tell", "not told", "hear", "save", "die"}).Draw(rt, "then") {
			case "go on":
				if at := int((*w).Next()) - 1; at < len(recs) {
					apply(t, *w, &recs[at])
				}
			case "flush":
				merge(store.Tables, *w)
				store.next = max(store.next, (*w).Next())
			case "tell":
				claims = append(claims, told(*w))
			case "not told":
				(*w).DropClaim()
			case "hear":
				if len(claims) > 0 {
					hear(claims[rapid.IntRange(0, len(claims)-1).Draw(rt, "claim")])
				}
			case "save":
				merge(store.Tables, *w)
				store.next = max(store.next, (*w).Next())
				saved = reopened(t, *w)
			case "die":
				*w = followed(reopened(t, saved))
			}
		}
		w := workers[0]
		for int(w.Next()) <= len(recs) {
			apply(t, w, &recs[w.Next()-1])
		}
		merge(store.Tables, w)
		store.next = w.Next()
		for _, c := range append(claims, told(w)) {
			hear(c)
		}
		if heard.next != w.Next() {
			rt.Fatalf("the follower is at %d, all that was counted at %d", heard.next, w.Next())
		}
		hasAll(rt, rowsAt(t, rules, recs, w.Next()), heard.Tables) // No more than that.
	})
}

// rowsAt returns every row of the records below next.
func rowsAt(t *testing.T, rules schema.Rules, recs []schema.Record, next schema.Offset) *model.Tables {
	f, all := begunBy(t, rules), model.New()
	for i := range recs[:next-1] {
		apply(t, f, &recs[i])
	}
	merge(all, f)
	return all
}

// hasAll sees that got has at least the counts of want.
func hasAll(t *rapid.T, got, want *model.Tables) {
	for k, w := range want.Rollups {
		g := got.Rollups[k]
		for i := range w.Values {
			if g.Values[i] < w.Values[i] {
				t.Fatalf("%+v: has %v, want %v", k, g.Values, w.Values)
			}
		}
		if !slices.Equal(schema.MaxReasons(g.Reasons, w.Reasons), g.Reasons) {
			t.Fatalf("%+v: has reasons %v, want %v", k, g.Reasons, w.Reasons)
		}
	}
}

// TestClaimsTileTheLog: claim after claim of a worker, from where it began, with the
// account of every segment that its records are in.
func TestClaimsTileTheLog(t *testing.T) {
	f := followed(begun(t))
	var claims []schema.Claim
	step := func(recs ...schema.Record) {
		t.Helper()
		for i := range recs {
			apply(t, f, &recs[i])
		}
		claims = append(claims, told(f))
	}
	vote := func(seq schema.Seq) schema.Record {
		return schema.Record{Value: batch(counter(), schema.Vote{Seq: seq, At: nine, Value: schema.Green})}
	}
	step(vote(1), vote(2))
	step(schema.Record{Value: []byte("?")}) // Changes no cell, and is accounted for.
	step()
	step(vote(4), control(schema.RulesV2, 0, 1))
	step(vote(5))
	step(vote(6), control(schema.RulesV1, 0, 1), vote(7)) // The second changes nothing, and closes nothing.
	f = followed(reopened(t, f))
	step(vote(8))
	type said struct {
		after, next schema.Offset
		green       []uint64
		accounts    []schema.Segment
		closed      int
	}
	var got []said
	for _, c := range claims {
		s := said{after: c.After, next: c.Next}
		for _, r := range c.Rollups {
			s.green = append(s.green, r.Values[schema.Green-1])
		}
		for _, l := range c.Ledger {
			s.accounts = append(s.accounts, l.Segment)
			if l.Chain != (schema.Chain{}) {
				s.closed++
			}
		}
		got = append(got, s)
	}
	want := []said{
		{1, 3, []uint64{1, 1}, []schema.Segment{0}, 0}, // The second is a burst.
		{3, 4, nil, []schema.Segment{0}, 0},
		{4, 4, nil, nil, 0},
		{4, 6, []uint64{2}, []schema.Segment{0}, 1},
		{6, 7, []uint64{1}, []schema.Segment{1}, 0},
		{7, 10, []uint64{3}, []schema.Segment{1}, 0},
		{10, 11, []uint64{4}, []schema.Segment{1}, 0},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestWhoIsNotFollowedKeepsNothing: a fold that nobody follows would hold every cell
// of every segment for ever.
func TestWhoIsNotFollowedKeepsNothing(t *testing.T) {
	f := begun(t)
	recs := country(1, 20, 30)
	for i := range recs {
		apply(t, f, &recs[i])
	}
	if rows, news := f.Untold(); rows != 0 || news {
		t.Errorf("got %d rows, news: %v", rows, news)
	}
	f.Follow()
	if c := told(f); c.After != f.Next() || c.Next != f.Next() || len(c.Rollups)+len(c.Ledger) > 0 {
		t.Errorf("got %+v", c)
	}
}

// TestDrainAndDrainClaimAreApart: neither takes from the other, nor puts a cell on
// its list again.
func TestDrainAndDrainClaimAreApart(t *testing.T) {
	for _, tell := range []bool{false, true} {
		f := followed(begun(t))
		var rows fold.Rows
		f.Drain(&rows)
		var claim schema.Claim
		h := counter()
		h.Channel = schema.ChannelWeb // No bursts: one cell.
		for seq := range schema.Seq(5) {
			apply(t, f, &schema.Record{Value: batch(h, schema.Vote{Seq: seq + 1, At: nine, Value: schema.Green})})
			rows.Reset()
			if tell {
				f.DrainClaim(&claim)
			} else {
				f.Drain(&rows)
			}
			if n := len(claim.Rollups) + len(rows.Rollups); n != 1 {
				t.Fatalf("tell: %v, vote %d: got %d rows, want 1", tell, seq, n)
			}
		}
		untold, _ := f.Untold()
		if dirty := f.Dirty(); tell && (dirty != 4 || untold != 0) || !tell && (dirty != 0 || untold != 1) {
			t.Errorf("tell: %v: %d rows to write and %d to tell are left", tell, dirty, untold)
		}
	}
}
