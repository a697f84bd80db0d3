package compare_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"mlf/aggregate/compare"
	"mlf/schema"
	"mlf/schema/columns"
	"mlf/schema/presence"
)

// run compares, in a bubble where waiting takes no time.
func run(t *testing.T, cfg compare.Config) (r *compare.Report, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { r, err = compare.Run(t.Context(), cfg) })
	return r, err
}

func mustRun(t *testing.T, cfg compare.Config) *compare.Report {
	t.Helper()
	r, err := run(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTwoCountsOfOneLogAreEqual: in all cells, at the position where both stand.
func TestTwoCountsOfOneLogAreEqual(t *testing.T) {
	l := newLog(random(t, 1), 100)
	a, b := newCount(t, l).all(30).all(100), newCount(t, l).all(55).all(100)
	r := mustRun(t, config(a, b))
	cells := make(map[schema.Cell]bool)
	for p := range l.records {
		for _, v := range l.records[p] {
			cells[v.Cell] = true
		}
	}
	if !r.Equal() || r.Cells != (compare.Cells{Equal: uint64(len(cells))}) || r.Votes != 3*100 || r.Segments != 3*2 || r.RowsOpen == 0 || r.RowsBounded != 0 {
		t.Errorf("got %+v, want %d cells, all equal", r, len(cells))
	}
	days := make(map[presence.TerminalDay]bool)
	for p := range l.records {
		for _, d := range l.days(p, 0, 100) {
			days[presence.TerminalDay{Terminal: d.Terminal, Day: d.Day}] = true
		}
	}
	if r.Days != (compare.Cells{Equal: uint64(len(days))}) {
		t.Errorf("got days %+v, want %d, all equal", r.Days, len(days))
	}
	if !slices.Equal(r.From, offsets(100)) || !slices.Equal(r.Until, offsets(100)) || r.Months != 4 {
		t.Errorf("got positions %v, %v, %d months", r.From, r.Until, r.Months)
	}
}

func TestEmptyCountsAreEqual(t *testing.T) {
	r := mustRun(t, config(newCount(t, new(log)), newCount(t, new(log))))
	if !r.Equal() || r.Cells.All() != 0 || !slices.Equal(r.From, offsets(0)) {
		t.Errorf("got %+v", r)
	}
}

// TestEachDifferenceIsFound: whatever is written into one of two equal counts besides,
// in closed segments and in open ones, is found, and it is said where.
func TestEachDifferenceIsFound(t *testing.T) {
	l := newLog(random(t, 2), 100)
	closed, open := l.rollups(1, 0, segmentRecords)[0], l.rollups(1, 2, 100)[0]
	more := func(r schema.Rollup, change func(*schema.Rollup)) schema.Rollup {
		change(&r)
		return r
	}
	vote := func(r *schema.Rollup) { r.Values[schema.Yellow-1]++ }
	reason := func(r *schema.Rollup) {
		r.Reasons = schema.AddReasons(r.Reasons, []schema.ReasonNumber{{Key: schema.KeyOfReason(schema.Red, schema.ReasonStaff), N: 1}})
	}
	cell := func(r *schema.Rollup) { r.Comune = 15146 }
	hour := func(r *schema.Rollup) { r.Hour = 400_000 }
	last := func(r *schema.Rollup) { r.Comune, r.Hour = 999_999, 600_000 }
	partition := func(r *schema.Rollup) { r.Partition = partitions + 4 }
	for name, row := range map[string]schema.Rollup{
		"a vote more":           more(closed, vote),
		"a reason more":         more(closed, reason),
		"a cell more":           more(closed, cell),
		"an hour before all":    more(closed, hour),
		"a cell after all":      more(closed, last),
		"open: a vote more":     more(open, vote),
		"open: a reason more":   more(open, reason),
		"open: a cell more":     more(open, cell),
		"open: an hour before":  more(open, hour),
		"of no partition there": more(open, partition),
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newCount(t, l).all(100), newCount(t, l).all(100)
			for i, cfg := range []compare.Config{config(a, b), config(b, a)} {
				if err := a.WriteRollups(t.Context(), []schema.Rollup{row}); err != nil {
					t.Fatal(err)
				}
				r := mustRun(t, cfg)
				if r.Differences != 1 || r.Cells.Different != 1 || r.Cells.Bounded != 0 {
					t.Fatalf("got %+v, want one difference", r)
				}
				d := r.Shown[0]
				if d.Row == nil || d.Row.Cell != row.Cell || d.Partition != row.Partition || d.Segment != row.Segment || d.Counts[i].Values != row.Values || d.Open != (row.Segment == 2) {
					t.Errorf("got %+v %+v, want %+v", d, d.Row, row)
				}
			}
		})
	}
}

