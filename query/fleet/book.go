package fleet

import (
	"sync"
	"sync/atomic"

	"mlf/schema"
	"mlf/schema/heartbeat"
)

// A Book is the last heartbeat of each terminal, as of the last record applied. Its zero
// value is empty and ready. Safe for use by several goroutines.
type Book struct {
	mu       sync.RWMutex
	last     map[schema.TerminalID]heartbeat.Heartbeat
	complete atomic.Bool
}

// Apply takes one record of the topic of heartbeats. Of several of one terminal the one
// that came last holds, in whatever order they are applied. A nil value changes nothing;
// one that cannot be read is an error and changes nothing.
func (b *Book) Apply(key string, value []byte) error {
	if value == nil {
		return nil
	}
	h, err := heartbeat.Decode(key, value)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		b.last = make(map[schema.TerminalID]heartbeat.Heartbeat)
	}
	held, known := b.last[h.Terminal]
	if !known || h.At >= held.At {
		h.Copy.Seen = max(h.Copy.Seen, held.Copy.Seen) // Another process may not have known yet.
		b.last[h.Terminal] = h
	}
	return nil
}

// SetComplete tells that everything was applied that the topic held when reading began.
func (b *Book) SetComplete() { b.complete.Store(true) }

// Complete tells whether a terminal that is not in b has sent no heartbeat.
func (b *Book) Complete() bool { return b.complete.Load() }

// Last returns the last heartbeat of a terminal; false where there is none.
func (b *Book) Last(id schema.TerminalID) (heartbeat.Heartbeat, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	h, known := b.last[id]
	return h, known
}
