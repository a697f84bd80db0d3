package query

import (
	"context"
	"time"
)

// A gate bounds how many do something at the same time.
type gate chan struct{}

// How long a request stands before a full gate. Longer, and a queue of clients
// that have given up would be served before those that wait. Who asks for much
// waits longer, because each before it takes longer.
const (
	gateWait = 2 * time.Second
	wideWait = 8 * time.Second
)

// enter returns when there is room; leave must then be called. errOverloaded
// after patience.
func (g gate) enter(ctx context.Context, patience time.Duration) error {
	select {
	case g <- struct{}{}:
		return nil
	default:
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case g <- struct{}{}:
		return nil
	case <-wait.C:
		return errOverloaded
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g gate) leave() { <-g }
