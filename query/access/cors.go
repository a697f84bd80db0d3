package access

import "net/http"

// Who may do what from a page of another origin: read, with a token of its own
// where one is needed. Never with the reader's cookies or certificates, so that
// no page can do more than who wrote it.
const (
	corsMethods = "GET, HEAD, OPTIONS, POST"
	corsHeaders = "Authorization, If-None-Match, Accept, Content-Type, Last-Event-ID, Traceparent, Tracestate"
	corsExposed = "ETag, Retry-After, X-Request-ID, Content-Disposition, X-MLF-Excluded, X-MLF-Span, X-MLF-Compare, X-MLF-Cursor, X-MLF-Position, X-MLF-Check, X-MLF-Partial, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, WWW-Authenticate"
	corsMaxAge  = "86400" // Seconds; browsers keep it for two hours at most.
)

// WithCORS lets pages of any origin read every answer, a problem as well:
// without the header a script cannot tell 503 from a broken line.
func WithCORS(next http.Handler) http.Handler {
	origins, exposed := []string{"*"}, []string{corsExposed} // Of all answers: nobody changes them.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Access-Control-Allow-Origin"], h["Access-Control-Expose-Headers"] = origins, exposed
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", corsMethods)
			h.Set("Access-Control-Allow-Headers", corsHeaders)
			h.Set("Access-Control-Max-Age", corsMaxAge)
		}
		next.ServeHTTP(w, r)
	})
}
