package aggregate

import (
	"time"

	"mlf/schema"
)

// A way is how far the records of a partition have come: to the log, into the fold,
// into the store, into a checkpoint. Ages come of it when somebody asks, so that they
// grow while nothing moves.
type way struct {
	end     schema.Offset // The log's, as it was last seen.
	flushed schema.Offset // One past the last record whose counts the store has acknowledged.

	// The oldest ingest times of records in the fold, that the flusher has not
	// taken, and that it has and the store has not acknowledged; 0: none.
	waiting, flying schema.Instant

	safeNext schema.Offset // Next of the last checkpoint written,
	safeAt   time.Time     // and when it last held all there was.
}

// wayFrom begins at the checkpoint, or the genesis, where a count resumes.
func wayFrom(next, end schema.Offset, now time.Time) way {
	return way{end: end, flushed: next, safeNext: next, safeAt: now}
}

// forget drops what came of a fold that is dropped: it is read again.
func (y *way) forget() { y.waiting, y.flying = 0, 0 }

// folded notes a record with its ingest time; 0: it has none.
func (y *way) folded(at schema.Instant) { y.waiting = older(y.waiting, at) }

// taken notes that the flusher has taken all up to next, and that there was nothing
// to write, or that there was.
func (y *way) taken(next schema.Offset, nothing bool, now time.Time) {
	if next == y.safeNext {
		y.safeAt = now
	}
	y.flying, y.waiting = older(y.flying, y.waiting), 0
	if nothing {
		y.landed(next)
	}
}

// landed notes that the store has all up to next.
func (y *way) landed(next schema.Offset) { y.flushed, y.flying = next, 0 }

// oldest returns the ingest time of the oldest record that was read and is not in the
// store; 0: there is none.
func (y *way) oldest() schema.Instant { return older(y.flying, y.waiting) }

// unsafeSince returns since when next is not in a checkpoint; now where it is.
func (y *way) unsafeSince(next schema.Offset, now time.Time) time.Time {
	if next == y.safeNext {
		return now
	}
	return y.safeAt
}

// older returns the older of two times, of which 0 is none.
func older(a, b schema.Instant) schema.Instant {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// sawEnd notes where the log ends.
func (w *worker) sawEnd(end schema.Offset) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.way.end = max(w.way.end, end)
}

// kept notes that a checkpoint was written.
func (w *worker) kept(next schema.Offset, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.way.safeNext, w.way.safeAt = next, at
}
