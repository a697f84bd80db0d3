package query

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"mlf/query/access"
	"mlf/query/answer"
	"mlf/query/live"
	"mlf/query/question"
	"mlf/schema"
)

// How live figures are told.
const (
	liveEvery = time.Second
	liveBeat  = 15 * time.Second // Proxies close what is silent for a minute, often.
	liveWrite = 10 * time.Second
)

func (s *Server) newHub() *live.Hub {
	return live.New(live.Config{Look: s.lookLive, Every: liveEvery, Beat: liveBeat, Write: liveWrite, Max: s.cfg.LiveMax})
}

// serveLive answers GET /v1/live: today's votes of each region, again and again.
func (s *Server) serveLive(w http.ResponseWriter, r *http.Request) error {
	if err := noParameters(r); err != nil {
		return err
	}
	// Who comes back from another process must not be told of fewer votes.
	had := r.Header.Get("Last-Event-ID")
	least, err := question.ParsePosition(had)
	if err != nil {
		had, least = "", nil
	}
	return s.live.Serve(w, r, func(e *live.Event) bool {
		if e.ID == had {
			return false
		}
		at, err := question.ParsePosition(e.ID)
		return err == nil && at.Reaches(least)
	})
}

// lookLive returns what live figures say now; nil where no vote has come
// since, and it is still the same day. All listeners are told the same, whoever of
// them was the first: what the public is shown.
func (s *Server) lookLive(ctx context.Context, last *live.Event) (*live.Event, error) {
	ctx = context.WithValue(ctx, audienceKey{}, s.audienceOf(access.Identity{}))
	view, err := s.view(ctx)
	if err != nil {
		return nil, err
	}
	id := question.PositionOf(view.Ledger()).String()
	day := s.clock.DayOf(schema.HourOf(s.now())).String()
	if last != nil && last.ID == id && bytes.Contains(last.Data, []byte(day)) {
		return nil, nil //nolint:nilnil // So says live.Config.
	}
	data, err := answer.Live(ctx, s.words, s.reading(view, &counter{s: s, view: view}))
	if err != nil {
		return nil, err
	}
	return &live.Event{ID: id, Data: data}, nil
}
