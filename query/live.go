package query

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"mlf/query/access"
	"mlf/query/answer/today"
	"mlf/query/disclosure"
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
	return s.live.Serve(w, r, newsAfter(r.Header.Get("Last-Event-ID")))
}

// newsAfter tells which events are told to who had one, maybe of another process: such
// as have no fewer votes.
func newsAfter(had string) func(*live.Event) bool {
	least, err := question.ParsePosition(had)
	if err != nil {
		return lotsAfter(had)
	}
	return func(e *live.Event) bool {
		at, err := question.ParsePosition(e.ID)
		return e.ID != had && (err != nil || at.Reaches(least))
	}
}

// lotsAfter is newsAfter of events that are named by day and number.
func lotsAfter(had string) func(*live.Event) bool {
	hadDay, least := cutLots(had)
	return func(e *live.Event) bool {
		day, n := cutLots(e.ID)
		return e.ID != had && (day != hadDay || n > least)
	}
}

// lotsID names an event that has n votes. Its position would say when the public's
// counts change, which they do once a night.
func lotsID(day string, n uint64) string { return day + "." + strconv.FormatUint(n, 10) }

func cutLots(id string) (day string, n uint64) {
	day, number, _ := strings.Cut(id, ".")
	n, _ = strconv.ParseUint(number, 10, 64) // What is no number was not ours.
	return day, n
}

// lookLive returns what live figures say now; nil where no vote has come
// since, and it is still the same day. All listeners are told the same, whoever of
// them was the first: what the public may know.
func (s *Server) lookLive(ctx context.Context, last *live.Event) (*live.Event, error) {
	public := s.audienceOf(access.Identity{})
	if public.shown == DisclosureLots {
		return s.lookLots(ctx, last)
	}
	ctx = context.WithValue(ctx, audienceKey{}, public)
	view, err := s.view(ctx)
	if err != nil {
		return nil, err
	}
	id := question.PositionOf(view.Ledger()).String()
	if last != nil && last.ID == id && bytes.Contains(last.Data, []byte(s.today())) {
		return nil, nil //nolint:nilnil // So says live.Config.
	}
	data, _, err := today.Line(ctx, s.words, s.reading(view, &counter{s: s, view: view}), nil)
	if err != nil {
		return nil, err
	}
	return &live.Event{ID: id, Data: data}, nil
}

func (s *Server) today() string { return s.clock.DayOf(schema.HourOf(s.now())).String() }

// A lotsTold is what the public was told last of votes as they come. It outlives
// those who were told: who comes anew hears nothing earlier than they would.
type lotsTold struct {
	mu    sync.Mutex
	at    time.Time // A whole disclosure.LiveEvery; zero before the first.
	event *live.Event
}

// lookLots is lookLive where the public is shown lots.
func (s *Server) lookLots(ctx context.Context, last *live.Event) (*live.Event, error) {
	s.told.mu.Lock()
	defer s.told.mu.Unlock()
	if at := s.now().Truncate(disclosure.LiveEvery); !at.Equal(s.told.at) {
		event, err := s.countLots(ctx)
		if err != nil {
			return nil, err
		}
		s.told.at, s.told.event = at, event
	}
	if last != nil && last.ID == s.told.event.ID {
		return nil, nil //nolint:nilnil // So says live.Config.
	}
	return s.told.event, nil
}

// countLots counts everything, and says so much of it as lots may.
func (s *Server) countLots(ctx context.Context) (*live.Event, error) {
	shown, err := s.published()
	if err != nil {
		return nil, err
	}
	all, err := s.newest.View(ctx)
	if err != nil {
		return nil, err
	}
	rules := disclosure.Rules{K: uint64(s.Published.Last().K)}
	data, n, err := today.Line(ctx, s.words, s.reading(shown, &counter{s: s, view: all}), rules.LiveTotal)
	if err != nil {
		return nil, err
	}
	return &live.Event{ID: lotsID(s.today(), n), Data: data}, nil
}
