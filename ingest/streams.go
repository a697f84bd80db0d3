package ingest

import (
	"fmt"
	"sync"
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
	if wait := s.issued.wait(p.enrolled.Terminal, s.cfg.Now()); wait > 0 && x.waits() {
		return tooManyStreams(wait) // Known before the body is asked for.
	}
	in := s.intakes.Get().(*intake)
	held, refused := s.read(x, in, p.enrolled.Terminal)
	defer s.budget.release(held)
	if refused == nil && len(in.body) > 0 {
		refused = s.decoded(in, p.coding, in.reader.Object)
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
	wait, ok := s.issued.take(e.Terminal, s.cfg.Now())
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

	// sweepEvery is the least time between two looks through all of them.
	sweepEvery = time.Minute
)

// issued remembers when streams were issued of late. Its zero value is ready.
type issued struct {
	mu    sync.Mutex
	by    map[schema.TerminalID]*issues
	swept time.Time
}

// issues are the times of a terminal's last streams, as a ring.
type issues struct {
	times [issuesMax]schema.Instant
	next  uint8 // Where the oldest one is.
}

// wait returns how long its terminal must wait at now for the next one.
func (i *issues) wait(now time.Time) time.Duration {
	if oldest, before := i.times[i.next], schema.InstantOf(now.Add(-issueWindow)); oldest > before {
		return time.Duration(oldest-before) * time.Millisecond
	}
	return 0
}

func (i *issues) newest() schema.Instant { return i.times[(i.next+issuesMax-1)%issuesMax] }

// take notes a stream of t at now. wait is how long t must wait instead, if it
// had too many; ok is false when no more terminals can be remembered.
func (r *issued) take(t schema.TerminalID, now time.Time) (wait time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.by[t]
	if i == nil {
		if i, ok = r.remember(t, now); !ok {
			return 0, false
		}
	}
	if wait = i.wait(now); wait > 0 {
		return wait, true
	}
	i.times[i.next] = schema.InstantOf(now)
	i.next = (i.next + 1) % issuesMax
	return 0, true
}

// wait returns how long t must wait at now for its next stream.
func (r *issued) wait(t schema.TerminalID, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := r.by[t]; i != nil {
		return i.wait(now)
	}
	return 0
}

// remember makes room for t, if need be by forgetting who asked long ago.
func (r *issued) remember(t schema.TerminalID, now time.Time) (*issues, bool) {
	if len(r.by) >= issuersMax && now.Sub(r.swept) >= sweepEvery {
		before := schema.InstantOf(now.Add(-issueWindow))
		for t, i := range r.by {
			if i.newest() <= before {
				delete(r.by, t)
			}
		}
		r.swept = now
	}
	if len(r.by) >= issuersMax {
		return nil, false
	}
	if r.by == nil {
		r.by = make(map[schema.TerminalID]*issues)
	}
	i := new(issues)
	r.by[t] = i
	return i, true
}
