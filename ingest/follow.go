package ingest

import (
	"context"
	"time"

	"github.com/valyala/fasthttp"
)

// A Follow tells whether a request is followed on its way, so that somebody sees where
// its time goes. traceparent is the caller's word on that (W3C Trace Context), nil for
// none; it is fasthttp's memory. began is when the header was read. Nil, which must cost
// nothing, stands for a request that is not followed. Several goroutines call at once.
type Follow func(ctx context.Context, traceparent []byte, began time.Time) *Span

// A Span is a request that is followed.
type Span struct {
	// Under returns ctx, which is of many requests, for what is done for this one.
	Under func(ctx context.Context) context.Context

	// End is called once, when the answer is made.
	End func(a Answered)
}

// An Answered is what became of a request that was followed: nothing that its sender
// has chosen.
type Answered struct {
	Method string
	Path   string // Of the endpoint; empty: there is none.
	Status int
	ID     string // As in the answer's X-Request-Id, and in the log.
}

const traceHeader = "Traceparent" // As fasthttp has it.

// follow begins the span of x, if it is to have one. A header that comes twice says
// nothing.
func (s *Server) follow(ctx context.Context, x *exchange) {
	var parent []byte
	if said := x.Request.Header.PeekAll(traceHeader); len(said) == 1 {
		parent = said[0]
	}
	x.span = s.followed(ctx, parent, x.began)
}

// under returns ctx, for what is done for x.
func (x *exchange) under(ctx context.Context) context.Context {
	if x.span == nil {
		return ctx
	}
	return x.span.Under(ctx)
}

// ended ends the span of x.
func (x *exchange) ended() {
	a := Answered{Method: methodOf(x), Status: x.Response.StatusCode(), ID: x.id.String()}
	if x.endpoint != otherEndpoint {
		a.Path = string(x.Path())
	}
	x.span.End(a)
}

// methodOf returns the method of x; empty for one that HTTP does not know.
func methodOf(x *exchange) string {
	switch m := string(x.Method()); m {
	case fasthttp.MethodGet, fasthttp.MethodHead, fasthttp.MethodPost, fasthttp.MethodPut, fasthttp.MethodPatch,
		fasthttp.MethodDelete, fasthttp.MethodConnect, fasthttp.MethodOptions, fasthttp.MethodTrace:
		return m
	}
	return ""
}
