package schema_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"mlf/schema"
)

// claims returns a batch of a worker of two partitions, with n rows of cells as they
// come: in the order in which they changed.
func claims(n int) schema.ClaimBatch {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	b := schema.ClaimBatch{
		Log: schema.LogID{1, 2, 3}, Teller: schema.TellerID{0xaa, 0xbb}, Number: 300, First: 299, Last: true,
		Claims: []schema.Claim{{Partition: 3, After: 70_000, Next: 70_012}, {Partition: 9, After: 5, Next: 65_540}},
	}
	for i := range n {
		c := &b.Claims[i%2]
		row := schema.Rollup{Partition: c.Partition, Segment: 1, Cell: schema.Cell{
			Comune:  schema.ComuneID(1000 + r.IntN(110_000)),
			Service: schema.ServiceID(r.IntN(20)),
			Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK,
			Hour: schema.Hour(497_000 + r.IntN(48)),
		}}
		row.Values = [5]uint64{uint64(r.IntN(3)), uint64(r.IntN(4)), uint64(r.IntN(200))}
		if i%3 == 0 {
			row.Office = schema.OfficeCode(fmt.Sprintf("sede-%d", r.IntN(200)))
		}
		if row.Values[0] > 0 {
			row.Reasons = []schema.ReasonNumber{{Key: schema.KeyOfReason(schema.Red, schema.ReasonStaff), N: 1}}
		}
		c.Rollups = append(c.Rollups, row)
	}
	b.Claims[1].Ledger = []schema.LedgerRow{
		{Partition: 9, Segment: 0, Chain: schema.Chain{31: 1}, Next: 65_536, Newest: 1795338000120, Tally: schema.Tally{Records: 65_536, VotesIn: 70_000, Counted: 69_000, Duplicates: 1000}},
		{Partition: 9, Segment: 1, Next: 65_540, Tally: schema.Tally{Records: 4, VotesIn: 4, Voided: 4}},
	}
	return b
}

// extremeClaims jumps from one end of all ranges to the other.
func extremeClaims() schema.ClaimBatch {
	b := schema.ClaimBatch{Number: 1<<64 - 1, First: 1, Last: true}
	low := schema.Rollup{Cell: schema.Cell{Comune: 1, Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3, Class: schema.ClassOK}}
	high := schema.Rollup{
		Partition: schema.Slots - 1, Segment: 1<<32 - 1, Values: [5]uint64{1<<56 - 1, 1<<56 - 1, 1<<56 - 1, 1<<56 - 1, 1<<56 - 1},
		Cell: schema.Cell{
			Comune: 999_999, Office: schema.OfficeCode(strings.Repeat("x", schema.OfficeCodeMax)), Service: 1<<16 - 1,
			Channel: schema.ChannelDigital, Scale: schema.ScaleStars5, Class: schema.ClassTest, Hour: 1<<32 - 1,
		},
	}
	for v := schema.Value(1); v <= 5; v++ {
		for r := schema.Reason(1); r <= schema.ReasonMax; r++ {
			high.Reasons = append(high.Reasons, schema.ReasonNumber{Key: schema.KeyOfReason(v, r), N: 1<<56 - 1})
		}
	}
	b.Claims = []schema.Claim{
		{Rollups: []schema.Rollup{low}},
		{Partition: schema.Slots - 1, After: 1 << 61, Next: 1 << 62, Rollups: []schema.Rollup{high}, Ledger: []schema.LedgerRow{{
			Partition: schema.Slots - 1, Segment: 1<<32 - 1, Chain: schema.Chain{1}, Next: 1<<63 - 1, Newest: schema.InstantMax,
			Tally: schema.Tally{Records: 1<<56 - 1, VotesIn: 1<<56 - 1, Counted: 1<<56 - 1},
		}}},
		{Partition: 1, Rollups: []schema.Rollup{{Partition: 1, Cell: low.Cell}}},
	}
	return b
}

// eventClaims tell of sources without state, in the last of their accounts.
func eventClaims() schema.ClaimBatch {
	b := claims(2)
	l := &b.Claims[1].Ledger[1]
	l.VotesIn, l.Counted = 15, 11
	l.Events = schema.EventTally{In: 31, Used: 1, Repeated: 2, Stale: 4, Conflicts: 8, Quarantined: 16}
	return b
}

// decodeClaims reads what must be readable. Nothing is nil, whether it was empty or not.
func decodeClaims(t testing.TB, record []byte) schema.ClaimBatch {
	t.Helper()
	b, err := schema.DecodeClaimBatch(record)
	if err != nil {
		t.Fatalf("DecodeClaimBatch(%x): %v", record, err)
	}
	return b
}

