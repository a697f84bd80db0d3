package command

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"mlf/aggregate/store"
	"mlf/ingest/broker"
)

const (
	// waitMin and waitMax bound the pause between two attempts; it doubles from one
	// to the next, and up to half of it is left to chance, so that the processes of
	// a service do not come back all at once.
	waitMin = 100 * time.Millisecond
	waitMax = 3 * time.Second

	// waitSaid is how often the log says what is waited for.
	waitSaid = 30 * time.Second

	// attemptMax bounds one attempt of a stage: the reason why it waits is to be
	// seen in its probe, and a neighbour that is frozen gives none by itself.
	attemptMax = 10 * time.Second

	// hopelessFor is how long an error that waiting cannot mend must last. kafka-go
	// takes a broker that dies while it looks at a password for one that refuses it,
	// and says so for half a second.
	hopelessFor = time.Second
)

// A waiter waits for what a process needs from its neighbours before it can begin:
// they are started in any order, and stop and come back as they like.
type waiter struct {
	log     *slog.Logger
	attempt time.Duration // Limit of one attempt; 0: none.
	until   time.Time     // When to give up; zero: never.
	reason  atomic.Pointer[string]
}

// check tells what is waited for.
func (w *waiter) check() check {
	return check{"start", func(context.Context) error {
		if reason := w.reason.Load(); reason != nil {
			return errors.New(*reason)
		}
		return errors.New("starting")
	}}
}

// await returns what try does, once it does without an error. It returns an error
// when ctx ends, when w gives up, and for what waiting cannot mend.
func await[T any](ctx context.Context, w *waiter, what string, try func(ctx context.Context) (T, error)) (T, error) {
	var said, doomed time.Time // When it was last said; when what is hopeless is taken for that.
	began := time.Now()
	for pause := waitMin; ; pause = min(2*pause, waitMax) {
		got, err := tryOnce(ctx, w.attempt, try)
		if err == nil && !said.IsZero() {
			w.log.Info("waiting is over", slog.String("for", what), slog.Duration("took", time.Since(began)))
		}
		switch {
		case !hopeless(err):
			doomed = time.Time{}
		case doomed.IsZero():
			doomed = time.Now().Add(hopelessFor)
		}
		if err == nil || ctx.Err() != nil || past(w.until) || past(doomed) {
			return got, err
		}
		reason := fmt.Sprintf("waiting for %s: %v", what, err)
		w.reason.Store(&reason)
		if time.Since(said) >= waitSaid {
			w.log.Warn("waiting", slog.String("for", what), slog.Any("err", err))
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

// tryOnce returns when ctx ends, whatever try does: clickhouse-go looks at no
// context while it connects. The process ends then, and try with it.
func tryOnce[T any](ctx context.Context, limit time.Duration, try func(ctx context.Context) (T, error)) (got T, err error) {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if limit > 0 {
		limited, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	done := make(chan struct{})
	var result T
	var failed error
	go func() {
		defer close(done)
		result, failed = try(limited)
	}()
	select {
	case <-done:
		return result, failed
	case <-ctx.Done():
		return got, context.Cause(ctx)
	}
}

// hopeless tells whether waiting cannot mend err: somebody has to change something
// about this process or about what it was pointed at. That schema apply has not
// run is not hopeless: it may be running beside.
func hopeless(err error) bool {
	var usage usageError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &usage) || errors.As(err, &certificate) || broker.Hopeless(err) || store.Hopeless(err)
}
