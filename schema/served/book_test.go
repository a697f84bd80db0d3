package served_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mlf/schema"
	"mlf/schema/served"
)

const today schema.Day = 20782

func number(office schema.OfficeCode, day schema.Day, users uint32, revision uint64) served.Served {
	return served.Served{
		Key:   served.Key{Comune: 58091, Office: office, Service: 1, Channel: schema.ChannelCounter, Day: day},
		Users: users, Revision: revision,
	}
}

func gone(office schema.OfficeCode, day schema.Day, revision uint64) served.Served {
	s := number(office, day, 0, revision)
	s.Withdrawn = true
	return s
}

type failer interface {
	Helper()
	Fatal(args ...any)
}

func apply(t failer, b *served.Book, rows ...served.Served) {
	t.Helper()
	for _, s := range rows {
		if err := b.Apply(s.String(), served.Append(nil, &s)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSums: what is not known is missing, a day without users is known, the highest
// revision holds.
func TestSums(t *testing.T) {
	var b served.Book
	apply(t, &b,
		number("eur", today, 100, 1), number("eur", today, 120, 3), number("eur", today, 90, 2),
		number("eur", today-1, 80, 1), number("eur", today-40, 7, 1),
		number("ostia", today, 0, 1), number("ostia", today-1, 5, 1), gone("ostia", today-1, 2),
	)
	f := func(q served.Question, want map[served.Key]served.Sum) {
		t.Helper()
		if got := b.Sums(q); !maps.Equal(got, want) {
			t.Errorf("%+v: got %v, want %v", q, got, want)
		}
	}
	type key = served.Key
	type sums = map[key]served.Sum
	f(served.Question{From: today, Next: today + 1}, sums{{}: {Users: 120, Known: 2}})
	f(served.Question{From: today - 1, Next: today + 1}, sums{{}: {Users: 200, Known: 3}})
	f(served.Question{From: 0, Next: today}, sums{{}: {Users: 87, Known: 2}})
	f(served.Question{From: today + 1, Next: today + 9}, sums{})
	f(served.Question{From: today, Next: today}, sums{})
	f(served.Question{From: today - 1, Next: today + 1, By: served.By{Office: true, Day: true}}, sums{
		{Office: "eur", Day: today}: {Users: 120, Known: 1}, {Office: "eur", Day: today - 1}: {Users: 80, Known: 1},
		{Office: "ostia", Day: today}: {Users: 0, Known: 1},
	})
	ostia := func(p served.Place) bool { return p.Office == "ostia" }
	f(served.Question{From: today - 1, Next: today + 1, Keep: ostia, By: served.By{Comune: true, Service: true, Channel: true}}, sums{
		{Comune: 58091, Service: 1, Channel: schema.ChannelCounter}: {Users: 0, Known: 1},
	})

	eur := served.Place{Comune: 58091, Office: "eur", Service: 1, Channel: schema.ChannelCounter}
	if n, known := b.Users(eur, today); n != 120 || !known {
		t.Errorf("got %d, %v, want 120", n, known)
	}
	if n, known := b.Users(served.Place{Comune: 58091, Office: "ostia", Service: 1, Channel: schema.ChannelCounter}, today-1); known {
		t.Errorf("got %d, which was withdrawn", n)
	}
	if n, known := b.Users(eur, today-2); known {
		t.Errorf("got %d of a day that nobody told of", n)
	}
}

// TestOldDaysAreNotKept: who writes needs no day before the first that is taken.
func TestOldDaysAreNotKept(t *testing.T) {
	b := served.Book{Since: today}
	apply(t, &b, number("eur", today-1, 100, 1), number("eur", today, 100, 1))
	if got := b.Sums(served.Question{Next: today + 1}); got[served.Key{}].Known != 1 {
		t.Errorf("got %v, want one day", got)
	}
}

// TestPlacesAreBounded: a comune that has as many places as it may have goes on with
// those, and another comune is not concerned.
func TestPlacesAreBounded(t *testing.T) {
	var b served.Book
	for i := range served.PlacesMax {
		s := number(schema.OfficeCode(fmt.Sprint(i)), today, 1, 1)
		if !b.Room(s.Key) {
			t.Fatalf("no room for place %d", i)
		}
		b.Note(s)
	}
	one, other, elsewhere := number("0", today-1, 1, 1), number("other", today, 1, 1), number("other", today, 1, 1)
	elsewhere.Comune = 15146
	if !b.Room(one.Key) || b.Room(other.Key) || !b.Room(elsewhere.Key) {
		t.Errorf("got room %v, %v, %v, want true, false, true", b.Room(one.Key), b.Room(other.Key), b.Room(elsewhere.Key))
	}
}

func TestABadRecordChangesNothing(t *testing.T) {
	var b served.Book
	s := number("eur", today, 100, 1)
	apply(t, &b, s)
	for _, key := range []string{"", "x", number("eur", today-1, 1, 1).String()} {
		if err := b.Apply(key, served.Append(nil, &s)); err == nil {
			t.Errorf("key %q: taken", key)
		}
	}
	if err := b.Apply(s.String(), []byte("x")); err == nil {
		t.Error("a value that is none: taken")
	}
	if got, ok := b.Held(s.Key); !ok || got != s {
		t.Errorf("got %+v, want %+v", got, s)
	}
}

// TestAnyOrderComesToTheSame: records doubled, in any order, and compacted at any
// moment after somebody has read them all, come to the same numbers, once those that
// are behind have been put again.
func TestAnyOrderComesToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) served.Served {
			s := number(rapid.SampledFrom([]schema.OfficeCode{"", "eur"}).Draw(t, "office"), today-schema.Day(rapid.IntRange(0, 3).Draw(t, "day")),
				uint32(rapid.IntRange(0, 3).Draw(t, "users")), uint64(rapid.IntRange(1, 3).Draw(t, "revision")))
			s.Withdrawn = s.Users == 0 && rapid.Bool().Draw(t, "withdrawn")
			return s
		}), 0, 30).Draw(t, "rows")
		want := make(map[served.Key]served.Served)
		for _, s := range rows {
			if held := want[s.Key]; s.Compare(&held) > 0 {
				want[s.Key] = s
			}
		}
		log := rapid.Permutation(append(slices.Clone(rows), rows...)).Draw(t, "log")
		var first served.Book
		apply(t, &first, log...)
		check(t, &first, want)

		again := first.Behind(len(log))
		apply(t, &first, again...)
		if left := first.Behind(len(log)); len(left) > 0 {
			t.Fatalf("%v are behind, and were put again", left)
		}
		compacted := make(map[served.Key]served.Served) // The last of each key.
		for _, s := range append(log, again...) {
			compacted[s.Key] = s
		}
		var second served.Book
		apply(t, &second, slices.Collect(maps.Values(compacted))...)
		check(t, &second, want)
	})
}

