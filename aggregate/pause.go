package aggregate

import (
	"context"
	"fmt"
	"time"
)

// A pause waits longer from one failure to the next: from pauseMin, for most
// failures are over at once, to pauseMax, which a vote may then be seen later.
type pause struct{ last time.Duration }

const (
	pauseMin = 50 * time.Millisecond
	pauseMax = 2 * time.Second
)

// next returns how long to wait, most at the longest.
func (p *pause) next(most time.Duration) time.Duration {
	p.last = min(max(2*p.last, pauseMin), most)
	return p.last
}

// wait returns an error when ctx ends first.
func (p *pause) wait(ctx context.Context) error {
	t := time.NewTimer(p.next(pauseMax))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to try again: %w", context.Cause(ctx))
	}
}
