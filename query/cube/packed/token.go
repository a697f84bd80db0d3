package packed

import (
	"encoding/binary"

	"mlf/schema"
)

// A cell is written as the hours since the one before it and a token for its
// counts. Most cells are of a few votes, so most tokens are one byte: the number
// of a small combination of counts in a table. There is a table for each number of
// values a scale may have, because three values have fewer combinations than five.
const (
	smallMax  = 250 // Small combinations of a table, in tokens 0 to 249.
	escapeFew = 254 // As many varints follow as the scale has values.
	escapeAll = 255 // ValueMax varints follow.

	gapLong   = 250 // A gap of one byte is below; else (byte-gapLong)<<8 | the next one.
	countBase = 11  // No count of a small combination reaches it.
)

// So many packed counts add up without one running into the next: each is below
// countBase.
const (
	packedBits = 12
	packedMax  = (1<<packedBits - 1) / (countBase - 1)
)

// addPacked adds the sum of at most packedMax packed counts.
func addPacked(to *values, sum uint64) {
	for k := range to {
		to[k] += sum >> (packedBits * k) & (1<<packedBits - 1)
	}
}

// values are the counts of a cell or of a sum of cells, by value.
type values = Values

// Values are the counts of a cell: Values[v-1] is that of value v.
type Values = [schema.ValueMax]uint64

// A small is the table of the combinations of n counts, by their sum and then in
// order, the first smallMax of them.
type small struct {
	n      int
	counts [smallMax][schema.ValueMax]uint8
	packed [1 << 8]uint64 // By token: counts side by side, packedBits each; 0 for escapes.
	tokens []uint8        // By the counts as digits of base countBase, the token and one more; 0: none.
}

// A coding has the tables by the number of values. It is made once and only read.
type coding [schema.ValueMax + 1]*small

func newCoding() *coding {
	var c coding
	for n := range c {
		c[n] = newSmall(n)
	}
	return &c
}

// of returns the table for cells of s.
func (c *coding) of(s schema.Scale) *small {
	if n := s.Max(); n > 0 {
		return c[n]
	}
	return c[schema.ValueMax]
}

func newSmall(n int) *small {
	size := 1
	for range n {
		size *= countBase
	}
	s := &small{n: n, tokens: make([]uint8, size)}
	next := 0
	for sum := 1; n > 0 && sum < countBase && next < smallMax; sum++ {
		next = s.fill(next, 0, sum, [schema.ValueMax]uint8{})
	}
	return s
}

// fill numbers the combinations from token next on whose counts before at are
// those of c and whose others come to rest.
func (s *small) fill(next, at, rest int, c [schema.ValueMax]uint8) int {
	if at == s.n-1 {
		if next == smallMax {
			return next
		}
		c[at] = uint8(rest)
		s.counts[next] = c
		for k, n := range c {
			s.packed[next] |= uint64(n) << (packedBits * k)
		}
		s.tokens[s.digits(&c)] = uint8(next + 1)
		return next + 1
	}
	for here := rest; here >= 0; here-- {
		c[at] = uint8(here)
		next = s.fill(next, at+1, rest-here, c)
	}
	return next
}

func (s *small) digits(c *[schema.ValueMax]uint8) int {
	i := 0
	for _, n := range c[:s.n] {
		i = i*countBase + int(n)
	}
	return i
}

// token returns the token of v; false where it has none.
func (s *small) token(v *values) (uint8, bool) {
	i := 0
	for k, n := range v {
		switch {
		case k >= s.n && n > 0, n >= countBase:
			return 0, false
		case k < s.n:
			i = i*countBase + int(n)
		}
	}
	t := s.tokens[i]
	return t - 1, t > 0
}

// appendCounts appends the token of v, and the counts where it is an escape.
func (s *small) appendCounts(b []byte, v *values) []byte {
	if t, ok := s.token(v); ok {
		return append(b, t)
	}
	n, escape := s.n, byte(escapeFew)
	for _, beyond := range v[s.n:] {
		if beyond > 0 {
			n, escape = len(v), escapeAll
		}
	}
	b = append(b, escape)
	for _, count := range v[:n] {
		b = binary.AppendUvarint(b, count)
	}
	return b
}

// long reads the counts that follow an escape in b[i:], and returns where they end.
func (s *small) long(token byte, b []byte, i int) (v values, next int) {
	n := s.n
	if token == escapeAll {
		n = len(v)
	}
	for k := range n {
		count, size := binary.Uvarint(b[i:])
		v[k] = count
		i += size
	}
	return v, i
}

// appendGap appends the hours from one cell to the next, at most those of a month.
func appendGap(b []byte, gap int) []byte {
	if gap < gapLong {
		return append(b, byte(gap))
	}
	return append(b, byte(gapLong+gap>>8), byte(gap))
}

// gapAt reads a gap in b[i:], and returns where it ends.
func gapAt(b []byte, i int) (gap, next int) {
	gap = int(b[i])
	if gap < gapLong {
		return gap, i + 1
	}
	return (gap-gapLong)<<8 | int(b[i+1]), i + 2
}

// A cursor goes through the cells of one leaf in one month.
type cursor struct {
	cells  []byte
	at     int
	small  *small
	hour   int // Of the month.
	counts values
}

func cursorOf(cells []byte, s *small) cursor { return cursor{cells: cells, small: s, hour: -1} }

// next goes to the next cell; false at the end.
func (c *cursor) next() bool {
	if c.at >= len(c.cells) {
		return false
	}
	gap, i := gapAt(c.cells, c.at)
	c.hour += gap
	token := c.cells[i]
	i++
	if int(token) < smallMax {
		for k, n := range c.small.counts[token] {
			c.counts[k] = uint64(n)
		}
	} else {
		c.counts, i = c.small.long(token, c.cells, i)
	}
	c.at = i
	return true
}

// A reasonCursor goes through the reasons of one leaf in one month.
type reasonCursor struct {
	entries []byte
	at      int
	hour    int
	key     schema.ReasonKey
	n       uint64
}

// next goes to the next (hour, key); false at the end.
func (c *reasonCursor) next() bool {
	if c.at >= len(c.entries) {
		return false
	}
	gap, i := gapAt(c.entries, c.at)
	c.hour += gap
	c.key = schema.ReasonKey(c.entries[i])
	n, size := binary.Uvarint(c.entries[i+1:])
	c.n, c.at = n, i+1+size
	return true
}
