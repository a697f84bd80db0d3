package aggregate

import (
	"context"
	"log/slog"
	"time"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// A telling tells followers what all workers of a process have counted, apart from
// the flush: what is counted is on screen also while the store is away, and a
// follower that nobody can reach holds up nobody.
//
// So nothing is told twice. What cannot be told is a gap in the claims, and
// followers read from the store what is in it: this costs them a moment, where to
// keep it for them would cost the counting memory without an end.
//
// It is used by one goroutine at a time: loop, and after it last.
type telling struct {
	a       *Aggregator
	kick    chan struct{}  // Asks for claims now.
	claims  []schema.Claim // Memory used again.
	rows    int            // In claims.
	failing bool
}

// loop tells until ctx ends. What was begun by then goes on, with io.
func (t *telling) loop(ctx, io context.Context) {
	if t.a.parts.Teller == nil {
		return
	}
	timer := time.NewTimer(t.a.cfg.TellEvery)
	defer timer.Stop()
	var p pause
	kick := t.kick
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-kick:
		}
		select {
		case <-t.kick: // One claim for both reasons.
		default:
		}
		begun := t.a.cfg.Now()
		every := p.next(pauseMax)
		kick = nil // Who fails is not hurried.
		if t.tell(io) {
			every, p, kick = t.a.cfg.stretched(t.a.cfg.TellEvery, t.rows), pause{}, t.kick
		}
		timer.Reset(max(0, every-t.a.cfg.Now().Sub(begun)))
	}
}

// last tells what the workers have left, once.
func (t *telling) last(ctx context.Context) {
	if t.a.parts.Teller != nil {
		t.tell(ctx)
	}
}

// tell tells what has changed, and whether it could.
func (t *telling) tell(ctx context.Context) bool {
	begun := t.a.cfg.Now()
	t.collect()
	if len(t.claims) == 0 {
		return !t.failing
	}
	m, log := t.a.m, t.a.log
	if err := t.a.parts.Teller.Tell(ctx, t.claims); err != nil {
		m.tellErrors.WithLabelValues("failed").Inc()
		if !t.failing {
			log.Warn("followers are not told what was counted: they read it from the store", slog.Any("err", err))
		}
		t.failing = true
		return false
	}
	if t.failing {
		log.Info("followers are told again")
	}
	t.failing = false
	m.tellRows.Add(float64(t.rows))
	m.tellSeconds.Observe(t.a.cfg.Now().Sub(begun).Seconds())
	return true
}

// collect takes what has changed into claims, of every worker in turn.
func (t *telling) collect() {
	t.claims, t.rows = t.claims[:0], 0
	for _, w := range t.a.list() {
		w.mu.Lock()
		if w.fold != nil {
			if _, news := w.fold.Untold(); news {
				w.fold.DrainClaim(t.next())
				w.untold.Store(0)
			}
		}
		w.mu.Unlock()
	}
	for i := range t.claims {
		t.rows += len(t.claims[i].Rollups)
	}
}

// next returns the claim after those there are, with the memory of one before. What
// a backlog took is not kept for the days without one.
func (t *telling) next() *schema.Claim {
	if n := len(t.claims); n < cap(t.claims) {
		t.claims = t.claims[:n+1]
	} else {
		t.claims = append(t.claims, schema.Claim{})
	}
	c := &t.claims[len(t.claims)-1]
	if cap(c.Rollups) > t.a.cfg.InsertRowsMax {
		*c = schema.Claim{}
	}
	clear(c.Rollups)
	return c
}

// keepsUp tells whether more may wait to be told: twice as much as for the store, so
// that it is not dropped between two claims where the store is fast. Long before
// that it asks for claims now.
func (t *telling) keepsUp() bool {
	n, most := 0, t.a.cfg.DirtyRowsMax
	for _, w := range t.a.list() {
		n += int(w.untold.Load())
	}
	if n > most/2 {
		select {
		case t.kick <- struct{}{}:
		default: // Somebody has asked already.
		}
	}
	return n <= 2*most
}

// keepUntold bounds what waits to be told: of a worker that finds too much, all of
// its own is dropped. w.mu is held.
func (w *worker) keepUntold(sum *fold.Fold) {
	rows, _ := sum.Untold()
	w.untold.Store(int64(rows))
	if rows == 0 || w.heard() {
		return
	}
	sum.DropClaim()
	w.untold.Store(0)
	w.m.tellErrors.WithLabelValues("full").Inc()
}
