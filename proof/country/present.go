package country

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/schema"
)

// Live is what a player needs to be played in real time: one goroutine casts
// its votes while another sends them.
type live struct {
	last schema.Instant // When its newest citizen stepped up. Only the caster reads it.

	mu      sync.Mutex
	inbox   []unit
	working bool // Somebody sends, or is about to.
}

// present casts votes from now on, at the rate of the configuration, until ctx
// or the duration ends. What is not sent by then stays with the players.
func (s *Simulation) present(ctx context.Context) error {
	if s.cfg.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.cfg.Duration)
		defer cancel()
	}
	work := make(chan *player, len(s.players)) // Each is in it once at most.
	group, casting := errgroup.WithContext(ctx)
	for range s.cfg.Connections {
		group.Go(func() error {
			enc, err := newEncoder()
			for err == nil {
				select {
				case <-casting.Done():
					return nil
				case p := <-work:
					err = p.deliver(casting, enc)
				}
			}
			return err
		})
	}
	group.Go(func() error {
		newCaster(s, work).run(casting)
		return nil
	})
	return group.Wait()
}

// A caster decides who votes next.
type caster struct {
	sim  *Simulation
	work chan<- *player
	rng  *rand.Rand

	hour schema.Hour
	upTo []float64 // How busy the terminals up to each are in hour.
	away map[*player]time.Time
}

func newCaster(s *Simulation, work chan<- *player) *caster {
	return &caster{sim: s, work: work, rng: s.plan.rand(len(s.players), drawPresent), away: make(map[*player]time.Time)}
}

// How terminals lose their network in real time.
const (
	awayShare = 0.004 // Per vote.
	awayMin   = 30 * time.Second
	awayMax   = 3 * time.Minute
)

func (c *caster) run(ctx context.Context) {
	for {
		wait := time.Duration(c.rng.ExpFloat64() / c.sim.cfg.Rate * float64(time.Second))
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		now := c.sim.cfg.Now()
		for p, until := range c.away {
			if now.After(until) {
				delete(c.away, p)
				p.offer(c.work, nil)
			}
		}
		c.cast(now)
	}
}

// castTries is how many terminals are asked for one that is free.
const castTries = 20

// cast lets one citizen vote somewhere: more likely where it is busy.
func (c *caster) cast(now time.Time) {
	c.weigh(schema.HourOf(now))
	at := settle(schema.InstantOf(now))
	for range castTries {
		i := sort.SearchFloat64s(c.upTo, c.rng.Float64()*c.upTo[len(c.upTo)-1])
		p := c.sim.players[min(i, len(c.upTo)-1)]
		if p.last != 0 && int64(at-p.last) < citizenGap {
			continue
		}
		units := []unit{p.terminal.cast(c.rng, at, p.next)}
		p.cast(units)
		_, offline := c.away[p]
		if !offline && c.rng.Float64() < awayShare {
			c.away[p] = now.Add(awayMin + rand.N(awayMax-awayMin))
			offline = true
		}
		if offline {
			p.keep(units)
			return
		}
		p.offer(c.work, units)
		return
	}
}

// weigh prepares for choosing among the terminals in hour h.
func (c *caster) weigh(h schema.Hour) {
	if h == c.hour {
		return
	}
	c.hour, c.upTo = h, c.upTo[:0]
	var sum float64
	for _, p := range c.sim.players {
		sum += p.busy * c.sim.plan.season.Weight(p.enrol.Channel, h)
		c.upTo = append(c.upTo, sum)
	}
}

// settle returns the latest time, now or before, at which a citizen can have
// stepped up such that neither a burst reaches into the future nor a delay can
// move a vote into the next hour.
func settle(now schema.Instant) schema.Instant {
	at := now - runAfter
	start := schema.InstantOf(at.Hour().Time())
	switch offset := int64(at - start); {
	case offset < citizenFirst:
		return start + schema.Instant(citizenNext-1-3600_000)
	case offset >= citizenNext:
		return start + schema.Instant(citizenNext-1)
	}
	return at
}

// keep stores units until they can be sent.
func (p *player) keep(units []unit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inbox = append(p.inbox, units...)
}

// offer stores units and has somebody send, unless somebody does.
func (p *player) offer(work chan<- *player, units []unit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inbox = append(p.inbox, units...)
	if !p.working {
		p.working = true
		work <- p
	}
}

// deliver sends what is in the inbox. It stays responsible until it has seen
// the inbox empty.
func (p *player) deliver(ctx context.Context, enc *encoder) error {
	for p.collect() {
		err := p.flush(ctx, enc)
		if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
			return nil // The end of casting. What is left is drained.
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// collect moves the inbox to the queue and tells whether there was anything.
func (p *player) collect() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shuffle = len(p.inbox) > 1
	p.queue = append(p.queue, p.inbox...)
	p.inbox = nil
	p.working = len(p.queue) > 0
	return p.working
}

// drain sends all that is left, once nobody casts any more.
func (p *player) drain(ctx context.Context, enc *encoder) error {
	p.collect()
	p.queue = slices.Clip(p.queue)
	return p.flush(ctx, enc)
}
