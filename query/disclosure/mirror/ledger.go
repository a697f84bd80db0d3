package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlf/schema"
)

// ErrBehind is the error of a database that has not got all that holds: nothing is
// published before it has.
var ErrBehind = errors.New("it has not got all that is published")

// A Ledger is where releases are made: a disclosure.Ledger of the mirror. What is written
// goes to the first database, and from there, once it stays, to the others.
type Ledger struct{ m *Mirror }

// Ledger returns where releases are made.
func (m *Mirror) Ledger() Ledger { return Ledger{m} }

func (l Ledger) first() Copy { return l.m.members[0].Copy }

// Releases returns the headers of what holds and of what was written and does not hold
// yet, and a time at which only those do that do. An error unless every database
// answers and has all.
func (l Ledger) Releases(ctx context.Context) ([]schema.Release, time.Time, error) {
	looks := l.m.look(ctx)
	if err := away(looks); err != nil {
		return nil, time.Time{}, err
	}
	s, err := decide(looks)
	if err != nil {
		return nil, time.Time{}, err
	}
	for i := range s.held {
		for k := range looks {
			if looks[k].rows(&s.held[i]) == 0 {
				return nil, time.Time{}, fmt.Errorf("look for release %d in database %s: %w", s.held[i].Number, looks[k].name, ErrBehind)
			}
		}
	}
	now := s.time(looks)
	headers := s.held
	for _, r := range s.open {
		r.Written = now
		headers = append(headers, r)
	}
	return headers, now, nil
}

// Lots calls take with the lots of releases, and of an attempt that was just written.
func (l Ledger) Lots(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error {
	p := l.passage(q)
	return l.first().Lots(ctx, p.query, func(a schema.AttemptID, lot *schema.Lot) error { return take(p.out(a), lot) })
}

// Taken calls take with what releases have of each spot and day.
func (l Ledger) Taken(ctx context.Context, q schema.LotQuery, take func(*schema.SpotDay) error) error {
	return l.first().Taken(ctx, l.passage(q).query, take)
}

// passage returns q for the first database. What that knows nothing of was just written
// to it.
func (l Ledger) passage(q schema.LotQuery) *passage {
	l.m.mu.Lock()
	seen := l.m.seen
	l.m.mu.Unlock()
	p := &passage{query: q, own: make(map[schema.AttemptID]schema.AttemptID, len(q.Attempts))}
	p.query.Attempts = make([]schema.AttemptID, len(q.Attempts))
	for i, a := range q.Attempts {
		p.query.Attempts[i] = a
		if rows := seen[0].rows(&schema.Release{Attempt: a}); rows != 0 {
			p.query.Attempts[i], p.own[rows] = rows, a
		}
	}
	return p
}

// WriteLots appends rows of an attempt.
func (l Ledger) WriteLots(ctx context.Context, a schema.AttemptID, lots []schema.Lot, taken []schema.Taken) error {
	return l.first().WriteLots(ctx, a, lots, taken)
}

// WriteTurnout appends the turnout of a month as rows of an attempt.
func (l Ledger) WriteTurnout(ctx context.Context, a schema.AttemptID, first schema.Day, rows []schema.Turnout) error {
	return l.first().WriteTurnout(ctx, a, first, rows)
}

// WriteRelease appends a header. Where there are several databases, it waits to be
// copied.
func (l Ledger) WriteRelease(ctx context.Context, r schema.Release) error {
	r.Written = time.Time{}
	return l.first().WriteNote(ctx, schema.ReleaseNote{Release: r, Rows: r.Attempt, Alone: len(l.m.members) == 1})
}
