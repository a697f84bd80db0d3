package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// FuzzInflate: whatever a body decompresses to is within the limit, what another
// decoder makes of it, and leaves the inflater fit for the next body.
func FuzzInflate(f *testing.F) {
	const limit = 4096
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{"", "{}", strings.Repeat("vote", 1000), strings.Repeat("0", limit), strings.Repeat("0", 1<<20)} {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, _ = w.Write([]byte(text)) // A buffer takes everything.
		_ = w.Close()
		f.Add(zipped.Bytes(), false)
		f.Add(append(zipped.Bytes(), zipped.Bytes()...), false) // Members may follow each other.
		f.Add(append(zipped.Bytes(), "\x1f\x8b\b\x10000000comment"...), false)
		f.Add(encoder.EncodeAll([]byte(text), nil), true)
	}
	lend, err := newInflaters(limit)
	if err != nil {
		f.Fatal(err)
	}
	honest := encoder.EncodeAll([]byte("honest"), nil)
	f.Fuzz(func(t *testing.T, body []byte, zstandardised bool) {
		c := gzipped
		if zstandardised {
			c = zstandard
		}
		var got []byte
		err := lend.with(body, c, math.MaxInt, func(decoded []byte) error {
			got = bytes.Clone(decoded)
			return nil
		})
		switch {
		case errors.Is(err, errTooLong) || errors.Is(err, errUncompressed):
		case err != nil:
			t.Errorf("got %v", err)
		case len(got) > limit:
			t.Errorf("got %d bytes of at most %d", len(got), limit)
		default:
			if want, err := elsewhere(body, c); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %q, another decoder %q, %v", got, want, err)
			}
		}
		err = lend.with(honest, zstandard, math.MaxInt, func(decoded []byte) error {
			if string(decoded) != "honest" {
				t.Errorf("the next body: %q", decoded)
			}
			return nil
		})
		if err != nil {
			t.Errorf("the next body: %v", err)
		}
	})
}

// elsewhere decompresses body by other means: the standard library's gzip, and
// zstd as a stream.
func elsewhere(body []byte, c coding) ([]byte, error) {
	if c == gzipped {
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	r, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowBytesMax))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
