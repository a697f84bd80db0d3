package ingest

import (
	"context"
	"sync"
	"time"
)

// A patience gives requests their limit of waiting for the log. Requests of the
// same moment share one context and one timer: a timer of its own for each would
// cost more than judging its vote.
type patience struct {
	max time.Duration // The wait is at most a patienceShare shorter.

	mu      sync.Mutex
	current context.Context
	stop    context.CancelFunc
	until   time.Time // When the next context is due.
}

// patienceShare is the part of the limit within which requests share a context.
const patienceShare = 32

// context returns a context that ends when the patience is over, or with parent,
// which is the same in every call.
func (p *patience) context(parent context.Context) context.Context {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !now.Before(p.until) {
		// The last one is still waited on: it ends by its timer.
		p.current, p.stop = context.WithTimeout(parent, p.max)
		p.until = now.Add(p.max / patienceShare)
	}
	return p.current
}
