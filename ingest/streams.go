package ingest

import (
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"mlf/schema"
)

// streams answers POST /v1/streams with a new stream of the terminal. The body
// says nothing, so neither it nor its type is insisted on.
func (s *Server) streams(x *exchange) *refusal {
	p, refused := s.checkHeader(x, jsonType, "")
	if refused != nil {
		return refused
	}
	if at := p.enrolled.Closed; !at.IsZero() {
		return refuse(closedTerminal, "terminal %v takes no new votes since %s; send what it holds under the streams that it has", p.enrolled.Terminal, at.UTC().Format(time.RFC3339))
	}
	if wait := s.issued.Wait(p.enrolled.Terminal, s.cfg.Now()); wait > 0 && x.waits() {
		return tooManyStreams(wait) // Known before the body is asked for.
	}
	in := s.intakes.Get().(*intake)
	held, refused := s.read(x, in, p.enrolled.Terminal)
	defer s.budget.release(held)
	if refused == nil && len(in.body) > 0 {
		refused = s.decoded(in, p.coding, s.cfg.DecodedBytesMax, in.reader.Object)
	}
	s.release(in)
	if refused != nil {
		return refused
	}
	return s.issue(x, p.enrolled)
}

// issue answers with a new stream.
func (s *Server) issue(x *exchange, e *schema.Enrolment) *refusal {
	key, ok := s.terminals.SigningKey()
	if !ok {
		return s.later(noSigningKey, "the registry has no stream key yet; mlf schema apply writes one")
	}
	wait, ok := s.issued.Take(e.Terminal, s.cfg.Now())
	switch {
	case !ok:
		return s.later(overloaded, "too many terminals asked for streams")
	case wait > 0:
		return tooManyStreams(wait)
	}
	text := key.Sign(schema.NewStream(e))
	x.answer(fasthttp.StatusCreated, fmt.Appendf(nil, `{"stream":%q,"first_seq":1}`, text))
	return nil
}

func tooManyStreams(wait time.Duration) *refusal {
	r := refuse(tooFast, "want at most %d streams an hour", issuesMax)
	r.retryAfter = int((wait + time.Second - 1) / time.Second)
	return r
}

// A terminal that asks for streams again and again has lost its disk or its
// wits, and each stream costs the count memory for ever.
const (
	// issuesMax is the most streams of one terminal within issueWindow.
	issuesMax   = 10
	issueWindow = time.Hour

	// issuersMax is the most terminals remembered, some 120 bytes each: more
	// than a country enrols in an hour.
	issuersMax = 1 << 17
)
