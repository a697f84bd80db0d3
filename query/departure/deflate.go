package departure

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"sync"

	"github.com/klauspost/compress/flate"
)

// A deflated is a body without its head, packed when the first reader wants it so.
type deflated struct {
	once  sync.Once
	bytes []byte
}

func (d *deflated) of(plain []byte) []byte {
	d.once.Do(func() {
		var packed bytes.Buffer
		_ = flate.StatelessDeflate(&packed, plain, true, nil) // To memory: never fails.
		d.bytes = packed.Bytes()
	})
	return d.bytes
}

// gzip returns b in gzip. The head differs from reader to reader, and all else is packed
// once for all: what RFC 1951 calls a stored block, and the blocks that end the stream, which
// know nothing of what is before them.
func (b *Body) gzip() [][]byte {
	first := append(make([]byte, 0, 10+5+len(b.head)), 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255) // RFC 1952: deflate, no time, no system.
	for head := b.head; len(head) > 0; {
		n := min(len(head), math.MaxUint16)
		first = binary.LittleEndian.AppendUint16(append(first, 0), uint16(n))
		first = append(binary.LittleEndian.AppendUint16(first, ^uint16(n)), head[:n]...)
		head = head[n:]
	}
	sum := crc32.Update(crc32.ChecksumIEEE(b.head), crc32.IEEETable, b.plain)
	last := binary.LittleEndian.AppendUint32(nil, sum)
	return [][]byte{first, b.deflated.of(b.plain), binary.LittleEndian.AppendUint32(last, uint32(b.bytes))}
}
