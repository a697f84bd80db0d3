package ingest

import (
	"errors"
	"fmt"
	"io"
)

// A chunkedBody is a body in chunks (RFC 9112 §7.1). What is not body (lengths of
// chunks, their extensions, trailers) is passed over and has a limit of its own: it
// would otherwise be a body without end.
//
// Every end of a line is CR LF. Who takes less may see a body end where a proxy in
// front does not, and takes for a request what the proxy's peer has smuggled.
type chunkedBody struct {
	conn    *conn
	left    int  // Of the chunk.
	begun   bool // A chunk was read.
	ended   bool
	framing int // The most bytes that may still be passed over.
}

// chunkBytesLimit is the longest chunk that can be told from a number without sense.
const chunkBytesLimit = 1 << 40

// Fates of a body in chunks.
var (
	errBadChunk = errors.New("body is not in well-formed chunks")
	errFraming  = errors.New("chunks are too short, or their extensions too long")
)

// Read reads the body. After io.EOF the connection is where the next request begins.
func (b *chunkedBody) Read(p []byte) (int, error) {
	if b.left == 0 && !b.ended {
		if err := b.next(); err != nil {
			return 0, err
		}
	}
	if b.ended {
		return 0, io.EOF
	}
	n, err := b.conn.readBody(p[:min(len(p), b.left)])
	b.left -= n
	return n, endedEarly(err)
}

// next reads up to the next chunk's first byte, or up to the body's end.
func (b *chunkedBody) next() error {
	if b.begun {
		if err := b.want('\r', '\n'); err != nil {
			return err
		}
	}
	b.begun = true
	var err error
	if b.left, err = b.size(); err != nil || b.left > 0 {
		return err
	}
	b.ended = true
	return b.trailers()
}

// size reads a line with the length of a chunk.
func (b *chunkedBody) size() (n int, err error) {
	for digits := 0; ; digits++ {
		c, err := b.read()
		if err != nil {
			return 0, err
		}
		digit, ok := hexDigit(c)
		switch {
		case ok && n < chunkBytesLimit:
			n = n<<4 | digit
		case ok || digits == 0:
			return 0, fmt.Errorf("length of a chunk: %w", errBadChunk)
		case c == '\r':
			return n, b.want('\n')
		case c == ';' || c == ' ' || c == '\t':
			_, err := b.skipLine()
			return n, err
		default:
			return 0, fmt.Errorf("length of a chunk: %w", errBadChunk)
		}
	}
}

func hexDigit(c byte) (int, bool) {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10, true
	}
	return 0, false
}

// trailers passes over the fields after the last chunk, up to the empty line.
func (b *chunkedBody) trailers() error {
	for {
		n, err := b.skipLine()
		if err != nil || n == 0 {
			return err
		}
	}
}

// skipLine passes over the rest of a line. n is how long it was.
func (b *chunkedBody) skipLine() (n int, err error) {
	for ; ; n++ {
		c, err := b.read()
		switch {
		case err != nil:
			return n, err
		case c == '\r':
			return n, b.want('\n')
		case c == '\n' || c == 0:
			return n, fmt.Errorf("end of a line: %w", errBadChunk)
		}
	}
}

// want reads exactly these bytes.
func (b *chunkedBody) want(bytes ...byte) error {
	for _, want := range bytes {
		c, err := b.read()
		if err != nil {
			return err
		}
		if c != want {
			return fmt.Errorf("end of a line or chunk: %w", errBadChunk)
		}
	}
	return nil
}

// read reads a byte that is not body.
func (b *chunkedBody) read() (byte, error) {
	if b.framing--; b.framing < 0 {
		return 0, errFraming
	}
	c, err := b.conn.readByte()
	return c, endedEarly(err)
}

// endedEarly is err where a body must not end.
func endedEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