// TestEachDayThatDiffersIsFound, in whichever of the two, where both know all of them.
func TestEachDayThatDiffersIsFound(t *testing.T) {
	l := newLog(random(t, 2), 100)
	of := l.days(1, 0, 100)[7]
	for name, change := range map[string]func(*presence.TerminalDay){
		"earlier":     func(d *presence.TerminalDay) { d.First -= 4_000_000 },
		"later":       func(d *presence.TerminalDay) { d.Last += 4_000_000 },
		"ingested":    func(d *presence.TerminalDay) { d.Ingested = 1000 },
		"a terminal":  func(d *presence.TerminalDay) { d.Terminal = 999 },
		"a first day": func(d *presence.TerminalDay) { d.Day = 3 },
		"a last day":  func(d *presence.TerminalDay) { d.Day = 65535 },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newCount(t, l).all(100), newCount(t, l).all(100)
			day := of
			change(&day)
			if err := a.WriteDays(t.Context(), []presence.TerminalDay{day}); err != nil {
				t.Fatal(err)
			}
			for _, cfg := range []compare.Config{config(a, b), config(b, a)} {
				r := mustRun(t, cfg)
				if r.Differences != 1 || r.Days.Different != 1 || r.Days.Bounded != 0 || r.Cells.Different != 0 || r.Shown[0].Days == nil {
					t.Fatalf("got %+v, want one difference", r)
				}
				if d := r.Shown[0].Days; d[0] == d[1] || d[0].Terminal != day.Terminal && d[1].Terminal != day.Terminal {
					t.Errorf("got %+v", d)
				}
			}
		})
	}
}

// TestDaysThatOneDoesNotKnowAreNotCompared, and it is said since when it does.
func TestDaysThatOneDoesNotKnowAreNotCompared(t *testing.T) {
	l := newLog(random(t, 2), 100)
	a, b := newCount(t, l).all(100), newCount(t, l)
	b.knows = 30
	b.all(100)
	if err := a.WriteDays(t.Context(), []presence.TerminalDay{{Terminal: 999}}); err != nil {
		t.Fatal(err)
	}
	if r := mustRun(t, config(a, b)); !r.Equal() || r.KnowDays() || r.Days.All() != 0 || r.KnownSince != [2]schema.Instant{0, 30} {
		t.Errorf("got %+v", r)
	}
}

func TestAccountsThatDifferAreFound(t *testing.T) {
	l := newLog(random(t, 3), 100)
	closed, open := l.ledger(2, 1, 80), l.ledger(0, 2, 100)
	for name, change := range map[string]func(*schema.LedgerRow){
		"duplicates":  func(r *schema.LedgerRow) { r.Duplicates += 2 },
		"newest":      func(r *schema.LedgerRow) { r.Newest++ },
		"quarantined": func(r *schema.LedgerRow) { r.Quarantined++ },
	} {
		for _, row := range []schema.LedgerRow{closed, open} {
			t.Run(name, func(t *testing.T) {
				a, b := newCount(t, l).all(100), newCount(t, l).all(100)
				change(&row)
				if err := b.WriteLedger(t.Context(), []schema.LedgerRow{row}, nil); err != nil {
					t.Fatal(err)
				}
				r := mustRun(t, config(a, b))
				if r.Differences != 1 || r.Shown[0].Accounts == nil || r.Shown[0].Accounts[1] != openRow(row) || r.Shown[0].Open != (row == open || row.Segment == 2) {
					t.Errorf("got %+v, want one account %+v", r, row)
				}
			})
		}
	}
	t.Run("chain", func(t *testing.T) {
		a, b := newCount(t, l).all(100), newCount(t, l).all(100)
		closed.Chain[0] = 255 // Above the one that is there.
		if err := a.WriteLedger(t.Context(), []schema.LedgerRow{closed}, nil); err != nil {
			t.Fatal(err)
		}
		r := mustRun(t, config(a, b))
		if r.Differences != 1 || r.Shown[0].Segment != 1 || r.Shown[0].Partition != 2 || r.Shown[0].Open {
			t.Errorf("got %+v, want another chain", r)
		}
	})
}

// openRow returns r without its chain where its segment is open.
func openRow(r schema.LedgerRow) schema.LedgerRow {
	if r.Segment == 2 {
		r.Chain = schema.Chain{}
	}
	return r
}

