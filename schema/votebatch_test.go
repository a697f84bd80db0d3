package schema_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mlf/schema"
)

// header is of a counter in Roma, as most are.
func header() schema.BatchHeader {
	return schema.BatchHeader{
		Terminal: 0x1122334455667788,
		Stream:   0x99aabbccddeeff00,
		Slot:     517,
		Comune:   58091,
		Office:   "municipio-1",
		Channel:  schema.ChannelCounter,
		Scale:    schema.ScaleMLF3,
		Ingested: 1795338000120,
	}
}

// votes returns n votes as a counter casts them: one every half minute, in
// order, two services, some with a reason.
func votes(n int) []schema.Vote {
	all := make([]schema.Vote, n)
	for i := range all {
		all[i] = schema.Vote{
			Seq:     schema.Seq(41 + i),
			At:      header().Ingested - schema.Instant((n-i)*31_017),
			Service: schema.ServiceID(3 + i%2),
			Value:   schema.Value(1 + i%3),
		}
		if i%3 == 0 {
			all[i].Reason = schema.ReasonWaitingTime
		}
	}
	return all
}

// extremes returns n votes whose every number jumps from one end of its range in
// format 1 to the other.
func extremes(n int) []schema.Vote {
	all := make([]schema.Vote, n)
	for i := range all {
		all[i] = schema.Vote{Seq: 1, At: 0, Service: 1<<16 - 1, Value: 5, Reason: schema.ReasonTimeout, LateClock: true}
		if i%2 == 0 {
			all[i].Seq, all[i].At = schema.SeqMax, schema.InstantMax
		}
	}
	all[0].Service = 1<<16 - 2 // So that the services are not all the same.
	return all
}

// extremes2 is extremes in format 2.
func extremes2(n int) []schema.Vote {
	all := extremes(n)
	for i := range all {
		all[i].Reason = schema.ReasonMax
		all[i].Wall = all[i].At - schema.WallApartMax
		if i%2 == 0 {
			all[i].Wall = all[i].At + schema.WallApartMax
		}
	}
	return all
}

// walled returns n votes as votes does, of a terminal whose wall clock is 3 s fast
// against ours and goes on; every fourth has none, as after a change of battery.
func walled(n int) []schema.Vote {
	all := votes(n)
	for i := range all {
		if i%4 < 3 {
			all[i].Wall = all[i].At + 3000 + schema.Instant(i)
		}
	}
	return all
}

func extremeHeader() schema.BatchHeader {
	return schema.BatchHeader{
		Terminal: 1<<64 - 1, Stream: 1<<64 - 1, Slot: schema.Slots - 1, Comune: 999999,
		Office:  schema.OfficeCode(strings.Repeat("x", schema.OfficeCodeMax)),
		Channel: schema.ChannelDigital, Scale: schema.ScaleStars5, Test: true, Ingested: schema.InstantMax,
	}
}

func decode(t testing.TB, record []byte) (schema.BatchHeader, []schema.Vote) {
	t.Helper()
	var b schema.VoteBatch
	if err := b.Decode(record); err != nil {
		t.Fatalf("Decode(%x): %v", record, err)
	}
	return b.BatchHeader, rest(&b)
}

func rest(b *schema.VoteBatch) []schema.Vote {
	var all []schema.Vote
	var v schema.Vote
	for b.Next(&v) {
		all = append(all, v)
	}
	return all
}

