package query

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mlf/query/question"
	"mlf/schema"
)

type watermarkAnswer struct {
	Stream  string          `json:"stream"`
	Highest schema.Seq      `json:"highest"`
	Missing [][2]schema.Seq `json:"missing"` // Closed ranges, unlike everything inside: the protocol has it so.
	AsOf    time.Time       `json:"as_of"`
}

// serveWatermark answers GET /v1/terminals/self/watermark. Checks in the order
// of the protocol: token, shape, stream.
func (s *Server) serveWatermark(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	terminal, err := s.terminal(r)
	if err != nil {
		return err
	}
	values, err := parameters(r, "stream")
	if err != nil {
		return err
	}
	text, err := question.Single(values, "stream")
	if err != nil {
		return err
	}
	if text == "" {
		return badParameter("stream", "missing; want a stream that POST /v1/streams gave to this terminal")
	}
	stream, err := s.Terminals.Stream([]byte(text))
	if err != nil || stream.Terminal != terminal.Terminal {
		return errStream
	}
	if err := s.watermarks.Enter(r.Context(), gateWait); err != nil {
		return err
	}
	defer s.watermarks.Leave()
	asOf := s.now()
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.StoreTimeout)
	defer cancel()
	mark, _, err := s.Store().Watermark(ctx, stream.Terminal, stream.ID)
	if err != nil {
		return s.storeProblem(ctx, fmt.Errorf("read watermark: %w", err))
	}
	// None yet is the zero watermark: highest 0, nothing missing.
	answer := watermarkAnswer{Stream: text, Highest: mark.Highest, Missing: make([][2]schema.Seq, len(mark.Missing)), AsOf: asOf}
	for i, span := range mark.Missing {
		answer.Missing[i] = [2]schema.Seq{span.First, span.Next - 1}
	}
	return writeJSON(w, answer)
}

// terminal returns the enrolment whose token the request carries.
func (s *Server) terminal(r *http.Request) (*schema.Enrolment, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, errToken
	}
	if !s.Terminals.Complete() {
		return nil, errTerminalsUnread
	}
	terminal := s.Terminals.ByToken([]byte(strings.TrimSpace(token)))
	switch {
	case terminal == nil:
		return nil, errToken
	case terminal.Revoked:
		return nil, errRevoked
	}
	return terminal, nil
}
