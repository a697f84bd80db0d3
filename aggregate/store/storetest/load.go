package storetest

import (
	"cmp"
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"mlf/schema"
	"mlf/schema/columns"
)

// loadHistory returns rows of three years with every kind of edge between months:
// of UTC, of Rome, and the two hours of the year that Rome's clock has twice or not.
func loadHistory(random *rand.Rand) []schema.Rollup {
	var hours []schema.Hour
	for _, at := range []time.Time{
		time.Date(2024, 12, 31, 21, 0, 0, 0, time.UTC), time.Date(2025, 3, 29, 22, 0, 0, 0, time.UTC), time.Date(2025, 3, 31, 20, 0, 0, 0, time.UTC),
		time.Date(2025, 10, 25, 22, 0, 0, 0, time.UTC), time.Date(2025, 10, 31, 21, 0, 0, 0, time.UTC), time.Date(2026, 11, 30, 21, 0, 0, 0, time.UTC),
	} {
		for h := range schema.Hour(6) {
			hours = append(hours, schema.HourOf(at)+h)
		}
	}
	rows := history(random, 1500, 4)
	for i := range rows { // One hour for all versions of a key.
		c := &rows[i].Cell
		c.Hour = hours[int(c.Hour)%len(hours)]
	}
	return rows
}

