package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"mlf/proof/sim/sources"
	"mlf/schema"
)

var (
	// errWorld is what doubles answer when the world is at fault.
	errWorld = errors.New("the world is at fault")

	// errKilled is what the calls of a killed process are answered. Nobody hears it.
	errKilled = errors.New("the process was killed")
)

// A fate is what becomes of a call.
type fate int

const (
	fateDone       fate = iota // It happens, and is answered.
	fateRefused                // Nothing happens.
	fateUnanswered             // It happens, and nobody hears of it.
	fatePartly                 // Some of its rows happen.
	fateLate                   // It fails, and happens later.
	fateTwice                  // It happens twice.
	fateHeld                   // It happens now; the answer comes when much else has happened.
	fateKillBefore             // The process is killed.
	fateKillAfter              // It happens, then the process is killed.
	fateKillPartly             // Some of its rows happen, then the process is killed.
	fates
)

func (f fate) String() string {
	return [fates]string{
		"done", "refused", "unanswered", "partly", "late", "twice", "held",
		"killed before", "killed after", "killed amid",
	}[f]
}

// A nature is what may become of a kind of call.
type nature int

const (
	natureRead   nature = iota // Nothing changes.
	natureAtomic               // All of it happens, or nothing: an append.
	natureRows                 // Rows, each of which may be there or not: a write.
)

// A call is a process's call of a double, waiting for the scheduler.
type call struct {
	who    *process
	kind   string
	part   int // Partition; -1 for none.
	nature nature
	ctx    context.Context

	// effect does it. It asks keep for each row whether that one happens. Its error
	// is the answer where the world has no other.
	effect func(keep func() bool) error

	// idle tells that there is nothing to answer yet; nil for never.
	idle func() bool

	since   time.Time
	holdMax time.Duration // Where it is more than the weather's.
	held    bool          // It has happened: answer is what it will hear.
	until   time.Time
	answer  error
	heard   chan error
}

// A ghost is the effect of a call that was given up and happens all the same.
type ghost struct {
	what   string
	effect func(keep func() bool) error
	run    int // Of the store, whose restart ends it; 0: nothing does.
}

// A world is one schedule.
type world struct {
	seed    uint64
	dice    *rand.Rand
	weather weather
	calm    bool // Nothing goes wrong any more.

	log       *log
	store     *database
	feed      *feed
	cube      *answers                                                    // nil: nobody answers questions.
	start     func(ctx context.Context, held []schema.Partition) *process // Starts one that counts.
	terminals []*terminal
	requests  map[string]*request // By the record they are on the log as.
	sources   []*sources.Source
	events    map[string]sources.Said        // Likewise.
	answers   map[*sources.Said]*atomic.Bool // Whether who said it last was told that it was taken.
	processes []*process                     // All that ever were.
	ghosts    []ghost
	hits      map[string]int // How often what went wrong: see Faults.
	ground    *Ground        // nil: the log begins at its genesis.

	steps int
	began time.Time
	sum   hash.Hash64
	trace io.Writer // nil: nobody looks.
	line  []byte

	mu      sync.Mutex // Guards what follows, and process.dead.
	pending []*call
}

func newWorld(seed uint64, trace io.Writer) *world {
	w := &world{
		seed:      seed,
		dice:      rand.New(rand.NewPCG(seed, 0)),
		terminals: newTerminals(),
		requests:  make(map[string]*request),
		sources:   sources.New(),
		events:    make(map[string]sources.Said),
		answers:   make(map[*sources.Said]*atomic.Bool),
		hits:      make(map[string]int),
		began:     time.Now(),
		sum:       fnv.New64a(),
		trace:     trace,
	}
	w.weather = newWeather(w.dice)
	return w
}

// do is how a double acts: it waits for the scheduler.
func (w *world) do(ctx context.Context, c call) error {
	c.ctx, c.since, c.heard = ctx, time.Now(), make(chan error, 1)
	w.mu.Lock()
	if c.who.dead {
		w.mu.Unlock()
		return errKilled
	}
	w.pending = append(w.pending, &c)
	w.mu.Unlock()
	return <-c.heard
}

// note writes a line of the trace.
func (w *world) note(format string, args ...any) {
	w.line = fmt.Appendf(w.line[:0], "%5d %12v ", w.steps, time.Since(w.began))
	w.line = fmt.Appendf(w.line, format, args...)
	w.line = append(w.line, '\n')
	_, _ = w.sum.Write(w.line) // Never fails.
	if w.trace != nil {
		_, _ = w.trace.Write(w.line) // For people; the checks do not read it.
	}
}

// chance is true in p of 1,000 cases.
func (w *world) chance(p int) bool { return w.dice.IntN(1000) < p }

// span returns a random time from 1 ns to d. The nanoseconds keep things apart that
// would otherwise happen at the same instant, in an order that is not the dice's.
func (w *world) span(d time.Duration) time.Duration {
	return time.Duration(1 + w.dice.Int64N(int64(d)))
}

// pass lets time go by, and everybody do what they do at their times.
func (w *world) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// ready returns the calls that may happen next, in an order that says nothing
// about when they came.
func (w *world) ready() []*call {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	var calls []*call
	for _, c := range w.pending {
		switch {
		case c.who.frozenUntil.After(now):
		case c.held && c.until.After(now) && c.ctx.Err() == nil:
		case c.idle != nil && !c.held && c.ctx.Err() == nil && now.Sub(c.since) < fetchWait && c.idle():
		default:
			calls = append(calls, c)
		}
	}
	sortCalls(calls)
	return calls
}

