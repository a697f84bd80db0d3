package broker

import (
	"testing"

	"github.com/segmentio/kafka-go/compress"
)

// FuzzFetchResponse: no answer of a broker can make the reader panic, and what it
// takes for batches is within the answer.
func FuzzFetchResponse(f *testing.F) {
	head := []byte{0, 0, 0, correlation, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} // Throttle time, code, session.
	one := append(head[:len(head):len(head)], 0, 0, 0, 1, 0, 1, 'v', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	one = append(one, make([]byte, 3*8)...)                                     // End, stable end, start.
	one = append(one, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 'o', 'k') // No aborted transaction, replica -1, two bytes.
	f.Add(head)
	f.Add(one)
	if res, err := parseFetchResponse(one); err != nil || string(res.recordSets) != "ok" {
		f.Fatalf("the seed: got %+v, %v", res, err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		res, err := parseFetchResponse(body)
		if err == nil && len(res.recordSets) > len(body) {
			t.Errorf("got %d bytes of batches in an answer of %d", len(res.recordSets), len(body))
		}
	})
}

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
