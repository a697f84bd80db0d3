package ingest

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"mlf/ingest/pages"
	"mlf/ingest/setup"
	"mlf/schema"
	"mlf/schema/proxies"
)

// Pages is what the server needs to show pages and to set up the devices on which the
// kiosk is open.
type Pages struct {
	Files   *pages.Files
	Desk    *setup.Desk
	Proxies proxies.Proxies // Whose word for a client's address is taken.
}

// endpoint returns the endpoint of a path of p.
func (p *Pages) endpoint(path string) (endpoint, bool) {
	switch path {
	case setup.ConfigPath:
		return configEndpoint, true
	case setup.ClaimsPath, setup.PreviewPath:
		return claimsEndpoint, true
	}
	return pagesEndpoint, p.Files.Has(path)
}

// page answers what is asked of one of the pages, or by one.
func (s *Server) page(appends context.Context, x *exchange) *refusal {
	if x.endpoint == claimsEndpoint {
		if !x.IsPost() {
			return x.otherMethod("POST")
		}
		return s.claim(appends, x)
	}
	if !x.IsGet() && !x.IsHead() {
		return x.otherMethod("GET, HEAD")
	}
	if x.endpoint == configEndpoint {
		return s.configure(x)
	}
	h := &x.Request.Header
	a, ok := s.cfg.Pages.Files.Lookup(string(x.Path()), string(h.Peek(fasthttp.HeaderAcceptEncoding)), string(h.Peek(fasthttp.HeaderIfNoneMatch)))
	if !ok {
		return refuse(notFound, "the site was closed a moment ago")
	}
	x.succeed(a.Status)
	for _, f := range a.Fields {
		x.Response.Header.Set(f.Name, f.Value)
	}
	x.Response.SetBodyRaw(a.Body)
	return nil
}

// configure answers GET /v1/terminals/self/config.
func (s *Server) configure(x *exchange) *refusal {
	e, refused := s.authenticate(x)
	if refused != nil {
		return refused
	}
	if !s.cfg.Pages.Desk.Ready() {
		return s.later(terminalsUnread, "this process has just started")
	}
	body, etag := s.cfg.Pages.Desk.Config(e)
	if string(x.Request.Header.Peek(fasthttp.HeaderIfNoneMatch)) == etag {
		x.succeed(fasthttp.StatusNotModified)
	} else {
		x.answer(fasthttp.StatusOK, body)
	}
	x.Response.Header.Set(fasthttp.HeaderETag, etag)
	x.Response.Header.Set(fasthttp.HeaderCacheControl, "private, no-cache")
	return nil
}

// claim answers POST /v1/claims and /v1/claims/preview. Whoever has the code is nobody yet:
// no token is asked for.
func (s *Server) claim(ctx context.Context, x *exchange) *refusal {
	coding, _, refused := x.checkOpen(setup.BodyMax)
	if refused != nil {
		return refused
	}
	if _, ok := kindOf(x.Request.Header.ContentType(), []string{jsonType}); !ok {
		return refuse(unsupportedMediaType, "want Content-Type %s", jsonType)
	}
	desk := s.cfg.Pages.Desk
	if !desk.Ready() {
		return s.later(terminalsUnread, "this process has just started")
	}
	client := clientOf(x, s.cfg.Pages.Proxies)
	in := s.intakes.Get().(*intake)
	held, refused := s.read(x, in, senderAt(client))
	defer s.budget.release(held)
	var body []byte
	if refused == nil {
		refused = s.decoded(in, coding, setup.BodyMax, func(b []byte) error {
			body = bytes.Clone(b) // What holds it is of votes: it is not kept waiting.
			return nil
		})
	}
	s.release(in)
	if refused != nil {
		return refused
	}
	status, decide := fasthttp.StatusCreated, desk.Claim
	if string(x.Path()) == setup.PreviewPath {
		status, decide = fasthttp.StatusOK, desk.Preview
	}
	answer, err := decide(ctx, body, client, s.cfg.Now())
	if err != nil {
		return s.refuseClaim(x, err)
	}
	x.answer(status, answer)
	x.Response.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	return nil
}

// refuseClaim is the answer to a code that was not shown or redeemed.
func (s *Server) refuseClaim(x *exchange, err error) *refusal {
	var e *setup.Error
	if !errors.As(err, &e) {
		return refuse(malformedBody, "%v", err)
	}
	switch e.Problem {
	case setup.Full:
		return s.later(overloaded, e.Detail)
	case setup.Undecided:
		if s.complaint.due(s.cfg.Now()) {
			s.logger.Warn("claim not decided", slog.Any("err", e.Cause), slog.String("request", x.id.String()))
		}
		return s.later(claimUndecided, e.Detail)
	default:
	}
	problems := map[setup.Problem]problem{
		setup.Malformed: malformedBody, setup.Unknown: unknownCode, setup.Used: usedCode, setup.Expired: expiredCode,
		setup.Withdrawn: withdrawnCode, setup.TooMany: tooManyCodes,
	}
	r := refuse(problems[e.Problem], "%s", e.Detail)
	r.retryAfter = int((e.Retry + time.Second - 1) / time.Second)
	return r
}

// clientOf returns the address that x comes from.
func clientOf(x *exchange, p proxies.Proxies) netip.Addr {
	var fields []string
	for _, value := range x.Request.Header.PeekAll(p.Name()) {
		fields = append(fields, string(value))
	}
	return p.Client(x.RemoteAddr().String(), fields)
}

// senderAt tells addresses apart, for limits of what each may do at once.
func senderAt(client netip.Addr) schema.TerminalID {
	h := fnv.New64a()
	_, _ = h.Write(client.AsSlice()) // Never fails.
	return schema.TerminalID(h.Sum64())
}
