package query

import (
	"context"
	"sync"
	"time"
)

// A gate bounds how many do something at the same time.
type gate struct {
	slots chan struct{}
	alarm *alarm
}

func newGate(n int, a *alarm) gate { return gate{slots: make(chan struct{}, n), alarm: a} }

// How long a request stands before a full gate. Longer, and a queue of clients
// that have given up would be served before those that wait; shorter, and who
// waits for a store that hangs would be told of a queue. Who asks for much waits
// longer, because each before it takes longer.
const (
	gateWait = 3 * time.Second
	wideWait = 8 * time.Second
)

// enter returns when there is room; leave must then be called. errOverloaded
// after patience, or what the alarm says as soon as it rings.
func (g gate) enter(ctx context.Context, patience time.Duration) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	rung := g.alarm.listen()
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-wait.C:
		return errOverloaded
	case <-rung.heard:
		return rung.why
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g gate) leave() { <-g.slots }

// An alarm tells all who stand before a gate that there is nothing to wait for:
// the store does not answer those who are inside.
type alarm struct {
	mu   sync.Mutex
	next *ring
}

// A ring is one time that the alarm rings.
type ring struct {
	heard chan struct{}
	why   error // Read after heard is closed.
}

func newAlarm() *alarm { return &alarm{next: &ring{heard: make(chan struct{})}} }

// listen returns the ring that comes next.
func (a *alarm) listen() *ring {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.next
}

// ring lets all who listen go with the reason why.
func (a *alarm) ring(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next.why = why
	close(a.next.heard)
	a.next = &ring{heard: make(chan struct{})}
}
