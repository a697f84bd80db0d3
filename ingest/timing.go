package ingest

import "mlf/schema"

// A timing is when the bytes of a connection's requests were read. A request's
// time is that of its first byte: the terminal counted its votes' ages up to
// then, and what the line takes for the rest is no fault of theirs.
type timing struct {
	first schema.Instant // Of the request's first byte.
	last  schema.Instant // Of the last bytes that came at all.
}

// begin notes that a request begins with bytes that have come. One read may bring
// the end of a request and the beginning of the next, and no other follows until
// that one begins.
func (t *timing) begin() { t.first = t.last }

// timing returns when the request of x began to come and when the last of it had
// been read, in this order whatever the server's clock does.
func (x *exchange) timing() (first, last schema.Instant) {
	t := x.conn.timing
	return t.first, max(t.first, t.last)
}
