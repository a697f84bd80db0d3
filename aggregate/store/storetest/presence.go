package storetest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"mlf/schema"
	"mlf/schema/presence"
)

// midnight is 2026-11-02 00:00 UTC.
const (
	hour     = 3_600_000
	midnight = schema.Instant(1_793_577_600_000)
)

// times returns what a read of when terminals voted gives.
func times(t *testing.T, read func(take func(schema.TerminalID, schema.Instant)) error) map[schema.TerminalID]schema.Instant {
	t.Helper()
	got := make(map[schema.TerminalID]schema.Instant)
	err := read(func(terminal schema.TerminalID, at schema.Instant) {
		if _, twice := got[terminal]; twice {
			t.Errorf("terminal %v comes twice", terminal)
		}
		got[terminal] = at
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// castOn returns a day of a terminal; times are since midnight.
func castOn(terminal schema.TerminalID, first, last, ingested schema.Instant) presence.TerminalDay {
	return presence.TerminalDay{Terminal: terminal, Day: presence.DayOf(midnight + first), First: midnight + first, Last: midnight + last, Ingested: midnight + ingested}
}

// most is the highest number of a terminal.
const most = schema.TerminalID(1<<64 - 1)

// inOrder holds what days has written to what is read of whole days.
func inOrder(t *testing.T, s Subject) {
	t.Helper()
	if first, last, some, err := s.DaySpan(t.Context()); first != 0 || last != 65535 || !some || err != nil {
		t.Errorf("got days %d to %d, %v, %v", first, last, some, err)
	}
	var got []presence.TerminalDay
	today := presence.DayOf(midnight)
	if err := s.Days(t.Context(), today-3, today, func(d presence.TerminalDay) { got = append(got, d) }); err != nil {
		t.Fatal(err)
	}
	want := []presence.TerminalDay{castOn(4, -3*24*hour, -3*24*hour, 40*hour), castOn(1, -5*hour, -4*hour, -4*hour), castOn(1, 7*hour, 11*hour, 20*hour), castOn(4, 23*hour, 23*hour+1, 50*hour), castOn(most, 21*hour, 23*hour, 23*hour)}
	if !slices.Equal(got, want) {
		t.Errorf("got days %+v, want %+v", got, want)
	}
}

func days(t *testing.T, s Subject) {
	if _, _, some, err := s.DaySpan(t.Context()); some || err != nil {
		t.Errorf("days without any: %v, %v", some, err)
	}
	rows := []presence.TerminalDay{
		castOn(1, 8*hour, 9*hour, 20*hour), castOn(1, 10*hour, 11*hour, 11*hour), castOn(1, 7*hour, 7*hour, 12*hour),
		castOn(1, -5*hour, -4*hour, -4*hour),
		castOn(most, 21*hour, 23*hour, 23*hour),
		castOn(3, -40*24*hour, -40*24*hour, 30*hour), castOn(3, -50*24*hour, -49*24*hour-5*hour, -49*24*hour),
		castOn(4, 23*hour, 23*hour+1, 50*hour), castOn(4, -3*24*hour, -3*24*hour, 40*hour),
		{Terminal: 5, Day: 0, First: 0, Last: 0, Ingested: 1},
		{Terminal: 5, Day: 65535, First: schema.InstantMax, Last: schema.InstantMax, Ingested: 1},
	}
	for range 3 {
		rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for part := range slices.Chunk(rows, 1+rand.IntN(len(rows))) {
			if err := s.WriteDays(t.Context(), part); err != nil {
				t.Fatal(err)
			}
		}
	}
	last := func(from, until schema.Instant, want map[schema.TerminalID]schema.Instant) {
		t.Helper()
		got := times(t, func(take func(schema.TerminalID, schema.Instant)) error {
			return s.LastVotes(t.Context(), midnight+from, midnight+until, take)
		})
		for id := range want {
			want[id] += midnight
		}
		if !maps.Equal(got, want) {
			t.Errorf("from %d until %d: got %v, want %v", from/hour, until/hour, got, want)
		}
	}
	type seen = map[schema.TerminalID]schema.Instant
	newest := func(since schema.Instant, want seen) {
		t.Helper()
		got := times(t, func(take func(schema.TerminalID, schema.Instant)) error {
			return s.NewestVotes(t.Context(), since, take)
		})
		if !maps.Equal(got, want) {
			t.Errorf("since %d: got %v, want %v", since, got, want)
		}
	}
	const month = 30 * 24 * hour
	for range 2 {
		last(22*hour-month, 22*hour, seen{1: 11 * hour, most: 21 * hour, 4: -3 * 24 * hour}) // Of a day that has not ended the first is known.
		last(21*hour-month, 21*hour, seen{1: 11 * hour, 4: -3 * 24 * hour})                  // Votes are cast before the time, not at it.
		last(-40*24*hour, 23*hour+1, seen{1: 11 * hour, most: 23 * hour, 3: -40 * 24 * hour, 4: 23 * hour})
		last(8*hour-month, 8*hour, seen{1: 7 * hour, 4: -3 * 24 * hour}) // The earliest of several rows of a day.
		last(-3*24*hour+1, 0, seen{1: -4 * hour})
		last(-4*hour, 2*hour, seen{1: -4 * hour})
		newest(0, seen{1: midnight + 11*hour, most: midnight + 23*hour, 3: midnight - 40*24*hour, 4: midnight + 23*hour + 1, 5: schema.InstantMax})
		newest(midnight+30*hour, seen{3: midnight - 40*24*hour, 4: midnight + 23*hour + 1})
		newest(midnight+51*hour, seen{})
		inOrder(t, s)
		s.sql(t, "OPTIMIZE TABLE terminal_day FINAL")
	}
	if s.SQL != nil {
		if got := s.SQL(t, "SELECT count() FROM terminal_day"); got != 9 {
			t.Errorf("%d rows: want 9", got)
		}
	}
}

func present(t *testing.T, s Subject) {
	row := func(p schema.Partition, segment schema.Segment, next schema.Offset, run schema.PresenceRun) schema.LedgerRow {
		return schema.LedgerRow{Partition: p, Segment: segment, Next: next, Newest: midnight + schema.Instant(next), Tally: tally(1), Present: run}
	}
	closed := row(0, 0, 10, schema.PresenceRun{From: 0, Next: 10, Since: 7})
	closed.Chain = schema.Chain{1}
	rows := []schema.LedgerRow{
		row(0, 0, 4, schema.PresenceRun{From: 0, Next: 4}), closed, row(0, 0, 5, schema.PresenceRun{}),
		row(0, 1, 12, schema.PresenceRun{From: 0, Next: 12, Since: 7}), row(0, 1, 20, schema.PresenceRun{From: 11, Next: 20, Since: 9}),
		row(0, 1, 15, schema.PresenceRun{From: 11, Next: 15, Since: 9}),
		row(2, 0, 6, schema.PresenceRun{}),
		row(3, 0, 7, schema.PresenceRun{From: 1 << 47, Next: 1 << 48, Since: schema.InstantMax}),
	}
	want := []presence.Account{
		{Partition: 0, Next: 20, Newest: midnight + 20, Runs: []schema.PresenceRun{{From: 0, Next: 12, Since: 7}, {From: 11, Next: 20, Since: 9}}},
		{Partition: 2, Next: 6, Newest: midnight + 6},
		{Partition: 3, Next: 7, Newest: midnight + 7, Runs: []schema.PresenceRun{{From: 1 << 47, Next: 1 << 48, Since: schema.InstantMax}}},
	}
	for range 3 {
		rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for part := range slices.Chunk(rows, 1+rand.IntN(len(rows))) {
			if err := s.WriteLedger(t.Context(), part, nil); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Present(t.Context())
		same := func(a, b presence.Account) bool {
			return a.Partition == b.Partition && a.Next == b.Next && a.Newest == b.Newest && slices.Equal(a.Runs, b.Runs)
		}
		if err != nil || !slices.EqualFunc(got, want, same) {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
		s.sql(t, "OPTIMIZE TABLE segment_ledger FINAL")
	}
}
