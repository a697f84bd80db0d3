package schema_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"mlf/schema"
	"mlf/schema/votepb"
)

// seeds are records of all shapes, and some that are none.
func seeds() [][]byte {
	h, ends := header(), extremeHeader()
	voided := []schema.Vote{{Seq: 1}, {Seq: 3, Value: 2, LateClock: true, At: h.Ingested}}
	records := [][]byte{
		schema.AppendVoteBatch(nil, &h, votes(1)),
		schema.AppendVoteBatch(nil, &h, votes(7)),
		schema.AppendVoteBatch(nil, &h, votes(150)),
		schema.AppendVoteBatch(nil, &h, voided),
		schema.AppendVoteBatch(nil, &ends, extremes(3)),
		schema.AppendVoteBatch(nil, &ends, extremes2(3)),
		schema.AppendVoteBatch(nil, &h, walled(6)),
		schema.AppendVoteBatch(nil, &h, walled(1)),
		schema.AppendGenesis(nil, schema.Genesis{Log: schema.LogID{1}, Partitions: 1, Rules: schema.RulesV1}),
		sealed(),
		sealed([]byte("\x08\x03")),
		nil,
	}
	return records
}

// FuzzVoteBatch: whatever the bytes are, Decode neither panics nor reads them in
// two ways, and what it accepts, AppendVoteBatch can write.
func FuzzVoteBatch(f *testing.F) {
	for _, record := range seeds() {
		f.Add(record)
	}
	var b schema.VoteBatch
	f.Fuzz(func(t *testing.T, record []byte) {
		// The fuzzer cannot guess a checksum, so each input is tried as it is
		// and with the right one.
		for _, record := range [][]byte{record, sealed(record[:max(0, len(record)-5)])} {
			if err := b.Decode(record); err != nil {
				if errors.Is(err, schema.ErrUndecodable) == errors.Is(err, schema.ErrFormat) {
					t.Fatalf("Decode(%x): error of no kind, or of two: %v", record, err)
				}
				if b.Len() != 0 {
					t.Fatalf("Decode(%x): %d votes after error %v", record, b.Len(), err)
				}
				continue
			}
			h, want := b.BatchHeader, rest(&b)
			again := schema.AppendVoteBatch(nil, &h, want)
			if len(again) > schema.RecordBytesMax {
				t.Fatalf("record of %d bytes: RecordBytesMax is %d", len(again), schema.RecordBytesMax)
			}
			if gotHeader, got := decode(t, again); gotHeader != h || !slices.Equal(got, want) {
				t.Fatalf("read %+v %+v, wrote %x, read %+v %+v", h, want, again, gotHeader, got)
			}
		}
	})
}

// FuzzVoteBatchAgainstGenerated: the generated code reads what AppendVoteBatch
// writes, and Decode reads what the generated code writes, as the same votes.
func FuzzVoteBatchAgainstGenerated(f *testing.F) {
	f.Add(uint64(1), uint16(1), "")
	f.Add(uint64(2), uint16(1000), "municipio-1")
	f.Add(uint64(3), uint16(20), "X.y_z")
	f.Fuzz(func(t *testing.T, seed uint64, count uint16, office string) {
		if _, err := schema.ParseOffice(office); err != nil {
			t.Skip()
		}
		h, want := randomBatch(seed, 1+int(count)%schema.BatchVotesMax)
		h.Office = schema.OfficeCode(office)

		record := schema.AppendVoteBatch(nil, &h, want)
		var generated votepb.VoteBatch
		if err := proto.Unmarshal(record, &generated); err != nil {
			t.Fatalf("the generated code refuses %x: %v", record, err)
		}
		if gotHeader, got := readGenerated(&generated); gotHeader != h || !slices.Equal(got, want) {
			t.Fatalf("the generated code reads %+v %+v, want %+v %+v", gotHeader, got, h, want)
		}

		written := writeGenerated(t, h, want)
		if gotHeader, got := decode(t, written); gotHeader != h || !slices.Equal(got, want) {
			t.Fatalf("Decode reads %+v %+v from the generated code, want %+v %+v", gotHeader, got, h, want)
		}
		if !slices.Equal(written, record) {
			t.Fatalf("the generated code writes %x, AppendVoteBatch %x", written, record)
		}
	})
}

