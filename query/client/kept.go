package client

import "slices"

// savedBytesMax is the longest answer that is kept: a page has some kilobytes, and a
// list that is longer than this is cheaper to ask for again than to hold.
const savedBytesMax = 1 << 20

// saved is an answer that the service may say still holds. It never changes.
type saved struct {
	target, tag string
	body        []byte
}

// save keeps the answer of q, of many those that were used last.
func (c *Client) save(q *call, tag string, body []byte) {
	if c.Keep <= 0 || tag == "" || q.method != "" || len(body) > savedBytesMax {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = slices.DeleteFunc(c.kept, func(s *saved) bool { return s.target == q.target() })
	if len(c.kept) >= c.Keep {
		c.kept = slices.Delete(c.kept, 0, 1)
	}
	c.kept = append(c.kept, &saved{q.target(), tag, body})
}

// recall returns what is kept of q, nil for nothing.
func (c *Client) recall(q *call) *saved {
	if q.method != "" || q.accept != mediaJSON {
		return nil // Only such answers are kept.
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.kept, func(s *saved) bool { return s.target == q.target() })
	if i < 0 {
		return nil
	}
	s := c.kept[i]
	c.kept = append(slices.Delete(c.kept, i, i+1), s)
	return s
}