// full returns b with empty lists where there are none.
func full(b schema.ClaimBatch) schema.ClaimBatch {
	b.Claims = append([]schema.Claim{}, b.Claims...)
	for i := range b.Claims {
		c := &b.Claims[i]
		c.Rollups = append([]schema.Rollup{}, c.Rollups...)
		c.Ledger = append([]schema.LedgerRow{}, c.Ledger...)
	}
	return b
}

func TestClaimBatchRoundTrip(t *testing.T) {
	f := func(want schema.ClaimBatch) {
		t.Helper()
		record := schema.AppendClaimBatch([]byte("before"), &want)
		if string(record[:6]) != "before" {
			t.Fatalf("AppendClaimBatch changed what was before it: %q", record[:6])
		}
		record = record[6:]
		if got := decodeClaims(t, record); !reflect.DeepEqual(full(got), full(want)) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		most := schema.ClaimHeadBytes
		for i := range want.Claims {
			most += want.Claims[i].ClaimBytes()
			for j := range want.Claims[i].Rollups {
				most += want.Claims[i].Rollups[j].ClaimBytes()
			}
		}
		if len(record) > most {
			t.Errorf("record has %d bytes: ClaimBytes say at most %d", len(record), most)
		}
	}
	f(claims(0))
	f(claims(1))
	f(eventClaims())
	f(claims(1000))
	f(extremeClaims())
	f(schema.ClaimBatch{Number: 1, First: 1, Last: true})
	part := claims(10)
	part.Last = false
	for i := range part.Claims {
		part.Claims[i].After, part.Claims[i].Next, part.Claims[i].Ledger = 0, 0, nil
	}
	f(part)
}

// TestClaimRowsAreShort: a row in the order of changes has some 20 bytes.
func TestClaimRowsAreShort(t *testing.T) {
	const n = 12_500
	b := claims(n)
	if got := float64(len(schema.AppendClaimBatch(nil, &b))) / n; got > 20 {
		t.Errorf("a row has %.1f bytes: want at most 20", got)
	}
}

// TestGoldenClaims fixes the encoding of the counts topic, byte by byte.
func TestGoldenClaims(t *testing.T) {
	var text bytes.Buffer
	record := func(what string, b schema.ClaimBatch) {
		record := schema.AppendClaimBatch(nil, &b)
		fmt.Fprintf(&text, "# %s: %d bytes\n%s\n", what, len(record), hexLines(record))
	}
	record("nothing but a claim", schema.ClaimBatch{Log: schema.LogID{1}, Teller: schema.TellerID{2}, Number: 1, First: 1, Last: true, Claims: []schema.Claim{{Partition: 1, After: 1, Next: 3}}})
	record("nine rows of two partitions, a closed segment and an open one", claims(9))
	part := claims(4)
	part.Number, part.Last = 299, false
	for i := range part.Claims {
		part.Claims[i].After, part.Claims[i].Next, part.Claims[i].Ledger = 0, 0, nil
	}
	record("rows alone, with more to come", part)
	record("the ends of all ranges", extremeClaims())
	record("events in an account", eventClaims())
	golden(t, "claims.golden", text.Bytes())
}

// sealedClaims returns body with its checksum.
func sealedClaims(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(body), crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// TestClaimBatchRefuses: what is cut off, changed, or says more than it has.
func TestClaimBatchRefuses(t *testing.T) {
	b := claims(20)
	record := schema.AppendClaimBatch(nil, &b)
	refused := func(what string, record []byte) {
		t.Helper()
		if got, err := schema.DecodeClaimBatch(record); !errors.Is(err, schema.ErrNoClaims) || !reflect.DeepEqual(got, schema.ClaimBatch{}) {
			t.Errorf("%s: got %+v, %v: want ErrNoClaims", what, got, err)
		}
	}
	refused("nothing", nil)
	body := record[:len(record)-4]
	for n := range body {
		refused("cut off", record[:n])
		refused("cut off and sealed", sealedClaims(body[:n]))
		flipped := bytes.Clone(record)
		flipped[n] ^= 0x10
		refused("flipped", flipped)
	}
	refused("more", sealedClaims(append(bytes.Clone(body), 0)))
	events := eventClaims()
	newer := schema.AppendClaimBatch(nil, &events)
	newer[0]++ // In all else like one that can be read.
	refused("newer", sealedClaims(newer[:len(newer)-4]))
}

// TestClaimBatchTakesNoMoreThanTheRecordPaysFor: lists that say that they are long.
func TestClaimBatchTakesNoMoreThanTheRecordPaysFor(t *testing.T) {
	head := append([]byte{1}, make([]byte, 32)...)
	head = append(head, 1, 0, 1)
	long := binary.AppendUvarint(nil, 1<<40)
	many := append(bytes.Clone(head), 0, 0xe8, 7) // A thousand claims of 500 rows each: more than there is room for, together.
	for range 1000 {
		many = append(many, 0, 0, 0, 0xf4, 3, 0)
	}
	many = append(many, make([]byte, 7*500)...)
	for _, body := range [][]byte{
		append(bytes.Clone(head), long...),                           // Offices.
		append(append(bytes.Clone(head), 0), long...),                // Claims.
		append(append(bytes.Clone(head), 0, 1, 0, 0, 0), long...),    // Rows.
		append(append(bytes.Clone(head), 0, 1, 0, 0, 0, 0), long...), // Accounts.
		many,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := schema.DecodeClaimBatch(sealedClaims(body))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, schema.ErrNoClaims) || took > uint64(64<<10+40*len(body)) {
			t.Errorf("%d bytes: got %v, with %d bytes of memory", len(body), err, took)
		}
	}
}

