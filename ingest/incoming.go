package ingest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"mlf/schema"
)

// incoming is what a connection has read and fasthttp has not got yet.
//
// fasthttp parses headers and writes answers. What it parses is read here: it is
// given a header when all of it has come, and nothing of what follows. Left to
// itself it holds, for every open connection, a buffer for the longest header that
// it would take; here memory grows with what has come, and only a header that is
// longer than most has a long buffer, while it is parsed. It also reads a body in
// chunks with no bound on what is not body, asks for a body's first byte before the
// handler could refuse it, and knows one spelling of one expectation.
//
// A header ends with the first empty line. fasthttp may not find it ended there
// (it insists on CRLF): then it asks for more, and the request is malformed.
type incoming struct {
	stage stage
	buf   []byte // buf[r:w] was read and not handed on.
	r, w  int

	scanned int // Of buf[r:w]: whole lines of the header, looked at.
	head    int // Of buf[r:w]: the header, or what came of it before fault.
	fault   error
	left    bool // fasthttp was sent away; the connection is still open.
	long    bool // The header is in a long buffer.

	framing framing

	first [aheadBytes]byte // What buf is at first.
}

const (
	// aheadBytes holds a terminal's usual request, header and body.
	aheadBytes = 1 << 10

	// headBytes is the longest header that is usual, and the buffer that fasthttp has for it
	// in every open connection. Terminals send some 300 bytes.
	headBytes = 2 << 10
)

// A stage is how far the request has come that is being read.
type stage uint8

const (
	awaiting stage = iota // Its header has not come, or not all of it.
	handing               // Its header is handed to fasthttp.
	handed                // fasthttp has the header.
	promised              // fasthttp was told that the body begins, if there is one.
)

// framing is what the header says about where the body ends, and who waits.
type framing struct {
	lengths, codings int // How many Content-Length and Transfer-Encoding.
	expects          expectation
}

// An expectation is what Expect asks for.
type expectation uint8

const (
	expectsNothing expectation = iota
	expectsContinue
	expectsUnknown
)

var (
	// errOutOfStep is told to fasthttp when it wants more of a header that has ended.
	errOutOfStep = errors.New("the header does not end where it should")

	// errMalformed stands for what fasthttp says about a header.
	errMalformed = errors.New("malformed request")
)

// Read is fasthttp's: the next header, then one byte that stands for a body.
// After io.EOF with c.left the connection is served on.
func (c *conn) Read(p []byte) (int, error) {
	switch c.stage {
	case awaiting:
		if len(p) > headBytes {
			return c.leave() // Memory for a long header is not held while nothing comes.
		}
		c.gather()
		if c.head == 0 { // There is nobody to answer.
			if errors.Is(c.fault, io.EOF) || errors.Is(c.fault, os.ErrDeadlineExceeded) {
				c.fault = nil // As it should end.
			}
			return 0, io.EOF
		}
		c.stage = handing
	case handed:
		if c.fault != nil {
			return 0, c.fault
		}
		c.stage = promised
		p[0] = 0 // The handler reads the body itself, from its beginning.
		return 1, nil
	case promised:
		return 0, errOutOfStep
	case handing: // The rest of a header that did not fit into p.
	}
	if c.head > len(p) && len(p) < c.limits.headerBytes {
		return c.leave()
	}
	c.long = len(p) > headBytes
	n := copy(p, c.buf[c.r:c.r+c.head])
	c.take(n)
	if c.head -= n; c.head == 0 {
		c.stage = handed
	}
	return n, nil
}

// trouble returns what ended the connection, nil where that was no trouble; err is
// fasthttp's. It holds nothing that the peer has said: fasthttp's errors quote
// headers, and a token is in one of them.
func (c *conn) trouble(err error) error {
	var network *net.OpError
	switch {
	case c.fault != nil:
		return c.fault
	case errors.As(err, &network):
		return network // Not what is wrapped around it.
	case err == nil:
		return nil
	}
	return errMalformed
}

// leave sends fasthttp away without a word, as if the peer had closed.
func (c *conn) leave() (int, error) {
	c.left = true
	return 0, io.EOF
}

// rest begins the wait for the next request.
func (c *conn) rest() {
	c.stage, c.scanned, c.framing = awaiting, 0, framing{}
	c.read.wanted = time.Now().Add(c.limits.idle)
}

