package fold_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// testLog is the log that the tests' records are of.
func testLog() schema.LogID { return schema.LogID{1, 2, 3} }

func identity(partitions int) schema.Identity {
	return schema.Identity{Log: testLog(), Partitions: partitions, Rules: schema.RulesV1}
}

func genesis(p schema.Partition, partitions int) schema.Record {
	return genesisBy(schema.RulesV1, p, partitions)
}

func genesisBy(r schema.Rules, p schema.Partition, partitions int) schema.Record {
	g := schema.Genesis{Log: testLog(), Partition: p, Partitions: partitions, Rules: r}
	return schema.Record{Key: []byte(schema.KeyGenesis), Value: schema.AppendGenesis(nil, g)}
}

// control returns the record that changes the rules of partition p.
func control(r schema.Rules, p schema.Partition, partitions int) schema.Record {
	c := schema.Control{Log: testLog(), Partition: p, Partitions: partitions, Rules: r}
	return schema.Record{Key: []byte(schema.KeyRules), Value: schema.AppendControl(nil, c)}
}

func batch(h schema.BatchHeader, votes ...schema.Vote) []byte {
	return schema.AppendVoteBatch(nil, &h, votes)
}

// nine is 2026-11-02 09:00 UTC, a Monday.
const nine schema.Instant = 1_793_610_000_000

func counter() schema.BatchHeader {
	return schema.BatchHeader{
		Terminal: 7, Stream: 9, Comune: 58091, Office: "A",
		Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Ingested: nine,
	}
}

// begun returns the fold of one partition of one after its genesis.
func begun(tb testing.TB) *fold.Fold {
	tb.Helper()
	return begunBy(tb, schema.RulesV1)
}

// begunBy is begun for a log that counts by rules r.
func begunBy(tb testing.TB, r schema.Rules) *fold.Fold {
	tb.Helper()
	f := fold.New(0, identity(1))
	g := genesisBy(r, 0, 1)
	if err := f.Apply(&g); err != nil {
		tb.Fatal(err)
	}
	return f
}

func TestFoldHalts(t *testing.T) {
	f := func(what string, rec schema.Record) {
		t.Helper()
		sum := begun(t)
		before := sum.Chain()
		if err := sum.Apply(&rec); !errors.Is(err, fold.ErrHalt) {
			t.Errorf("%s: got %v, want ErrHalt", what, err)
		}
		if sum.Next() != 1 || sum.Chain() != before {
			t.Errorf("%s: the fold has moved to %d", what, sum.Next())
		}
	}
	f("offset skipped", schema.Record{Offset: 2, Value: batch(counter(), schema.Vote{Seq: 1, At: nine, Value: 1})})
	f("offset again", schema.Record{Offset: 0, Value: batch(counter(), schema.Vote{Seq: 1, At: nine, Value: 1})})
	f("control record", schema.Record{Offset: 1, Key: []byte("rules"), Value: []byte{2}})
	f("newer format", schema.Record{Offset: 1, Value: newerFormat()})

	g := func(what string, rec schema.Record) {
		t.Helper()
		if err := fold.New(1, identity(4)).Apply(&rec); !errors.Is(err, fold.ErrHalt) {
			t.Errorf("%s: got %v, want ErrHalt", what, err)
		}
	}
	value := func(g schema.Genesis) schema.Record {
		return schema.Record{Key: []byte(schema.KeyGenesis), Value: schema.AppendGenesis(nil, g)}
	}
	good := schema.Genesis{Log: testLog(), Partition: 1, Partitions: 4, Rules: schema.RulesV1}
	rec := value(good)
	if err := fold.New(1, identity(4)).Apply(&rec); err != nil {
		t.Errorf("genesis: %v", err)
	}
	other := good
	other.Log[0]++
	g("another log", value(other))
	other = good
	other.Partition = 2
	g("another partition", value(other))
	other = good
	other.Partitions = 5
	g("another partition count", value(other))
	other = good
	other.Rules = fold.RulesMax + 1
	g("unknown rules", value(other))
	g("no genesis", schema.Record{Value: batch(counter(), schema.Vote{Seq: 1, At: nine, Value: 1})})
	g("unreadable genesis", schema.Record{Key: []byte(schema.KeyGenesis), Value: []byte("?")})
}

// newerFormat returns a record whose checksum holds and whose format is 3.
func newerFormat() []byte {
	return binary.LittleEndian.AppendUint32(append([]byte{8, 3}, 15<<3|5), crcOf([]byte{8, 3}))
}

