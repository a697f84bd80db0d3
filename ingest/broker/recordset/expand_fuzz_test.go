package recordset

import (
	"testing"

	"github.com/segmentio/kafka-go/compress"
)

// FuzzExpand: no compressed batch of a foreign producer can make a decoder panic,
// or become longer than is allowed.
func FuzzExpand(f *testing.F) {
	for _, codec := range []compress.Compression{compress.Gzip, compress.Snappy, compress.Lz4, compress.Zstd} {
		f.Add(int8(codec), []byte{})
		f.Add(int8(codec), []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
		f.Add(int8(codec), []byte("\x28\xb5\x2f\xfd\x04\x00\x11\x00\x00vote"))
	}
	f.Fuzz(func(t *testing.T, codec int8, payload []byte) {
		expanded, err := expand(compress.Compression(codec), payload)
		if err == nil && len(expanded) > expandedBytesMax {
			t.Errorf("got %d bytes", len(expanded))
		}
	})
}
