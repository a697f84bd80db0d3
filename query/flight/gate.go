package flight

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Gate bounds how many do something at the same time.
type Gate struct {
	slots chan struct{}
	alarm *Alarm
}

// NewGate returns a gate with room for n, whose alarm is a.
func NewGate(n int, a *Alarm) Gate { return Gate{slots: make(chan struct{}, n), alarm: a} }

// ErrFull says that there was no room behind a gate for as long as somebody waited.
var ErrFull = errors.New("no room behind the gate")

// Enter returns when there is room; Leave must then be called. ErrFull
// after patience, or what the alarm says as soon as it rings.
func (g Gate) Enter(ctx context.Context, patience time.Duration) error {
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
		return ErrFull
	case <-rung.heard:
		return rung.why
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Leave makes room for another.
func (g Gate) Leave() { <-g.slots }

// Used returns how many are inside.
func (g Gate) Used() int64 { return int64(len(g.slots)) }

// Max returns for how many there is room.
func (g Gate) Max() int64 { return int64(cap(g.slots)) }

// An Alarm tells all who stand before a gate that there is nothing to wait for:
// the store does not answer those who are inside.
type Alarm struct {
	mu   sync.Mutex
	next *ring
}

// A ring is one time that the alarm rings.
type ring struct {
	heard chan struct{}
	why   error // Read after heard is closed.
}

// NewAlarm returns an alarm that nobody listens to.
func NewAlarm() *Alarm { return &Alarm{next: &ring{heard: make(chan struct{})}} }

// listen returns the ring that comes next.
func (a *Alarm) listen() *ring {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.next
}

// Ring lets all who listen go with the reason why.
func (a *Alarm) Ring(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next.why = why
	close(a.next.heard)
	a.next = &ring{heard: make(chan struct{})}
}
