package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"mlf/ingest/pages"
	"mlf/schema"
)

// The paths of the front door.
const (
	votesPath   = "/v1/votes"
	streamsPath = "/v1/streams"
	servedPath  = "/v1/served"
	queuePath   = "/v1/served/ngsi"
	beatsPath   = "/v1/heartbeats"
	statusPath  = "/status"
)

const (
	jsonType        = "application/json"
	requestIDHeader = "X-Request-Id" // As fasthttp would write any other spelling.
)

// An exchange is one request and its answer.
type exchange struct {
	*fasthttp.RequestCtx
	conn     *conn
	id       requestID
	began    time.Time
	endpoint endpoint
	body     bodyState
	span     *Span // Nil: it is not followed.
}

// bodyState is what became of a request's body.
type bodyState uint8

const (
	bodyUntouched bodyState = iota
	bodyBegun
	bodyRead // Nothing of it is left on the connection.
)

// handle answers one request. A panic is a defect in one request: it is
// reported and ends that connection only, since fasthttp recovers nothing.
func (s *Server) handle(appends context.Context, h *fasthttp.RequestCtx) {
	x := &exchange{RequestCtx: h, conn: h.Conn().(*conn), id: s.requestIDs.next(), began: h.Time()}
	s.metrics.inflight.Inc()
	defer s.metrics.inflight.Dec()
	if s.followed != nil {
		s.follow(appends, x)
	}
	defer func() {
		if defect := recover(); defect != nil {
			s.metrics.panics.Inc()
			s.logger.Error("request met a defect", slog.Any("panic", defect), slog.String("request", x.id.String()), slog.String("stack", string(debug.Stack())))
			s.finish(x, refuseLast(internalError, "the service's log tells more under the id of this request"))
		}
	}()
	s.finish(x, s.route(appends, x))
}

// route finds who answers x; nil means that it was answered.
func (s *Server) route(appends context.Context, x *exchange) *refusal {
	if x.ambiguous() {
		return refuseLast(malformedRequest, "want a Content-Length or, in HTTP/1.1, Transfer-Encoding: chunked, and not both")
	}
	switch string(x.Path()) {
	case votesPath:
		x.endpoint = votesEndpoint
		if !x.IsPost() {
			return x.otherMethod("POST")
		}
		return s.votes(appends, x)
	case streamsPath:
		x.endpoint = streamsEndpoint
		if !x.IsPost() {
			return x.otherMethod("POST")
		}
		return s.streams(x)
	case servedPath, queuePath:
		if s.cfg.Served != nil {
			x.endpoint = servedEndpoint
			return s.served(appends, x)
		}
	case beatsPath:
		if s.cfg.Heartbeats != nil {
			x.endpoint = heartbeatsEndpoint
			return s.heartbeats(x)
		}
	case statusPath:
		x.endpoint = statusEndpoint
		if !x.IsGet() && !x.IsHead() {
			return x.otherMethod("GET, HEAD")
		}
		x.answer(fasthttp.StatusOK, []byte(`{"status":"ok"}`))
		return nil
	}
	if e, is := sourceEndpoint(x.Path()); is && s.cfg.Sources != nil {
		x.endpoint = e
		return s.said(appends, x)
	}
	if s.cfg.Pages != nil {
		if strings.HasPrefix(string(x.Path()), pages.PosterRoot) && !s.terminals.Complete() {
			return s.later(terminalsUnread, "this process has just started")
		}
		if e, is := s.cfg.Pages.endpoint(string(x.Path())); is {
			x.endpoint = e
			return s.page(appends, x)
		}
	}
	return refuse(notFound, "want %s, %s, %s, %s or %s", votesPath, streamsPath, servedPath, beatsPath, statusPath)
}

// otherMethod answers what is none of methods.
func (x *exchange) otherMethod(methods string) *refusal {
	if x.IsOptions() {
		x.options(methods)
		return nil
	}
	r := refuse(methodNotAllowed, "want %s", methods)
	r.allow = methods
	return r
}

// ambiguous tells whether a proxy in front could see the body of x end elsewhere:
// its sender would have two requests taken for one, or one for two (RFC 9112 §6.1).
func (x *exchange) ambiguous() bool {
	h, f := &x.Request.Header, x.conn.framing
	return f.codings > 0 && (f.lengths > 0 || h.ContentLength() != -1 || !h.IsHTTP11())
}

