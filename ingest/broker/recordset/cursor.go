package recordset

import "encoding/binary"

// A Cursor reads the fields of a record, or of a broker's answer, one after the
// other. After a field that is cut off, Bad is set and every further field is zero.
type Cursor struct {
	Rest []byte // What is still to be read.
	Bad  bool
}

// Take returns the next n bytes.
func (c *Cursor) Take(n int64) []byte {
	if c.Bad || n < 0 || n > int64(len(c.Rest)) {
		c.Bad, c.Rest = true, nil
		return nil
	}
	taken := c.Rest[:n:n]
	c.Rest = c.Rest[n:]
	return taken
}

// Skip passes over the next n bytes.
func (c *Cursor) Skip(n int64) { c.Take(n) }

// Int16 reads a number of 2 bytes, the highest first, as do the next two.
func (c *Cursor) Int16() int16 {
	if b := c.Take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

// Int32 reads a number of 4 bytes.
func (c *Cursor) Int32() int32 {
	if b := c.Take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// Int64 reads a number of 8 bytes.
func (c *Cursor) Int64() int64 {
	if b := c.Take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (c *Cursor) varint() int64 {
	v, n := binary.Varint(c.Rest)
	if n <= 0 {
		c.Bad, c.Rest = true, nil
		return 0
	}
	c.Rest = c.Rest[n:]
	return v
}

// nullable returns bytes with their length before them, nil for null.
func (c *Cursor) nullable() []byte {
	n := c.varint()
	if n == -1 {
		return nil
	}
	return c.Take(n)
}
