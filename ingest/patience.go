package ingest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A patience gives requests their limit of waiting for the log. Requests of the
// same moment share one context and one timer: a timer of its own for each would
// cost more than judging its vote. Another timer ends the moment, so that they
// need not even look at the clock.
type patience struct {
	max time.Duration // The wait is at most a patienceShare shorter.

	current atomic.Pointer[context.Context] // nil: the next request makes one.
	mu      sync.Mutex                      // Held while one is made.
}

// patienceShare is the part of the limit within which requests share a context.
const patienceShare = 32

// context returns a context that ends when the patience is over, or with parent,
// which is the same in every call.
func (p *patience) context(parent context.Context) context.Context {
	if current := p.current.Load(); current != nil {
		return *current
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if current := p.current.Load(); current != nil {
		return *current
	}
	ctx, stop := context.WithTimeout(parent, p.max)
	context.AfterFunc(ctx, stop) // Nobody knows who is the last to wait on it.
	p.current.Store(&ctx)
	time.AfterFunc(p.max/patienceShare, func() { p.current.Store(nil) })
	return ctx
}
