package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The defaults of a CourierConfig, and what cannot be asked for.
const (
	messagesMax   = 20_000 // A night's alerts of a country, some to several targets.
	bytesMax      = 64 << 20
	hostMax       = 12_000
	concurrent    = 32
	perMinute     = 60
	mailPerMinute = 300
	patienceMax   = 24 * time.Hour
	pauseMin      = 5 * time.Second
	pauseMax      = time.Hour

	targetPauseMax = 10 * time.Minute // A target that is back is found again this soon.
	tidyEvery      = time.Minute      // Between two looks for what is to be given up.
	grace          = 3 * time.Second  // For attempts that are under way at the end.

	// Attempts at the same time: to one webhook, to a host of several, to the mail server,
	// which asks others that may be slow.
	webhookSlots = 1
	hostSlots    = 4
	mailSlots    = 4
)

// CourierConfig says how a Courier works. Zero fields take the defaults.
type CourierConfig struct {
	// Done is told the end of each delivery that was taken, once: delivered, or given up.
	// Several calls may be under way. The delivery keeps its place in the queue until it
	// returns; until then Put takes it for one that waits. What has not ended when Run returns
	// is not told: hand it in again at the next start. Required.
	Done func(d Delivery)

	MessagesMax   int           // That wait, for all hosts; default 20,000.
	BytesMax      int           // Of those; default 64 MiB. Half of it is the most of one host.
	HostMax       int           // Messages that wait for one host; default 12,000.
	Concurrent    int           // Attempts at the same time; default 32. Targets that fail have half of them, at most.
	PerMinute     int           // Attempts per minute to one host of webhooks; default 60.
	MailPerMinute int           // Attempts per minute to the mail server; default 300.
	Patience      time.Duration // After which a message is given up; default, and at most, 24 h.
	PauseMin      time.Duration // The most that is waited after the first failure; default 5 s. It doubles with each.
	PauseMax      time.Duration // The most that is waited between two attempts; default 1 h.
}

// A Delivery is one message to one target, and what became of it.
type Delivery struct {
	Target   Target
	Message  *Message
	Result   Result    // Of the last attempt; of the target's last one where this was never tried.
	Attempts int       // 0 where the target was down for all its time.
	Began    time.Time // When it was handed in.
	Ended    time.Time
}

// What Put refuses a message with, beside what is wrong with it.
var (
	ErrFull    = errors.New("too many messages wait: hand it in again later")
	ErrStopped = errors.New("the courier has stopped: hand it in again after the start")
)

// attempt is what a courier sends by.
type attempt func(ctx context.Context, t Target, m *Message) Result

// A Courier tries on until messages arrive: each webhook has a queue and a slot of its
// own, and so has the mail server, so that none waits for another. Who does not answer is
// left alone for a while, with all that is for them; a message that fails for itself lets
// others pass. Nothing is kept on disk. Safe for concurrent use.
type Courier struct {
	check func(t Target, m *Message) error
	send  attempt
	cfg   CourierConfig
	woken chan struct{} // Holds one where Run must look again.

	mu       sync.Mutex
	hosts    map[string]*host
	queues   map[string]*queue // Of webhooks by address, and one of mail.
	known    map[string]bool   // What waits or is under way, by key.
	bytes    int               // Of those.
	running  int               // Attempts.
	suspects int               // Those of them to targets that have failed last.
	tidied   time.Time
	stopped  bool
}

// NewCourier returns a courier by which s sends. It sends while Run runs.
func NewCourier(s *Sender, cfg CourierConfig) *Courier {
	return newCourier(s.check, s.Send, cfg)
}

func newCourier(check func(t Target, m *Message) error, send attempt, cfg CourierConfig) *Courier {
	if cfg.Done == nil {
		panic("BUG: a courier whose deliveries nobody is told of")
	}
	cfg.MessagesMax, cfg.BytesMax = cmp.Or(cfg.MessagesMax, messagesMax), cmp.Or(cfg.BytesMax, bytesMax)
	cfg.HostMax, cfg.Concurrent = cmp.Or(cfg.HostMax, hostMax), cmp.Or(cfg.Concurrent, concurrent)
	cfg.PerMinute, cfg.MailPerMinute = cmp.Or(cfg.PerMinute, perMinute), cmp.Or(cfg.MailPerMinute, mailPerMinute)
	cfg.Patience = min(cmp.Or(cfg.Patience, patienceMax), patienceMax)
	cfg.PauseMin, cfg.PauseMax = cmp.Or(cfg.PauseMin, pauseMin), cmp.Or(cfg.PauseMax, pauseMax)
	return &Courier{
		check: check, send: send, cfg: cfg, woken: make(chan struct{}, 1),
		hosts: make(map[string]*host), queues: make(map[string]*queue), known: make(map[string]bool),
	}
}

