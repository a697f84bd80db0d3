package country

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// Weather is what all terminals know of the service's health: when anything
// last succeeded, and what went wrong how often. Refused connections, resets
// and 503 are normal and tried for ever; only when nothing at all has succeeded
// for a long time does the simulation end.
type weather struct {
	giveUp time.Duration
	now    func() time.Time

	mu     sync.Mutex
	last   time.Time // Of the last success.
	causes map[string]int

	uncertain bool // Votes were sent whose outcome is unknown.
}

func newWeather(cfg *Config) *weather {
	return &weather{giveUp: cfg.GiveUp, now: cfg.Now, last: cfg.Now(), causes: make(map[string]int)}
}

func (w *weather) success() {
	w.mu.Lock()
	w.last = w.now()
	w.mu.Unlock()
}

// doubted tells whether votes were sent of which nobody knows how often they are
// on the log.
func (w *weather) doubted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.uncertain
}

// seen returns how often each cause occurred.
func (w *weather) seen() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.causes)
}

// The bounds of the wait between attempts. Protocol: exponential, full jitter.
const (
	backoffFirst = 100 * time.Millisecond
	backoffMax   = 5 * time.Second

	// A token that is still unknown after so many attempts, more than a minute,
	// is not one that has yet to take effect.
	unknownTokenAttempts = 40
)

// await decides what an error means. Bad weather: it waits as long as the
// attempt's number asks for, never less than Retry-After, and returns nil. All
// else it returns.
func (w *weather) await(ctx context.Context, attempt int, err error) error {
	var bad *weatherError
	if !errors.As(err, &bad) || bad.unknownToken && attempt >= unknownTokenAttempts {
		return err
	}
	w.mu.Lock()
	w.causes[bad.cause]++
	w.uncertain = w.uncertain || bad.uncertain()
	outage := w.now().Sub(w.last)
	w.mu.Unlock()
	if outage > w.giveUp {
		return fmt.Errorf("gave up: nothing has succeeded for %v: %w", outage.Round(time.Second), err)
	}
	wait := min(backoffMax, backoffFirst<<min(attempt, 10)) // Beyond 10 it would only overflow.
	timer := time.NewTimer(bad.wait + rand.N(wait))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// insist repeats try until it succeeds or fails for good.
func (w *weather) insist(ctx context.Context, try func() error) error {
	for attempt := 0; ; attempt++ {
		err := try()
		if err == nil {
			w.success()
			return nil
		}
		if err := w.await(ctx, attempt, err); err != nil {
			return err
		}
	}
}
