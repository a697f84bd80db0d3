package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"mlf/schema"
	"mlf/schema/event"
)

// A Report is what a schedule came to.
type Report struct {
	Steps   int            // Calls that happened.
	Sum     uint64         // Of the trace: two runs of a seed have the same.
	Votes   int            // Cast.
	Hits    map[string]int // What went wrong, and how often: see Faults.
	Virtual time.Duration
}

// Play plays the schedule of a seed, and returns an error when the store is not
// what the votes amount to. It must be called in a bubble of testing/synctest,
// whose clock it uses. The trace, if there is a writer, is for people.
func Play(ctx context.Context, g *Ground, seed uint64, trace io.Writer) (Report, error) {
	w := newWorld(seed, trace)
	if answered(seed) {
		if err := w.openCube(); err != nil {
			return Report{}, err
		}
	}
	report, err := playWith(ctx, g, w, newTracker(byTheBook))
	return report, errors.Join(err, w.cube.remove())
}

// playWith plays w, which somebody follows.
func playWith(ctx context.Context, g *Ground, w *world, who follower) (Report, error) {
	seed := w.seed
	w.feed = newFeed(w, who)
	rules := schema.RulesV1
	switch seed % 16 {
	case 1, 5:
		rules = schema.RulesV2
	case 4, 7, 9, 13:
		rules = schema.RulesV3
	default:
	}
	w.log, w.store = newLog(w, rules), newDatabase(w)
	switch seed % 8 {
	case 2, 6:
		w.hits[hitSegment]++
		g.lay(w)
	case 3, 5:
		w.terminals[0].step, w.terminals[1].step = 3, 1000 // Sparse numberings.
	default:
	}
	w.start = w.startCounter
	w.note("seed %d: %+v", seed, w.weather)
	ctx, cancel := context.WithCancel(ctx)
	err := w.play(ctx, seed%8 == 7)
	w.end(cancel)
	report := Report{Steps: w.steps, Sum: w.sum.Sum64(), Hits: w.hits, Virtual: time.Since(w.began)}
	for _, t := range w.terminals {
		report.Votes += len(t.kept)
	}
	return report, err
}

func (w *world) play(ctx context.Context, rewrite bool) error {
	w.disturb(ctx)
	if err := w.settle(ctx); err != nil {
		return err
	}
	want := w.amount()
	if rewrite {
		if err := w.rewrite(ctx); err != nil {
			return err
		}
		return w.compare(want)
	}
	if err := w.stopAll(); err != nil {
		return err
	}
	return errors.Join(w.compare(want), w.honest(), w.feed.end(), w.cube.end(ctx, &want))
}

// disturb plays the part in which everything goes wrong.
func (w *world) disturb(ctx context.Context) {
	w.startIngest(ctx)
	w.start(ctx, everything())
	w.cube.start(ctx)
	for turn, begun := 0, time.Now(); turn < w.weather.turns && time.Since(begun) < disturbMax; turn++ {
		w.pass(w.span(w.weather.rush))
		w.listen()
		w.feed.turn()
		w.cube.turn(ctx)
		switch {
		case w.chance(w.weather.trouble):
			w.trouble(ctx)
		case w.chance(w.weather.votes):
			w.vote(ctx)
		case !w.turn():
			w.pass(w.span(flushEvery))
			turn--
		}
	}
}

// disturbMax bounds how long things go wrong, in virtual time.
const disturbMax = 15 * time.Minute

func everything() []schema.Partition { return []schema.Partition{0, 1} }

// vote lets a terminal do something.
func (w *world) vote(ctx context.Context) {
	t := w.terminals[w.dice.IntN(len(w.terminals))]
	ingests := w.alive("ingest")
	switch n := w.dice.IntN(100); {
	case len(ingests) == 0:
		w.startIngest(ctx)
	case n < 20:
		w.speak(ctx, ingests[w.dice.IntN(len(ingests))])
	case n < 85:
		if n < 70 {
			w.cast(t)
		}
		w.send(ctx, t, ingests[w.dice.IntN(len(ingests))])
	case n < 90:
		w.look(t)
	default:
		w.haunt()
	}
}