// Put hands in m for t; it does not block. What waits already, by ID and target, is not
// taken twice, and that is no error. ErrFull where there is no room, ErrStopped after
// Run; another error says what is wrong with t or m. m must not change afterwards.
func (c *Courier) Put(t Target, m *Message) error {
	if err := c.check(t, m); err != nil {
		return fmt.Errorf("hand in a message: %w", err)
	}
	p := newParcel(t, m, time.Now(), c.cfg.Patience)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return ErrStopped
	}
	if c.known[p.key] {
		return nil
	}
	q := c.queue(t)
	if len(c.known) >= c.cfg.MessagesMax || c.bytes+p.size > c.cfg.BytesMax || !q.host.hasRoom(p, &c.cfg) {
		return ErrFull
	}
	c.known[p.key] = true
	c.bytes += p.size
	q.take(p)
	c.wake()
	return nil
}

// Waiting returns how many messages wait or are under way.
func (c *Courier) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known)
}

// Run sends until ctx ends; then it lets go within 5 s, if Done does. It returns nil, and
// is called once.
func (c *Courier) Run(ctx context.Context) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var group sync.WaitGroup
	for ctx.Err() == nil {
		timer := time.NewTimer(c.dispatch(sending, &group))
		select {
		case <-c.woken:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	defer time.AfterFunc(grace, cancel).Stop()
	group.Wait()
	return nil
}

// dispatch begins all attempts that may begin now, and returns when to look again. Maps
// come in no order, which is fair.
func (c *Courier) dispatch(ctx context.Context, group *sync.WaitGroup) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	wait := tidyEvery - now.Sub(c.tidied)
	tidies := wait <= 0
	if tidies {
		c.tidied, wait = now, tidyEvery
	}
	if tidies {
		c.tidy(group, now)
	}
	for _, q := range c.queues {
		for c.mayBegin(q) {
			at := q.next()
			if at.After(now) {
				wait = min(wait, at.Sub(now))
				break
			}
			c.begin(ctx, group, q, now)
		}
	}
	return wait
}

// tidy gives up what has waited for too long, and forgets who need not be remembered.
func (c *Courier) tidy(group *sync.WaitGroup, now time.Time) {
	var over []*parcel
	for name, q := range c.queues {
		over = append(over, q.expired(now)...)
		if q.isIdle(now) {
			delete(c.queues, name)
			q.host.queues--
		}
	}
	for name, h := range c.hosts {
		if h.isIdle(now) {
			delete(c.hosts, name)
		}
	}
	group.Go(func() {
		for _, p := range over {
			c.end(p)
		}
	})
}

// mayBegin tells whether there are slots for one more attempt to q, which has something.
// Where there are not, the end of an attempt wakes Run.
func (c *Courier) mayBegin(q *queue) bool {
	return len(q.waiting) > 0 && q.hasSlot() && c.running < c.cfg.Concurrent &&
		(q.failures == 0 || c.suspects < max(c.cfg.Concurrent/2, 1))
}

func (c *Courier) begin(ctx context.Context, group *sync.WaitGroup, q *queue, now time.Time) {
	p := q.begin(now)
	isSuspect := q.failures > 0
	c.running++
	if isSuspect {
		c.suspects++
	}
	group.Go(func() {
		result := c.send(ctx, p.Target, p.Message)
		if ctx.Err() == nil || result.Delivered || result.Final {
			c.judge(q, p, result)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		q.end()
		c.running--
		if isSuspect {
			c.suspects--
		}
		c.wake()
	})
}

// judge ends p, or puts it back for another attempt.
func (c *Courier) judge(q *queue, p *parcel, result Result) {
	c.mu.Lock()
	now := time.Now()
	p.Result = result
	p.Attempts++
	q.learn(result, now, &c.cfg)
	p.due = now.Add(max(pause(p.Attempts, c.cfg.PauseMin, c.cfg.PauseMax), result.RetryAfter))
	again := !result.Delivered && !result.Final && p.due.Before(p.deadline)
	if again {
		q.push(p)
	}
	c.mu.Unlock()
	if !again {
		c.end(p)
	}
}

// end tells that p is over, and makes room.
func (c *Courier) end(p *parcel) {
	p.Ended = time.Now()
	c.cfg.Done(p.Delivery)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, p.key)
	c.bytes -= p.size
	p.queue.drop(p)
}

func (c *Courier) wake() {
	select {
	case c.woken <- struct{}{}:
	default: // Run will look anyway.
	}
}

// queue returns the queue of t, which it makes where there is none. An address of a
// webhook is never "mail", nor is its host.
func (c *Courier) queue(t Target) *queue {
	const mail = "mail"
	name, of, slots, made := mail, mail, mailSlots, host{slots: mailSlots, perMinute: c.cfg.MailPerMinute}
	if t.Kind == Webhook {
		name, of, slots, made = t.Address, hostOf(t.Address), webhookSlots, host{slots: hostSlots, perMinute: c.cfg.PerMinute}
	}
	if q, ok := c.queues[name]; ok {
		return q
	}
	h, ok := c.hosts[of]
	if !ok {
		h = &made
		c.hosts[of] = h
	}
	h.queues++
	q := &queue{host: h, slots: slots}
	c.queues[name] = q
	return q
}

// hostOf returns the name of who answers a webhook.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return strings.ToLower(u.Hostname())
}
