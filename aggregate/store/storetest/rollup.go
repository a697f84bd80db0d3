package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"mlf/schema"
)

// key is what rows are merged by.
type key struct {
	cell      schema.Cell
	partition schema.Partition
	segment   schema.Segment
}

// model is the store as it must behave: number by number the highest wins.
type model map[key]*schema.Rollup

func (m model) write(rows []schema.Rollup) {
	for _, r := range rows {
		k := key{r.Cell, r.Partition, r.Segment}
		have := m[k]
		if have == nil {
			have = &schema.Rollup{Cell: r.Cell, Partition: r.Partition, Segment: r.Segment}
			m[k] = have
		}
		for i, v := range r.Values {
			have.Values[i] = max(have.Values[i], v)
		}
		have.Reasons = schema.MaxReasons(have.Reasons, r.Reasons)
	}
}

// sums adds up the model's rows by cell.
func (m model) sums() map[schema.Cell][schema.ValueMax]uint64 {
	sums := map[schema.Cell][schema.ValueMax]uint64{}
	for _, r := range m {
		add(sums, r.Cell, r.Values)
	}
	return sums
}

// add adds values to those of k.
func add[K comparable](sums map[K][schema.ValueMax]uint64, k K, values [schema.ValueMax]uint64) {
	sum := sums[k]
	for i := range sum {
		sum[i] += values[i]
	}
	sums[k] = sum
}

// firstHour is the hour at which the tests' votes begin: two days before a month
// ends, so that they lie in two months.
func firstHour() schema.Hour { return schema.HourOf(time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC)) }

// history returns the rows of a fold in the order in which it would write them:
// per key ever higher numbers.
func history(random *rand.Rand, keys, writes int) []schema.Rollup {
	rows := make([]schema.Rollup, 0, keys*writes)
	for range keys {
		r := schema.Rollup{Cell: randomCell(random), Partition: schema.Partition(random.IntN(Partitions)), Segment: schema.Segment(random.IntN(3))}
		for range 1 + random.IntN(writes) {
			r.Values[random.IntN(int(schema.ValueMax))] += 1 + random.Uint64N(1<<random.IntN(40))
			key := schema.KeyOfReason(schema.Value(1+random.IntN(5)), schema.Reason(1+random.IntN(int(schema.ReasonMax))))
			r.Reasons = schema.AddReasons(r.Reasons, []schema.ReasonNumber{{Key: key, N: 1}})
			rows = append(rows, r)
		}
	}
	return rows
}

func randomCell(random *rand.Rand) schema.Cell {
	return schema.Cell{
		Comune:  schema.ComuneID(58000 + 1000*random.IntN(3) + random.IntN(4)),
		Office:  []schema.OfficeCode{"", "A.1", "via-Roma_2"}[random.IntN(3)],
		Service: schema.ServiceID(random.IntN(4)),
		Channel: schema.Channels()[random.IntN(5)],
		Scale:   schema.Scales()[random.IntN(3)],
		Class:   schema.Classes()[random.IntN(4)],
		Hour:    firstHour() + schema.Hour(random.IntN(96)),
	}
}

// allColumns groups by the whole cell.
func allColumns() []schema.Column {
	return []schema.Column{
		schema.ColumnComune, schema.ColumnOffice, schema.ColumnService, schema.ColumnChannel,
		schema.ColumnScale, schema.ColumnClass, schema.ColumnHour,
	}
}

// everything asks for all cells of the tests.
func everything(group ...schema.Column) schema.StatsQuery {
	return schema.StatsQuery{From: firstHour(), Next: firstHour() + 96, Group: group, RowsMax: 100_000}
}

// innerMaxOuterSum is what the statement with FINAL must be equal to.
const innerMaxOuterSum = `SELECT sum(v) FROM (SELECT max(v1) + max(v2) + max(v3) + max(v4) + max(v5) AS v FROM votes_rollup
GROUP BY comune, office, service, channel, scale, class, hour, partition, segment)`

// rollups writes a history as several workers might, some of them behind, and
// compares every cell with the model, before and after merges.
func rollups(t *testing.T, s Subject) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	rows := history(random, 1500, 4)
	want := model{}
	for round := range 4 { // Everything four times, in another order and cut otherwise.
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for part := rows; len(part) > 0; {
			n := min(len(part), 1+random.IntN(2000))
			if err := s.WriteRollups(t.Context(), part[:n]); err != nil {
				t.Fatal(err)
			}
			want.write(part[:n])
			if round == 0 {
				check(t, s, want, fmt.Sprintf("with %d rows to come", len(part)-n))
			}
			part = part[n:]
		}
	}
	check(t, s, want, "after four rounds")
	s.sql(t, "OPTIMIZE TABLE votes_rollup FINAL")
	check(t, s, want, "after merges")
	if s.SQL != nil {
		if got := s.SQL(t, "SELECT count() FROM votes_rollup"); got != uint64(len(want)) {
			t.Errorf("%d rows after merges: want %d", got, len(want))
		}
	}
	if err := s.WriteRollups(t.Context(), rows[:100]); err != nil { // A zombie.
		t.Fatal(err)
	}
	check(t, s, want, "after a late writer")
	if err := s.WriteRollups(t.Context(), nil); err != nil {
		t.Errorf("no rows: %v", err)
	}
}

