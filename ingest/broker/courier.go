package broker

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"mlf/schema"
)

// A courier carries record sets to one leader of a topic. Sets that wait at the
// same time go in one request: a request costs the processor far more than a set,
// and with many partitions there would be one for each.
//
// It has no goroutine. Of those who wait, one carries for all; when its request
// was answered it hands on to the first of those who came meanwhile.
type courier struct {
	client *kafka.Client
	topic  string
	leader int32

	mu       sync.Mutex
	underWay int
	waiting  []*parcel
	spare    [][]byte // The memory of answered requests, for the next ones.
}

// errNoAnswer: what came of the set is not known.
var errNoAnswer = errors.New("produce: the answer lacks the partition")

// A parcel is one set on its way.
type parcel struct {
	partition schema.Partition
	set       []byte

	wake    chan struct{} // Told once: it is to carry, or the rest is final.
	carries bool          // Guarded by courier.mu; set before wake.

	appended time.Time
	err      error
}

const (
	// requestsMax is the most requests under way to one leader: while it writes
	// one, the next is on the way, and a partition whose replicas are slow does not
	// hold up the others.
	requestsMax = 2

	// requestBytesMax is the most bytes of one request; a single set may be longer.
	requestBytesMax = 1 << 20
)

// send makes one attempt to append set to partition p, which c's leader leads.
func (c *courier) send(ctx context.Context, p schema.Partition, set []byte) (time.Time, error) {
	mine := &parcel{partition: p, set: set, wake: make(chan struct{}, 1)}
	c.mu.Lock()
	c.waiting = append(c.waiting, mine)
	if c.underWay < requestsMax {
		c.underWay++
		c.charge(mine)
	}
	c.mu.Unlock()
	select {
	case <-mine.wake:
	case <-ctx.Done():
		c.leave(mine)
		return time.Time{}, context.Cause(ctx)
	}
	if mine.carries {
		c.carry(ctx, mine)
	}
	return mine.appended, mine.err
}

// charge has p's owner carry. c.mu is held.
func (c *courier) charge(p *parcel) {
	p.carries = true
	p.wake <- struct{}{}
}

// leave takes mine back, unless it is under way, and hands on if it was to carry.
func (c *courier) leave(mine *parcel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = slices.DeleteFunc(c.waiting, func(p *parcel) bool { return p == mine })
	if mine.carries {
		c.handOn()
	}
}

// handOn has the first that waits carry the next request, if one does. c.mu is held.
func (c *courier) handOn() {
	for _, p := range c.waiting {
		if !p.carries {
			c.charge(p)
			return
		}
	}
	c.underWay--
}

// parcels are what goes in one request. There is one set of a partition: of two, a
// broker appends one and answers for both.
type parcels map[schema.Partition]*parcel

// carry sends mine and what else waits, in one request.
func (c *courier) carry(ctx context.Context, mine *parcel) {
	runtime.Gosched() // Those who are about to come may come along: half as many again do.
	c.mu.Lock()
	all, size := parcels{mine.partition: mine}, len(mine.set)
	c.waiting = slices.DeleteFunc(c.waiting, func(p *parcel) bool {
		if p.carries || all[p.partition] != nil || size+len(p.set) > requestBytesMax {
			return p == mine
		}
		all[p.partition] = p
		size += len(p.set)
		return true
	})
	var buf []byte
	if n := len(c.spare); n > 0 {
		buf, c.spare = c.spare[n-1], c.spare[:n-1]
	}
	c.mu.Unlock()

	buf = appendProduce(buf[:0], c.topic, timeout(ctx, c.client.Timeout), all)
	err := c.request(ctx, buf, all)

	c.mu.Lock()
	if err == nil { // Else the connection may still be reading it.
		c.spare = append(c.spare, buf)
	}
	c.handOn()
	c.mu.Unlock()
	for _, p := range all {
		if p != mine {
			p.wake <- struct{}{}
		}
	}
}

// timeout is how long brokers get for their replicas: half of what an attempt has
// left, so that their answer comes in time.
func timeout(ctx context.Context, most time.Duration) time.Duration {
	if limit, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(limit))
	}
	return most / 2
}

// request sends buf, which is all, and notes what came of each parcel. It returns
// an error if there was no answer.
func (c *courier) request(ctx context.Context, buf []byte, all parcels) error {
	for _, p := range all {
		p.err = errNoAnswer
	}
	message, err := c.client.Transport.RoundTrip(ctx, c.client.Addr, &produceRequest{leader: c.leader, buf: buf})
	if err != nil {
		err = fmt.Errorf("produce: %w", err)
		for _, p := range all {
			p.err = err
		}
		return err
	}
	res, ok := message.(*produceResponse)
	if !ok {
		panic(fmt.Sprintf("BUG: produce answered by %T", message))
	}
	for _, a := range res.answers {
		if p := all[a.partition]; p != nil {
			p.appended, p.err = a.appended, a.err
		}
	}
	return nil
}
