package country

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	public "mlf/query/client"
	"mlf/schema"
)

// A player is a terminal at work: it holds votes until they are answered 202,
// and sends them in whatever company. One goroutine at a time owns it, so that
// a terminal has one request in flight.
//
// What it does is such that the count is certain whatever becomes of a request:
// a vote sent again, in another batch or order, is the same vote; a burst
// always travels whole; and other content goes out only under a seq that is
// known to be decided.
type player struct {
	*terminal
	sim    *Simulation
	rng    *rand.Rand
	token  string
	stream string

	next    schema.Seq // The next vote's.
	highest schema.Seq // The highest ever sent, whatever became of it.
	queue   []unit
	shuffle bool   // The queue is a backlog and has lost its order.
	old     []unit // Some that were answered long ago.

	live
}

// votesMax is the most votes the protocol allows in a request.
const votesMax = 1000

// How a player behaves, per request that was answered.
const (
	conflictShare = 0.01  // Other content under seqs just answered.
	oldShare      = 0.005 // Votes of long ago are sent once more.
	mixShare      = 0.3   // A batch sent again that comes in another order.
	oldKept       = 64    // Units of long ago that a player remembers.

	// conflictReach is how far below the highest seq ever sent a seq may be to
	// be used for a conflict: content is remembered for 256, an older repeat
	// is a duplicate.
	conflictReach = 200
)

// open asks for the stream.
func (p *player) open(ctx context.Context) error {
	return p.sim.weather.insist(ctx, func() error {
		a, err := p.sim.client.postStream(ctx, p.token)
		if err == nil {
			p.stream, p.next = a.Stream, a.First
		}
		return err
	})
}

// day plays one day of the plan. A terminal that is offline keeps its votes and
// sends them later, many at a time and in any order.
func (p *player) day(ctx context.Context, enc *encoder, day int) error {
	units := p.sim.plan.castDay(p.terminal, day, p.next)
	p.cast(units)
	p.queue = append(p.queue, units...)
	if p.sim.plan.offline(p.terminal, day) {
		p.shuffle = true
		return nil
	}
	return p.flush(ctx, enc)
}

// cast takes note of votes that have been cast.
func (p *player) cast(units []unit) {
	if len(units) == 0 {
		return
	}
	last := units[len(units)-1].votes
	p.next = last[len(last)-1].seq + 1
	p.last = last[0].at
	p.sim.cast(p.terminal, units)
}

// flush sends until nothing is left.
func (p *player) flush(ctx context.Context, enc *encoder) error {
	for attempt := 0; len(p.queue) > 0; {
		if p.shuffle && attempt == 0 {
			p.rng.Shuffle(len(p.queue), func(i, j int) { p.queue[i], p.queue[j] = p.queue[j], p.queue[i] })
		}
		n := p.take() // Drawn anew for each attempt: another composition.
		batch := p.queue[:n:n]
		if err := p.send(ctx, enc, batch); err != nil {
			if err := p.sim.weather.await(ctx, attempt, err); err != nil {
				return err
			}
			attempt++
			continue
		}
		p.sim.weather.success()
		attempt = 0
		p.queue = p.queue[n:]
		if err := p.answered(ctx, enc, batch); err != nil {
			return err
		}
	}
	p.queue, p.shuffle = nil, false
	return nil
}

// take returns how many units the next batch has: few at most times, many from
// a backlog.
func (p *player) take() int {
	votes := 1 + p.rng.IntN(8)
	switch {
	case p.shuffle:
		votes = 200 + p.rng.IntN(votesMax-200+1)
	case p.rng.Float64() < 0.6:
		votes = 10 + p.rng.IntN(91)
	}
	n := 0
	for i := range p.queue {
		u := &p.queue[i]
		if votes -= len(u.votes); n > 0 && (votes < 0 || u.frozen() != p.queue[0].frozen()) {
			break
		}
		n++
	}
	return n
}

// send makes one attempt. Whatever its outcome, the votes may be on the log.
func (p *player) send(ctx context.Context, enc *encoder, batch []unit) error {
	again := 0
	for i := range batch {
		if batch[i].sent++; batch[i].sent == 2 {
			again += len(batch[i].votes)
		}
		p.highest = max(p.highest, batch[i].votes[len(batch[i].votes)-1].seq)
	}
	p.sim.sent(again)
	return p.post(ctx, enc, batch)
}