// TestApplyAllocates holds the hot path to no allocation once streams, cells and
// lists have the size they need.
func TestApplyAllocates(t *testing.T) {
	sum := begun(t)
	recs := country(2, 20, 100)
	var rows fold.Rows
	for i := range recs[:len(recs)/2] {
		apply(t, sum, &recs[i])
	}
	sum.Drain(&rows)
	rest := recs[len(recs)/2:]
	got := testing.AllocsPerRun(len(rest)-1, func() {
		apply(t, sum, &rest[0])
		rest = rest[1:]
	})
	if got >= 1 {
		t.Errorf("Apply allocates %v times a record of 100 votes, want 0", got)
	}
}

func apply(tb testing.TB, f *fold.Fold, rec *schema.Record) {
	rec.Offset = f.Next()
	if err := f.Apply(rec); err != nil {
		tb.Fatal(err)
	}
}

// country returns rounds of records, one of each terminal, of some votes each:
// three services, a reason on every red face, votes a minute apart.
func country(rounds, terminals, votes int) []schema.Record {
	var recs []schema.Record
	for n := range rounds {
		recs = append(recs, round(n, terminals, votes)...)
	}
	return recs
}

// round returns the n-th of the country's rounds.
func round(n, terminals, votes int) []schema.Record {
	var recs []schema.Record
	for terminal := range terminals {
		h := counter()
		h.Terminal = schema.TerminalID(terminal)
		h.Comune = schema.ComuneID(1001 + terminal%7896)
		list := make([]schema.Vote, votes)
		for i := range list {
			seq := n*votes + i
			v := schema.Vote{
				Seq:     schema.Seq(seq + 1),
				At:      nine + schema.Instant(i*int(time.Minute/time.Millisecond)),
				Service: schema.ServiceID(seq / 7 % 3),
				Value:   schema.Value(1 + seq%3),
			}
			if v.Value == schema.Red {
				v.Reason = schema.Reason(1 + seq%4)
			}
			list[i] = v
		}
		recs = append(recs, schema.Record{Value: batch(h, list...)})
	}
	return recs
}

// BenchmarkApply folds the votes of 1,000 terminals that are never away.
func BenchmarkApply(b *testing.B) {
	f := func(name string, votes int) {
		b.Run(name, func(b *testing.B) {
			const terminals = 1000
			recs := country(20, terminals, votes)
			sum := begun(b)
			var rows fold.Rows
			i := 0
			for b.Loop() {
				if i == len(recs) {
					b.StopTimer()
					i, sum = 0, begun(b)
					b.StartTimer()
				}
				apply(b, sum, &recs[i])
				if i++; i%terminals == 0 {
					rows.Reset()
					sum.Drain(&rows)
				}
			}
			b.ReportMetric(float64(b.N*votes)/b.Elapsed().Seconds(), "votes/s")
		})
	}
	f("votes=1", 1)
	f("votes=10", 10)
	f("votes=100", 100)
	f("votes=500", 500)
}

// BenchmarkTerminals folds rounds of a hundred votes of each terminal, of few
// terminals and of many, when their streams and cells are there: what it costs to
// have many. cpu-ns/vote is of the thread, for the machine may be shared.
func BenchmarkTerminals(b *testing.B) {
	f := func(terminals int) {
		b.Run(fmt.Sprintf("terminals=%d", terminals), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			const votes = 100
			sum := begun(b)
			var rows fold.Rows
			var used time.Duration
			rounds := 0
			for b.Loop() {
				recs := round(rounds, terminals, votes)
				before := threadCPU(b)
				for i := range recs {
					apply(b, sum, &recs[i])
				}
				if rounds > 0 {
					used += threadCPU(b) - before
				}
				rounds++
				rows.Reset()
				sum.Drain(&rows)
			}
			b.ReportMetric(float64(used.Nanoseconds())/float64(max(1, rounds-1)*terminals*votes), "cpu-ns/vote")
		})
	}
	f(1_000)
	f(10_000)
	f(100_000)
}

// threadCPU returns the processor time of this thread.
func threadCPU(tb testing.TB) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCheckpoint makes and opens the checkpoint of 65,000 streams with 100
// votes each, and all their cells: most of the country on one partition.
func BenchmarkCheckpoint(b *testing.B) {
	sum := begun(b)
	recs := country(1, 65_000, 100)
	for i := range recs {
		apply(b, sum, &recs[i])
	}
	_, payload := checkpoint(b, sum)
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			checkpoint(b, sum)
		}
		b.ReportMetric(float64(len(payload)), "bytes")
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if _, err := fold.Open(payload); err != nil {
				b.Fatal(err)
			}
		}
	})
}