// check compares the store with the model cell by cell, and its total with the
// other way to read it.
func check(t *testing.T, s Subject, m model, when string) {
	t.Helper()
	answer, err := s.Stats(t.Context(), everything(allColumns()...))
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	rows, want := answer.Rows, m.sums()
	if len(rows) != len(want) {
		t.Errorf("%s: %d cells: want %d", when, len(rows), len(want))
	}
	var total uint64
	for _, r := range rows {
		total += r.N()
		if r.Values != want[r.Cell] {
			t.Errorf("%s: %+v: got %v, want %v", when, r.Cell, r.Values, want[r.Cell])
		}
	}
	if s.SQL == nil {
		return
	}
	if got := s.SQL(t, innerMaxOuterSum); got != total {
		t.Errorf("%s: inner max, outer sum is %d, FINAL %d", when, got, total)
	}
}

// months writes rows of 14 months with one insert, as a terminal may send votes
// that are 400 days old, and of 30 years, as the rebuild of a small log does: a
// server takes at most 100 of the table's partitions at once.
func months(t *testing.T, s Subject) {
	f := func(comune schema.ComuneID, first time.Time, n int) {
		t.Helper()
		rows := make([]schema.Rollup, n)
		for i := range rows {
			at := time.Date(first.Year(), first.Month()+time.Month(i), 1, 0, 0, 0, 0, time.UTC)
			rows[i] = schema.Rollup{
				Cell:   schema.Cell{Comune: comune, Channel: 1, Scale: 1, Class: 1, Hour: schema.HourOf(at)},
				Values: [schema.ValueMax]uint64{2: uint64(i) + 1},
			}
		}
		before := slices.Clone(rows)
		if err := s.WriteRollups(t.Context(), rows); err != nil {
			t.Errorf("%d months: %v", n, err)
			return
		}
		if !reflect.DeepEqual(rows, before) {
			t.Errorf("%d months: the caller's rows were changed", n)
		}
		answer, err := s.Stats(t.Context(), schema.StatsQuery{
			From: rows[0].Hour, Next: rows[n-1].Hour + 1, Comuni: []schema.ComuneID{comune}, Group: []schema.Column{schema.ColumnMonth}, RowsMax: n,
		})
		got := answer.Rows
		if err != nil || len(got) != n {
			t.Errorf("%d months, %v: want %d", len(got), err, n)
			return
		}
		slices.SortFunc(got, func(a, b schema.StatsRow) int { return cmp.Compare(a.N(), b.N()) })
		for i, r := range got {
			if r.N() != uint64(i)+1 {
				t.Errorf("month %d of %d: got %d votes, want %d", i, n, r.N(), i+1)
			}
		}
	}
	f(58091, time.Date(2025, 10, 31, 23, 0, 0, 0, time.UTC), 14)
	f(58092, time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), 360)
}

func reasons(t *testing.T, s Subject) {
	waiting, staff := schema.KeyOfReason(schema.Red, schema.ReasonWaitingTime), schema.KeyOfReason(schema.Red, schema.ReasonStaff)
	row := func(counts []schema.ReasonNumber) schema.Rollup {
		return schema.Rollup{Cell: schema.Cell{Comune: 58091, Channel: 1, Scale: 1, Class: 1, Hour: firstHour()}, Reasons: counts}
	}
	for _, counts := range [][]schema.ReasonNumber{
		{{Key: waiting, N: 5}, {Key: staff, N: 1}}, {{Key: waiting, N: 3}}, nil, {{Key: staff, N: 2}}, {{Key: waiting, N: 1}, {Key: staff, N: 2}},
	} {
		if err := s.WriteRollups(t.Context(), []schema.Rollup{row(counts)}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(k schema.ReasonKey, when string, want uint64) {
		t.Helper()
		if s.SQL == nil {
			return
		}
		if got := s.SQL(t, fmt.Sprintf("SELECT reasons[%d] FROM votes_rollup FINAL", k)); got != want {
			t.Errorf("%s: reason %v of value %v: got %d, want %d", when, k.Reason(), k.Value(), got, want)
		}
	}
	read(waiting, "before merges", 5)
	read(staff, "before merges", 2)
	s.sql(t, "OPTIMIZE TABLE votes_rollup FINAL")
	read(waiting, "after merges", 5)
	read(staff, "after merges", 2)
	if s.SQL == nil {
		return
	}
	if got := s.SQL(t, "SELECT count() FROM votes_rollup"); got != 1 {
		t.Errorf("%d rows: want 1", got)
	}
}
