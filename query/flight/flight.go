// Package flight gives one answer to all who wait for it: many may ask the same, one
// of them makes it; and lets so many make answers at a time.
//
// It knows who waits. It must not know what is asked, or HTTP.
package flight

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// A Relay gives one answer to all who ask the same at the same time.
//
// Whoever comes while an answer is being made must not simply share it: it was
// begun before they asked, and would not have what they know of. (A page that
// saw a vote acknowledged asks for the ledger: it must be there.) So those who
// come meanwhile wait, and the next answer, begun after the last of them came,
// is theirs together. However many ask, one read is under way at a time.
type Relay[T any] struct {
	Answer func(context.Context) (T, error) // Makes an answer; one call at a time.

	mu      sync.Mutex
	running bool
	waiting *flight[T] // Those who came while one was running; nil for none.
}

// Get returns an answer that was begun after the call.
func (r *Relay[T]) Get(ctx context.Context) (T, error) {
	r.mu.Lock()
	if r.waiting == nil || !r.waiting.board() {
		r.waiting = newFlight[T](ctx)
	}
	f := r.waiting
	if !r.running {
		r.start()
	}
	r.mu.Unlock()
	return f.wait(ctx)
}

// start sends off those who wait. r.mu is held.
func (r *Relay[T]) start() {
	f := r.waiting
	r.running, r.waiting = f != nil, nil
	if f == nil {
		return
	}
	go f.fly(r.Answer, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		// That it failed is news for those who came meanwhile, too: where the store
		// hangs they would only wait as long once more.
		if next := r.waiting; next != nil && f.err != nil && f.ctx.Err() == nil {
			next.err, r.waiting = f.err, nil
			next.land()
		}
		r.start()
	})
}

// A Group shares the answers that are being made, by what names them: whoever
// asks for an answer of the same name may have it, whenever it was begun. The zero
// value is ready.
type Group[T any] struct {
	mu    sync.Mutex
	named map[string]*flight[T]
}

// Get returns the answer of that name, which answer makes unless somebody's does. The
// first who asks makes it, in place of waiting: a goroutine of its own would grow a stack
// for each answer. When that one has left while others wait, it goes on for them.
func (s *Group[T]) Get(ctx context.Context, name string, answer func(context.Context) (T, error)) (T, error) {
	s.mu.Lock()
	f, ok := s.named[name]
	if ok = ok && f.board(); !ok {
		f = newFlight[T](ctx)
		if s.named == nil {
			s.named = make(map[string]*flight[T])
		}
		s.named[name] = f
	}
	s.mu.Unlock()
	if ok {
		return f.wait(ctx)
	}
	stays := context.AfterFunc(ctx, f.leave)
	f.fly(answer, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.named[name] == f {
			delete(s.named, name)
		}
	})
	if !stays() {
		var none T
		return none, ctx.Err()
	}
	return f.result()
}

// A flight is an answer that is being made for some who wait for it. It is given
// up when the last of them has left, so it outlives none of them for long.
type flight[T any] struct {
	ctx    context.Context
	cancel context.CancelFunc
	landed chan struct{}

	mu      sync.Mutex
	waiters int

	value T // These three are read after landed is closed.
	err   error
	panic string // "" for none.
}

// newFlight returns a flight for the first who waits. It has what ctx knows but
// not its end.
func newFlight[T any](ctx context.Context) *flight[T] {
	f := &flight[T]{landed: make(chan struct{}), waiters: 1}
	f.ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return f
}

// board adds one who waits; false when all have left it, and it is given up.
func (f *flight[T]) board() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiters == 0 {
		return false
	}
	f.waiters++
	return true
}

// fly makes the answer, calls after, and lets go those who wait. A panic is
// theirs: here it would be the end of the process.
func (f *flight[T]) fly(answer func(context.Context) (T, error), after func()) {
	defer f.land()
	defer after()
	defer func() {
		if p := recover(); p != nil {
			f.panic = fmt.Sprintf("%v\n%s", p, debug.Stack())
		}
	}()
	f.value, f.err = answer(f.ctx)
}

// land lets go those who wait.
func (f *flight[T]) land() {
	close(f.landed)
	f.cancel()
}

// wait returns the answer, or the caller's reason not to wait any longer.
func (f *flight[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-f.landed:
		return f.result()
	case <-ctx.Done():
		f.leave()
		var none T
		return none, ctx.Err()
	}
}

// leave takes away one who waits. With the last of them the flight is given up.
func (f *flight[T]) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiters--; f.waiters == 0 {
		f.cancel()
	}
}

// result returns what was made, once it has landed.
func (f *flight[T]) result() (T, error) {
	if f.panic != "" {
		panic(f.panic)
	}
	return f.value, f.err
}
