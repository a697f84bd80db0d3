package client

import (
	"errors"
	"slices"
)

// savedBytesMax is the longest answer that is kept: a page has some kilobytes, and a
// list that is longer than this is cheaper to ask for again than to hold.
const savedBytesMax = 1 << 20

// saved is an answer that the service may say still holds.
type saved struct {
	target, tag string
	body        []byte
}

// save keeps the answer of q; of many the one that was used last.
func (c *Client) save(q *call, tag string, body []byte) {
	if c.Keep <= 0 || tag == "" || q.method != "" || len(body) > savedBytesMax {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.take(q)
	if len(c.kept) >= c.Keep {
		c.kept = slices.Delete(c.kept, 0, 1)
	}
	c.kept = append(c.kept, saved{q.target(), tag, body})
}

// tagOf returns the tag of what is kept of q; empty for nothing.
func (c *Client) tagOf(q *call) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.kept {
		if c.kept[i].target == q.target() && q.method == "" && q.accept == "application/json" {
			return c.kept[i].tag
		}
	}
	return ""
}

// errForgotten says that an answer holds that was not kept for as long as it took to
// say so. Whoever asks again gets it.
var errForgotten = errors.New("the answer has not changed, and others have taken its place")

// recall returns the kept answer of q that still holds.
func (c *Client) recall(q *call, tag string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.take(q)
	if !ok {
		return nil, errForgotten
	}
	c.kept = append(c.kept, s)
	if s.tag != tag {
		return nil, errForgotten
	}
	return s.body, nil
}

// take takes what is kept of q out of its place. c.mu is held.
func (c *Client) take(q *call) (saved, bool) {
	i := slices.IndexFunc(c.kept, func(s saved) bool { return s.target == q.target() })
	if i < 0 {
		return saved{}, false
	}
	s := c.kept[i]
	c.kept = slices.Delete(c.kept, i, i+1)
	return s, true
}
