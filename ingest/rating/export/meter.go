package export

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
)

// A meter passes bytes on, tells how many, knows lines by offsets, and fails where a row
// does not end.
type meter struct {
	from     io.Reader
	progress func(int64)
	read     int64
	last     byte  // That was read; 0 before the first.
	most     int64 // Bytes that may be read by now; 0: any number.
	row      int64 // Of which a row may have so many.

	lines    bool    // Whether anybody asks for lines.
	line     int     // Of the offset that was asked for last.
	newlines []int64 // Offsets of newlines beyond it.
}

// readAhead is how much a decoder may have in its buffer beyond what it has used.
const readAhead = 1 << 20

// allow lets the next row, which begins at offset, be of at most limit bytes.
func (m *meter) allow(offset, limit int64) { m.most, m.row = offset+limit+readAhead, limit }

func (m *meter) Read(p []byte) (int, error) {
	if m.most > 0 && m.read >= m.most {
		return 0, fmt.Errorf("after %d bytes: a row that does not end: want at most %d bytes", m.read, m.row)
	}
	n, err := m.from.Read(p[:min(len(p), 64<<10)])
	for i, c := range p[:n] {
		if c == '\n' && m.lines {
			m.newlines = append(m.newlines, m.read+int64(i))
		}
	}
	if n > 0 {
		m.last = p[n-1]
	}
	if m.read += int64(n); m.progress != nil && n > 0 {
		m.progress(m.read)
	}
	return n, err
}

// lineAt returns the line of an offset, from 1. Offsets must not fall.
func (m *meter) lineAt(offset int64) int {
	passed := 0
	for passed < len(m.newlines) && m.newlines[passed] < offset {
		passed++
	}
	m.newlines = m.newlines[passed:]
	m.line += passed
	return m.line
}

// digest returns 128 bits of parts: the same for the same parts alone.
func digest(parts ...string) (key [16]byte) {
	h := sha256.New()
	for _, part := range parts {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part))) // A hash never fails.
		_, _ = io.WriteString(h, part)
	}
	copy(key[:], h.Sum(nil))
	return key
}

// keyOf returns the key of a row without an id of its own: its parts, and which of the
// rows with these parts it is. Which is which does not matter, as they are equal.
func (r *reading) keyOf(parts ...string) [16]byte {
	key := digest(parts...)
	n := r.ordinal[key]
	r.ordinal[key] = n + 1
	return digest("ordinal", string(key[:]), fmt.Sprint(n))
}