// sortCalls puts calls into an order that says nothing about when they came.
func sortCalls(calls []*call) {
	slices.SortFunc(calls, func(a, b *call) int {
		order := cmp.Or(cmp.Compare(a.who.id, b.who.id), cmp.Compare(a.part, b.part), cmp.Compare(a.kind, b.kind))
		if order == 0 && a != b {
			panic(fmt.Sprintf("BUG: two calls of %s by %s on partition %d at a time", a.kind, a.who, a.part))
		}
		return order
	})
}

// turn lets one call happen, if any can.
func (w *world) turn() bool {
	calls := w.ready()
	if len(calls) == 0 {
		return false
	}
	w.steps++
	c := calls[w.dice.IntN(len(calls))]
	if c.held {
		w.note("%s %s %d: hears", c.who, c.kind, c.part)
		w.hear(c, c.answer)
		return true
	}
	f := w.fate(c)
	w.note("%s %s %d: %v", c.who, c.kind, c.part, f)
	w.happen(c, f)
	return true
}

// fate decides what becomes of c.
func (w *world) fate(c *call) fate {
	if c.ctx.Err() != nil { // Its caller has given up, and what it sent is under way.
		return w.one([]fate{fateRefused, fateUnanswered, fateLate})
	}
	if c.kind != kindProduce && c.store() && w.store.down() {
		return fateRefused
	}
	if w.calm {
		return fateDone
	}
	x := &w.weather
	if c.kind == kindStarted && w.chance(x.stale) {
		c.holdMax = 3 * stepBack
		return fateHeld
	}
	fail, kill := x.fail, x.kill
	if x.aim.kind == c.kind && x.aim.phase == c.who.phase(c) {
		fail, kill = max(fail, aimedFail), max(kill, aimedKill)
	}
	switch n := w.dice.IntN(1000); {
	case n < fail:
		return w.one(c.nature.failures())
	case n < fail+x.hold:
		return fateHeld
	case n < fail+x.hold+kill:
		return w.one(c.nature.kills())
	}
	return fateDone
}

func (w *world) one(of []fate) fate { return of[w.dice.IntN(len(of))] }

// happen does to c what was decided.
func (w *world) happen(c *call, f fate) {
	all := func() bool { return true }
	some := func() bool { return w.dice.IntN(2) == 0 }
	failed := func() error { return cmp.Or(context.Cause(c.ctx), errWorld) }
	if f != fateDone && c.ctx.Err() == nil {
		phase := ""
		if f >= fateKillBefore {
			phase = c.who.phase(c)
		}
		w.hits[phase+c.kind+": "+f.String()]++
	}
	switch f {
	case fateDone:
		w.hear(c, c.effect(all))
	case fateRefused:
		w.hear(c, failed())
	case fateUnanswered:
		_ = c.effect(all) // Nobody hears of it.
		w.hear(c, failed())
	case fatePartly:
		_ = c.effect(some) // Nobody hears of it.
		w.hear(c, failed())
	case fateLate:
		if c.nature != natureRead {
			w.ghosts = append(w.ghosts, ghost{what: fmt.Sprintf("%s %s %d", c.who, c.kind, c.part), effect: c.effect, run: w.runOf(c)})
		}
		w.hear(c, failed())
	case fateTwice:
		_ = c.effect(all) // The same as the second.
		w.hear(c, c.effect(all))
	case fateHeld:
		c.answer, c.held = c.effect(all), true
		c.until = time.Now().Add(w.span(max(c.holdMax, w.weather.holdMax)))
	case fateKillBefore, fateKillAfter, fateKillPartly:
		switch f {
		case fateKillAfter:
			_ = c.effect(all) // Nobody hears of it.
		case fateKillPartly:
			_ = c.effect(some) // Nobody hears of it.
		default:
		}
		w.kill(c.who)
	case fates:
	}
}

// callsOf returns the calls of p that wait.
func (w *world) callsOf(p *process) []*call {
	w.mu.Lock()
	defer w.mu.Unlock()
	var calls []*call
	for _, c := range w.pending {
		if c.who == p {
			calls = append(calls, c)
		}
	}
	sortCalls(calls)
	return calls
}

// happenUnheard lets some of what p has sent happen, and its answers wait.
func (w *world) happenUnheard(p *process) {
	for _, c := range w.callsOf(p) {
		if c.held || c.ctx.Err() != nil || c.store() && w.store.down() || w.dice.IntN(2) == 0 {
			continue
		}
		w.note("%s %s %d: held", c.who, c.kind, c.part)
		w.happen(c, fateHeld)
	}
}

func (c *call) store() bool {
	switch c.kind {
	case kindFetch, kindBounds, kindCommit, kindTell, kindQuerySince, kindQueryFetch:
		return false
	}
	return true
}

// runOf returns the run of the store that c belongs to; 0 for none.
func (w *world) runOf(c *call) int {
	if c.kind == kindProduce || c.kind == kindTell {
		return 0
	}
	return w.store.run
}

// hear answers c, and lets its caller go on as far as it can.
func (w *world) hear(c *call, err error) {
	w.mu.Lock()
	w.pending = slices.DeleteFunc(w.pending, func(p *call) bool { return p == c })
	w.mu.Unlock()
	c.heard <- err
	synctest.Wait()
}

// haunt lets one ghost happen.
func (w *world) haunt() {
	if len(w.ghosts) == 0 {
		return
	}
	i := w.dice.IntN(len(w.ghosts))
	g := w.ghosts[i]
	w.ghosts = slices.Delete(w.ghosts, i, i+1)
	if g.run != 0 && (g.run != w.store.run || w.store.down()) {
		return
	}
	w.note("ghost of %s", g.what)
	w.hits[hitGhost]++
	_ = g.effect(func() bool { return w.calm || w.dice.IntN(4) > 0 }) // Nobody hears of it.
}