func check(t *rapid.T, b *served.Book, want map[served.Key]served.Served) {
	t.Helper()
	known := 0
	for k, s := range want {
		if !s.Withdrawn {
			known++
		}
		if got, ok := b.Held(k); !ok || got != s {
			t.Fatalf("got %+v, want %+v", got, s)
		}
	}
	if got := b.Sums(served.Question{Next: today + 1})[served.Key{}]; got.Known != known {
		t.Fatalf("got %d keys, want %d", got.Known, known)
	}
}

// TestVersionIsOfWhatIsKnown: whoever knows the same has the same version, in whatever
// order and however often it came; every number tells in it.
func TestVersionIsOfWhatIsKnown(t *testing.T) {
	rows := []served.Served{
		number("eur", today, 100, 1), number("eur", today, 120, 3), number("eur", today-1, 80, 1),
		number("ostia", today, 0, 1), number("ostia", today-1, 5, 1), gone("ostia", today-1, 2),
	}
	var forth, back, twice served.Book
	apply(t, &forth, rows...)
	slices.Reverse(rows)
	apply(t, &back, rows...)
	apply(t, &twice, append(rows, rows...)...)
	if v := forth.Version(); v == 0 || v != back.Version() || v != twice.Version() {
		t.Errorf("got versions %x, %x, %x", v, back.Version(), twice.Version())
	}
	seen := map[uint64]bool{forth.Version(): true}
	for _, s := range []served.Served{number("eur", today, 121, 4), number("eur", today, 121, 5), number("eur", today+1, 0, 1), gone("ostia", today, 2)} {
		apply(t, &forth, s)
		if seen[forth.Version()] {
			t.Errorf("%+v: the version was there already", s)
		}
		seen[forth.Version()] = true
	}
}
