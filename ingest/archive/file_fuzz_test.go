package archive_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"

	"mlf/ingest/archive"
	"mlf/schema"
)

// write returns a file of records.
func write(t testing.TB, h archive.Head, records ...schema.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := archive.NewWriter(&b, h)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := w.Add(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzReader: no bytes make a reader panic or take more memory than a record may have,
// and what it takes for whole is what a writer writes. What is given is the file, or what
// one expands to: bytes at random are seldom a compressed file.
func FuzzReader(f *testing.F) {
	file := write(f, archive.Head{Kind: archive.Votes, Log: schema.LogID{1}, Partition: 3, First: 7},
		schema.Record{Offset: 7, Value: []byte("vote"), Appended: 1000},
		schema.Record{Offset: 8, Key: []byte("key"), Appended: 999},
		schema.Record{Offset: 9, Key: []byte{}, Value: []byte{}})
	dec, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	expanded, err := dec.DecodeAll(file, nil)
	dec.Close()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file, false)
	f.Add(expanded, true)
	f.Add(expanded[:len(expanded)-1], true)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, b []byte, expanded bool) {
		if expanded {
			enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
			if err != nil {
				t.Fatal(err)
			}
			b = enc.EncodeAll(b, nil)
		}
		r, err := archive.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		defer r.Close()
		var records []schema.Record
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				if !errors.Is(err, archive.ErrDamaged) {
					t.Errorf("got %v, want one that says it is damaged", err)
				}
				return
			}
			records = append(records, schema.Record{Offset: rec.Offset, Key: bytes.Clone(rec.Key), Value: bytes.Clone(rec.Value), Appended: rec.Appended})
		}
		again, err := archive.NewReader(bytes.NewReader(write(t, r.Head, records...)))
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		for i := range records {
			if rec, err := again.Next(); err != nil || !same(rec.Key, records[i].Key) || !same(rec.Value, records[i].Value) || rec.Appended != records[i].Appended {
				t.Errorf("record %d: got %+v, %v: want %+v", i, rec, err, records[i])
			}
		}
		if _, err := again.Next(); !errors.Is(err, io.EOF) || again.Tail() != r.Tail() {
			t.Errorf("got end %+v, %v: want %+v", again.Tail(), err, r.Tail())
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("key"), []byte("value"), int64(7), int64(-1))
	f.Fuzz(func(t *testing.T, key, value []byte, first, at int64) {
		if first < 0 || first > 1<<60 {
			return
		}
		records := []schema.Record{{Key: key, Value: value, Appended: schema.Instant(at)}, {Value: value}, {Key: key, Appended: schema.Instant(at)}}
		for i := range records {
			records[i].Offset = schema.Offset(first) + schema.Offset(i)
		}
		r, err := archive.NewReader(bytes.NewReader(write(t, archive.Head{Kind: archive.Votes, First: schema.Offset(first)}, records...)))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for i := range records {
			rec, err := r.Next()
			if err != nil || rec.Offset != records[i].Offset || rec.Appended != records[i].Appended || !same(rec.Key, records[i].Key) || !same(rec.Value, records[i].Value) {
				t.Errorf("record %d: got %+v, %v: want %+v", i, rec, err, records[i])
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v at the end", err)
		}
	})
}
