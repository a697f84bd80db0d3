// Package pace says how often each of many may do something within a window of time, and
// when it may again.
//
// It knows times and names. It must not know who does what, or what becomes of it.
package pace

import (
	"sync"
	"time"

	"mlf/schema"
)

// sweepEvery is the least time between two looks through all who are remembered.
const sweepEvery = time.Minute

// A Pace remembers who did something of late. Make one with New. Safe for concurrent use.
type Pace[K comparable] struct {
	most     int           // Of one, within the window.
	window   time.Duration // Ending now.
	knownMax int

	mu    sync.Mutex
	by    map[K]*times
	swept time.Time
}

// times are those of the last that one did, as a ring.
type times struct {
	at   []schema.Instant
	next int // Where the oldest one is.
}

// New returns a pace of most within a window, of at most knownMax who are remembered, each
// some 40 bytes and 8 for each time.
func New[K comparable](most int, window time.Duration, knownMax int) *Pace[K] {
	return &Pace[K]{most: most, window: window, knownMax: knownMax, by: make(map[K]*times)}
}

// Take notes that k does it at now. wait is how long k must wait instead, if it did it too
// often; ok is false when no more can be remembered.
func (p *Pace[K]) Take(k K, now time.Time) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.by[k]
	if t == nil {
		if t, ok = p.remember(k, now); !ok {
			return 0, false
		}
	}
	if wait = p.wait(t, now); wait > 0 {
		return wait, true
	}
	t.at[t.next] = schema.InstantOf(now)
	t.next = (t.next + 1) % p.most
	return 0, true
}

// Wait returns how long k must wait at now until it may do it.
func (p *Pace[K]) Wait(k K, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.by[k]; t != nil {
		return p.wait(t, now)
	}
	return 0
}

func (p *Pace[K]) wait(t *times, now time.Time) time.Duration {
	if oldest, before := t.at[t.next], schema.InstantOf(now.Add(-p.window)); oldest > before {
		return time.Duration(oldest-before) * time.Millisecond
	}
	return 0
}

// remember makes room for k, if need be by forgetting who did it long ago.
func (p *Pace[K]) remember(k K, now time.Time) (*times, bool) {
	if len(p.by) >= p.knownMax && now.Sub(p.swept) >= sweepEvery {
		before := schema.InstantOf(now.Add(-p.window))
		for k, t := range p.by {
			if newest := t.at[(t.next+p.most-1)%p.most]; newest <= before {
				delete(p.by, k)
			}
		}
		p.swept = now
	}
	if len(p.by) >= p.knownMax {
		return nil, false
	}
	t := &times{at: make([]schema.Instant, p.most)}
	p.by[k] = t
	return t, true
}
