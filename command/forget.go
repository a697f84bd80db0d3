package command

import (
	"context"
	"log/slog"
	"time"

	"mlf/command/process"
	"mlf/schema"
)

// The embedded broker forgets nothing by itself: its retention, once on, would take
// the registry as well. Claims are half a gigabyte a day where somebody votes all the
// time, and read from the store where they are gone.
const (
	countsKept  = 6 * time.Hour
	forgetEvery = 10 * time.Minute
)

// forgetPart keeps the counts topic short.
func (u *up) forgetPart() process.Part {
	return process.Part{Name: "counts", Run: func(ctx context.Context) error {
		ticker := time.NewTicker(forgetEvery)
		defer ticker.Stop()
		for {
			if err := u.forget(ctx, time.Now().Add(-countsKept)); err != nil && ctx.Err() == nil {
				u.log.Warn("old claims are kept", slog.Any("err", err))
			}
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			}
		}
	}}
}

// forget deletes the claims that were told before at.
func (u *up) forget(ctx context.Context, at time.Time) error {
	first, err := u.client.NewCountsReader().Since(ctx, at)
	if err != nil {
		return err
	}
	return u.kafka.Forget(schema.CountsTopic, int64(first))
}