// post sends units and checks the answer.
func (p *player) post(ctx context.Context, enc *encoder, units []unit) error {
	p.sim.counters.requests.Add(1)
	body, err := enc.encode(p.terminal, p.stream, units, schema.InstantOf(p.sim.cfg.Now()))
	if err != nil {
		return err
	}
	a, err := p.sim.client.postVotes(ctx, p.token, &p.wire, body)
	if err != nil {
		return err
	}
	want := p.expect(units)
	got := expected{a.Accepted, len(a.Rejected), len(a.Warnings)}
	if got != want {
		p.sim.differences.addf("answer to %v: seq %d and %d more: want %+v, got %+v",
			p.enrol.Terminal, units[0].votes[0].seq, want.Accepted+want.Rejected-1, want, got)
	}
	p.sim.answered(want.Accepted + want.Rejected)
	return nil
}

// answered is what a terminal may do after a 202: nothing, mostly.
func (p *player) answered(ctx context.Context, enc *encoder, batch []unit) error {
	conflict, old := p.rng.Float64() < conflictShare, p.rng.Float64() < oldShare
	lost := p.rng.Float64() < p.sim.cfg.ResendShare
	if conflict {
		if err := p.contradict(ctx, enc, batch); err != nil {
			return err
		}
	}
	if old && len(p.old) > 0 {
		if err := p.repeat(ctx, enc); err != nil {
			return err
		}
	}
	if lost { // The answer never reached the terminal.
		batch = slices.Clone(batch)
		if p.rng.Float64() < mixShare {
			p.rng.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
		}
		p.queue = append(batch, p.queue...)
		return nil
	}
	if len(p.old) < oldKept && !batch[0].frozen() {
		p.old = append(p.old, batch[0])
	}
	return nil
}

// contradict sends other content under one to three seqs that are decided, in a
// request of its own. Each is one conflict for every time it reaches the log:
// once if the first attempt is answered, else at least once.
func (p *player) contradict(ctx context.Context, enc *encoder, batch []unit) error {
	var contrary []vote
	for i := range batch {
		v := batch[i].votes[0]
		if len(contrary) < 3 && v.clock != clockFrozen && v.seq+conflictReach > p.highest {
			v.closes = v.value != schema.Voided && p.rng.Float64() < 0.2
			v.value, v.reason = p.other(v.value, v.closes), schema.ReasonNone
			contrary = append(contrary, v)
		}
	}
	if len(contrary) == 0 {
		return nil
	}
	attempts := 0
	err := p.insist(ctx, enc, []unit{{votes: contrary}}, func() { attempts++ })
	if err != nil {
		p.sim.counters.conflicted(0, attempts*len(contrary))
		return err
	}
	p.sim.counters.conflicted(len(contrary), attempts*len(contrary))
	return nil
}

// other returns a value that differs from v.
func (p *player) other(v schema.Value, closes bool) schema.Value {
	if closes {
		return schema.Voided
	}
	return v%p.enrol.Scale.Max() + 1
}

// repeat sends votes that were answered long ago: they are missing from a
// watermark that the terminal misread.
func (p *player) repeat(ctx context.Context, enc *encoder) error {
	again := 0
	for i := range p.old {
		if p.old[i].sent++; p.old[i].sent == 2 {
			again += len(p.old[i].votes)
		}
	}
	p.sim.sent(again)
	units := p.old
	p.old = nil
	return p.insist(ctx, enc, units, func() {})
}

// insist posts units, the same each time, until they are answered.
func (p *player) insist(ctx context.Context, enc *encoder, units []unit, attempt func()) error {
	return p.sim.weather.insist(ctx, func() error {
		attempt()
		return p.post(ctx, enc, units)
	})
}

// checkWatermark tells whether the terminal may forget all it ever cast. The
// watermark lags the ledger by 5 s at most.
func (p *player) checkWatermark(ctx context.Context) error {
	want := public.Watermark{Stream: p.stream, Highest: p.next - 1, Missing: [][2]schema.Seq{}}
	var got public.Watermark
	err := p.sim.poll(ctx, watermarkLag, func() (done bool, err error) {
		got, err = p.sim.client.watermark(ctx, p.token, p.stream)
		return err == nil && got.Highest == want.Highest && len(got.Missing) == 0, err
	})
	if errors.Is(err, errPollTimeout) {
		p.sim.differences.addf("watermark of %v: want highest %d, missing nothing, got highest %d, missing %v",
			p.enrol.Terminal, want.Highest, got.Highest, got.Missing)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read watermark of %v: %w", p.enrol.Terminal, err)
	}
	return nil
}
