package wire

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// TestProtoNumberAfter holds the number that is read from a word to protowire's.
func TestProtoNumberAfter(t *testing.T) {
	for bits := range 64 {
		for _, number := range []uint64{1<<bits - 1, 1 << bits, 0x5555555555555555 >> (63 - bits)} {
			text := protowire.AppendVarint([]byte{byte(voteSeq)}, number)
			length := len(text)
			text = append(text, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0)
			got, n := protoNumberAfter(text, voteSeq)
			if length > 1+8 { // It does not show in a word.
				number, length = 0, 0
			}
			if got != number || n != length {
				t.Errorf("%x: got %d, %d bytes, want %d, %d bytes", text, got, n, number, length)
			}
		}
	}
	for _, text := range []string{"", "\x08", "\x08\x01", "\x08\x80\x80\x80\x80\x80\x80\x80", "\x18\x01\x01\x01\x01\x01\x01\x01\x01\x01"} {
		if got, n := protoNumberAfter([]byte(text), voteSeq); got != 0 || n != 0 {
			t.Errorf("%x: got %d, %d bytes, want none", text, got, n)
		}
	}
}
