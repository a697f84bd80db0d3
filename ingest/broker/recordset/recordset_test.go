package recordset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"

	"mlf/schema"
)

type keyValue struct{ key, value []byte }

func sealed(now schema.Instant, records ...keyValue) []byte {
	var set Set
	for _, r := range records {
		set.Add(r.key, r.value)
	}
	set.Seal(now)
	return set.Buf
}

// TestOursReadByTheLibrary has kafka-go read what Set writes.
func TestOursReadByTheLibrary(t *testing.T) {
	f := func(records ...keyValue) {
		t.Helper()
		now := schema.Instant(1_795_000_000_123)
		var got protocol.RecordSet
		if _, err := got.ReadFrom(bytes.NewReader(sealed(now, records...))); err != nil {
			t.Fatal(err)
		}
		for i, want := range records {
			r, err := got.Records.ReadRecord()
			if err != nil {
				t.Fatalf("record %d: %v", i, err)
			}
			key, value := readBytes(t, r.Key), readBytes(t, r.Value)
			if !same(key, want.key) || !same(value, want.value) || r.Offset != int64(i) || !r.Time.Equal(now.Time()) {
				t.Errorf("record %d: got %q=%q at %v, offset %d: want %q=%q", i, key, value, r.Time, r.Offset, want.key, want.value)
			}
		}
		if _, err := got.Records.ReadRecord(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v after the last record, want EOF", err)
		}
	}
	f(keyValue{nil, []byte("x")})
	f(keyValue{[]byte("k"), nil})
	f(keyValue{[]byte{}, []byte{}})
	f(keyValue{[]byte("genesis"), bytes.Repeat([]byte("v"), 63)}, keyValue{nil, bytes.Repeat([]byte("v"), 64)})
	f(keyValue{nil, make([]byte, 900_000)})
	f(slices.Repeat([]keyValue{{nil, []byte("many")}}, 10_000)...)
}

// TestTheLibrarysReadByOurs reads what kafka-go writes, by foreign producers'
// habits too: compressed, with headers, with times of their own.
func TestTheLibrarysReadByOurs(t *testing.T) {
	const n = 300
	at := time.UnixMilli(1_795_000_000_000).UTC()
	for _, compression := range []protocol.Attributes{0, protocol.Gzip, protocol.Snappy, protocol.Lz4, protocol.Zstd} {
		var records []protocol.Record
		for i := range n {
			records = append(records, protocol.Record{
				Time:    at.Add(time.Duration(i) * time.Second),
				Key:     protocol.NewBytes([]byte("key")),
				Value:   protocol.NewBytes(fmt.Appendf(nil, "value %d", i)),
				Headers: []protocol.Header{{Key: "h", Value: []byte("v")}, {Key: "null"}},
			})
		}
		set := protocol.RecordSet{Version: 2, Attributes: compression, Records: protocol.NewRecordReader(records...)}
		var wire bytes.Buffer
		if _, err := set.WriteTo(&wire); err != nil {
			t.Fatal(err)
		}
		r := Reader{Dense: true, At: 100}
		if err := r.Read(wire.Bytes()[SizeBytes:]); err != nil {
			t.Fatalf("%v: %v", compression, err)
		}
		if len(r.Records) != n-100 || r.At != n {
			t.Fatalf("%v: got %d records, next %d: want %d, %d", compression, len(r.Records), r.At, n-100, n)
		}
		for i, got := range r.Records {
			i += 100
			want := fmt.Sprintf("value %d", i)
			if got.Offset != schema.Offset(i) || string(got.Key) != "key" || string(got.Value) != want ||
				got.Appended != schema.InstantOf(at.Add(time.Duration(i)*time.Second)) {
				t.Fatalf("%v: got %+v, want %q at offset %d", compression, got, want, i)
			}
		}
	}
}

