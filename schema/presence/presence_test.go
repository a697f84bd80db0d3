package presence_test

import (
	"testing"

	"mlf/schema"
	"mlf/schema/presence"
)

func TestKnownSince(t *testing.T) {
	f := func(next schema.Offset, want schema.Offset, since schema.Instant, runs ...schema.PresenceRun) {
		t.Helper()
		p := presence.Account{Next: next, Newest: 99, Runs: runs}
		if from, got := p.KnownSince(); from != want || got != since {
			t.Errorf("%+v to %d: got %d since %d, want %d since %d", runs, next, from, got, want, since)
		}
	}
	run := func(from, next schema.Offset, since schema.Instant) schema.PresenceRun {
		return schema.PresenceRun{From: from, Next: next, Since: since}
	}
	f(0, 0, 0)                                                           // Nothing is counted.
	f(10, 10, 99)                                                        // By an older worker alone.
	f(10, 10, 99, schema.PresenceRun{})                                  // Nor does the zero value say anything.
	f(10, 0, 0, run(0, 10, 5))                                           // From the beginning.
	f(10, 0, 0, run(0, 4, 5), run(4, 10, 7))                             // By two workers, one after the other,
	f(10, 0, 0, run(3, 10, 7), run(0, 4, 5))                             // or the second from an older checkpoint.
	f(10, 5, 7, run(0, 4, 5), run(5, 10, 7))                             // An older worker counted one record between.
	f(10, 10, 99, run(0, 9, 5))                                          // An older worker counts.
	f(10, 5, 7, run(5, 10, 7))                                           // The database is older.
	f(10, 5, 99, run(5, 10, 0))                                          // And no vote has come since.
	f(10, 5, 7, run(7, 8, 8), run(5, 7, 7), run(6, 10, 8))               // In whatever order runs are told.
	f(10, 2, 3, run(2, 11, 3), run(8, 9, 9))                             // A run may be ahead of the ledger.
	f(10, 0, 0, run(6, 10, 8), run(0, 2, 3), run(1, 7, 4), run(9, 9, 9)) // An empty one changes nothing.
}

func TestDayOf(t *testing.T) {
	f := func(at schema.Instant, want presence.UTCDay) {
		t.Helper()
		if got := presence.DayOf(at); got != want {
			t.Errorf("%d: got %d, want %d", at, got, want)
		}
	}
	const day = 24 * 3600 * 1000
	f(0, 0)
	f(day-1, 0)
	f(day, 1)
	f(20_000*day+5, 20_000)
	f(-1, 0)
	f(1<<62, 65535)
}

func TestDaysOfTerminalsAreMerged(t *testing.T) {
	a := presence.TerminalDay{Terminal: 1, Day: 2, First: 10, Last: 20, Ingested: 30}
	b := presence.TerminalDay{Terminal: 1, Day: 2, First: 5, Last: 15, Ingested: 40}
	ab, ba := a, b
	ab.Merge(&b)
	ba.Merge(&a)
	if want := (presence.TerminalDay{Terminal: 1, Day: 2, First: 5, Last: 20, Ingested: 40}); ab != want || ba != want {
		t.Errorf("got %+v and %+v, want %+v", ab, ba, want)
	}
}

// TestKnownSinceOfAll: of all partitions the one that is known for the shortest time says.
func TestKnownSinceOfAll(t *testing.T) {
	whole := presence.Account{Next: 10, Newest: 99, Runs: []schema.PresenceRun{{Next: 10, Since: 5}}}
	part := func(since schema.Instant) presence.Account {
		return presence.Account{Partition: 1, Next: 10, Newest: 99, Runs: []schema.PresenceRun{{From: 5, Next: 10, Since: since}}}
	}
	f := func(want schema.Instant, accounts ...presence.Account) {
		t.Helper()
		if got := presence.KnownSince(accounts); got != want {
			t.Errorf("%+v: got %d, want %d", accounts, got, want)
		}
	}
	f(0)
	f(0, whole, presence.Account{Partition: 1}, whole)
	f(7, whole, part(7))
	f(8, part(8), part(7), whole)
}