// collected are rows that were handed on, each as it was when take was called.
func collected(t *testing.T, load func(take func(*columns.Rollups) error) error) []schema.Rollup {
	t.Helper()
	var rows []schema.Rollup
	err := load(func(c *columns.Rollups) error {
		if c.Len() == 0 || c.Len() > 65_536 {
			t.Errorf("take was called with %d rows: want 1 to 65,536", c.Len())
		}
		first := 0
		for i := range c.Len() {
			r := schema.Rollup{
				Cell:      schema.Cell{Comune: c.Comune[i], Office: c.Office[i], Service: c.Service[i], Channel: c.Channel[i], Scale: c.Scale[i], Class: c.Class[i], Hour: c.Hour[i]},
				Partition: c.Partition[i], Segment: c.Segment[i],
			}
			for v := range r.Values {
				r.Values[v] = c.Values[v][i]
			}
			for ; first < c.ReasonsNext[i]; first++ {
				r.Reasons = append(r.Reasons, schema.ReasonNumber{Key: c.ReasonKeys[first], N: c.ReasonCounts[first]})
			}
			rows = append(rows, r)
		}
		if first != len(c.ReasonKeys) || first != len(c.ReasonCounts) {
			t.Errorf("%d of %d keys and %d counts of reasons belong to a row", first, len(c.ReasonKeys), len(c.ReasonCounts))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// merged merges rows by maximum, as the model does, and those of want that pass.
func merged(rows []schema.Rollup, want model, pass func(k key) bool) (got, expected model) {
	got, expected = model{}, model{}
	got.write(rows)
	for k, r := range want {
		if pass(k) {
			expected[k] = r
		}
	}
	return got, expected
}

// cuts are where segments may be cut that the tests' rows have: 0 to 2.
func cuts(random *rand.Rand) [][]schema.Segment {
	all := [][]schema.Segment{nil, {3, 3, 3, 3}, {0, 0, 0, 0}, {1, 2}, {4_000_000_000, 1, 1, 1, 1, 1}}
	for range 5 {
		cut := make([]schema.Segment, Partitions)
		for p := range cut {
			cut[p] = schema.Segment(random.IntN(4))
		}
		all = append(all, cut)
	}
	return all
}

// loads: what is settled comes merged and in order, what is open completely, and
// together they are everything, whatever the cut, before and after merges.
func loads(t *testing.T, s Subject) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	rows := loadHistory(random)
	random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	want := model{}
	for part := rows; len(part) > 0; {
		n := min(len(part), 1+random.IntN(1500))
		if err := s.WriteRollups(t.Context(), part[:n]); err != nil {
			t.Fatal(err)
		}
		want.write(part[:n])
		part = part[n:]
	}
	for range 2 {
		for _, cut := range cuts(random) {
			settled(t, s, want, cut)
			open(t, s, want, cut)
		}
		s.sql(t, "OPTIMIZE TABLE votes_rollup FINAL")
	}
}

// cutOf returns the cut of p; 0 where there is none.
func cutOf(cut []schema.Segment, p schema.Partition) schema.Segment {
	if int(p) < len(cut) {
		return cut[p]
	}
	return 0
}

// settled loads the months of Rome, those of UTC, hours from the midst of some, and
// all at once.
func settled(t *testing.T, s Subject, want model, cut []schema.Segment) {
	t.Helper()
	at := func(zone *time.Location, year int, month time.Month, hour int) schema.Hour {
		return schema.HourOf(time.Date(year, month, 1, hour, 0, 0, 0, zone))
	}
	rome := rome(t)
	for _, span := range [][2]schema.Hour{
		{0, 1<<32 - 1},
		{at(rome, 2025, 1, 0), at(rome, 2025, 2, 0)},
		{at(rome, 2025, 3, 0), at(rome, 2025, 4, 0)},
		{at(rome, 2025, 4, 0), at(rome, 2025, 11, 0)},
		{at(rome, 2026, 12, 0), at(rome, 2027, 1, 0)},
		{at(time.UTC, 2025, 10, 0), at(time.UTC, 2025, 11, 0)},
		{at(time.UTC, 2025, 11, -2), at(time.UTC, 2025, 11, 1)},
		{at(rome, 2030, 1, 0), at(rome, 2030, 2, 0)},
		{at(rome, 2025, 4, 0), at(rome, 2025, 3, 0)},
	} {
		rows := collected(t, func(take func(*columns.Rollups) error) error {
			return s.Settled(t.Context(), span[0], span[1], cut, take)
		})
		got, expected := merged(rows, want, func(k key) bool {
			return k.cell.Hour >= span[0] && k.cell.Hour < span[1] && k.segment < cutOf(cut, k.partition)
		})
		if len(rows) != len(expected) || !reflect.DeepEqual(got, expected) {
			t.Errorf("cut %v, hours %v: %d rows of %d keys: want %d, each once and merged", cut, span, len(rows), len(got), len(expected))
		}
		if !slices.IsSortedFunc(rows, func(a, b schema.Rollup) int { return a.Compare(&b.Cell) }) {
			t.Errorf("cut %v, hours %v: %d rows are not in order of the cell", cut, span, len(rows))
		}
	}
}

func open(t *testing.T, s Subject, want model, cut []schema.Segment) {
	t.Helper()
	rows := collected(t, func(take func(*columns.Rollups) error) error { return s.Open(t.Context(), cut, take) })
	got, expected := merged(rows, want, func(k key) bool { return k.segment >= cutOf(cut, k.partition) })
	if !reflect.DeepEqual(got, expected) {
		t.Errorf("cut %v: %d open rows of %d keys: want %d keys, merged by maximum", cut, len(rows), len(got), len(expected))
	}
}

// loadErrors: who takes may stop at any row, and hears of it; what was loaded by
// then is true.
func loadErrors(t *testing.T, s Subject) {
	if err := s.WriteRollups(t.Context(), loadHistory(rand.New(rand.NewPCG(1, 1)))); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	for range 3 { // A connection that was left must not be in the next one's way.
		calls := 0
		take := func(*columns.Rollups) error { calls++; return stop }
		err := s.Settled(t.Context(), 0, 1<<32-1, []schema.Segment{9, 9, 9, 9}, take)
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("settled: got %v after %d calls: want the error of take after one", err, calls)
		}
		if err := s.Open(t.Context(), nil, take); !errors.Is(err, stop) || calls != 2 {
			t.Errorf("open: got %v: want the error of take", err)
		}
	}
}

// emptyLoads: a store that was just set up has nothing, and no error.
func emptyLoads(t *testing.T, s Subject) {
	take := func(c *columns.Rollups) error { t.Errorf("take was called with %d rows", c.Len()); return nil }
	if err := s.Settled(t.Context(), 0, 1<<32-1, []schema.Segment{9}, take); err != nil {
		t.Error(err)
	}
	if err := s.Open(t.Context(), nil, take); err != nil {
		t.Error(err)
	}
	if first, next, err := s.Span(t.Context()); first != 0 || next != 0 || err != nil {
		t.Errorf("span: got %d to %d, %v: want nothing", first, next, err)
	}
	if rows, err := s.Segments(t.Context()); len(rows) != 0 || err != nil {
		t.Errorf("segments: got %v, %v: want none", rows, err)
	}
}

// span: from the first hour to past the last, also where there is one.
func span(t *testing.T, s Subject) {
	f := func(first, next schema.Hour, hours ...schema.Hour) {
		t.Helper()
		var rows []schema.Rollup
		for _, h := range hours {
			rows = append(rows, schema.Rollup{Cell: schema.Cell{Comune: 58091, Channel: 1, Scale: 1, Class: 1, Hour: h}, Values: [schema.ValueMax]uint64{1}})
		}
		if err := s.WriteRollups(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		if gotFirst, gotNext, err := s.Span(t.Context()); gotFirst != first || gotNext != next || err != nil {
			t.Errorf("hours %v: got %d to %d, %v: want %d to %d", hours, gotFirst, gotNext, err, first, next)
		}
	}
	f(490_000, 490_001, 490_000)
	f(480_000, 499_001, 490_005, 499_000, 480_000)
	f(0, 499_001, 0)
}

// segments: open and closed rows of a segment are one, with the chain, whichever of
// them was written last, or further.
func segments(t *testing.T, s Subject) {
	random := rand.New(rand.NewPCG(3, 3))
	type segment struct {
		partition schema.Partition
		segment   schema.Segment
	}
	want := map[segment]schema.LedgerRow{}
	var rows []schema.LedgerRow
	for p := range schema.Partition(Partitions) {
		for n := range schema.Segment(20 + p) {
			closed := schema.Chain{}
			if n < 19 {
				closed = schema.Chain{byte(n), 1, byte(p)}
			}
			for version := range uint64(3) {
				counted := version*10 + random.Uint64N(9)
				r := schema.LedgerRow{
					Partition: p, Segment: n, Next: schema.Offset(uint64(n)*1000 + counted), Newest: schema.Instant(1_800_000_000_000 + counted),
					Tally: schema.Tally{Records: counted, VotesIn: 9 * counted, Counted: 4 * counted, Duplicates: 2 * counted, Conflicts: counted, Quarantined: counted, Voided: counted},
				}
				if version == 2 {
					r.Chain = closed
				}
				rows = append(rows, r)
				r.Chain = closed
				want[segment{p, n}] = r
			}
		}
	}
	for range 2 {
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if err := s.WriteLedger(t.Context(), rows, nil); err != nil {
			t.Fatal(err)
		}
		got, err := s.Segments(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		expected := slices.SortedFunc(maps.Values(want), func(a, b schema.LedgerRow) int {
			return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Segment, b.Segment))
		})
		if !slices.Equal(got, expected) {
			t.Errorf("got %d segments %v\nwant %d %v", len(got), got, len(expected), expected)
		}
		s.sql(t, "OPTIMIZE TABLE segment_ledger FINAL")
	}
}
