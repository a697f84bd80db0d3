package process_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"mlf/command/process"
)

func TestDelayedEndsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(delay, after time.Duration, over bool) {
			t.Helper()
			ctx, end := context.WithCancel(t.Context())
			late, cancel := process.Delayed(ctx, delay)
			defer cancel()
			synctest.Wait()
			if late.Err() != nil {
				t.Error("it ended before the other")
			}
			end()
			time.Sleep(after) //nolint:forbidigo // By the clock of the bubble.
			synctest.Wait()
			if got := late.Err() != nil; got != over {
				t.Errorf("delay %v, after %v: over is %v, want %v", delay, after, got, over)
			}
		}
		f(0, 0, true)
		f(time.Minute, 59*time.Second, false)
		f(time.Minute, time.Minute, true)
	})
}