func TestVoteBatchRoundTrip(t *testing.T) {
	f := func(h schema.BatchHeader, want []schema.Vote) {
		t.Helper()
		record := schema.AppendVoteBatch([]byte("before"), &h, want)
		if string(record[:6]) != "before" {
			t.Fatalf("AppendVoteBatch changed what was before it: %q", record[:6])
		}
		gotHeader, got := decode(t, record[6:])
		if gotHeader != h {
			t.Errorf("got header %+v, want %+v", gotHeader, h)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	h := header()
	f(h, votes(1))
	f(h, votes(2))
	f(h, votes(127))
	f(h, votes(128))
	f(h, votes(schema.BatchVotesMax))
	f(extremeHeader(), extremes(1))
	f(extremeHeader(), extremes(schema.BatchVotesMax))
	f(h, walled(1))
	f(h, walled(128))
	f(extremeHeader(), extremes2(1))
	f(extremeHeader(), extremes2(schema.BatchVotesMax))
	f(h, []schema.Vote{{Seq: 1}, {Seq: 2, Wall: -62167219200000}}) // In the year 0.
	f(h, []schema.Vote{{Seq: 1, Reason: schema.ReasonClear, Value: 3}, {Seq: 2}})

	h.Office, h.Test = "", true
	f(h, votes(3))
	h.Slot, h.Terminal, h.Stream, h.Ingested = 0, 0, 0, 0
	f(h, []schema.Vote{{Seq: 1}})                               // Voided, all numbers zero.
	f(h, []schema.Vote{{Seq: 9}, {Seq: 8, Value: 1}, {Seq: 9}}) // Any order, one seq twice.
	f(h, []schema.Vote{{Seq: 1, Service: 7}, {Seq: 2}, {Seq: 3}})

	rand := rand.New(rand.NewPCG(1, 2))
	for range 300 { // Votes at random; the fuzzers go further.
		h := extremeHeader()
		h.Ingested = schema.Instant(rand.Int64N(int64(schema.InstantMax) + 1))
		random := make([]schema.Vote, 1+rand.IntN(40))
		for i := range random {
			random[i] = schema.Vote{
				Seq:       1 + schema.Seq(rand.Uint64N(uint64(schema.SeqMax))>>rand.IntN(53)),
				At:        schema.Instant(rand.Int64N(int64(schema.InstantMax) + 1)),
				Service:   schema.ServiceID(rand.Uint32N(1<<16) >> rand.IntN(17)),
				Value:     schema.Value(rand.IntN(6)),
				Reason:    schema.Reason(rand.IntN(int(schema.ReasonMax) + 1)),
				LateClock: rand.IntN(2) == 0,
			}
			if rand.IntN(3) == 0 {
				random[i].Wall = random[i].At + schema.Instant(rand.Int64N(2*schema.WallApartMax+1)-schema.WallApartMax)
			}
		}
		f(h, random)
	}
}

func TestVoteBatchBytes(t *testing.T) {
	f := func(what string, h schema.BatchHeader, v []schema.Vote, atMost float64) {
		t.Helper()
		record := schema.AppendVoteBatch(nil, &h, v)
		got := float64(len(record)) / float64(len(v))
		t.Logf("%s: %d bytes, %.2f a vote", what, len(record), got)
		if got > atMost {
			t.Errorf("%s: got %.2f bytes a vote, want at most %v", what, got, atMost)
		}
	}
	h := header()
	f("one vote", h, votes(1), 75)
	f("50 votes", h, votes(50), 8)
	f("1,000 votes", h, votes(schema.BatchVotesMax), 7)
	steady := votes(50)
	for i := range steady {
		steady[i].Wall = steady[i].At + 3000
	}
	f("50 votes of a steady wall clock", h, steady, 8)

	h = extremeHeader()
	got, want := len(schema.AppendVoteBatch(nil, &h, extremes2(schema.BatchVotesMax))), schema.RecordBytesMax
	if got > want || got < want*98/100 {
		t.Errorf("got a largest record of %d bytes, RecordBytesMax is %d", got, want)
	}
}

func TestVoteBatchAllocatesNothing(t *testing.T) {
	h, want := header(), votes(schema.BatchVotesMax)
	other := h
	other.Office = "municipio-2"
	dst := make([]byte, 0, schema.RecordBytesMax)
	record := schema.AppendVoteBatch(nil, &h, want)
	records := [][]byte{record, schema.AppendVoteBatch(nil, &other, want), schema.AppendVoteBatch(nil, &h, walled(20))}

	if got := testing.AllocsPerRun(100, func() { schema.AppendVoteBatch(dst, &h, want) }); got != 0 {
		t.Errorf("AppendVoteBatch: got %v allocations, want 0", got)
	}
	var b schema.VoteBatch
	var v schema.Vote
	n := 0
	got := testing.AllocsPerRun(100, func() {
		if err := b.Decode(records[n%3]); err != nil {
			t.Fatal(err)
		}
		for b.Next(&v) {
			n += int(v.Value) & 1
		}
		n++
	})
	if got != 0 {
		t.Errorf("Decode and Next: got %v allocations, want 0", got)
	}
}

func TestVoteBatchKeepsNothingOfTheRecord(t *testing.T) {
	h, want := header(), votes(10)
	record := schema.AppendVoteBatch(nil, &h, want)
	var b schema.VoteBatch
	if err := b.Decode(record); err != nil {
		t.Fatal(err)
	}
	clear(record)
	if got := rest(&b); b.BatchHeader != h || !reflect.DeepEqual(got, want) {
		t.Errorf("the batch changed with its record: %+v %+v", b.BatchHeader, got)
	}
}

// TestVoteBatchForgetsWallClocks: a vote without one gets none from a record that
// was read into the same memory before.
func TestVoteBatchForgetsWallClocks(t *testing.T) {
	h := header()
	var b schema.VoteBatch
	f := func(want []schema.Vote) {
		t.Helper()
		if err := b.Decode(schema.AppendVoteBatch(nil, &h, want)); err != nil {
			t.Fatal(err)
		}
		if got := rest(&b); !slices.Equal(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	f(walled(8))
	f(votes(2))
	f(votes(8))
	f(walled(1))
	f(votes(8))
	_ = b.Decode(sealed([]byte("\x08\x02\x28\x07\x38\x01\x40\x01\x5a\x02\x02\x02\x62\x02\x00\x00\x6a\x02\x01\x01\x72\x01\x00\x82\x01\x02\x05\x80")))
	f(votes(8)) // Nor from one that was refused for its second wall clock.
}

// TestVoteBatchFormat: a batch is written in the first format that can hold it, so
// that a program that knows format 1 alone stops at no other.
func TestVoteBatchFormat(t *testing.T) {
	f := func(want byte, v ...schema.Vote) {
		t.Helper()
		h := header()
		if record := schema.AppendVoteBatch(nil, &h, v); record[0] != 8 || record[1] != want {
			t.Errorf("%+v: written in format %d, want %d", v, record[1], want)
		}
	}
	f(1, schema.Vote{Seq: 1})
	f(1, schema.Vote{Seq: 1, Value: 3, Reason: schema.ReasonTimeout, LateClock: true})
	f(2, schema.Vote{Seq: 1}, schema.Vote{Seq: 2, Value: 3, Reason: schema.ReasonClear})
	f(2, schema.Vote{Seq: 1}, schema.Vote{Seq: 2, Wall: 1})
	f(2, schema.Vote{Seq: 1, Wall: -1}, schema.Vote{Seq: 2})
}

// TestVoteBatchEveryBit flips each bit of a record: none may go unnoticed.
func TestVoteBatchEveryBit(t *testing.T) {
	h := header()
	record := schema.AppendVoteBatch(nil, &h, walled(5))
	var b schema.VoteBatch
	for i := range len(record) * 8 {
		record[i/8] ^= 1 << (i % 8)
		if err := b.Decode(record); !errors.Is(err, schema.ErrUndecodable) || b.Len() != 0 {
			t.Fatalf("bit %d flipped: got %d votes, error %v, want %v", i, b.Len(), err, schema.ErrUndecodable)
		}
		record[i/8] ^= 1 << (i % 8)
	}
	for n := range record {
		if err := b.Decode(record[:n]); !errors.Is(err, schema.ErrUndecodable) {
			t.Fatalf("cut to %d bytes: got %v, want %v", n, err, schema.ErrUndecodable)
		}
	}
	if err := b.Decode(record); err != nil || b.Len() != 5 {
		t.Errorf("after all that: got %d votes, error %v", b.Len(), err)
	}
}

// sealed puts the checksum under body, as a foreign producer could.
func sealed(body ...[]byte) []byte {
	all := slices.Concat(body...)
	sum := crc32.Checksum(all, crc32.MakeTable(crc32.Castagnoli))
	return binary.LittleEndian.AppendUint32(append(all, 0x7d), sum)
}

// TestVoteBatchRefusals gives records whose checksum is right and whose content
// is not.
func TestVoteBatchRefusals(t *testing.T) {
	const (
		format   = "\x08\x01"
		comune   = "\x28\x07"
		channel  = "\x38\x01"
		scale    = "\x40\x01"
		head     = format + comune + channel + scale
		seqs     = "\x5a\x02\x02\x02" // 1, 2
		times    = "\x62\x02\x00\x00"
		marks    = "\x6a\x02\x01\x01"
		services = "\x72\x01\x00"
	)
	f := func(want error, parts ...string) {
		t.Helper()
		var b schema.VoteBatch
		err := b.Decode(sealed([]byte(strings.Join(parts, ""))))
		if want == nil && (err != nil || b.Len() != 2) {
			t.Errorf("%q: got %d votes, error %v, want 2", parts, b.Len(), err)
		}
		if !errors.Is(err, want) || err != nil && b.Len() != 0 {
			t.Errorf("%q: got %d votes, error %v, want %v", parts, b.Len(), err, want)
		}
	}
	undecodable, newer := schema.ErrUndecodable, schema.ErrFormat

	f(nil, head, seqs, times, marks, services)
	f(nil, services, marks, times, seqs, scale, channel, comune, format) // Any order.
	f(nil, head, "\x32\x00", "\x20\x00", seqs, times, marks, services)   // Zeros written out.

	f(undecodable)
	f(undecodable, comune, channel, scale, seqs, times, marks, services) // No format.
	f(undecodable, "\x08\x00", comune, channel, scale, seqs, times, marks, services)
	f(newer, "\x08\x03", comune, channel, scale, seqs, times, marks, services)   // The next one.
	f(newer, "\x08\x03", "\xf2\x07\x01\x00")                                     // With other fields.
	f(newer, "\xf2\x07\x01\x00", "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") // And in another order.
	f(undecodable, "\x08\x03", "\xf2\x07\x02\x00")                               // But cut off.
	f(undecodable, "\x08\x02", "\xf2\x07\x01\x00")                               // Nor are they ours.
	f(undecodable, "\x08")
	f(undecodable, "\x0a\x01\x02", comune, channel, scale, seqs, times, marks, services) // Format as bytes.

	f(undecodable, head, seqs, times, marks, services, "\x78\x01")             // Field 15 of another type.
	f(undecodable, head, seqs, times, marks, services, "\x82\x01\x01\x00")     // Field 16 in format 1,
	f(undecodable, head, seqs, times, marks, services, "\x82\x01\x00")         // empty, too.
	f(undecodable, head, seqs, times, marks, services, "\x8a\x01\x00")         // Field 17.
	f(undecodable, head, seqs, times, marks, services, "\x7d\x00\x00\x00\x00") // Two checksums.
	f(undecodable, head, head, seqs, times, marks, services)
	f(undecodable, head, seqs, seqs, times, marks, services)
	f(undecodable, head, "\x58\x02\x58\x02", times, marks, services) // Not packed.
	f(undecodable, head, "\x5a\x7f\x02\x02")                         // Longer than the record.
	f(undecodable, "\x00", head, seqs, times, marks, services)

	f(undecodable, format, channel, scale, seqs, times, marks, services)                     // No comune,
	f(undecodable, format, "\x28\xc0\x84\x3d", channel, scale, seqs, times, marks, services) // comune 1,000,000.
	f(undecodable, format, comune, scale, seqs, times, marks, services)                      // No channel,
	f(undecodable, format, comune, "\x38\x06", scale, seqs, times, marks, services)          // channel 6,
	f(undecodable, format, comune, "\x38\x81\x02", scale, seqs, times, marks, services)      // channel 257.
	f(undecodable, format, comune, channel, seqs, times, marks, services)                    // No scale,
	f(undecodable, format, comune, channel, "\x40\x04", seqs, times, marks, services)        // scale 4.
	f(undecodable, head, "\x20\x80\x08", seqs, times, marks, services)                       // Slot 1024.
	f(undecodable, head, "\x20\x80\x80\x40", seqs, times, marks, services)                   // Slot 1<<20.
	f(undecodable, head, "\x48\x02", seqs, times, marks, services)                           // Test 2.
	f(undecodable, head, "\x32\x01 ", seqs, times, marks, services)                          // A blank in the office.
	f(undecodable, head, "\x32\x21"+strings.Repeat("a", 33), seqs, times, marks, services)
	f(undecodable, head, "\x50\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", seqs, times, marks, services) // Ingested at -1.
	f(undecodable, head, "\x50\x80\x80\x80\x80\x80\x7d", seqs, times, marks, services)                 // In 2106.

	f(undecodable, head)                                                                                 // No votes.
	f(undecodable, head, "\x6a\x00")                                                                     // No votes either.
	f(undecodable, head, times, marks, services)                                                         // No seqs,
	f(undecodable, head, "\x5a\x01\x02", times, marks, services)                                         // one,
	f(undecodable, head, "\x5a\x03\x02\x02\x02", times, marks, services)                                 // three,
	f(undecodable, head, "\x5a\x02\x02\x82", times, marks, services)                                     // the second cut off,
	f(undecodable, head, "\x5a\x02\x00\x02", times, marks, services)                                     // 0 and 1,
	f(undecodable, head, "\x5a\x02\x02\x03", times, marks, services)                                     // 1 and -1,
	f(undecodable, head, "\x5a\x09\xfe\xff\xff\xff\xff\xff\xff\x1f\x02", times, marks, services)         // SeqMax and one more,
	f(undecodable, head, "\x5a\x0b\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", times, marks, services) // overflow.
	f(undecodable, head, seqs, marks, services)
	f(undecodable, head, seqs, "\x62\x02\x00\x01", marks, services) // At -1.
	f(undecodable, head, seqs, "\x62\x03\x00\x00\x00", marks, services)
	f(undecodable, head, seqs, times, services)
	f(undecodable, head, seqs, times, "\x6a\x02\x01\x04", services) // Value 4 of 3.
	f(undecodable, head, seqs, times, "\x6a\x02\x01\x61", services) // Reason 12.
	f(undecodable, head, seqs, times, marks)
	f(undecodable, head, seqs, times, marks, "\x72\x00")
	f(undecodable, head, seqs, times, marks, "\x72\x03\x00\x00\x00")
	f(undecodable, head, seqs, times, marks, "\x72\x03\x80\x80\x04") // Service 65,536.

	two := "\x08\x02" + comune + channel + scale + seqs + times + marks + services
	f(nil, two)
	f(nil, two, "\x82\x01\x00")
	f(nil, two, "\x82\x01\x01\x07")
	f(nil, two, "\x82\x01\x02\x07\x00")
	f(nil, "\x82\x01\x02\x07\x00", two)                                                   // Any order.
	f(nil, two, "\x82\x01\x09\x81\x80\x80\x80\x80\x80\x80\x02\x00")                       // 2^49 ms ahead.
	f(undecodable, two, "\x82\x01\x09\x82\x80\x80\x80\x80\x80\x80\x02\x00")               // One more behind.
	f(undecodable, two, "\x82\x01\x03\x07\x00\x00")                                       // Three of two.
	f(undecodable, two, "\x82\x01\x02\x07\x80")                                           // The second cut off.
	f(undecodable, two, "\x82\x01\x7f\x07")                                               // Longer than the record.
	f(undecodable, two, "\x82\x01")                                                       // Without a length.
	f(undecodable, two, "\x82")                                                           // Half a tag.
	f(undecodable, two, "\x82\x00\x00")                                                   // A tag written too long.
	f(undecodable, two, "\x80\x01\x07")                                                   // Not packed.
	f(undecodable, two, "\x82\x01\x01\x07", "\x82\x01\x01\x07")                           // Twice.
	f(nil, "\x08\x02", comune, channel, scale, seqs, times, "\x6a\x02\x01\x79", services) // Reason 15.

	many := strings.Repeat("\x01", schema.BatchVotesMax+1)
	f(undecodable, head, "\x6a\xe9\x07"+many, "\x5a\xe9\x07"+many, "\x62\xe9\x07"+many, services)
}

// TestAppendVoteBatchPanics: what Decode would refuse never reaches the log.
func TestAppendVoteBatchPanics(t *testing.T) {
	f := func(change func(h *schema.BatchHeader, v []schema.Vote) []schema.Vote) {
		t.Helper()
		defer func() {
			t.Helper()
			if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "BUG: ") {
				t.Errorf("got panic %q, want one with BUG:", text)
			}
		}()
		h := header()
		schema.AppendVoteBatch(nil, &h, change(&h, votes(2)))
	}
	type (
		head = schema.BatchHeader
		list = []schema.Vote
	)
	f(func(*head, list) list { return nil })
	f(func(*head, list) list { return votes(schema.BatchVotesMax + 1) })
	f(func(h *head, v list) list { h.Slot = schema.Slots; return v })
	f(func(h *head, v list) list { h.Comune = 0; return v })
	f(func(h *head, v list) list { h.Comune = 1_000_000; return v })
	f(func(h *head, v list) list { h.Office = "à"; return v })
	f(func(h *head, v list) list { h.Channel = 0; return v })
	f(func(h *head, v list) list { h.Scale = 4; return v })
	f(func(h *head, v list) list { h.Ingested = -1; return v })
	f(func(h *head, v list) list { h.Ingested = schema.InstantMax + 1; return v })
	f(func(_ *head, v list) list { v[1].Seq = 0; return v })
	f(func(_ *head, v list) list { v[1].Seq = schema.SeqMax + 1; return v })
	f(func(_ *head, v list) list { v[1].At = -1; return v })
	f(func(_ *head, v list) list { v[1].At = schema.InstantMax + 1; return v })
	f(func(_ *head, v list) list { v[1].Value = 4; return v })
	f(func(_ *head, v list) list { v[1].Reason = schema.ReasonMax + 1; return v })
	f(func(_ *head, v list) list { v[1].Wall = v[1].At + schema.WallApartMax + 1; return v })
	f(func(_ *head, v list) list { v[1].Wall = v[1].At - schema.WallApartMax - 1; return v })
}

func BenchmarkAppendVoteBatch(b *testing.B) {
	for _, n := range []int{1, 50, 1000} {
		b.Run(number(n), func(b *testing.B) {
			h, all := header(), votes(n)
			dst := make([]byte, 0, schema.RecordBytesMax)
			b.ReportAllocs()
			for b.Loop() {
				schema.AppendVoteBatch(dst, &h, all)
			}
			reportVotes(b, n)
		})
	}
}

func BenchmarkVoteBatchDecode(b *testing.B) {
	for _, n := range []int{1, 50, 1000} {
		b.Run(number(n), func(b *testing.B) { benchmarkDecode(b, votes(n)) })
		b.Run("walled/"+number(n), func(b *testing.B) { benchmarkDecode(b, walled(n)) })
	}
}

func benchmarkDecode(b *testing.B, all []schema.Vote) {
	h := header()
	record := schema.AppendVoteBatch(nil, &h, all)
	var batch schema.VoteBatch
	var v schema.Vote
	var sum schema.Seq
	b.ReportAllocs()
	for b.Loop() {
		if err := batch.Decode(record); err != nil {
			b.Fatal(err)
		}
		for batch.Next(&v) {
			sum += v.Seq
		}
	}
	reportVotes(b, len(all))
}

func number(n int) string { return "votes=" + strconv.Itoa(n) }

// reportVotes reports throughput in the project's unit.
func reportVotes(b *testing.B, perLoop int) {
	total := float64(b.N) * float64(perLoop)
	b.ReportMetric(total/b.Elapsed().Seconds(), "votes/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/total, "ns/vote")
}