func TestAppendTimeIsTheBrokers(t *testing.T) {
	batch := sealed(1000, keyValue{nil, []byte("x")})[SizeBytes:]
	binary.BigEndian.PutUint16(batch[atAttributes:], attributeLogAppendTime)
	binary.BigEndian.PutUint64(batch[atMaxTime:], 2000)
	sign(batch)
	r := Reader{Dense: true}
	if err := r.Read(batch); err != nil || r.Records[0].Appended != 2000 {
		t.Errorf("got %v, %v: want 2000", r.Records, err)
	}
}

// sign writes the checksum of a batch that was changed.
func sign(batch []byte) {
	binary.BigEndian.PutUint32(batch[atChecksum:], crc32.Checksum(batch[atAttributes:], castagnoli()))
}

func TestDamagedBatches(t *testing.T) {
	f := func(name string, damage func(b []byte) []byte, want error) {
		t.Helper()
		b := sealed(1000, keyValue{nil, []byte("first")}, keyValue{nil, []byte("second")})[SizeBytes:]
		r := Reader{Dense: true}
		if err := r.Read(damage(b)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
		if want != nil && (len(r.Records) != 0 || r.At != 0) {
			t.Errorf("%s: got %d records, next %d, beside the error", name, len(r.Records), r.At)
		}
	}
	be := binary.BigEndian
	f("none", func(b []byte) []byte { return b }, nil)
	f("empty", func([]byte) []byte { return nil }, nil)
	f("half a head", func(b []byte) []byte { return b[:40] }, schema.ErrCorrupt)
	f("a few bytes", func(b []byte) []byte { return b[:3] }, schema.ErrCorrupt)
	f("cut off", func(b []byte) []byte { return b[:len(b)-1] }, schema.ErrCorrupt)
	f("old format", func(b []byte) []byte { b[atMagic] = 1; return b }, schema.ErrCorrupt)
	f("flipped bit", func(b []byte) []byte { b[len(b)-1] ^= 4; return b }, schema.ErrCorrupt)
	f("flipped bit in a value", func(b []byte) []byte { b[len(b)-2] ^= 4; return b }, schema.ErrCorrupt)
	f("flipped bit in the append time", func(b []byte) []byte { b[atMaxTime+7] ^= 4; return b }, schema.ErrCorrupt)
	f("length too small", func(b []byte) []byte { be.PutUint32(b[atLength:], 1); return b }, schema.ErrCorrupt)
	f("later base", func(b []byte) []byte { be.PutUint64(b, 5); return b }, schema.ErrGap)
	f("earlier base", func(b []byte) []byte { be.PutUint64(b, 1<<64-5); return b }, schema.ErrGap)
	f("negative last offset", func(b []byte) []byte { be.PutUint32(b[atLastDelta:], 1<<32-2); sign(b); return b }, schema.ErrCorrupt)
	f("offsets without records", func(b []byte) []byte { be.PutUint32(b[atLastDelta:], 2); sign(b); return b }, schema.ErrGap)
	f("more records than said", func(b []byte) []byte {
		be.PutUint32(b[atCount:], 1)
		be.PutUint32(b[atLastDelta:], 0)
		sign(b)
		return b
	}, schema.ErrCorrupt)
	f("fewer records than said", func(b []byte) []byte {
		be.PutUint32(b[atCount:], 3)
		be.PutUint32(b[atLastDelta:], 2)
		sign(b)
		return b
	}, schema.ErrCorrupt)
	f("record offset", func(b []byte) []byte { b[HeadBytes+3] = 2; sign(b); return b }, schema.ErrGap)
	f("unknown compression", func(b []byte) []byte { b[atAttributes+1] = 7; sign(b); return b }, schema.ErrCorrupt)
	f("not compressed at all", func(b []byte) []byte { b[atAttributes+1] = 1; sign(b); return b }, schema.ErrCorrupt)
}

// TestDamageBehindGoodBatches: the good ones come first, the damage with the next
// fetch, which begins with it.
func TestDamageBehindGoodBatches(t *testing.T) {
	one := sealed(1000, keyValue{nil, []byte("one")})[SizeBytes:]
	two := sealed(1000, keyValue{nil, []byte("two")})[SizeBytes:]
	binary.BigEndian.PutUint64(two, 1)
	two[len(two)-2] ^= 1
	r := Reader{Dense: true}
	if err := r.Read(append(one, two...)); err != nil || len(r.Records) != 1 || r.At != 1 {
		t.Errorf("got %d records, next %d, %v: want 1, 1, nil", len(r.Records), r.At, err)
	}
	if err := r.Read(two); !errors.Is(err, schema.ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

// TestCompactedBatches: gaps, empty batches and batches that end before the offset
// asked for are all well in a compacted topic.
func TestCompactedBatches(t *testing.T) {
	a := sealed(1, keyValue{[]byte("a"), []byte("1")}, keyValue{[]byte("b"), []byte("2")})[SizeBytes:]
	binary.BigEndian.PutUint64(a, 10)
	var none Set
	none.Add(nil, nil)
	none.Seal(1)
	empty := none.Buf[SizeBytes : SizeBytes+HeadBytes]
	binary.BigEndian.PutUint64(empty, 20)
	binary.BigEndian.PutUint32(empty[atLength:], HeadBytes-lengthFrom)
	binary.BigEndian.PutUint32(empty[atCount:], 0)
	binary.BigEndian.PutUint32(empty[atLastDelta:], 4)
	sign(empty)
	r := Reader{At: 11}
	if err := r.Read(append(a, empty...)); err != nil || len(r.Records) != 1 || r.Records[0].Offset != 11 || r.At != 25 {
		t.Errorf("got %+v, next %d, %v: want the record at 11, next 25", r.Records, r.At, err)
	}
}

func TestExpansionIsLimited(t *testing.T) {
	set := protocol.RecordSet{Version: 2, Attributes: protocol.Zstd, Records: protocol.NewRecordReader(
		protocol.Record{Value: protocol.NewBytes(make([]byte, expandedBytesMax))},
	)}
	var wire bytes.Buffer
	if _, err := set.WriteTo(&wire); err != nil {
		t.Fatal(err)
	}
	r := Reader{Dense: true}
	if err := r.Read(wire.Bytes()[SizeBytes:]); !errors.Is(err, schema.ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

// TestARecordSaysWhichRequestItIsOf in a header that the library reads, too; and only
// that header is read back, of whatever somebody else writes.
func TestARecordSaysWhichRequestItIsOf(t *testing.T) {
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	var set Set
	for _, of := range []string{"", trace, "", trace[:traceBytes-1]} {
		set.AddTraced(nil, []byte("v"), of)
	}
	set.Seal(1)
	r := Reader{Dense: true}
	if err := r.Read(set.Buf[SizeBytes:]); err != nil {
		t.Fatal(err)
	}
	var theirs protocol.RecordSet
	if _, err := theirs.ReadFrom(bytes.NewReader(set.Buf)); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", trace, "", ""} {
		read, err := theirs.Records.ReadRecord()
		if err != nil {
			t.Fatal(err)
		}
		var header string
		for _, h := range read.Headers {
			header += h.Key + "=" + string(h.Value)
		}
		if r.Records[i].Trace != want || header != strings.TrimSuffix("traceparent="+want, "traceparent=") {
			t.Errorf("record %d: got %q, by the library %q: want %q", i, r.Records[i].Trace, header, want)
		}
	}

	foreign := protocol.RecordSet{Version: 2, Records: protocol.NewRecordReader(
		protocol.Record{Value: protocol.NewBytes([]byte("v")), Headers: []protocol.Header{
			{Key: "tracestate", Value: []byte("a=b")}, {Key: "traceparent", Value: []byte(trace)}, {Key: "traceparent", Value: make([]byte, 1<<10)}, {Key: ""},
		}},
		protocol.Record{Value: protocol.NewBytes([]byte("v")), Headers: []protocol.Header{{Key: "Traceparent", Value: []byte(trace)}}},
	)}
	var wire bytes.Buffer
	if _, err := foreign.WriteTo(&wire); err != nil {
		t.Fatal(err)
	}
	r = Reader{Dense: true}
	if err := r.Read(wire.Bytes()[SizeBytes:]); err != nil || r.Records[0].Trace != trace || r.Records[1].Trace != "" {
		t.Errorf("of somebody else: got %+v, %v", r.Records, err)
	}
}

func FuzzBatchReader(f *testing.F) {
	f.Add(sealed(1, keyValue{nil, []byte("x")})[SizeBytes:], int64(0), true, true)
	f.Add(sealed(1, keyValue{[]byte("k"), nil}, keyValue{nil, []byte("x")})[SizeBytes:], int64(1), false, true)
	f.Add([]byte{}, int64(0), true, false)
	f.Fuzz(func(t *testing.T, b []byte, at int64, dense, signed bool) {
		if signed && len(b) >= HeadBytes {
			binary.BigEndian.PutUint32(b[atLength:], uint32(len(b)-lengthFrom))
			b[atMagic] = magic
			b[atAttributes+1] &^= attributeCompression
			sign(b)
		}
		r := Reader{Dense: dense, At: schema.Offset(at)}
		err := r.Read(b)
		if err != nil && (len(r.Records) != 0 || !errors.Is(err, schema.ErrCorrupt) && !errors.Is(err, schema.ErrGap)) {
			t.Errorf("got %d records and %v", len(r.Records), err)
		}
		for i, rec := range r.Records {
			if rec.Offset < schema.Offset(at) || rec.Offset >= r.At || dense && rec.Offset != schema.Offset(at)+schema.Offset(i) {
				t.Errorf("got offset %d as number %d from %d, next %d", rec.Offset, i, at, r.At)
			}
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), uint8(3))
	f.Fuzz(func(t *testing.T, key, value []byte, n uint8) {
		records := slices.Repeat([]keyValue{{key, value}, {nil, value}, {key, nil}}, int(n)+1)
		set := sealed(77, records...)
		if got, want := len(set), Overhead+len(records)*(RecordHeadBytes+len(key)+len(value)); got > want {
			t.Errorf("got %d bytes, want at most %d", got, want)
		}
		r := Reader{Dense: true}
		if err := r.Read(set[SizeBytes:]); err != nil || len(r.Records) != len(records) {
			t.Fatalf("got %d records, %v: want %d", len(r.Records), err, len(records))
		}
		for i, got := range r.Records {
			if !same(got.Key, records[i].key) || !same(got.Value, records[i].value) || got.Appended != 77 {
				t.Errorf("record %d: got %q=%q, want %q=%q", i, got.Key, got.Value, records[i].key, records[i].value)
			}
		}
	})
}

func TestRecordSetAllocatesNothing(t *testing.T) {
	set := Set{Buf: make([]byte, 0, 64<<10)}
	value := make([]byte, 300)
	if got := testing.AllocsPerRun(100, func() {
		set.Count = 0
		for range 100 {
			set.Add(nil, value)
		}
		set.AddTraced(nil, value, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		set.Seal(1)
	}); got != 0 {
		t.Errorf("written: got %v allocations, want 0", got)
	}
	r := Reader{Dense: true, Records: make([]schema.Record, 0, 128)}
	if got := testing.AllocsPerRun(100, func() {
		r.At, r.Records = 0, r.Records[:0]
		if err := r.Read(set.Buf[SizeBytes:]); err != nil {
			t.Error(err)
		}
	}); got != 1 {
		t.Errorf("read: got %v allocations, want 1, for the one trace that there is", got)
	}
}

func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

func readBytes(t *testing.T, b protocol.Bytes) []byte {
	t.Helper()
	all, err := protocol.ReadAll(b)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