// answer writes a success. body is copied.
func (x *exchange) answer(status int, body []byte) {
	x.succeed(status)
	x.Response.Header.SetContentType(jsonType)
	x.SetBody(body)
}

// succeed writes the status of a success, and what every answer has.
func (x *exchange) succeed(status int) {
	x.SetStatusCode(status)
	var id [32]byte
	x.Response.Header.SetCanonical([]byte(requestIDHeader), x.id.append(id[:0]))
	share(&x.Response.Header)
}

// finish completes the answer, whatever it is.
func (s *Server) finish(x *exchange, r *refusal) {
	if r != nil {
		r.write(x.RequestCtx, x.id)
	}
	if r != nil && r.last {
		x.closeUnread()
	} else {
		x.settle()
	}
	if s.dismissing.Load() {
		x.SetConnectionClose()
	}
	s.metrics.answered(x.endpoint, x.Response.StatusCode(), time.Since(x.began))
	if x.span != nil {
		x.ended()
	}
}

// settleBytesMax is the longest unread body that is read and forgotten so that
// the connection can be kept. Most of it has come with the header.
const settleBytesMax = 8 << 10

// settle leaves the connection where the next request begins, or has it closed.
func (x *exchange) settle() {
	n := x.Request.Header.ContentLength()
	switch {
	case x.body == bodyRead:
		return
	case x.RequestBodyStream() == nil:
		if !x.IsPost() && !x.IsPut() && !x.IsPatch() {
			return
		} // Else a body may follow that was not announced.
	case x.body == bodyUntouched && n >= 0 && n <= settleBytesMax && !x.waits():
		if _, err := io.CopyN(io.Discard, (*sizedBody)(x.conn), int64(n)); err == nil {
			return
		}
	}
	x.closeUnread()
}

// closeUnread has the connection closed after the answer, with care for what
// the peer is still sending.
func (x *exchange) closeUnread() {
	x.SetConnectionClose()
	x.conn.linger.Store(true)
}

// handleError answers what fasthttp could not read as a request.
func (s *Server) handleError(h *fasthttp.RequestCtx, err error) {
	x := &exchange{RequestCtx: h, conn: h.Conn().(*conn), id: s.requestIDs.next(), began: time.Now(), body: bodyRead}
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.As(err, &small):
		s.finish(x, refuse(headersTooLarge, "want at most %d bytes", s.cfg.HeaderBytesMax))
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.finish(x, refuse(requestTimeout, "want the whole request within %v", s.cfg.ReadMax))
	default:
		s.finish(x, refuse(malformedRequest, "want a request line and header fields as RFC 9112 has them, with a Host"))
	}
	x.closeUnread()
}

// An admission is a request that has passed every check that needs no look into its body.
type admission struct {
	enrolled *schema.Enrolment
	coding   coding
	kind     string // Which of the media types asked for it has.
}

// checkHeader makes the checks of a POST that need no body, in the protocol's
// order: 417, 411, 415, 413, 401, 403. kinds are the media types accepted; an empty
// one among them stands for no Content-Type at all.
func (s *Server) checkHeader(x *exchange, kinds ...string) (admission, *refusal) {
	c, kind, refused := x.checkOpen(s.cfg.BodyBytesMax, kinds...)
	if refused != nil {
		return admission{}, refused
	}
	e, refused := s.authenticate(x)
	return admission{e, c, kind}, refused
}

// checkOpen makes those of them that need no sender: 417, 411, 415, 413 above most bytes.
// Without kinds any Content-Type is accepted.
func (x *exchange) checkOpen(most int, kinds ...string) (c coding, kind string, refused *refusal) {
	header := &x.Request.Header
	if x.conn.framing.expects == expectsUnknown {
		return 0, "", refuseLast(expectationFailed, "want Expect: 100-continue or none")
	}
	// Without a length fasthttp makes it 0 and gives no stream; -1 is chunked.
	if x.RequestBodyStream() == nil {
		return 0, "", refuseLast(lengthRequired, "want a Content-Length or Transfer-Encoding: chunked")
	}
	ok := len(kinds) == 0
	if !ok {
		kind, ok = kindOf(header.ContentType(), kinds)
	}
	if !ok {
		return 0, "", refuse(unsupportedMediaType, "want Content-Type %s", strings.TrimSuffix(strings.Join(kinds, " or "), " or "))
	}
	if c, ok = codingOf(header.PeekAll(fasthttp.HeaderContentEncoding)); !ok {
		return 0, "", refuse(unsupportedMediaType, "want Content-Encoding gzip, zstd or none")
	}
	if n := header.ContentLength(); n > most {
		return 0, "", refuse(tooLarge, "%d bytes: want at most %d", n, most)
	}
	return c, kind, nil
}

