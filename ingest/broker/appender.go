package broker

import (
	"errors"
	"sync"

	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// An appender is one partition's queue of batches. Callers of Append add records
// to the last; the partition's goroutine takes the first, and nobody adds to a
// batch that was taken.
//
// A batch belongs to those who wait for it. All of them are woken at once, when
// its channel is closed. When the last has given up (its terminal will send the
// votes again), the batch is thrown away rather than sent for nobody, so that an
// outage leaves no backlog behind. The bytes of a batch count as pending until
// the goroutine is done with it, whoever still waits.
type appender struct {
	partition schema.Partition

	mu     sync.Mutex
	change sync.Cond // The queue or running has changed.
	queue  []*batch
	opened bool
	spare  []byte // The last batch's memory, for the next one.
}

// A batch is some records on their way together.
type batch struct {
	set  recordset.Set
	size int // Bytes reserved for it.

	// Guarded by appender.mu.
	waiters int
	last    error // Of the last attempt, while there will be another.

	attempts int // The partition's goroutine counts.

	done chan struct{} // Closed when err is final.
	err  error
}

// errAbandoned: nobody waits for the batch any more.
var errAbandoned = errors.New("nobody waits for the batch")

// spareBytesMax limits the memory kept between batches: one batch of every
// partition may have been large once.
const spareBytesMax = 256 << 10

func (a *appender) init(p schema.Partition) {
	a.partition = p
	a.change.L = &a.mu
}

func (a *appender) open() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opened = true
}

// close makes join refuse; next returns nil when the queue is empty.
func (a *appender) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opened = false
	a.change.Signal()
}

// join adds record, which takes at most size bytes with its trace, to the last batch,
// or begins another when that would make it larger than bytesMax. It returns the batch
// to wait for.
func (a *appender) join(record []byte, trace string, size, bytesMax int) (*batch, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !a.opened:
		return nil, ErrClosed
	case recordset.SizeBytes+recordset.HeadBytes+size > bytesMax:
		return nil, ErrTooLarge
	}
	var b *batch
	if n := len(a.queue); n > 0 && len(a.queue[n-1].set.Buf)+size <= bytesMax {
		b = a.queue[n-1]
	} else {
		b = &batch{set: recordset.Set{Buf: a.spare}, done: make(chan struct{})}
		a.spare = nil
		a.queue = append(a.queue, b)
		a.change.Signal()
	}
	b.set.AddTraced(nil, record, trace)
	b.size += size
	b.waiters++
	return b, nil
}

// leave tells that one who joined b waits no more. It returns the last attempt's
// error, nil if there was none.
func (a *appender) leave(b *batch) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	b.waiters--
	return b.last
}

// abandoned notes an attempt's error, and tells whether nobody waits for b any more.
func (a *appender) abandoned(b *batch, last error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	b.last = last
	return b.waiters == 0
}

// next takes the first batch out of the queue. It waits for one, and returns nil
// when a is closed and the queue is empty.
func (a *appender) next() *batch {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.queue) == 0 && a.opened {
		a.change.Wait()
	}
	if len(a.queue) == 0 {
		return nil
	}
	b := a.queue[0]
	a.queue[0] = nil
	a.queue = a.queue[1:]
	return b
}

// finish wakes those who wait for b. Its memory is used again only when the one
// and only attempt was answered: one that was given up may still be reading it.
func (a *appender) finish(b *batch, err error) {
	b.err = err
	close(b.done)
	if err != nil || b.attempts > 1 || cap(b.set.Buf) > spareBytesMax {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.spare == nil {
		a.spare = b.set.Buf[:0]
	}
}
