package broker

import (
	"sync"
	"time"
)

// A clock keeps what was last seen of the brokers' clock.
type clock struct {
	mu     sync.Mutex
	ahead  time.Duration
	seenAt time.Time // Zero: never.
}

// skewAge is how long a measurement counts. A process that is taken out of
// service for its clock gets no votes and so no new measurement; it must be tried
// again some time.
const skewAge = time.Minute

// see takes the append time of a batch sent and acknowledged at the given times.
// What lies between them is no skew: it may be the way there, or the disks.
func (c *clock) see(appended, sent, acknowledged time.Time) (time.Duration, bool) {
	if appended.IsZero() {
		return 0, false
	}
	var ahead time.Duration
	sent = sent.Truncate(time.Millisecond) // As the broker's time is cut.
	switch {
	case appended.Before(sent):
		ahead = appended.Sub(sent)
	case appended.After(acknowledged):
		ahead = appended.Sub(acknowledged)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.seenAt = ahead, acknowledged
	return ahead, true
}

func (c *clock) skew(now time.Time) (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seenAt.IsZero() || now.Sub(c.seenAt) > skewAge {
		return 0, false
	}
	return c.ahead, true
}