// trouble lets something happen that is not in the day's work.
func (w *world) trouble(ctx context.Context) {
	ingests, counters := w.alive("ingest"), w.alive("aggregate")
	switch n := w.dice.IntN(100); {
	case w.chance(w.weather.cuts), w.chance(w.weather.spite) && w.holding():
		w.cut()
	case w.weather.aim.phase == phaseIsStopped && n < 50:
		w.endOne(append(counters, ingests...))
	case len(counters) == 0 || n < 20 && len(counters) < w.weather.workers:
		w.start(ctx, w.some())
	case n < 33:
		w.endOne(counters)
	case n < 50:
		w.freeze(append(counters, ingests...))
	case n < 60:
		w.reassign(counters)
	case n < 66:
		w.endOne(ingests)
	case n < 70 && len(ingests) < 2:
		w.startIngest(ctx)
	case n < 82:
		w.note("leader changes")
		w.log.changeLeader()
	case n < 85:
		w.note("store restarts")
		w.hits[hitRestart]++
		w.store.restart(false)
	case n < 92:
		w.pass(w.span(2 * stepBack))
	case n < 95:
		w.changeRules()
	default:
		w.foreign()
	}
}

// cut is the end of the store's power.
func (w *world) cut() {
	w.note("power of the store is cut")
	w.hits[hitPower]++
	if w.holding() {
		w.hits[hitCutHeld]++
	}
	w.store.restart(true)
}

// holding tells whether an answer of the store is held back: what it says may be
// old when it is heard.
func (w *world) holding() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.pending, func(c *call) bool { return c.held && c.kind != kindProduce && c.store() })
}

// some returns the partitions that a process is given: mostly all.
func (w *world) some() []schema.Partition {
	switch w.dice.IntN(5) {
	case 0:
		return everything()[:1]
	case 1:
		return everything()[1:]
	}
	return everything()
}

// endOne kills or stops one of some processes.
func (w *world) endOne(of []*process) {
	if len(of) == 0 {
		return
	}
	p := of[w.dice.IntN(len(of))]
	if w.weather.aim.phase != phaseIsStopped && w.dice.IntN(2) == 0 {
		w.note("%s is killed", p)
		w.hits[hitKill]++
		w.kill(p)
		return
	}
	w.note("%s is stopped", p)
	w.hits[hitStop]++
	w.stop(p)
}

// freeze is SIGSTOP, and SIGCONT later: what it has sent happens, and it hears
// nothing of it. With a successor it is a zombie.
func (w *world) freeze(of []*process) {
	if len(of) == 0 {
		return
	}
	p := of[w.dice.IntN(len(of))]
	w.note("%s freezes", p)
	w.hits[hitFreeze]++
	if p.counter != nil && len(w.alive("aggregate")) > 1 {
		w.hits[hitZombie]++
	}
	w.happenUnheard(p)
	p.frozenUntil = time.Now().Add(w.span(2 * stepBack))
}

// reassign gives one process other partitions.
func (w *world) reassign(of []*process) {
	if len(of) == 0 {
		return
	}
	p, held := of[w.dice.IntN(len(of))], w.some()
	select {
	case p.held <- held:
		w.note("%s is given %v", p, held)
		w.hits[hitReassign]++
	default: // It has not taken what it was given before.
	}
	w.pass(1)
}

// changeRules is what mlf schema apply does with a log of older rules: perhaps twice,
// perhaps not to its end, perhaps by a version that is not the newest either.
func (w *world) changeRules() {
	to := schema.RulesV2 + schema.Rules(w.dice.IntN(2))
	for p := range w.log.parts {
		if w.dice.IntN(4) == 0 {
			return
		}
		w.note("rules of partition %d change", p)
		w.hits[hitRules]++
		w.log.change(p, to)
	}
}

