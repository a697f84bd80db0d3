package ingest

import (
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"

	"mlf/ingest/report"
	"mlf/ingest/wire"
	"mlf/schema/heartbeat"
)

// heartbeats answers POST /v1/heartbeats: checks in the order of those of votes, then 200.
func (s *Server) heartbeats(x *exchange) *refusal {
	if !x.IsPost() {
		return x.otherMethod("POST")
	}
	p, refused := s.checkHeader(x, jsonType)
	if refused != nil {
		return refused
	}
	if n := x.Request.Header.ContentLength(); n > report.HeartbeatBytesMax {
		return refuse(tooLarge, "%d bytes: want at most %d", n, report.HeartbeatBytesMax)
	}
	h := s.cfg.Heartbeats
	if !h.Complete() {
		return s.later(heartbeatsUnread, "this process has just started, or mlf schema apply has not run since the update")
	}
	beat, refused := s.readHeartbeat(x, p)
	if refused != nil {
		s.metrics.heartbeats.WithLabelValues(report.Rejected).Inc()
		return refused
	}
	outcome, wait := h.Take(&beat)
	s.metrics.heartbeats.WithLabelValues(outcome).Inc()
	switch outcome {
	case report.TooSoon:
		r := refuse(tooFast, "want at most one heartbeat in %d s", report.HeartbeatLeast/1000)
		r.retryAfter = int((wait + 999) / 1000)
		return r
	case report.Full:
		return s.later(overloaded, "too many heartbeats wait for the log")
	case report.Copied:
		return refuse(copiedTerminal, "two devices send as terminal %v; take install as the value that this device has, ask for a new stream, and let an operator see", p.enrolled.Terminal)
	}
	interval := report.HeartbeatInterval - report.HeartbeatSpread + s.cfg.Jitter(2*report.HeartbeatSpread+1)
	answer := strconv.AppendInt([]byte(`{"interval_s":`), int64(interval), 10)
	x.answer(fasthttp.StatusOK, fmt.Appendf(answer, `,"config":%q}`, h.Shown(p.enrolled)))
	return nil
}

// readHeartbeat reads the body of x, which p sends.
func (s *Server) readHeartbeat(x *exchange, p admission) (beat heartbeat.Heartbeat, refused *refusal) {
	in := s.intakes.Get().(*intake)
	defer s.release(in)
	held, refused := s.read(x, in, p.enrolled.Terminal)
	defer s.budget.release(held)
	if refused != nil {
		return beat, refused
	}
	first, _ := x.timing()
	refused = s.decoded(in, p.coding, report.HeartbeatBytesMax, func(body []byte) (err error) {
		beat, err = wire.Heartbeat(body, p.enrolled.Terminal, first)
		return err
	})
	return beat, refused
}
