package ingest

import "github.com/valyala/fasthttp"

// Terminals run in browsers, too, on pages of any origin. Nothing here is known by
// a cookie or an address, so nothing is gained by asking where a page is from: every
// answer may be read by every page, and none is ever sent with credentials.
//
// A page at a public address may reach a service inside the network of a comune; the
// browser asks the person. The header by which services were once asked
// (Access-Control-Request-Private-Network) is given up by those who proposed it.
const (
	allowOrigin   = "*"
	exposeHeaders = "ETag, Retry-After, X-Request-Id"

	// allowHeaders are those that a page may not send unasked. Cache-Control is what the
	// forms of many municipal sites send.
	allowHeaders = "Authorization, Cache-Control, Content-Type, Content-Encoding, If-None-Match, Traceparent, Tracestate"

	// preflightAge is how long a browser need not ask again: a day. Browsers have
	// lower limits of their own.
	preflightAge = "86400"
)

// share lets pages of any origin read an answer.
func share(h *fasthttp.ResponseHeader) {
	h.SetCanonical([]byte(fasthttp.HeaderAccessControlAllowOrigin), []byte(allowOrigin))
	h.SetCanonical([]byte(fasthttp.HeaderAccessControlExposeHeaders), []byte(exposeHeaders))
}

// options answers OPTIONS: what a browser asks before a page's request, and what
// anybody may ask.
func (x *exchange) options(methods string) {
	x.succeed(fasthttp.StatusNoContent)
	h := &x.Response.Header
	h.Set(fasthttp.HeaderAllow, methods+", OPTIONS")
	if len(x.Request.Header.Peek(fasthttp.HeaderAccessControlRequestMethod)) > 0 {
		h.Set(fasthttp.HeaderAccessControlAllowMethods, methods+", OPTIONS")
		h.Set(fasthttp.HeaderAccessControlAllowHeaders, allowHeaders)
		h.Set(fasthttp.HeaderAccessControlMaxAge, preflightAge)
	}
}
