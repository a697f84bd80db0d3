package ingest

import (
	"github.com/valyala/fasthttp"

	"mlf/schema"
)

// A timing is when the bytes of a connection's requests were read. A request's
// time is that of its first byte: the terminal counted its votes' ages up to
// then, and what the line takes for the rest is no fault of theirs.
//
// One Read may bring the end of a request and the beginning of the next. What
// waits in fasthttp's buffer when a request has been answered came with the last
// Read, because fasthttp reads only when its buffer holds no whole request.
type timing struct {
	first schema.Instant // Of the request's first byte; 0 while none has come.
	last  schema.Instant // Of the last bytes that came at all; 0 for none.
}

// read notes that bytes came at now.
func (t *timing) read(now schema.Instant) {
	t.last = now
	if t.first == 0 {
		t.first = now
	}
}

// enter follows the connection from request to request.
func (t *timing) enter(state fasthttp.ConnState) {
	switch state {
	case fasthttp.StateIdle:
		t.first = 0
	case fasthttp.StateActive:
		if t.first == 0 { // It begins in the buffer, or it is the first and nothing has come.
			t.first = t.last
		}
	default:
	}
}

// timing returns when the request of x began to come and when the last of it had
// been read, in this order whatever the server's clock does.
func (s *Server) timing(x *exchange) (first, last schema.Instant) {
	if c, ok := x.Conn().(*conn); ok && c.timing.first != 0 {
		return c.timing.first, max(c.timing.first, c.timing.last)
	}
	now := schema.InstantOf(s.cfg.Now())
	return now, now
}