// foreign lets somebody else write to the log: what is no batch, or a batch on the
// wrong partition.
func (w *world) foreign() {
	p := w.dice.IntN(partitions)
	part := &w.log.parts[1-p]
	value, hit := []byte("what is this"), hitForeign
	if n := len(part.records); n > 1 && w.dice.IntN(2) == 0 {
		if other := part.records[1+w.dice.IntN(n-1)].value; event.KindOf(other) == event.None || w.log.rules(p) >= schema.RulesV3 {
			value, hit = other, hitMisplaced
		}
	}
	var key []byte
	if w.dice.IntN(3) == 0 && w.log.rules(p) >= schema.RulesV2 { // By rules 1 it would halt, and rightly.
		key, hit = []byte("what is this"), hitKey
	}
	w.note("somebody writes to partition %d", p)
	w.hits[hit]++
	w.log.append(p, key, value)
}

// settleMax bounds how long everything may take to come right, in virtual time: the
// longest that a worker waits by design, several times over.
const settleMax = 10 * (aboveMax + checkpointEvery + drainMax)

// settleBegin ends all faults, and returns a process that counts everything.
func (w *world) settleBegin(ctx context.Context) *process {
	w.calm = true
	w.note("calm")
	w.log.lagUntil = time.Time{}
	for _, p := range w.processes {
		p.frozenUntil = time.Time{}
	}
	w.mu.Lock()
	for _, c := range w.pending {
		c.until = time.Time{}
	}
	w.mu.Unlock()
	if len(w.alive("ingest")) == 0 {
		w.startIngest(ctx)
	}
	return w.start(ctx, everything())
}

// settleTurn lets something happen that is still to happen.
func (w *world) settleTurn(ctx context.Context) {
	w.pass(w.span(time.Millisecond))
	w.listen()
	w.feed.turn()
	w.cube.turn(ctx)
	w.haunt()
	if w.turn() {
		return
	}
	by := w.alive("ingest")[0]
	for _, t := range w.terminals {
		if len(t.open) == 0 {
			w.send(ctx, t, by)
		}
		w.pass(1)
	}
	w.pass(w.span(flushEvery))
}

// settle lets everything come right.
func (w *world) settle(ctx context.Context) error {
	last := w.settleBegin(ctx)
	for begun := time.Now(); time.Since(begun) < settleMax; {
		w.settleTurn(ctx)
		if time.Since(begun) > 3*checkpointEvery && w.drained() && w.counted(last) {
			return nil
		}
	}
	return fmt.Errorf("it does not come right within %v: log ends at %d and %d, counted to %d and %d, states %v",
		settleMax, w.log.parts[0].end(), w.log.parts[1].end(), w.store.Next(0), w.store.Next(1), last.counter.States())
}

// drained tells that nothing is under way to the log or the store.
func (w *world) drained() bool {
	for _, t := range w.terminals {
		if !t.settled() {
			return false
		}
	}
	return len(w.ghosts) == 0 && !w.store.down()
}

// counted tells that last has counted all there is, and made its checkpoints.
func (w *world) counted(last *process) bool {
	for i, s := range last.counter.States() {
		end := w.log.parts[i].end()
		infos := w.store.CheckpointsOf(s.Partition)
		if s.State != schema.StateOK || w.store.Next(s.Partition) != end || len(infos) == 0 || infos[0].Next != end {
			return false
		}
	}
	return true
}

// stopAll stops all processes, and sees that they end.
func (w *world) stopAll() error {
	for _, p := range w.alive("aggregate") {
		w.stop(p)
		w.pass(w.span(time.Millisecond))
	}
	for _, p := range w.alive("ingest") {
		w.stop(p)
	}
	for begun := time.Now(); time.Since(begun) < 2*drainMax; {
		over := true
		for _, p := range w.processes {
			over = over && (p.over() || p.name == "query")
		}
		if over {
			return nil
		}
		if !w.turn() {
			w.pass(w.span(flushEvery))
		}
	}
	return errors.New("processes that were stopped do not end")
}

// end leaves nothing running.
func (w *world) end(cancel context.CancelFunc) {
	for _, p := range w.processes {
		w.kill(p)
	}
	cancel()
	for _, p := range w.processes {
		<-p.ended
	}
}
