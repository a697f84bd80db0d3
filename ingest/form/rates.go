package form

import (
	"sync"
	"time"
)

// rates limits how often each of many may come: so many at once, and as many again in each
// minute. A bucket is one number, the time when it is full again.
type rates struct {
	each time.Duration // Of a minute, the part that one takes; 0: any may come.

	mu    *sync.Mutex
	full  map[string]time.Time
	swept time.Time
}

// ratesMax is the most that are told apart, some 80 bytes each. Beyond, newcomers share one
// bucket until others are idle.
const ratesMax = 1 << 16

func newRates(aMinute, usual int) rates {
	if aMinute == 0 {
		aMinute = usual
	}
	r := rates{mu: new(sync.Mutex), full: make(map[string]time.Time)}
	if aMinute > 0 {
		r.each = time.Minute / time.Duration(aMinute)
	}
	return r
}

// take notes that name comes at now. wait is how long it must wait instead.
func (r *rates) take(name string, now time.Time) (wait time.Duration) {
	if r.each == 0 {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.full[name]; !known && len(r.full) >= ratesMax {
		r.sweep(now)
		if len(r.full) >= ratesMax {
			name = ""
		}
	}
	full := r.full[name]
	if full.Before(now) {
		full = now
	}
	if next := full.Add(r.each); next.Sub(now) <= time.Minute {
		r.full[name] = next
		return 0
	}
	return full.Add(r.each).Sub(now) - time.Minute
}

// sweep forgets whose bucket is full, once a second at most.
func (r *rates) sweep(now time.Time) {
	if now.Sub(r.swept) < time.Second {
		return
	}
	r.swept = now
	for name, full := range r.full {
		if !full.After(now) {
			delete(r.full, name)
		}
	}
}
