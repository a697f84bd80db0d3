// Package seen is when terminals were last seen: one reader asks a database for their votes
// again and again, for all who want to know, and beside it are the signs that they give.
//
// It knows when votes were cast, and heartbeats. It must not know HTTP, SQL, or what is made
// of it.
package seen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mlf/query/fleet"
	figures "mlf/query/network"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/presence"
)

// A Store is where it is kept when terminals voted. Safe for use by several goroutines;
// every call blocks until ctx ends at the latest.
type Store interface {
	// LastVotes calls take with each terminal of which a vote was cast in [from, until),
	// and when the latest such was that is known: at least one was then.
	LastVotes(ctx context.Context, from, until schema.Instant, take func(schema.TerminalID, schema.Instant)) error

	// NewestVotes calls take with each terminal of which a record that was ingested at
	// since or later brought a vote, and when one of its days had its latest.
	NewestVotes(ctx context.Context, since schema.Instant, take func(schema.TerminalID, schema.Instant)) error

	// Present returns of which records that is known.
	Present(ctx context.Context) ([]presence.Account, error)
}

const (
	// every is the time between two reads: who looks after terminals may wait as long.
	every = 30 * time.Second

	// overlap is how far back from the read before each reads again: records may be counted
	// as long as this after they were ingested, and are not missed.
	overlap = 10 * time.Minute

	// wholeEvery is the time between two reads of everything, for what came later than that.
	wholeEvery = 15 * time.Minute
)

// A Config says what is read. Store, Network and Heartbeats are required.
type Config struct {
	Store      func() Store // Of several that count one log, the one to ask now.
	Network    *network.Network
	Heartbeats *fleet.Book

	Logger *slog.Logger     // Nil: nobody is told.
	Now    func() time.Time // The clock. Nil: time.Now.
}

// A Reader knows when terminals were last seen, as of its last read. Safe for use by
// several goroutines.
type Reader struct {
	cfg Config

	mu    sync.RWMutex // Guards what follows.
	last  map[schema.TerminalID]schema.Instant
	asOf  time.Time // Zero: nothing was read yet.
	since time.Time // Zero: all votes are known.

	wholeDue time.Time // Of who reads: one at a time.
	failing  bool      // Of who reads: one at a time.
}

// New returns one that has read nothing yet.
func New(cfg Config) (*Reader, error) {
	if cfg.Store == nil || cfg.Network == nil || cfg.Heartbeats == nil {
		return nil, errors.New("seen: want a store, a network and heartbeats")
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Reader{cfg: cfg, last: make(map[schema.TerminalID]schema.Instant)}, nil
}

// Run reads until ctx ends, and returns nil. While the store does not answer what was read
// before stands.
func (r *Reader) Run(ctx context.Context) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		switch err := r.Read(ctx); {
		case ctx.Err() != nil:
			return nil
		case err != nil && !r.failing:
			r.cfg.Logger.Warn("when terminals voted is not read: what was known before stands", slog.Any("err", err))
			r.failing = true
		case err == nil && r.failing:
			r.cfg.Logger.Info("when terminals voted is read again")
			r.failing = false
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Read reads what has come since it last did, or everything. Run does it again and again.
func (r *Reader) Read(ctx context.Context) error {
	s, now := r.cfg.Store(), r.cfg.Now()
	from := schema.Instant(0)
	whole := !now.Before(r.wholeDue)
	if before, _ := r.Known(); !whole {
		from = schema.InstantOf(before.Add(-overlap))
	}
	accounts, err := s.Present(ctx) // Before the votes: of these there may be more then.
	if err != nil {
		return fmt.Errorf("read since when votes are known: %w", err)
	}
	read := make(map[schema.TerminalID]schema.Instant)
	if err := s.NewestVotes(ctx, from, func(id schema.TerminalID, at schema.Instant) { read[id] = at }); err != nil {
		return fmt.Errorf("read newest votes: %w", err)
	}
	if whole {
		r.wholeDue = now.Add(wholeEvery)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, at := range read {
		r.last[id] = max(r.last[id], at)
	}
	r.asOf, r.since = now, timeOf(presence.KnownSince(accounts))
	return nil
}

// timeOf returns the time of i; zero for none.
func timeOf(i schema.Instant) time.Time {
	if i == 0 {
		return time.Time{}
	}
	return i.Time()
}

// Last returns when the newest vote of a terminal that was counted was cast; 0: not known.
func (r *Reader) Last(id schema.TerminalID) schema.Instant {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.last[id]
}

// Known returns as of when Last is, zero where nothing was read yet, and since when votes
// that came in are known: since zero, of all the log.
func (r *Reader) Known() (asOf, since time.Time) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.asOf, r.since
}

// Network returns the network that figures are of.
func (r *Reader) Network() *network.Network { return r.cfg.Network }

// Seen asks the store when terminals were last seen, as of until: see network.Source.
func (r *Reader) Seen(ctx context.Context, until time.Time) (figures.Sightings, error) {
	s := r.cfg.Store()
	accounts, err := s.Present(ctx)
	if err != nil {
		return figures.Sightings{}, fmt.Errorf("read since when votes are known: %w", err)
	}
	seen := figures.Sightings{Of: make(map[schema.TerminalID]figures.Seen), Since: timeOf(presence.KnownSince(accounts)), Signs: r.cfg.Heartbeats.Complete()}
	from := schema.InstantOf(until.AddDate(0, 0, -figures.ActiveDays))
	err = s.LastVotes(ctx, from, schema.InstantOf(until), func(id schema.TerminalID, at schema.Instant) { seen.Of[id] = figures.Seen{Vote: at.Time()} })
	if err != nil {
		return figures.Sightings{}, fmt.Errorf("read last votes: %w", err)
	}
	for _, e := range r.cfg.Network.Terminals().All() {
		if h, known := r.cfg.Heartbeats.Last(e.Terminal); known {
			of := seen.Of[e.Terminal]
			if sign := h.At.Time(); sign.Before(until) {
				of.Sign = sign
			} else {
				of.Later = true
			}
			seen.Of[e.Terminal] = of
		}
	}
	return seen, nil
}
