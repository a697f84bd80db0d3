package process_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mlf/command/process"
)

var errAway = errors.New("away")

func waiter() *process.Waiter { return &process.Waiter{Log: slog.New(slog.DiscardHandler)} }

func TestAwaitTriesUntilItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		got, err := process.Await(t.Context(), waiter(), "it", func(context.Context) (int, error) {
			if tries++; tries < 5 {
				return 0, errAway
			}
			return tries, nil
		})
		if got != 5 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
	})
}

// TestAnAttemptHasALimit: also one that never looks at its context. The probe says
// why, and what comes late is closed.
func TestAnAttemptHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := waiter()
		w.Attempt = time.Second
		late := new(closer)
		var tries atomic.Int32
		got, err := process.Await(t.Context(), w, "ClickHouse", func(context.Context) (*closer, error) {
			if tries.Add(1) == 1 {
				time.Sleep(time.Minute) //nolint:forbidigo // By the clock of the bubble: it stands for a call that is deaf.
				return late, nil
			}
			if err := w.Check().Do(t.Context()); err == nil || !strings.Contains(err.Error(), "waiting for ClickHouse: nothing within 1s") {
				t.Errorf("the probe says %v", err)
			}
			return new(closer), nil
		})
		if err != nil || got == late || tries.Load() != 2 {
			t.Fatalf("got %v, %v after %d tries", got, err, tries.Load())
		}
		time.Sleep(time.Minute) //nolint:forbidigo // By the clock of the bubble.
		synctest.Wait()
		if !late.closed {
			t.Error("what came late is still open")
		}
	})
}

type closer struct{ closed bool }

func (c *closer) Close() error {
	c.closed = true
	return nil
}

func TestAwaitGivesUp(t *testing.T) {
	for name, prepare := range map[string]func(w *process.Waiter){
		"at once":                  func(w *process.Waiter) { w.Until = time.Now() },
		"after a while":            func(w *process.Waiter) { w.Until = time.Now().Add(time.Minute) },
		"of what cannot be mended": func(w *process.Waiter) { w.Hopeless = func(err error) bool { return errors.Is(err, errAway) } },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := waiter()
				prepare(w)
				_, err := process.Await(t.Context(), w, "it", func(context.Context) (int, error) { return 0, errAway })
				if !errors.Is(err, errAway) {
					t.Errorf("got %v, want what was wrong", err)
				}
			})
		})
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		if _, err := process.Await(ctx, waiter(), "it", func(context.Context) (int, error) { return 0, errAway }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want that the context has ended", err)
		}
	})
}
