package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/aggregate/store/storetest"
	"mlf/bench/measure"
	"mlf/schema"
	"mlf/schema/columns"
)

// benchHour is the first hour of the benchmarks' votes.
const benchHour = 498_000

// country returns n rows as one flush of a country would have them, in the
// given hour: a row per comune, service and segment, some with reasons.
func country(random *rand.Rand, n int, hour schema.Hour) []schema.Rollup {
	rows := make([]schema.Rollup, n)
	for i := range rows {
		rows[i] = schema.Rollup{
			Cell: schema.Cell{
				Comune: schema.ComuneID(1000 + i*37%7896*12), Office: "", Service: schema.ServiceID(1 + i/7896),
				Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK, Hour: hour,
			},
			Partition: schema.Partition(i % 16), Segment: schema.Segment(hour / 6),
			Values: [schema.ValueMax]uint64{random.Uint64N(3), random.Uint64N(4), 1 + random.Uint64N(20)},
		}
		if i%10 == 0 {
			rows[i].Reasons = []schema.ReasonNumber{{Key: schema.KeyOfReason(schema.Red, schema.ReasonWaitingTime), N: 1}}
		}
	}
	return rows
}

// BenchmarkWriteRollups measures one flush, from the call to the acknowledgement
// of rows that are on the disk.
func BenchmarkWriteRollups(b *testing.B) {
	s := benchStore(b)
	hour := schema.Hour(benchHour)
	for _, n := range []int{1, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				rows := country(random, n, hour)
				hour++
				b.StartTimer()
				if err := s.WriteRollups(b.Context(), rows); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkStats measures reads over a million rows, as they lie after a day.
func BenchmarkStats(b *testing.B) {
	s := benchStore(b)
	random := rand.New(rand.NewPCG(1, 2))
	const hours = 50
	for h := range schema.Hour(hours) {
		if err := s.WriteRollups(b.Context(), country(random, 20_000, benchHour+h)); err != nil {
			b.Fatal(err)
		}
	}
	for _, bench := range []struct {
		name string
		set  func(q *schema.StatsQuery)
	}{
		{"one comune by service and hour", func(q *schema.StatsQuery) {
			q.Comuni, q.Group = []schema.ComuneID{1000}, []schema.Column{schema.ColumnService, schema.ColumnHour}
		}},
		{"country, one row", func(*schema.StatsQuery) {}},
		{"country, one row, with reasons", func(q *schema.StatsQuery) { q.Reasons = true }},
		{"country by hour", func(q *schema.StatsQuery) { q.Group = []schema.Column{schema.ColumnHour} }},
		{"country by comune", func(q *schema.StatsQuery) { q.Group = []schema.Column{schema.ColumnComune} }},
		{"country by comune, some with other codes", func(q *schema.StatsQuery) {
			q.Group, q.CodeOf = []schema.Column{schema.ColumnComune}, make(map[schema.ComuneID]schema.ComuneID)
			for i := range schema.ComuneID(377) { // As many as in Sardinia.
				q.CodeOf[1000+12*i] = 990_000 + i
			}
		}},
		{"country by comune and hour", func(q *schema.StatsQuery) {
			q.Group = []schema.Column{schema.ColumnComune, schema.ColumnHour}
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			q := schema.StatsQuery{From: benchHour, Next: benchHour + hours, RowsMax: 1_000_000}
			bench.set(&q)
			rows := 0
			for b.Loop() {
				got, err := s.Stats(b.Context(), q)
				if err != nil || len(got.Rows) == 0 {
					b.Fatalf("%d rows, %v", len(got.Rows), err)
				}
				rows = len(got.Rows)
			}
			b.ReportMetric(float64(rows), "rows")
		})
	}
}

func benchStore(b *testing.B) *store.Store {
	b.Helper()
	dsn := newDatabase(b, engine(b).DSN())
	if err := store.Migrate(b.Context(), store.Config{DSN: dsn}); err != nil {
		b.Fatal(err)
	}
	return openStore(b, store.Config{DSN: dsn})
}

// fillMonth writes rows of one month, in a part for each four hundred thousand.
func fillMonth(t testing.TB, s storetest.Subject, rows int) {
	t.Helper()
	const statement = `INSERT INTO votes_rollup SELECT
    1000 + 12 * (cityHash64(number) %% 7896), if(number %% 20 = 0, concat('U', toString(number %% 7)), ''), 1 + cityHash64(number, 1) %% 9,
    1 + number %% 3, 1, 1, toDateTime(%d, 'UTC') + 3600 * (cityHash64(number, 2) %% 700), cityHash64(number) %% 16, intDiv(number, 1000000),
    number %% 2, number %% 3 = 0, 1, 0, 0, if(number %% 10 = 0, map(18, 1), map())
FROM numbers(%d, %d) SETTINGS max_insert_threads = 1, max_block_size = 400000, min_insert_block_size_rows = 400000`
	first := time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC).Unix()
	for from := 0; from < rows; from += 400_000 {
		s.SQL(t, fmt.Sprintf(statement, first, from, min(400_000, rows-from)))
	}
}

// everySegment cuts the partitions of fillMonth behind all of their segments.
func everySegment() []schema.Segment { return slices.Repeat([]schema.Segment{1 << 31}, 16) }

// BenchmarkLoad measures reads of all that was counted, as a process does that holds
// it in memory; a month's parts are not merged yet, or are.
func BenchmarkLoad(b *testing.B) {
	server := engine(b)
	s := open(b, server.DSN())
	const rows = 2_000_000
	fillMonth(b, s, rows)
	f := func(name string, load func(take func(*columns.Rollups) error) error) {
		b.Run(name, func(b *testing.B) {
			before, err := measure.CPU(server.Pid())
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				if err := load(func(c *columns.Rollups) error { n += c.Len(); return nil }); err != nil {
					b.Fatal(err)
				}
			}
			after, err := measure.CPU(server.Pid())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/row")
			b.ReportMetric(float64((after-before).Nanoseconds())/float64(n), "engine-ns/row")
		})
	}
	settled := func(take func(*columns.Rollups) error) error {
		return s.Settled(b.Context(), 0, 1<<32-1, everySegment(), take)
	}
	f("settled, five parts", settled)
	f("open", func(take func(*columns.Rollups) error) error { return s.Open(b.Context(), nil, take) })
	s.SQL(b, "OPTIMIZE TABLE votes_rollup FINAL")
	f("settled, one part", settled)
}