// gather reads until a whole header is there, as much of one as may be, or no more
// comes.
func (c *conn) gather() {
	for begun := false; ; {
		complete := c.scan()
		if !begun && c.r < c.w {
			begun = true
			c.timing.begin()
			c.read.wanted = time.Now().Add(c.limits.read)
			c.state.Store(int32(fasthttp.StateActive)) // A service that stops awaits the rest.
		}
		if complete {
			return
		}
		if c.w-c.r >= c.limits.headerBytes {
			break
		}
		if err := c.fill(); err != nil {
			c.fault = err
			break
		}
	}
	c.head = c.w - c.r
}

// scan looks at the lines that have come. It tells whether the header is complete;
// then c.head is its length.
func (c *conn) scan() bool {
	for c.scanned == 0 { // Empty lines before a request are passed over (RFC 9112 §2.2).
		ahead := c.buf[c.r:c.w]
		switch {
		case bytes.HasPrefix(ahead, []byte("\r\n")):
			c.take(2)
			continue
		case bytes.HasPrefix(ahead, []byte("\n")):
			c.take(1)
			continue
		}
		break
	}
	for {
		line := c.buf[c.r+c.scanned : c.w]
		end := bytes.IndexByte(line, '\n')
		if end < 0 {
			return false
		}
		first := c.scanned == 0
		c.scanned += end + 1
		line = bytes.TrimSuffix(line[:end], []byte("\r"))
		if len(line) == 0 {
			c.head = c.scanned
			return true
		}
		if !first {
			c.framing.note(line)
		}
	}
}

// note looks at one line of a header.
func (f *framing) note(line []byte) {
	switch line[0] | 0x20 {
	case 'c':
		if isField(line, "content-length") {
			f.lengths++
		}
	case 't':
		if isField(line, "transfer-encoding") {
			f.codings++
		}
	case 'e':
		if isField(line, "expect") {
			f.expect(string(line[len("expect:"):]))
			line[0] = 'X' // Who waits is told by the handler, not by fasthttp.
		}
	}
}

// isField tells whether a line is a field of that name, in small letters.
func isField(line []byte, name string) bool {
	return len(line) > len(name) && line[len(name)] == ':' && strings.EqualFold(string(line[:len(name)]), name)
}

// expect takes the value of an Expect, which is a list.
func (f *framing) expect(values string) {
	for value := range strings.SplitSeq(values, ",") {
		switch value = strings.Trim(value, " \t"); {
		case value == "":
		case !strings.EqualFold(value, "100-continue"):
			f.expects = expectsUnknown
		case f.expects == expectsNothing:
			f.expects = expectsContinue
		}
	}
}

// fill reads what has come, and waits for some.
func (c *conn) fill() error {
	if c.w == len(c.buf) {
		c.makeRoom()
	}
	n, err := c.receive(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil // An error will come again.
	}
	return err
}

// makeRoom makes the buffer longer, where nothing can be moved out of the way.
func (c *conn) makeRoom() {
	to := c.buf
	if c.r == 0 {
		to = make([]byte, min(2*len(c.buf), c.limits.headerBytes))
	}
	c.w = copy(to, c.buf[c.r:c.w])
	c.r, c.buf = 0, to
}

// take takes n bytes out of the buffer.
func (c *conn) take(n int) {
	if c.r += n; c.r < c.w {
		return
	}
	c.r, c.w = 0, 0
	if len(c.buf) > headBytes {
		c.buf = c.first[:]
	}
}

// receive reads from the network, not much longer than until the read deadline.
func (c *conn) receive(p []byte) (int, error) {
	if c.read.due(c.limits.slack) {
		if err := c.Conn.SetReadDeadline(c.read.set); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.timing.last = schema.InstantOf(c.now())
	}
	return n, err
}

// readBody reads what follows the header. Where that ends, the caller knows.
func (c *conn) readBody(p []byte) (int, error) {
	if c.r < c.w {
		n := copy(p, c.buf[c.r:c.w])
		c.take(n)
		return n, nil
	}
	return c.receive(p)
}

// readByte reads a byte of what follows the header.
func (c *conn) readByte() (byte, error) {
	if c.r == c.w {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	b := c.buf[c.r]
	c.take(1)
	return b, nil
}

// A sizedBody follows its header as it is.
type sizedBody conn

// Read reads the body, and what comes after it as well if asked to.
func (b *sizedBody) Read(p []byte) (int, error) { return (*conn)(b).readBody(p) }
