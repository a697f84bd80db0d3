package fold_test

import (
	"cmp"
	"slices"
	"testing"

	"mlf/aggregate/fold"
	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/presence"
)

// days returns what f tells of terminals, by terminal and day.
func days(f *fold.Fold) []presence.TerminalDay {
	var rows fold.Rows
	f.Drain(&rows)
	slices.SortFunc(rows.Days, func(a, b presence.TerminalDay) int {
		return cmp.Or(cmp.Compare(a.Terminal, b.Terminal), cmp.Compare(a.Day, b.Day))
	})
	return rows.Days
}

// TestWhenTerminalsVoted: of votes that were counted, whatever their class, and of no others.
func TestWhenTerminalsVoted(t *testing.T) {
	const day, today = 24 * 60 * minute, presence.UTCDay(nine / (24 * 60 * minute))
	f := begunBy(t, schema.RulesV3)
	is := func(what string, want ...presence.TerminalDay) {
		t.Helper()
		dirty := f.Dirty()
		if got := days(f); !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v", what, got, want)
		}
		if want := len(want); dirty < want || f.Dirty() != 0 {
			t.Errorf("%s: %d rows were to be told, %d are left: want %d at least, and none", what, dirty, f.Dirty(), want)
		}
	}
	vote := func(h schema.BatchHeader, votes ...schema.Vote) {
		t.Helper()
		apply(t, f, &schema.Record{Value: batch(h, votes...)})
	}
	at := func(seq schema.Seq, at schema.Instant) schema.Vote {
		return schema.Vote{Seq: seq, At: at, Value: schema.Green}
	}
	h := counter()
	is("nobody voted")
	vote(h, at(1, nine-2*minute), at(2, nine-4*minute), at(3, nine-3*minute))
	is("votes in any order", presence.TerminalDay{Terminal: 7, Day: today, First: nine - 4*minute, Last: nine - 2*minute, Ingested: nine})
	vote(h, at(1, nine-2*minute), schema.Vote{Seq: 2, At: nine, Value: schema.Red})
	vote(h, schema.Vote{Seq: 4, At: nine, Value: schema.Voided}, at(5, nine-500*day), at(6, nine+10*minute))
	is("a duplicate, a conflict, a voided one, one too old and one too early")

	late := at(7, nine-day)
	late.LateClock = true
	vote(h, late, at(8, nine-10*day), at(9, nine), at(10, nine-10*day+1))
	is("over some days, one by a clock that nobody trusts",
		presence.TerminalDay{Terminal: 7, Day: today - 10, First: nine - 10*day, Last: nine - 10*day + 1, Ingested: nine},
		presence.TerminalDay{Terminal: 7, Day: today - 1, First: nine - day, Last: nine - day, Ingested: nine},
		presence.TerminalDay{Terminal: 7, Day: today, First: nine, Last: nine, Ingested: nine})
	h.Ingested += minute
	vote(h, at(11, nine-10))
	h.Ingested += minute
	h.Stream++
	vote(h, at(1, nine-20))
	is("of two records and streams", presence.TerminalDay{Terminal: 7, Day: today, First: nine - 20, Last: nine - 10, Ingested: nine + 2*minute})
	test := counter()
	test.Terminal, test.Test = 8, true
	vote(test, at(1, nine))
	midnight := schema.Instant(today) * day
	vote(counter(), at(20, midnight-1), at(21, midnight))
	is("one for tests, and both sides of midnight",
		presence.TerminalDay{Terminal: 7, Day: today - 1, First: midnight - 1, Last: midnight - 1, Ingested: nine},
		presence.TerminalDay{Terminal: 7, Day: today, First: midnight, Last: midnight, Ingested: nine},
		presence.TerminalDay{Terminal: 8, Day: today, First: nine, Last: nine, Ingested: nine})

	src := event.Source{Terminal: 70, Comune: 1, Channel: schema.ChannelWeb, Scale: schema.ScaleMLF3, Ingested: nine + 5*minute}
	b := event.Batch{Source: src, Memory: event.MemoryRating, Votes: []event.Vote{{Key: event.Key{1}, At: nine, Value: 3}, {Key: event.Key{1}, At: nine + minute, Value: 3}}}
	apply(t, f, &schema.Record{Value: b.Append(nil)})
	r := event.Counters{
		Source: src, At: nine, Since: nine - minute, Epoch: event.Epoch{1}, Frame: 1, MostAMinute: 10, Values: [schema.ValueMax]uint64{1, 0, 2},
	}
	r.Terminal = 71
	apply(t, f, &schema.Record{Value: r.Append(nil)})
	is("a source and a device",
		presence.TerminalDay{Terminal: 70, Day: today, First: nine, Last: nine, Ingested: nine + 5*minute},
		presence.TerminalDay{Terminal: 71, Day: today, First: nine, Last: nine, Ingested: nine + 5*minute})
	r.Frame, r.At = 2, nine+minute
	apply(t, f, &schema.Record{Value: r.Append(nil)})
	is("a reading that adds no vote")
	f = reopened(t, f)
	is("what goes on from a checkpoint has nothing to tell again")
}

// TestOnADayBeforeAllDays: by rules 1 a vote may be of any time.
func TestOnADayBeforeAllDays(t *testing.T) {
	f := begun(t)
	apply(t, f, &schema.Record{Value: batch(counter(), schema.Vote{Seq: 1, At: 5, Value: schema.Green}, schema.Vote{Seq: 2, At: schema.InstantMax, Value: schema.Green})})
	want := []presence.TerminalDay{
		{Terminal: 7, Day: 0, First: 5, Last: 5, Ingested: nine},
		{Terminal: 7, Day: presence.DayOf(schema.InstantMax), First: schema.InstantMax, Last: schema.InstantMax, Ingested: nine},
	}
	if got := days(f); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestOfWhichRecordsDaysAreTold: of those that a fold has applied itself, since the first
// that has a time.
func TestOfWhichRecordsDaysAreTold(t *testing.T) {
	f := begun(t)
	is := func(want schema.PresenceRun) {
		t.Helper()
		var rows fold.Rows
		f.Drain(&rows)
		if n := len(rows.Ledger); n != 1 || rows.Ledger[0].Present != want {
			t.Errorf("got %+v, want one with %+v", rows.Ledger, want)
		}
	}
	is(schema.PresenceRun{From: 0, Next: 1})
	h := counter()
	send := func() {
		t.Helper()
		h.Ingested += minute
		apply(t, f, &schema.Record{Value: batch(h, schema.Vote{Seq: 1, At: nine, Value: schema.Green})})
	}
	send()
	send()
	is(schema.PresenceRun{From: 0, Next: 3, Since: nine + minute})
	f = reopened(t, f)
	apply(t, f, &schema.Record{Value: []byte("nobody's")})
	is(schema.PresenceRun{From: 3, Next: 4})
	send()
	is(schema.PresenceRun{From: 3, Next: 5, Since: nine + 3*minute})
}