// TestAllDifferencesAreCounted, and some are shown.
func TestAllDifferencesAreCounted(t *testing.T) {
	l := newLog(random(t, 4), 80)
	a, b := newCount(t, l).all(80), newCount(t, l).all(80)
	b.tamper = func(r *schema.Rollup) { r.Values[4]++ }
	cfg := config(a, b)
	cfg.Show = 3
	r := mustRun(t, cfg)
	if r.Differences != r.Rows || r.Cells.Different != r.Cells.All() || len(r.Shown) != 3 || r.Shown[0].Row.Compare(&r.Shown[1].Row.Cell) > 0 {
		t.Errorf("got %+v, want all rows, and three of them in order", r)
	}
}

// TestCountsThatCannotBeCompared say why, and which.
func TestCountsThatCannotBeCompared(t *testing.T) {
	l := newLog(random(t, 5), 100)
	f := func(a, b *count, want ...string) {
		t.Helper()
		_, err := run(t, config(a, b))
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("got %v, want %q in it", err, w)
			}
		}
	}
	full := func() *count { return newCount(t, l).all(100) }
	f(full(), newCount(t, l).all(90), "second is behind", "partition 0", "offset 90", "100", "2 more")
	gap := newCount(t, l)
	for p := range partitions {
		gap.rows(p, 100)
		gap.told[p] = segmentRecords
		gap.account(p)
	}
	f(full(), gap, "second is behind", "offset 0")
	for _, what := range []string{"identity", "account", "open segments", "span", "rows", "days"} {
		for _, name := range []string{"first", "second"} {
			a, b := full(), full()
			map[string]*count{"first": a, "second": b}[name].fails[what] = errors.New("the server says nothing")
			f(a, b, name, what, "the server says nothing")
		}
	}
	small := config(full(), full())
	small.OpenMax = 5
	if _, err := run(t, small); err == nil || !strings.Contains(err.Error(), "more than 5 rows") {
		t.Errorf("got %v, want a limit", err)
	}
}

func TestTwoLogsAreNotCompared(t *testing.T) {
	for _, id := range []schema.Identity{{Log: schema.LogID{8}, Partitions: partitions}, {Log: schema.LogID{7}, Partitions: 1}} {
		a, b := newCount(t, new(log)), newCount(t, new(log))
		other := &otherIdentity{b, id}
		if _, err := run(t, config(a, other)); !errors.Is(err, compare.ErrOtherLog) {
			t.Errorf("%+v: got %v", id, err)
		}
	}
}

type otherIdentity struct {
	*count
	id schema.Identity
}

func (o *otherIdentity) Identity(context.Context) (schema.Identity, error) { return o.id, nil }

// TestRowsOutOfOrderAreRefused: what one count has later than the other would be taken
// for a difference of both.
func TestRowsOutOfOrderAreRefused(t *testing.T) {
	l := newLog(random(t, 6), 80)
	a, b := newCount(t, l).all(80), newCount(t, l).all(80)
	n := 0
	b.tamper = func(r *schema.Rollup) {
		if n++; n == 7 {
			r.Comune = 1
		}
	}
	if _, err := run(t, config(a, b)); err == nil || !strings.Contains(err.Error(), "order") {
		t.Errorf("got %v", err)
	}
}

// shuffled is a store that has the rows of a cell, and the reasons of a row, in any
// order.
type shuffled struct {
	*count
	rng *rand.Rand
}

func (s *shuffled) Settled(ctx context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error {
	var all []schema.Rollup
	err := s.Store.Settled(ctx, from, next, cut, func(rows *columns.Rollups) error {
		all = append(all, rollupsOf(rows)...)
		return nil
	})
	if err != nil {
		return err
	}
	s.log.mu.Lock()
	s.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	slices.SortStableFunc(all, func(a, b schema.Rollup) int { return a.Compare(&b.Cell) })
	var rows columns.Rollups
	for _, r := range all {
		s.rng.Shuffle(len(r.Reasons), func(i, j int) { r.Reasons[i], r.Reasons[j] = r.Reasons[j], r.Reasons[i] })
		rows.Append(&r)
	}
	s.log.mu.Unlock()
	return take(&rows)
}

// TestTheOrderWithinACellDoesNotMatter: the store promises none, of rows nor reasons.
func TestTheOrderWithinACellDoesNotMatter(t *testing.T) {
	for seed := range uint64(20) {
		rng := random(t, seed)
		l := newLog(rng, 200)
		a, b := newCount(t, l).all(200), &shuffled{newCount(t, l).all(200), rng}
		want := mustRun(t, config(a, a))
		r := mustRun(t, config(a, b))
		if !r.Equal() || r.Rows != want.Rows || r.Votes != want.Votes || r.Cells != want.Cells {
			t.Errorf("seed %d: got %+v, want %+v", seed, r, want)
		}
	}
}
