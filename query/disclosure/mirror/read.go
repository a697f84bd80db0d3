package mirror

import (
	"context"
	"fmt"
	"time"

	"mlf/query/disclosure"
	"mlf/schema"
)

// time returns one at which all that is held does: the clocks of databases differ, and
// what holds was decided by each of them.
func (s *standing) time(looks []look) time.Time {
	var now time.Time
	for _, l := range looks {
		if l.err == nil {
			now = l.now
			break
		}
	}
	for i := range s.held {
		if due := s.held[i].Written.Add(disclosure.SettleAfter); due.After(now) {
			now = due
		}
	}
	return now
}

// Lots calls take with the lots of some releases, in any order.
func (m *Mirror) Lots(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error {
	return m.read(q, func(c Copy, p *passage) error {
		return c.Lots(ctx, p.query, func(a schema.AttemptID, l *schema.Lot) error { return take(p.out(a), l) })
	})
}

// LotsInOrder calls take with the lots of some releases, in their order, and by the
// numbers of lots.
func (m *Mirror) LotsInOrder(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, *schema.Lot) error) error {
	return m.read(q, func(c Copy, p *passage) error {
		return c.LotsInOrder(ctx, p.query, func(a schema.AttemptID, l *schema.Lot) error { return take(p.out(a), l) })
	})
}

// Turnout calls take with the turnout of months that releases froze, in any order.
func (m *Mirror) Turnout(ctx context.Context, q schema.LotQuery, take func(schema.AttemptID, schema.Day, *schema.Turnout) error) error {
	return m.read(q, func(c Copy, p *passage) error {
		return c.Turnout(ctx, p.query, func(a schema.AttemptID, d schema.Day, t *schema.Turnout) error { return take(p.out(a), d, t) })
	})
}

// A passage is one reading of one database.
type passage struct {
	query schema.LotQuery // By the attempts that rows have there.
	own   map[schema.AttemptID]schema.AttemptID
	taken bool // It has said something.
}

// out returns the attempt of the release that rows of attempt a are of.
func (p *passage) out(a schema.AttemptID) schema.AttemptID {
	p.taken = true
	if own, ok := p.own[a]; ok {
		return own
	}
	return a
}

// read has a query answered by a database that has all that it asks for, when it was
// last looked. Where that fails before it has said anything another is asked.
func (m *Mirror) read(q schema.LotQuery, ask func(Copy, *passage) error) error {
	m.mu.Lock()
	seen := m.seen
	m.mu.Unlock()
	var err error
	for i := range seen {
		p, ok := seen[i].passage(q)
		if !ok {
			continue
		}
		if err = ask(m.members[i].Copy, p); err == nil || p.taken {
			return err
		}
	}
	if err == nil {
		err = fmt.Errorf("read %d releases: no database has them that answers", len(q.Attempts))
	}
	return err
}

// passage returns q for this database; false where it lacks what is asked for.
func (l *look) passage(q schema.LotQuery) (*passage, bool) {
	p := &passage{query: q, own: make(map[schema.AttemptID]schema.AttemptID, len(q.Attempts))}
	p.query.Attempts = make([]schema.AttemptID, len(q.Attempts))
	for i, a := range q.Attempts {
		rows := l.rows(&schema.Release{Attempt: a})
		if rows == 0 {
			return p, false
		}
		p.query.Attempts[i], p.own[rows] = rows, a
	}
	return p, l.err == nil
}