// TestClaimsOfEventsHaveAVersion: who knows version 1 alone reads all that tells of no
// event, and an account whose events are not balanced nobody reads.
func TestClaimsOfEventsHaveAVersion(t *testing.T) {
	f := func(what string, b schema.ClaimBatch, want byte) []byte {
		t.Helper()
		record := schema.AppendClaimBatch(nil, &b)
		if record[0] != want {
			t.Errorf("%s: got version %d, want %d", what, record[0], want)
		}
		return record
	}
	f("votes of streams alone", claims(3), 1)
	f("no account", claims(0), 1)
	record := f("events", eventClaims(), 2)
	body := record[:len(record)-4]
	if !bytes.HasSuffix(body, []byte{31, 1, 2, 4, 8, 16}) {
		t.Fatalf("got %x: want events in, used, repeated, stale, conflicts, quarantined last", body)
	}
	body[len(body)-1]++
	if _, err := schema.DecodeClaimBatch(sealedClaims(body)); !errors.Is(err, schema.ErrNoClaims) {
		t.Errorf("events that are not balanced: got %v", err)
	}
	high := claims(0)
	for i := range 8 { // Every number as long as it may be.
		const most = 1<<56 - 1
		high.Claims[1].Ledger = append(high.Claims[1].Ledger, schema.LedgerRow{
			Partition: 9, Segment: 1<<32 - 1, Chain: schema.Chain{byte(i + 1)}, Next: 1<<62 - 1, Newest: schema.InstantMax,
			Tally: schema.Tally{
				Records: most, VotesIn: most, Duplicates: most - 3<<49, Conflicts: 1 << 49, Quarantined: 1 << 49, Voided: 1 << 49,
				Events: schema.EventTally{In: most, Used: most - 4<<49, Repeated: 1 << 49, Stale: 1 << 49, Conflicts: 1 << 49, Quarantined: 1 << 49},
			},
		})
	}
	if n, most := len(schema.AppendClaimBatch(nil, &high)), schema.ClaimHeadBytes+high.Claims[0].ClaimBytes()+high.Claims[1].ClaimBytes(); n > most {
		t.Errorf("got %d bytes: ClaimBytes say at most %d", n, most)
	}
}

// FuzzClaimBatch: whatever the bytes are, DecodeClaimBatch neither panics nor takes
// more than they pay for, and what it accepts, AppendClaimBatch can write.
func FuzzClaimBatch(f *testing.F) {
	for _, b := range []schema.ClaimBatch{claims(0), claims(3), claims(40), extremeClaims(), eventClaims()} {
		f.Add(schema.AppendClaimBatch(nil, &b))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		// The fuzzer cannot guess a checksum, so each input is tried as it is and
		// with the right one.
		for _, record := range [][]byte{record, sealedClaims(record[:max(0, len(record)-4)])} {
			b, err := schema.DecodeClaimBatch(record)
			if err != nil {
				if !errors.Is(err, schema.ErrNoClaims) {
					t.Fatalf("DecodeClaimBatch(%x): error of no kind: %v", record, err)
				}
				continue
			}
			again := schema.AppendClaimBatch(nil, &b)
			if got := decodeClaims(t, again); !reflect.DeepEqual(got, b) {
				t.Fatalf("read %+v, wrote %x, read %+v", b, again, got)
			}
		}
	})
}

func BenchmarkAppendClaimBatch(b *testing.B) {
	const rows = 12_500
	batch := claims(rows)
	var record []byte
	b.ReportAllocs()
	for b.Loop() {
		record = schema.AppendClaimBatch(record[:0], &batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
	b.ReportMetric(float64(len(record))/rows, "B/row")
}

func BenchmarkDecodeClaimBatch(b *testing.B) {
	const rows = 12_500
	batch := claims(rows)
	record := schema.AppendClaimBatch(nil, &batch)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schema.DecodeClaimBatch(record); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
}
