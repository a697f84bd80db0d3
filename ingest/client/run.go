package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	batchMax     = 500             // Votes of a request; the service takes 1,000.
	backoffFirst = time.Second     // The bound of the first wait,
	backoffMax   = 5 * time.Minute // and of any.
	markEvery    = 10 * time.Second
	idleEvery    = 2 * time.Minute  // Another may vote in our stream: a copy of this folder.
	againAfter   = 10 * time.Minute // What was answered and is not counted is sent again.
	slowly       = 5 * time.Minute  // Between two tries of a token that is not known.
	seldom       = time.Hour        // Between two of what is refused for good.
)

// A sender is what Run knows beside what is kept.
type sender struct {
	failures int
	size     int // Votes of a request.
	marked   map[string]time.Time
	refused  map[string]bool // Streams that the service does not take for ours: kept, not sent.
}

// A pause ends a turn: there is nothing to be done for so long.
type pause struct {
	wait  time.Duration
	cause error
}

func (p *pause) Error() string { return p.cause.Error() }

// Run sends votes until ctx ends, and returns nil then. Another error: the terminal was
// revoked (IsRevoked), or the folder cannot be written any more. It runs once at a time.
func (c *Client) Run(ctx context.Context) error {
	c.sending = sender{size: batchMax, marked: make(map[string]time.Time), refused: make(map[string]bool)}
	for {
		wait, err := c.turn(ctx)
		var stop *pause
		wakes := c.wake
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // Whoever ended it knows why.
		case errors.As(err, &stop):
			wait, wakes = stop.wait, nil // Nothing that is pressed makes it earlier.
		case err != nil:
			return err
		default:
			c.sending.failures = 0
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-wakes:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// turn does what there is to do, and returns after how long there is more.
func (c *Client) turn(ctx context.Context) (time.Duration, error) {
	if err := c.admit(ctx); err != nil {
		return 0, err
	}
	if err := c.number(); err != nil {
		return 0, err
	}
	kept := 0
	for _, name := range c.names() {
		if err := c.drain(ctx, name); err != nil {
			return 0, err
		}
		if err := c.mark(ctx, name); err != nil {
			return 0, err
		}
		c.mu.Lock()
		kept += len(c.kept.of(name))
		c.mu.Unlock()
	}
	if kept > 0 {
		return markEvery, nil
	}
	return idleEvery, nil
}

// names are those of the streams that are sent.
func (c *Client) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for name := range c.kept.streams {
		if !c.sending.refused[name] {
			names = append(names, name)
		}
	}
	return names
}

// admit finds the stream for new votes: the one before if its watermark knows nothing of
// it that this device does not, else another.
func (c *Client) admit(ctx context.Context) error {
	c.mu.Lock()
	name, goes := c.kept.current, c.goesOn
	c.mu.Unlock()
	if goes != "" {
		return nil
	}
	if name != "" {
		if err := c.mark(ctx, name); err != nil {
			return err
		}
	}
	c.mu.Lock()
	if c.kept.current != "" && !c.sending.refused[c.kept.current] {
		c.goesOn = c.kept.current
	}
	goes = c.goesOn
	c.mu.Unlock()
	if goes != "" {
		return nil
	}
	return c.begin(ctx)
}

// begin asks for a new stream. Votes of the one before are sent to their end.
func (c *Client) begin(ctx context.Context) error {
	var told struct {
		Stream string `json:"stream"`
		First  uint64 `json:"first_seq"`
	}
	a, err := c.ask(ctx, http.MethodPost, c.options.Ingest+"/v1/streams", struct{}{})
	if err != nil {
		return err
	}
	if a.status != http.StatusCreated || !a.reads(&told) || told.Stream == "" || told.First < 1 {
		return c.later(a)
	}
	if err := c.keep(entry{Begin: &begun{Stream: told.Stream, Next: told.First}}); err != nil {
		return err
	}
	c.mu.Lock()
	c.goesOn = told.Stream
	c.mu.Unlock()
	return nil
}

// keep stores an entry, and applies it.
func (c *Client) keep(e entry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keepLocked(e)
}

func (c *Client) keepLocked(e entry) error {
	if err := c.journal.append(e); err != nil {
		return fmt.Errorf("store what became of votes: %w", err)
	}
	c.kept.apply(e)
	return nil
}

// number gives the votes that have no number theirs. None of them was ever sent.
func (c *Client) number() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.kept.streams[c.goesOn]
	for votes := c.kept.of(""); len(votes) > 0; votes = c.kept.of("") {
		g := &given{Stream: c.goesOn, First: s.next}
		for _, v := range votes[:min(len(votes), batchMax)] {
			g.N = append(g.N, v.N)
		}
		if err := c.keepLocked(entry{Given: g}); err != nil {
			return err
		}
	}
	return nil
}

