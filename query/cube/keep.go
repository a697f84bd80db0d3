package cube

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/columns"
)

// keep looks at the store's account now and then: to seal what has closed, and to
// read what the feed has lost.
func (l *loop) keep(ctx context.Context) error {
	every := time.NewTicker(l.f.cfg.SealEvery)
	defer every.Stop()
	for l.isDue(ctx, every.C) {
		if err := l.lookAtStore(ctx); err != nil && ctx.Err() == nil {
			l.f.storeFailed(ctx, err)
		}
	}
	return ctx.Err()
}

// isDue waits until the store is to be looked at; false when ctx has ended. What is
// missing comes before what is due, and the end before both: a schedule can be played
// again.
func (l *loop) isDue(ctx context.Context, every <-chan time.Time) bool {
	select {
	case <-l.wake:
		pauseFor(ctx, l.f.cfg.GapWait)
		return ctx.Err() == nil
	default:
	}
	select {
	case <-ctx.Done():
	case <-every:
	case <-l.wake:
		pauseFor(ctx, l.f.cfg.GapWait)
	}
	return ctx.Err() == nil
}

// errAnotherLog is why there are no answers while those of another log are loaded.
var errAnotherLog = errors.New("the store counts another log; its counts are being loaded")

// lookAtStore balances, seals, and reads what is missing. An error is the store's:
// the next look tries again.
func (l *loop) lookAtStore(ctx context.Context) error {
	store := l.f.cfg.Store()
	id, err := store.Identity(ctx)
	if err != nil {
		return err
	}
	if id.Log != l.core.log || id.Partitions != len(l.core.parts) {
		l.f.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "the store counts another log than the counts in memory", slog.String("log", id.Log.String()))
		l.f.disown(errAnotherLog)
		return l.replace(ctx, "log")
	}
	account, err := store.Segments(ctx)
	if err != nil {
		return err
	}
	account = schema.Whole(account)
	var v verdict
	var cuts []schema.Segment
	err = l.do(ctx, func() {
		l.core.isNews = l.core.cells.Regroup() || l.core.isNews
		v = l.core.check(account, l.f.cfg.Now(), l.f.cfg.GapWait)
		cuts = l.core.cutsOf(v.gaps)
		l.measure()
	})
	if err != nil {
		return err
	}
	if v.imbalance != nil {
		return l.imbalanced(ctx, v.imbalance)
	}
	if v.sealed > 0 {
		l.f.m.sealed.Add(float64(v.sealed))
		l.f.strikes = 0
	}
	if v.waiting {
		l.look()
	}
	return l.reload(ctx, store, reading{account, v, cuts})
}

// A reading is what the store's account asks to be read of it: from cuts on.
type reading struct {
	account []schema.LedgerRow
	verdict
	cuts []schema.Segment
}

// reload takes what the store has of the partitions that fell behind. Its rows are
// read after its account, so they have all that it accounts for.
func (l *loop) reload(ctx context.Context, store Store, r reading) error {
	if len(r.gaps) == 0 {
		return nil
	}
	l.f.m.gaps.Add(float64(len(r.gaps)))
	if r.votes > l.f.cfg.VotesMax {
		return l.replace(ctx, "behind")
	}
	err := store.Open(ctx, r.cuts, func(rows *columns.Rollups) error {
		return l.do(ctx, func() { l.core.takeColumns(rows) })
	})
	if err != nil {
		return err
	}
	if stopped := l.do(ctx, func() { err = l.core.reloaded(r.account, r.gaps, l.f.cfg.Now()) }); stopped != nil {
		return stopped
	}
	return err
}

// imbalanced has everything loaded anew; after the second time nothing is answered
// until then.
func (l *loop) imbalanced(ctx context.Context, of *imbalance) error {
	pauseFor(ctx, l.f.strike(ctx, of))
	return l.replace(ctx, "imbalance")
}

// replace loads everything and ends the loop. Answers go on meanwhile. Who has copied
// counts that were wrong, or another log's, has to copy all.
func (l *loop) replace(ctx context.Context, why string) error {
	c := l.f.loadAnew(ctx, why)
	if c == nil {
		return ctx.Err()
	}
	return l.do(ctx, func() {
		if why != "behind" {
			c.journal.Replace(l.core.journal, question.PositionOf(l.core.state().ledger))
		}
		l.successor = c
	})
}

// measure tells how much there is.
func (l *loop) measure() {
	l.f.m.cells.WithLabelValues("open").Set(float64(l.core.openN()))
	if s := l.f.state.Load(); s != nil {
		size := s.Size()
		l.f.m.cells.WithLabelValues("counted").Set(float64(size.Cells))
		l.f.m.bytes.Set(float64(size.Bytes))
	}
}
