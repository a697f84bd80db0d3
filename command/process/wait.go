package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	// waitMin and waitMax bound the pause between two attempts; it doubles from one
	// to the next, and up to half of it is left to chance, so that the processes of
	// a service do not come back all at once.
	waitMin = 100 * time.Millisecond
	waitMax = 3 * time.Second

	// waitSaid is how often the log says what is waited for.
	waitSaid = 30 * time.Second

	// hopelessFor is how long an error that waiting cannot mend must last. kafka-go
	// takes a broker that dies while it looks at a password for one that refuses it,
	// and says so for half a second.
	hopelessFor = time.Second
)

// AttemptMax bounds one attempt of a stage: the reason why it waits is to be seen
// in its probe, and a neighbour that is frozen gives none by itself.
const AttemptMax = 10 * time.Second

// A Waiter waits for what a process needs from its neighbours before it can begin:
// they are started in any order, and stop and come back as they like. One wait at
// a time; Check may be asked meanwhile.
type Waiter struct {
	Log      *slog.Logger
	Attempt  time.Duration        // Limit of one attempt; 0: none.
	Until    time.Time            // When to give up; zero: never.
	Hopeless func(err error) bool // Whether waiting cannot mend err; nil: it can mend all.

	reason atomic.Pointer[string]
}

// Check tells what is waited for.
func (w *Waiter) Check() Check {
	return Check{"start", func(context.Context) error {
		if reason := w.reason.Load(); reason != nil {
			return errors.New(*reason)
		}
		return errors.New("starting")
	}}
}

// Await returns what try does, once it does without an error. It returns an error
// when ctx ends, when w gives up, and for what waiting cannot mend. A try that is
// given up may come back later; what it brings then is closed, if it can be.
func Await[T any](ctx context.Context, w *Waiter, what string, try func(ctx context.Context) (T, error)) (T, error) {
	var said, doomed time.Time // When it was last said; when what is hopeless is taken for that.
	began := time.Now()
	for pause := waitMin; ; pause = min(2*pause, waitMax) {
		got, err := within(ctx, w.Attempt, try)
		if err == nil && !said.IsZero() {
			w.Log.Info("waiting is over", slog.String("for", what), slog.Duration("took", time.Since(began)))
		}
		switch {
		case err == nil || w.Hopeless == nil || !w.Hopeless(err):
			doomed = time.Time{}
		case doomed.IsZero():
			doomed = time.Now().Add(hopelessFor)
		}
		if err == nil || ctx.Err() != nil || past(w.Until) || past(doomed) {
			return got, err
		}
		reason := fmt.Sprintf("waiting for %s: %v", what, err)
		w.reason.Store(&reason)
		if time.Since(said) >= waitSaid {
			w.Log.Warn("waiting", slog.String("for", what), slog.Any("err", err))
			said = time.Now()
		}
		select {
		case <-ctx.Done():
			return got, context.Cause(ctx)
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
	}
}

func past(t time.Time) bool { return !t.IsZero() && time.Now().After(t) }

// within returns what try does, or an error once ctx or the limit has ended,
// whatever try does: clickhouse-go looks at no context while it connects. A limit
// of 0 is none.
func within[T any](ctx context.Context, limit time.Duration, try func(ctx context.Context) (T, error)) (T, error) {
	if limit > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("nothing within %v: %w", limit, context.DeadlineExceeded))
		defer cancel()
		ctx = limited
	}
	type outcome struct {
		got T
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		got, err := try(ctx)
		done <- outcome{got, err}
	}()
	select {
	case o := <-done:
		return o.got, o.err
	case <-ctx.Done():
		go func() {
			late := <-done
			if closer, ok := any(late.got).(io.Closer); ok && late.err == nil {
				_ = closer.Close() // Nobody waits for it any more.
			}
		}()
		var none T
		return none, context.Cause(ctx)
	}
}
