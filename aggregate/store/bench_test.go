package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"mlf/aggregate/store"
	"mlf/schema"
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
			rows[i].Reasons = map[schema.ReasonKey]uint64{schema.KeyOfReason(schema.Red, schema.ReasonWaitingTime): 1}
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
	if err := store.Migrate(b.Context(), dsn); err != nil {
		b.Fatal(err)
	}
	return openStore(b, store.Config{DSN: dsn})
}
