package notify

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// A parcel is a delivery that has not ended.
type parcel struct {
	Delivery
	key      string    // Of what is not taken twice.
	size     int       // Bytes.
	due      time.Time // Not tried before.
	deadline time.Time // Given up then.
}

func newParcel(t Target, m *Message, now time.Time, patience time.Duration) *parcel {
	return &parcel{
		Delivery: Delivery{Target: t, Message: m, Began: now},
		key:      m.ID + " " + t.Kind + " " + t.Address,
		size:     m.size() + len(t.Address) + len(t.Secret),
		due:      now,
		deadline: now.Add(patience),
	}
}

// A queue is what waits for one host, and how that host has fared.
type queue struct {
	slots     int // Attempts at the same time.
	perMinute int

	waiting  parcels
	bytes    int         // Of those that wait.
	busy     int         // Attempts under way.
	failures int         // In a row, of the host.
	paused   time.Time   // Nothing is tried before.
	sent     []time.Time // The latest attempts: at most perMinute of them.
	last     Result      // Of the latest attempt that the host failed.
}

func (q *queue) hasRoom(p *parcel, cfg *CourierConfig) bool {
	return len(q.waiting) < cfg.HostMax && q.bytes+p.size <= cfg.BytesMax/2
}

func (q *queue) push(p *parcel) {
	q.bytes += p.size
	heap.Push(&q.waiting, p)
}

// pop takes what has been due for longest, for an attempt.
func (q *queue) pop(now time.Time) *parcel {
	p, ok := heap.Pop(&q.waiting).(*parcel)
	if !ok {
		panic("BUG: a queue of something else than parcels")
	}
	q.bytes -= p.size
	q.busy++
	if len(q.sent) >= q.perMinute {
		q.sent = append(q.sent[:0], q.sent[1:]...)
	}
	q.sent = append(q.sent, now)
	return p
}

// next returns when something may be tried, of a queue that is not empty.
func (q *queue) next(now time.Time) time.Time {
	at := q.waiting[0].due
	if q.paused.After(at) {
		at = q.paused
	}
	if len(q.sent) >= q.perMinute {
		if free := q.sent[0].Add(time.Minute); free.After(at) && free.After(now) {
			at = free
		}
	}
	return at
}

// learn notes how the host has fared. What it answered about one message says that it
// is there.
func (q *queue) learn(r Result, now time.Time, cfg *CourierConfig) {
	if !r.host || r.Final {
		q.failures = 0
		return
	}
	q.failures++
	q.last = r
	most := min(cfg.PauseMax, hostPauseMax)
	q.paused = now.Add(max(pause(q.failures, min(cfg.PauseMin, most), most), min(r.RetryAfter, cfg.PauseMax)))
}

// expired takes out what has waited for too long.
func (q *queue) expired(now time.Time) []*parcel {
	var over []*parcel
	kept := q.waiting[:0]
	for _, p := range q.waiting {
		if p.deadline.After(now) {
			kept = append(kept, p)
			continue
		}
		q.bytes -= p.size
		if p.Attempts == 0 {
			p.Result = q.last
		}
		over = append(over, p)
	}
	if over != nil {
		clear(q.waiting[len(kept):])
		q.waiting = kept
		heap.Init(&q.waiting)
	}
	return over
}

// isIdle tells whether a new queue would do as well.
func (q *queue) isIdle(now time.Time) bool {
	return len(q.waiting) == 0 && q.busy == 0 && !q.paused.After(now) &&
		(len(q.sent) == 0 || now.Sub(q.sent[len(q.sent)-1]) > time.Minute)
}

// pause returns how long to wait after so many failures: anything up to a most that
// doubles, so that those who failed together do not come back together.
func pause(failures int, least, most time.Duration) time.Duration {
	for range failures - 1 {
		if least >= most {
			break
		}
		least *= 2
	}
	return rand.N(min(least, most)) + 1
}

// parcels is a heap: first what is due first, then what was handed in first.
type parcels []*parcel

func (p parcels) Len() int      { return len(p) }
func (p parcels) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p parcels) Less(i, j int) bool {
	if p[i].due.Equal(p[j].due) {
		return p[i].Began.Before(p[j].Began)
	}
	return p[i].due.Before(p[j].due)
}

// Push is heap's.
func (p *parcels) Push(x any) {
	one, ok := x.(*parcel)
	if !ok {
		panic("BUG: something else than a parcel")
	}
	*p = append(*p, one)
}

// Pop is heap's.
func (p *parcels) Pop() any {
	last := len(*p) - 1
	one := (*p)[last]
	(*p)[last] = nil
	*p = (*p)[:last]
	return one
}
