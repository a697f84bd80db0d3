package ingest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"mlf/ingest/form"
	"mlf/schema"
	"mlf/schema/proxies"
)

// Sources is what the server needs to take what sources say that keep no state.
type Sources struct {
	Desk    *form.Desk
	Proxies proxies.Proxies // Whose word for a client's address is taken.

	// Ready tells whether the log is counted by rules that know such records, and all
	// that is enrolled was read.
	Ready func() bool
}

// sourceEndpoint returns the endpoint of a path at which sources speak.
func sourceEndpoint(path []byte) (endpoint, bool) {
	switch p := string(path); {
	case p == form.CountersPath:
		return countersEndpoint, true
	case strings.HasPrefix(p, form.RatingsPath):
		return ratingsEndpoint, true
	case strings.HasPrefix(p, form.UplinksPath):
		return uplinksEndpoint, true
	case strings.HasPrefix(p, form.CallsPath):
		return callsEndpoint, true
	}
	return 0, false
}

// said answers what a source says: who sends first, then the body, then one record on the
// log, then 200, or 202 where it is a device of ours.
func (s *Server) said(appends context.Context, x *exchange) *refusal {
	if !x.IsPost() {
		return x.otherMethod("POST")
	}
	coding, refused := s.checkSource(x)
	if refused != nil {
		return refused
	}
	sender, err := s.cfg.Sources.Desk.Admit(s.requestOf(x))
	if err != nil {
		return s.refuseSource(err)
	}
	in := s.intakes.Get().(*intake)
	held, refused := s.read(x, in, sender.ID())
	defer s.budget.release(held)
	var said form.Said
	if refused == nil {
		first, last := x.timing()
		refused = s.decoded(in, coding, form.BodyMax, func(body []byte) error {
			said, err = sender.Judge(body, first, last)
			return nil
		})
	}
	s.release(in)
	switch {
	case refused != nil:
		return refused
	case err != nil && !errors.Is(err, form.ErrNothing):
		return s.refuseSource(err)
	case err == nil:
		refused = s.appendSaid(appends, x, &said)
	}
	if refused == nil {
		x.answerSource()
	}
	return refused
}

// checkSource makes the checks of a request that need neither its sender nor its body.
func (s *Server) checkSource(x *exchange) (coding, *refusal) {
	c, _, refused := x.checkOpen(form.BodyMax)
	if refused == nil && !s.cfg.Sources.Ready() {
		refused = s.later(sourcesUnready, "this process has just started, or mlf schema apply has not raised the rules of the log since the update")
	}
	return c, refused
}

// requestOf returns what is known of x before its body.
func (s *Server) requestOf(x *exchange) form.Request {
	h := &x.Request.Header
	r := form.Request{
		Path: string(x.Path()), Event: string(x.QueryArgs().Peek("event")), Origin: string(h.Peek(fasthttp.HeaderOrigin)), Host: string(h.Host()),
		Kind: string(h.ContentType()), At: s.cfg.Now(), Token: bearer(h),
	}
	r.Client = clientOf(x, s.cfg.Sources.Proxies)
	return r
}

// appendSaid puts what was said on the log.
func (s *Server) appendSaid(ctx context.Context, x *exchange, said *form.Said) *refusal {
	p := schema.PartitionOf(said.Slot, s.log.Partitions())
	if err := s.log.Append(x.under(s.patience.context(ctx)), p, said.Record); err != nil {
		s.metrics.unacked.Inc()
		if s.complaint.due(s.cfg.Now()) {
			s.logger.Warn("event not acknowledged", slog.Any("err", err), slog.String("request", x.id.String()))
		}
		return s.later(noAcknowledgement, "it is not known whether it was written")
	}
	s.metrics.said.WithLabelValues(said.Name).Inc()
	return nil
}

// answerSource answers that all is well. The words are those that the forms of municipal
// sites look for; whether anything of it counts is not told, so that a bot learns nothing of its trap.
func (x *exchange) answerSource() {
	if string(x.Path()) == form.CountersPath {
		x.answer(fasthttp.StatusAccepted, []byte(`{"accepted":1}`))
		return
	}
	x.answer(fasthttp.StatusOK, []byte(`{"success":true,"status":"ok"}`))
}

// refuseSource is the answer to what was not taken.
func (s *Server) refuseSource(err error) *refusal {
	var e *form.Error
	if !errors.As(err, &e) {
		return refuse(malformedBody, "%v", err)
	}
	problems := map[form.Problem]problem{
		form.NoSuchSource: notFound, form.NoSuchDevice: unknownDevice, form.UnknownToken: unknownToken, form.Ended: revokedTerminal,
		form.OtherOrigin: otherOrigin, form.OtherWay: otherWay, form.OtherQuestion: otherWay, form.Malformed: malformedBody,
		form.BadValue: badValue, form.Uncountable: uncountable, form.TooFast: tooFast,
	}
	r := refuse(problems[e.Problem], "%s", e.Detail)
	if e.Retry > 0 {
		r.retryAfter = int((e.Retry + time.Second - 1) / time.Second)
	}
	s.metrics.refused.WithLabelValues(codeOf(r.problem)).Inc()
	return r
}

func codeOf(p problem) string {
	code, _, _ := p.about()
	return code
}
