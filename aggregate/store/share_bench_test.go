package store_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"mlf/aggregate/store"
	"mlf/aggregate/store/embedded"
	"mlf/aggregate/store/storetest"
	"mlf/bench/measure"
	"mlf/schema"
	"mlf/schema/columns"
)

// A cost is what something took, by the clock and on the processors of each server.
type cost struct {
	time time.Duration
	cpu  [2]time.Duration
}

// both returns what the servers took together.
func (c cost) both() time.Duration { return c.cpu[0] + c.cpu[1] }

// of adds what do takes.
func (c *cost) of(b *testing.B, engines [2]*embedded.Server, do func() error) {
	b.Helper()
	var before, after [2]time.Duration
	look := func(into *[2]time.Duration) {
		for i, engine := range engines {
			var err error
			if into[i], err = measure.CPU(engine.Pid()); err != nil {
				b.Fatal(err)
			}
		}
	}
	look(&before)
	start := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	c.time += time.Since(start)
	look(&after)
	for i := range c.cpu {
		c.cpu[i] += after[i] - before[i]
	}
}

// BenchmarkShares measures a database that counts all against two that have a share each
// and are read through one, in turns on the same two servers: flushes of 100,000 rows,
// then reads of a million rows. A ratio above 1 is what sharing costs; of the processor
// time of a flush, share 2 is what the second server takes off the first.
func BenchmarkShares(b *testing.B) {
	engines := clusterOf(b)
	id := schema.Identity{Log: schema.LogID{1}, Partitions: 16, Rules: schema.RulesV2}
	whole := at(engines[0], "mlf_whole")
	if err := store.Apply(b.Context(), whole, id); err != nil {
		b.Fatal(err)
	}
	one := openStore(b, whole)
	c := newShared(b, engines, id)
	two := c.subject(b)
	const flush, hours = 100_000, 10
	random := rand.New(rand.NewPCG(1, 2))
	b.Run("flush", func(b *testing.B) {
		var single, split cost
		for i := 0; b.Loop(); i++ {
			rows := country(random, flush, benchHour+schema.Hour(i%hours))
			single.of(b, engines, func() error { return one.WriteRollups(b.Context(), rows) })
			split.of(b, engines, func() error { return two.WriteRollups(b.Context(), rows) })
		}
		report(b, single, split)
		b.ReportMetric(float64(split.cpu[1])/float64(split.both()), "cpu-of-share-2")
	})
	rows := make([]schema.Rollup, 0, flush*hours)
	for h := range schema.Hour(hours) {
		rows = append(rows, country(random, flush, benchHour+h)...)
	}
	marks := []schema.Watermark{{Terminal: 7, Stream: 8, Highest: 9, Offset: 10}}
	for _, s := range []storetest.Store{one, two} {
		if err := errors.Join(s.WriteRollups(b.Context(), rows), s.WriteLedger(b.Context(), nil, marks)); err != nil {
			b.Fatal(err)
		}
	}
	front := openStore(b, c.front)
	for _, bench := range []struct {
		name string
		read func(s *store.Store) error
	}{
		{"country, one row", func(s *store.Store) error { return askAll(b, s) }},
		{"country by comune", func(s *store.Store) error { return askAll(b, s, schema.ColumnComune) }},
		{"settled", func(s *store.Store) error {
			return s.Settled(b.Context(), 0, 1<<32-1, everySegment(), func(*columns.Rollups) error { return nil })
		}},
		{"watermark", func(s *store.Store) error {
			_, ok, err := s.Watermark(b.Context(), 7, 8)
			if err == nil && !ok {
				return errors.New("no watermark")
			}
			return err
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var single, split cost
			for b.Loop() {
				single.of(b, engines, func() error { return bench.read(one) })
				split.of(b, engines, func() error { return bench.read(front) })
			}
			report(b, single, split)
		})
	}
}

// askAll asks for the whole country.
func askAll(b *testing.B, s *store.Store, group ...schema.Column) error {
	b.Helper()
	answer, err := s.Stats(b.Context(), schema.StatsQuery{From: benchHour, Next: benchHour + 10, Group: group, RowsMax: 1_000_000})
	if err == nil && len(answer.Rows) == 0 {
		return errors.New("no rows")
	}
	return err
}

// report tells what split took against single.
func report(b *testing.B, single, split cost) {
	b.Helper()
	b.ReportMetric(single.time.Seconds()*1e3/float64(b.N), "ms-one")
	b.ReportMetric(split.time.Seconds()*1e3/float64(b.N), "ms-two")
	b.ReportMetric(float64(split.time)/float64(single.time), "x-time")
	b.ReportMetric(float64(split.both())/float64(single.both()), "x-cpu")
}