// drain sends all votes of a stream that were never answered 202.
func (c *Client) drain(ctx context.Context, name string) error {
	for !c.sending.refused[name] {
		votes := c.unsent(name)
		if len(votes) == 0 {
			return nil
		}
		if err := c.send(ctx, name, votes); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) unsent(name string) []*cast {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*cast
	for _, v := range c.kept.of(name) {
		if (v.answered.IsZero() || time.Since(v.answered) > againAfter) && len(found) < c.sending.size {
			found = append(found, v)
		}
	}
	return found
}

// send sends votes, in halves where they are refused together.
func (c *Client) send(ctx context.Context, name string, votes []*cast) error {
	if len(votes) == 0 || c.sending.refused[name] {
		return nil
	}
	a, err := c.ask(ctx, http.MethodPost, c.options.Ingest+"/v1/votes", c.body(name, votes))
	if err != nil {
		return err
	}
	code := a.problem()
	switch {
	case a.taken(len(votes)):
		c.sending.failures, c.sending.size = 0, min(batchMax, c.sending.size*2)
		c.answered(votes)
		return nil
	case a.status == http.StatusForbidden && code == "foreign-stream":
		return c.leave(ctx, name)
	case code == "" || a.status != http.StatusBadRequest && a.status != http.StatusRequestEntityTooLarge:
		return c.later(a)
	case len(votes) > 1:
		half := (len(votes) + 1) / 2
		if a.status == http.StatusRequestEntityTooLarge {
			c.sending.size = half
		}
		return errors.Join(c.send(ctx, name, votes[:half]), c.send(ctx, name, votes[half:]))
	case votes[0].Aside: // Its number alone is too much: others must not wait for it.
		c.answered(votes)
		return nil
	}
	return c.keep(entry{Aside: &number{name, votes[0].Seq}})
}

// answered notes that votes are on the log. They stay until the watermark has them.
func (c *Client) answered(votes []*cast) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range votes {
		v.answered = time.Now()
	}
}

// leave keeps a stream that the service takes for another's, and goes on in a new one.
func (c *Client) leave(ctx context.Context, name string) error {
	c.sending.refused[name] = true
	c.mu.Lock()
	ours := c.goesOn == name || c.goesOn == ""
	if ours {
		c.goesOn = ""
	}
	c.mu.Unlock()
	if !ours {
		return nil
	}
	return c.begin(ctx)
}

// mark reads a stream's watermark when it is due, and forgets what it has. Where it knows
// more than this device, the folder was restored or copied: votes go on in a new stream.
func (c *Client) mark(ctx context.Context, name string) error {
	if at, ok := c.sending.marked[name]; ok && time.Since(at) < markEvery*9/10 || c.sending.refused[name] {
		return nil
	}
	a, err := c.ask(ctx, http.MethodGet, c.watermarkURL(name), nil)
	if err != nil {
		return err
	}
	if a.status == http.StatusForbidden && a.problem() != "" {
		return c.leave(ctx, name)
	}
	var told watermark
	if a.status != http.StatusOK || !a.reads(&told) || told.Stream != name {
		return c.later(a)
	}
	c.sending.marked[name] = time.Now()
	c.mu.Lock()
	s := c.kept.streams[name]
	other := !s.old && told.Highest >= s.next
	forgets := false
	for _, v := range c.kept.of(name) {
		forgets = forgets || told.closed(v.Seq)
	}
	if forgets {
		err = c.keepLocked(entry{Forget: &told})
	}
	if other && err == nil {
		c.goesOn = ""
		err = c.keepLocked(entry{Begin: &begun{Stream: name, Next: s.next, Old: true}})
	}
	c.mu.Unlock()
	if err != nil || !other {
		return err
	}
	return c.begin(ctx)
}

// later is a pause after an outcome that nobody knows: at random up to a bound that
// doubles, and never before the service said. Who was told to wait long was told so
// together with many: they come back spread over a quarter of it.
func (c *Client) later(a *answer) error {
	c.sending.failures++
	bound := max(min(backoffMax, backoffFirst<<min(c.sending.failures-1, 20)), a.retryAfter/4)
	wait := a.retryAfter + rand.N(bound) //nolint:gosec // Chance, not secrecy.
	return &pause{wait, fmt.Errorf("the outcome is not known: status %d", a.status)}
}
