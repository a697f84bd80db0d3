package alarmed

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// TestBatchAfter finds the first batch that is whole behind what was there, and a bit
// of it is turned over and back.
func TestBatchAfter(t *testing.T) {
	batch := make([]byte, 100)
	binary.BigEndian.PutUint32(batch[8:], uint32(len(batch)-12))
	f := func(text []byte, want int64) string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := batchAfter(file, 100)
		if (err != nil) != (want == 0) || got != want {
			t.Errorf("of %d bytes: got %d, %v, want %d", len(text), got, err, want)
		}
		return file
	}
	f(batch, 0)
	f(append(bytes.Clone(batch), batch[:99]...), 0)
	file := f(append(bytes.Clone(batch), batch...), 171)
	for _, want := range []byte{1, 0} {
		if err := flip(file, 171); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil || text[171] != want || len(text) != 200 {
			t.Errorf("got %d, %v, want %d", text[171], err, want)
		}
	}
}
