package departure

import (
	"container/list"
	"sync"
)

// Kept are answers that were made, by what names them: the same question has the same
// answer until something is counted of what it asks. Of all that it holds, those are
// forgotten first that were asked for longest ago. Safe for concurrent use.
type Kept[T any] struct {
	max  int // Bytes of all,
	most int // and of one.

	mu    sync.Mutex
	bytes int
	named map[string]*list.Element
	order list.List // The last asked for first.
}

type keeping[T any] struct {
	name  string
	value T
	bytes int
}

// NewKept returns room for answers of so many bytes, as Put is told, of which one may take
// most.
func NewKept[T any](bytes, most int) *Kept[T] {
	return &Kept[T]{max: bytes, most: min(most, bytes), named: make(map[string]*list.Element)}
}

// Get returns the answer of that name.
func (k *Kept[T]) Get(name string) (value T, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at, ok := k.named[name]
	if !ok {
		return value, false
	}
	k.order.MoveToFront(at)
	return at.Value.(*keeping[T]).value, true
}

// Put keeps an answer that takes so many bytes, unless that is more than one may.
func (k *Kept[T]) Put(name string, value T, bytes int) {
	if bytes > k.most {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if at, ok := k.named[name]; ok {
		k.forget(at)
	}
	for k.bytes+bytes > k.max {
		k.forget(k.order.Back())
	}
	k.named[name] = k.order.PushFront(&keeping[T]{name, value, bytes})
	k.bytes += bytes
}

// forget drops an answer. k is locked.
func (k *Kept[T]) forget(at *list.Element) {
	old := k.order.Remove(at).(*keeping[T])
	delete(k.named, old.name)
	k.bytes -= old.bytes
}

// Bytes returns what all take.
func (k *Kept[T]) Bytes() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.bytes
}