// kindOf tells which of kinds a Content-Type is, parameters aside.
func kindOf(contentType []byte, kinds []string) (kind string, ok bool) {
	if string(contentType) == kinds[0] {
		return kinds[0], true
	}
	name, _, _ := strings.Cut(string(contentType), ";")
	name = strings.TrimSpace(name)
	for _, kind := range kinds {
		if strings.EqualFold(name, kind) {
			return kind, true
		}
	}
	return "", false
}

// codingOf reads the Content-Encoding headers of a request.
func codingOf(values [][]byte) (coding, bool) {
	switch len(values) {
	case 0:
		return identity, true
	case 1:
		switch strings.ToLower(string(values[0])) {
		case "", "identity":
			return identity, true
		case "gzip", "x-gzip": // RFC 9110 §8.4.1.3.
			return gzipped, true
		case "zstd":
			return zstandard, true
		}
	}
	return 0, false
}

// read reads the body of x, which t sends, into in.body. The caller releases what
// it returns to the budget, also after a refusal.
func (s *Server) read(x *exchange, in *intake, t schema.TerminalID) (held int64, refused *refusal) {
	coming := arrival{all: &s.arrivals, from: t, most: s.cfg.BodyBytesMax}
	defer coming.end()
	n := x.Request.Header.ContentLength()
	if !coming.note(n) {
		return 0, s.later(overloaded, "too many long requests of this terminal at once")
	}
	if x.waits() && !s.budget.has(requestBytes+int64(max(n, 0))) {
		return 0, s.later(overloaded, "too many requests at once")
	}
	err := s.proceed(x)
	switch {
	case err != nil:
	case n >= 0:
		in.body, held, err = s.budget.readBody((*sizedBody)(x.conn), n, in.body)
	default:
		body := &chunkedBody{conn: x.conn, framing: s.cfg.BodyBytesMax}
		in.body, held, err = s.budget.readUnannounced(body, s.cfg.BodyBytesMax, in.body, coming.grown)
	}
	if err == nil {
		x.body = bodyRead
		rest := requestBytes + int64(len(in.body)) - held
		if x.conn.long {
			rest += int64(s.cfg.HeaderBytesMax)
		}
		if s.budget.acquire(rest) {
			return held + rest, nil
		}
		err = errNoRoom
	}
	return held, s.unread(err)
}

// unread is the answer to a request whose body was not read, or not to its end.
func (s *Server) unread(err error) *refusal {
	switch {
	case errors.Is(err, errNoRoom):
		return s.later(overloaded, "too many requests at once")
	case errors.Is(err, errTooLong):
		return refuse(tooLarge, "want at most %d bytes", s.cfg.BodyBytesMax)
	case errors.Is(err, errFraming):
		return refuse(tooLarge, "want longer chunks: %v", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(requestTimeout, "want the whole request within %v", s.cfg.ReadMax)
	}
	return refuse(malformedRequest, "%v", err)
}

// proceed tells a peer that waits for it to send the body of x. Whatever could be
// refused by the header has been.
func (s *Server) proceed(x *exchange) error {
	x.body = bodyBegun
	c := x.conn
	if !x.waits() || c.r < c.w || x.Request.Header.ContentLength() == 0 {
		return nil
	}
	_ = c.SetWriteDeadline(time.Now().Add(s.cfg.WriteMax)) // Never fails.
	if _, err := c.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
		return fmt.Errorf("ask for the body: %w", err)
	}
	return nil
}

// waits tells whether the peer waits to be asked for the body. HTTP/1.0 knows no
// answer that is not the last.
func (x *exchange) waits() bool {
	return x.conn.framing.expects == expectsContinue && x.Request.Header.IsHTTP11()
}
