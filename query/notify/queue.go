package notify

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// A parcel is a delivery that has not ended.
type parcel struct {
	Delivery
	queue    *queue
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

// A host is who answers for some targets, or the mail server: how many attempts it may
// have, and how much may wait for it.
type host struct {
	slots     int // Attempts at the same time.
	perMinute int

	queues int         // Of its targets.
	held   int         // Parcels that wait or are under way.
	bytes  int         // Of those.
	busy   int         // Attempts under way.
	sent   []time.Time // The latest attempts: at most perMinute of them.
}

// A queue is what waits for one target, or for the mail server, and how that has fared.
// Targets of one host have queues of their own, since many may share a host that know
// nothing of each other.
type queue struct {
	host  *host
	slots int // Attempts at the same time.

	waiting  parcels
	held     int       // Parcels that wait or are under way.
	busy     int       // Attempts under way.
	failures int       // In a row, for reasons that are not a message's.
	paused   time.Time // Nothing is tried before.
	last     Result    // Of the latest attempt that failed so.
}

func (h *host) hasRoom(p *parcel, cfg *CourierConfig) bool {
	return h.held < cfg.HostMax && h.bytes+p.size <= cfg.BytesMax/2
}

// isIdle tells whether a new host would do as well.
func (h *host) isIdle(now time.Time) bool {
	return h.queues == 0 && (len(h.sent) == 0 || now.Sub(h.sent[len(h.sent)-1]) > time.Minute)
}

// take begins to hold p; drop ends it.
func (q *queue) take(p *parcel) {
	p.queue = q
	q.held++
	q.host.held++
	q.host.bytes += p.size
	q.push(p)
}

func (q *queue) drop(p *parcel) {
	q.held--
	q.host.held--
	q.host.bytes -= p.size
}

func (q *queue) push(p *parcel) { heap.Push(&q.waiting, p) }

// begin takes what has been due for longest, for an attempt.
func (q *queue) begin(now time.Time) *parcel {
	p, ok := heap.Pop(&q.waiting).(*parcel)
	if !ok {
		panic("BUG: a queue of something else than parcels")
	}
	q.busy++
	h := q.host
	h.busy++
	if len(h.sent) >= h.perMinute {
		h.sent = append(h.sent[:0], h.sent[1:]...)
	}
	h.sent = append(h.sent, now)
	return p
}

func (q *queue) end() {
	q.busy--
	q.host.busy--
}

// hasSlot tells whether one more attempt may be under way.
func (q *queue) hasSlot() bool { return q.busy < q.slots && q.host.busy < q.host.slots }

// next returns when something may be tried, of a queue that is not empty.
func (q *queue) next() time.Time {
	at := q.waiting[0].due
	if q.paused.After(at) {
		at = q.paused
	}
	if sent := q.host.sent; len(sent) >= q.host.perMinute {
		if free := sent[0].Add(time.Minute); free.After(at) {
			at = free
		}
	}
	return at
}

// learn notes how the target has fared. What it answered about one message says that it
// is there.
func (q *queue) learn(r Result, now time.Time, cfg *CourierConfig) {
	if !r.host || r.Final {
		q.failures = 0
		return
	}
	q.failures++
	q.last = r
	most := min(cfg.PauseMax, targetPauseMax)
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
func (q *queue) isIdle(now time.Time) bool { return q.held == 0 && q.busy == 0 && !q.paused.After(now) }

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