// randomBatch returns n votes of which each number is small, large or anything.
func randomBatch(seed uint64, n int) (schema.BatchHeader, []schema.Vote) {
	r := rand.New(rand.NewPCG(seed, 0))
	upTo := func(limit uint64) uint64 { return r.Uint64N(limit+1) >> r.IntN(64) }
	h := schema.BatchHeader{
		Terminal: schema.TerminalID(r.Uint64()),
		Stream:   schema.StreamID(upTo(1<<64 - 2)),
		Slot:     schema.Slot(upTo(schema.Slots - 1)),
		Comune:   schema.ComuneID(1 + upTo(999998)),
		Channel:  schema.Channels()[r.IntN(len(schema.Channels()))],
		Scale:    schema.Scales()[r.IntN(len(schema.Scales()))],
		Test:     r.IntN(2) == 0,
		Ingested: schema.Instant(upTo(uint64(schema.InstantMax))),
	}
	services := upTo(1<<16 - 1)
	reasons, walls := schema.ReasonMax, r.IntN(4) // One in four: format 1, one: a wall clock each.
	if walls == 0 {
		reasons = schema.ReasonTimeout
	}
	votes := make([]schema.Vote, n)
	for i := range votes {
		votes[i] = schema.Vote{
			Seq:       schema.Seq(1 + upTo(uint64(schema.SeqMax-1))),
			At:        schema.Instant(upTo(uint64(schema.InstantMax))),
			Service:   schema.ServiceID(upTo(services)),
			Value:     schema.Value(upTo(uint64(h.Scale.Max()))),
			Reason:    schema.Reason(upTo(uint64(reasons))),
			LateClock: r.IntN(2) == 0,
		}
		if walls > 0 && r.IntN(walls) == 0 {
			votes[i].Wall = votes[i].At + schema.WallApartMax - schema.Instant(upTo(2*schema.WallApartMax))
		}
	}
	return h, votes
}

// readGenerated reads a batch by the words of vote.proto, the slow way.
func readGenerated(b *votepb.VoteBatch) (schema.BatchHeader, []schema.Vote) {
	h := schema.BatchHeader{
		Terminal: schema.TerminalID(b.GetTerminal()),
		Stream:   schema.StreamID(b.GetStream()),
		Slot:     schema.Slot(b.GetSlot()),
		Comune:   schema.ComuneID(b.GetComune()),
		Office:   schema.OfficeCode(b.GetOffice()),
		Channel:  schema.Channel(b.GetChannel()),
		Scale:    schema.Scale(b.GetScale()),
		Test:     b.GetTest(),
		Ingested: schema.Instant(b.GetIngestedMs()),
	}
	votes := make([]schema.Vote, len(b.GetMarks()))
	var seq int64
	at := b.GetIngestedMs()
	for i, mark := range b.GetMarks() {
		seq += b.GetSeqDelta()[i]
		at += b.GetAtDelta()[i]
		service := b.GetService()[0]
		if len(b.GetService()) > 1 {
			service = b.GetService()[i]
		}
		votes[i] = schema.Vote{
			Seq:       schema.Seq(seq),
			At:        schema.Instant(at),
			Service:   schema.ServiceID(service),
			Value:     schema.Value(mark % 8),
			Reason:    schema.Reason(mark / 8 % 16),
			LateClock: mark >= 128,
		}
		if walls := b.GetWall(); len(walls) > 0 {
			code := int64(walls[i%len(walls)]) // A single one holds for all.
			switch {
			case code > 0 && code%2 == 1:
				votes[i].Wall = schema.Instant(at + (code-1)/2)
			case code > 0:
				votes[i].Wall = schema.Instant(at - code/2)
			}
		}
	}
	return h, votes
}

// generatedWalls returns the column of wall clocks.
func generatedWalls(votes []schema.Vote) []uint64 {
	codes := make([]uint64, len(votes))
	for i, v := range votes {
		switch apart := int64(v.Wall - v.At); {
		case v.Wall == 0:
		case apart >= 0:
			codes[i] = 2*uint64(apart) + 1
		default:
			codes[i] = 2 * uint64(-apart)
		}
	}
	switch all := slices.Compact(slices.Clone(codes)); {
	case len(all) > 1:
		return codes
	case all[0] == 0:
		return nil
	default:
		return all
	}
}

// writeGenerated writes a batch with the generated code.
func writeGenerated(t *testing.T, h schema.BatchHeader, votes []schema.Vote) []byte {
	t.Helper()
	b := &votepb.VoteBatch{
		Format:     1,
		Terminal:   uint64(h.Terminal),
		Stream:     uint64(h.Stream),
		Slot:       uint32(h.Slot),
		Comune:     uint32(h.Comune),
		Office:     string(h.Office),
		Channel:    uint32(h.Channel),
		Scale:      uint32(h.Scale),
		Test:       h.Test,
		IngestedMs: int64(h.Ingested),
	}
	seq, at, same := int64(0), int64(h.Ingested), true
	for _, v := range votes {
		b.SeqDelta = append(b.SeqDelta, int64(v.Seq)-seq)
		b.AtDelta = append(b.AtDelta, int64(v.At)-at)
		seq, at = int64(v.Seq), int64(v.At)
		mark := byte(v.Value) + 8*byte(v.Reason)
		if v.LateClock {
			mark += 128
		}
		b.Marks = append(b.Marks, mark)
		b.Service = append(b.Service, uint32(v.Service))
		same = same && v.Service == votes[0].Service
	}
	if same {
		b.Service = b.Service[:1]
	}
	b.Wall = generatedWalls(votes)
	if b.Wall != nil || slices.ContainsFunc(votes, func(v schema.Vote) bool { return v.Reason > schema.ReasonTimeout }) {
		b.Format = 2
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return sealed(body)
}
