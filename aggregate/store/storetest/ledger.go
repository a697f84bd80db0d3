package storetest

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mlf/schema"
)

// tally returns a balanced account of n records.
func tally(n uint64) schema.Tally {
	return schema.Tally{Records: n, VotesIn: 15 * n, Counted: 5 * n, Duplicates: 4 * n, Conflicts: 3 * n, Quarantined: 2 * n, Voided: n}
}

func ledger(t *testing.T, s Subject) {
	if _, err := s.Ledger(t.Context()); err == nil {
		t.Error("a store without identity has a ledger")
	}
	if err := s.WriteIdentity(t.Context(), logIdentity()); err != nil {
		t.Fatal(err)
	}
	newest := schema.Instant(1_790_000_000_123)
	var rows []schema.LedgerRow
	for n := uint64(100); n <= schema.SegmentRecords; n += 9999 { // Segment 0 of partition 1, open and growing,
		rows = append(rows, schema.LedgerRow{Partition: 1, Next: schema.Offset(n), Newest: newest - 5, Tally: tally(n)})
	}
	rows = append(rows, // then closed; segment 1 open; partition 3 begun.
		schema.LedgerRow{Partition: 1, Chain: schema.Chain{1}, Next: schema.SegmentRecords, Newest: newest, Tally: tally(schema.SegmentRecords)},
		schema.LedgerRow{Partition: 1, Segment: 1, Next: schema.SegmentRecords + 7, Newest: newest - 1, Tally: tally(7)},
		schema.LedgerRow{Partition: 3, Next: 1},
	)
	rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	parts := [][]schema.LedgerRow{rows[:3], rows[2:], rows}
	// An open segment of which each number's highest came neither first nor last,
	// and the latest ingest time with another than the counts.
	for i, n := range []uint64{50, 7, 99, 3} {
		parts = append(parts, []schema.LedgerRow{
			{Partition: 2, Next: schema.Offset(n), Newest: newest + schema.Instant([]int64{0, 9, 1, 2}[i]), Tally: tally(n)},
		})
	}
	for _, part := range parts {
		if err := s.WriteLedger(t.Context(), part, nil); err != nil {
			t.Fatal(err)
		}
	}

	want := make([]schema.LedgerTotals, Partitions)
	for i := range want {
		want[i].PartitionState = schema.PartitionState{Partition: schema.Partition(i), State: schema.StateRecovering}
	}
	want[1].Next, want[1].Newest, want[1].Tally = schema.SegmentRecords+7, newest, tally(schema.SegmentRecords+7)
	want[2].Next, want[2].Newest, want[2].Tally = 99, newest+9, tally(99)
	want[3].Next = 1
	read := func(when string) {
		t.Helper()
		got, err := s.Ledger(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got  %+v\nwant %+v", when, got, want)
		}
		tallies, err := s.Tallies(t.Context())
		if err != nil || len(tallies) != len(want) {
			t.Fatalf("%d tallies, %v: want %d", len(tallies), err, len(want))
		}
		for i := range want {
			stateless := want[i]
			stateless.PartitionState = schema.PartitionState{Partition: schema.Partition(i)}
			if tallies[i] != stateless {
				t.Errorf("%s: got  %+v\nwant %+v", when, tallies[i], stateless)
			}
		}
	}
	read("before merges")
	s.sql(t, "OPTIMIZE TABLE segment_ledger FINAL")
	read("after merges")
}

func chains(t *testing.T, s Subject) {
	row := func(p schema.Partition, segment schema.Segment, chain schema.Chain) schema.LedgerRow {
		return schema.LedgerRow{Partition: p, Segment: segment, Chain: chain, Next: 1, Tally: tally(1)}
	}
	one, two := schema.Chain{0: 1, 31: 0}, schema.Chain{0: 0, 31: 2}
	rows := []schema.LedgerRow{row(0, 0, schema.Chain{}), row(0, 1, one), row(0, 1, one), row(0, 1, schema.Chain{}), row(0, 2, one), row(0, 2, two), row(1, 3, two)}
	if err := s.WriteLedger(t.Context(), rows, nil); err != nil {
		t.Fatal(err)
	}
	f := func(p schema.Partition, segment schema.Segment, want ...schema.Chain) {
		t.Helper()
		got, err := s.Chains(t.Context(), p, segment)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("partition %d, segment %d: got %x, %v, want %x", p, segment, got, err, want)
		}
	}
	for range 2 {
		f(0, 0)
		f(0, 1, one)
		f(0, 2, two, one)
		f(0, 3)
		f(1, 3, two)
		s.sql(t, "OPTIMIZE TABLE segment_ledger FINAL")
	}
}

