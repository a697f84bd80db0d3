package cube

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mlf/schema"
)

// readyAfter is how long the feed may be silent at a start before answers are given
// without what it has: nobody knows more then.
const readyAfter = 30 * time.Second

// read reads what workers tell and gives it to the loop. What it cannot read it tries
// again; what retention has taken is a gap.
func (l *loop) read(ctx context.Context) error {
	began, end := l.f.cfg.Now(), schema.Offset(-1)
	at, err := l.seek(ctx, l.since)
	if err == nil {
		end, err = l.seek(ctx, began)
	}
	for ; err == nil; err = ctx.Err() {
		batches, next, fetchErr := l.f.cfg.Feed.Fetch(ctx, at)
		if errors.Is(fetchErr, schema.ErrOffsetOutOfRange) {
			at, _ = l.seek(ctx, l.f.cfg.Now().Add(-l.f.cfg.BackBy))
			end = min(end, at)
			l.feedFailed(ctx, fetchErr)
			continue
		}
		if fetchErr != nil {
			l.feedFailed(ctx, fetchErr)
			l.catchUp(l.f.cfg.Now().Sub(began) >= readyAfter)
			continue
		}
		at = next
		if err := l.give(ctx, batches); err != nil {
			return err
		}
		l.catchUp(at >= end)
	}
	return err
}

// give gives the loop what was read.
func (l *loop) give(ctx context.Context, batches []schema.ClaimBatch) error {
	if len(batches) == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case l.batches <- batches:
		return l.do(ctx, func() {}) // They are taken.
	}
}

// catchUp says that what was told before the start is taken.
func (l *loop) catchUp(yes bool) {
	if yes {
		l.f.caughtUp.Store(true)
	}
}

// seek returns where what was told at t begins, however long it takes.
func (l *loop) seek(ctx context.Context, t time.Time) (schema.Offset, error) {
	began := l.f.cfg.Now()
	for {
		at, err := l.f.cfg.Feed.Since(ctx, t)
		if err == nil || ctx.Err() != nil {
			return at, ctx.Err()
		}
		l.feedFailed(ctx, err)
		l.catchUp(l.f.cfg.Now().Sub(began) >= readyAfter)
	}
}

// feedFailed tells of a read that is tried again, and waits until then.
func (l *loop) feedFailed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	l.f.m.feedErrors.Inc()
	l.f.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "what workers tell cannot be read", slog.String("err", err.Error()))
	pauseFor(ctx, l.f.cfg.RetryEvery)
}
