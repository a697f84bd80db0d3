// Package process is what every process of mlf is made of: parts that are stopped
// in order, a listener for those who run it, and patience with neighbours that
// are not there yet.
//
// It knows contexts, probes and metrics. It must not know any stage, nor what is
// waited for: what is hopeless its caller says.
package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// A Part is something that runs for the life of the process. Run blocks until
// its context ends, drains and returns nil, or returns why it cannot go on.
type Part struct {
	Name string
	Run  func(ctx context.Context) error
}

// InOrder runs parts together. When ctx ends, or as soon as one part
// returns, it stops them one after the other, each only when the one before has
// returned: votes flow from the first part to the last, so whoever hands on is
// done before whoever takes.
func InOrder(ctx context.Context, log *slog.Logger, parts ...Part) error {
	type result struct {
		index int
		err   error
	}
	results := make(chan result, len(parts))
	cancels := make([]context.CancelFunc, len(parts))
	for i, p := range parts {
		partCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		cancels[i] = cancel
		go func() { results <- result{i, p.Run(partCtx)} }()
	}

	returned := make([]bool, len(parts))
	var errs []error
	note := func(r result) {
		returned[r.index] = true
		if r.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", parts[r.index].Name, r.err))
		}
	}
	select {
	case <-ctx.Done():
	case r := <-results:
		note(r)
		if r.err == nil {
			errs = append(errs, fmt.Errorf("%s: ended before it was asked to", parts[r.index].Name))
		}
	}
	for i, p := range parts {
		began := time.Now()
		cancels[i]()
		for !returned[i] {
			note(<-results)
		}
		log.Info("part stopped", slog.String("part", p.Name), slog.Duration("took", time.Since(began)))
	}
	return errors.Join(errs...)
}

// Delayed returns a context with the values of ctx that ends when ctx has been over
// for d, or when cancel is called.
func Delayed(ctx context.Context, d time.Duration) (_ context.Context, cancel context.CancelFunc) {
	late, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, end) })
	return late, func() {
		stop()
		end()
	}
}
