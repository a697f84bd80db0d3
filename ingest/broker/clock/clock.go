// Package clock is how far the clock of this process is from the brokers'.
//
// It knows when batches were sent, appended and acknowledged. It must not know Kafka, nor what a
// wrong clock means.
package clock

import (
	"sync"
	"time"
)

// A Clock keeps what was last seen of the brokers' clock. Its zero value has seen nothing. Safe for
// use by several goroutines.
type Clock struct {
	mu     sync.Mutex
	ahead  time.Duration
	seenAt time.Time // Zero: never.
}

// skewAge is how long a measurement counts. A process that is taken out of
// service for its clock gets no votes and so no new measurement; it must be tried
// again some time.
const skewAge = time.Minute

// See takes the append time of a batch sent and acknowledged at the given times.
// What lies between them is no skew: it may be the way there, or the disks. False: the broker gave
// no time.
func (c *Clock) See(appended, sent, acknowledged time.Time) (time.Duration, bool) {
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

// Skew returns how far the brokers' clock is ahead, as far as that is known at now.
func (c *Clock) Skew(now time.Time) (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seenAt.IsZero() || now.Sub(c.seenAt) > skewAge {
		return 0, false
	}
	return c.ahead, true
}
