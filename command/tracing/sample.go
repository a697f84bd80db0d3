package tracing

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// askedMax is how many requests in a second are followed because their sender says so:
// anybody can say it, and each costs some 10 µs and 68 bytes of the log.
const askedMax = 100

// A sampler decides which requests are followed: those whose sender's are, and a share
// of those whose sender does not say. It allocates nothing. Safe for use by several
// goroutines.
type sampler struct {
	ratio  float64
	second atomic.Int64 // Of Unix time,
	asked  atomic.Int64 // and how many were asked for in it.
}

// sample decides on a request that has come at now with said for its traceparent. It
// returns the sender's span, if there is one.
func sample[T []byte | string](s *sampler, said T, now time.Time) (parent trace.SpanContext, follow bool) {
	if len(said) > 0 {
		if parent, ok := parse(said); ok {
			return parent, parent.IsSampled() && s.may(now)
		}
	}
	return parent, rand.Float64() < s.ratio
}

// may tells whether one more may be followed because its sender says so.
func (s *sampler) may(now time.Time) bool {
	second := now.Unix()
	if before := s.second.Load(); before != second && s.second.CompareAndSwap(before, second) {
		s.asked.Store(0)
	}
	return s.asked.Add(1) <= askedMax
}

// parentBytes is the length of a traceparent of version 00: version, trace, span and
// flags in hexadecimal, with dashes between them.
const parentBytes = 2 + 1 + 2*16 + 1 + 2*8 + 1 + 2

// parse reads a traceparent, also of a later version, which may have more behind what is
// known (W3C Trace Context §3.2); false: it is none.
func parse[T []byte | string](text T) (trace.SpanContext, bool) {
	if len(text) < parentBytes || text[2] != '-' || text[35] != '-' || text[52] != '-' || len(text) > parentBytes && text[parentBytes] != '-' {
		return trace.SpanContext{}, false
	}
	var version, flags [1]byte
	var cfg trace.SpanContextConfig
	if !unhex(version[:], text[:2]) || !unhex(cfg.TraceID[:], text[3:35]) || !unhex(cfg.SpanID[:], text[36:52]) || !unhex(flags[:], text[53:55]) {
		return trace.SpanContext{}, false
	}
	if version[0] == 0xff || version[0] == 0 && len(text) > parentBytes {
		return trace.SpanContext{}, false
	}
	cfg.TraceFlags, cfg.Remote = trace.TraceFlags(flags[0])&trace.FlagsSampled, true
	c := trace.NewSpanContext(cfg)
	return c, c.IsValid()
}

// unhex reads the hexadecimal text, in small letters, into dst, half as long.
func unhex[T []byte | string](dst []byte, text T) bool {
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return false
		}
		dst[i/2] = dst[i/2]<<4 | c
	}
	return true
}

// format writes the traceparent of a span.
func format(c trace.SpanContext) string {
	return "00-" + c.TraceID().String() + "-" + c.SpanID().String() + "-" + c.TraceFlags().String()
}