func watermarks(t *testing.T, s Subject) {
	const terminal, stream = schema.TerminalID(1<<64 - 1), schema.StreamID(1 << 63)
	var marks []schema.Watermark
	for i := range 50 {
		m := schema.Watermark{Terminal: terminal, Stream: stream, Highest: schema.Seq(1000 + i%7), Offset: schema.Offset(i * 10)}
		for k := range i % 4 {
			m.Missing = append(m.Missing, schema.SeqSpan{First: schema.Seq(10 * k), Next: schema.Seq(10*k + 3)})
		}
		marks = append(marks, m, schema.Watermark{Terminal: terminal, Stream: stream + schema.StreamID(i+1), Highest: 5, Offset: 9_000})
	}
	want := marks[2*47] // Offset 470: three spans are missing.
	kept := slices.DeleteFunc(slices.Clone(marks), func(m schema.Watermark) bool { return m.Stream == stream && m.Offset > want.Offset })
	for round := range 5 {
		rand.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
		cut := rand.IntN(len(kept))
		for _, part := range [][]schema.Watermark{kept[:cut], kept[cut:]} {
			if err := s.WriteLedger(t.Context(), nil, part); err != nil {
				t.Fatal(err)
			}
		}
		got, ok, err := s.Watermark(t.Context(), terminal, stream)
		if err != nil || !ok || got.Highest != want.Highest || got.Offset != want.Offset || !slices.Equal(got.Missing, want.Missing) {
			t.Errorf("round %d: got %+v, %v, %v, want %+v", round, got, ok, err, want)
		}
		if round == 3 {
			s.sql(t, "OPTIMIZE TABLE terminal_watermark FINAL")
		}
	}
	// A worker that is behind comes last, and then the rows are merged.
	if err := s.WriteLedger(t.Context(), nil, marks[:1]); err != nil {
		t.Fatal(err)
	}
	s.sql(t, "OPTIMIZE TABLE terminal_watermark FINAL")
	if got, ok, err := s.Watermark(t.Context(), terminal, stream); err != nil || !ok || got.Offset != want.Offset {
		t.Errorf("after a late writer and merges: got %+v, %v, %v, want %+v", got, ok, err, want)
	}
	if got, ok, err := s.Watermark(t.Context(), 1, stream); ok || err != nil {
		t.Errorf("another terminal: got %+v, %v, %v", got, ok, err)
	}
}

func states(t *testing.T, s Subject) {
	if err := s.WriteIdentity(t.Context(), logIdentity()); err != nil {
		t.Fatal(err)
	}
	since := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	want := []schema.PartitionState{
		{Partition: 0, State: schema.StateOK, Since: since},
		{Partition: 1, State: schema.StateHalted, Reason: "the log's tail is not the one that was counted", Since: since.Add(-time.Hour)},
		{Partition: 2, State: schema.StateRecovering},
		{Partition: 3, State: schema.StateRecovering, Since: since},
	}
	for _, part := range [][]schema.PartitionState{
		{{Partition: 0, State: schema.StateRecovering, Since: since.Add(time.Hour)}, {Partition: 1, State: schema.StateOK, Since: since}},
		{want[1], want[3]},
		{want[0]},
	} {
		if err := s.WriteState(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		totals, err := s.Ledger(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range totals {
			if got.PartitionState != want[i] {
				t.Errorf("got %+v, want %+v", got.PartitionState, want[i])
			}
		}
		s.sql(t, "OPTIMIZE TABLE partition_state FINAL")
	}

	added := schema.PartitionState{Partition: 5, State: schema.StateHalted, Reason: "it was added to the topic", Since: since}
	if err := s.WriteState(t.Context(), []schema.PartitionState{added}); err != nil {
		t.Fatal(err)
	}
	totals, err := s.Ledger(t.Context())
	if err != nil || len(totals) != 6 || totals[5].PartitionState != added || totals[1].PartitionState != want[1] {
		t.Errorf("with a partition that was added: got %+v, %v", totals, err)
	}
}
