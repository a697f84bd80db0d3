package ingest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestRequestsOfAMomentShareTheirPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := patience{max: 3200 * time.Millisecond}
		first := p.context(t.Context())
		time.Sleep(99 * time.Millisecond) //nolint:forbidigo // The bubble's clock, not the world's.
		if p.context(t.Context()) != first {
			t.Error("got another context in the same moment")
		}
		time.Sleep(2 * time.Millisecond) //nolint:forbidigo // As above.
		second := p.context(t.Context())
		if second == first {
			t.Error("got the same context in the next moment")
		}
		<-first.Done()
		if err := second.Err(); err != nil {
			t.Errorf("the second ended with the first: %v", err)
		}
		began := time.Now()
		<-second.Done()
		if got := time.Since(began); got != 101*time.Millisecond || !errors.Is(second.Err(), context.DeadlineExceeded) {
			t.Errorf("the second ended %v after the first with %v", got, second.Err())
		}
	})
}
