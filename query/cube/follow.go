package cube

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/query/question"
	"mlf/schema"
)

// A Follower keeps a State that is as new as what workers tell.
type Follower struct {
	cfg Config
	m   *metrics

	state    atomic.Pointer[State]
	caughtUp atomic.Bool           // What was told before the start is taken, or waited for long enough.
	waiting  atomic.Pointer[error] // Why there is no state.

	mu        sync.Mutex // Of setting state.
	isStopped bool       // What is there is not to be believed: no state until another core.

	strikes int // Imbalances in a row. Of whoever asks the store.
}

// New returns a follower that stands by.
func New(cfg Config) (*Follower, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	f := &Follower{cfg: cfg.withDefaults(), m: newMetrics(cfg.Registry)}
	f.wait(errStarting)
	return f, nil
}

var (
	errStarting   = errors.New("the counts are being loaded")
	errCatchingUp = errors.New("what workers have told before the start is being taken")
)

// State returns the newest state; nil until it stands, and after the counts did not
// balance twice.
func (f *Follower) State() *State { return f.state.Load() }

// View returns the newest state as what is asked; nil where State is.
func (f *Follower) View() question.View {
	if s := f.State(); s != nil {
		return s
	}
	return nil
}

// Ready tells whether answers can be given as new as anybody's. The error says what
// they wait for.
func (f *Follower) Ready() error {
	switch {
	case f.state.Load() == nil:
		return *f.waiting.Load()
	case !f.caughtUp.Load():
		return errCatchingUp
	}
	return nil
}

// wait says what there is no state for.
func (f *Follower) wait(err error) { f.waiting.Store(&err) }

// Run follows until ctx ends, which is no error. Whatever feed and store do, it goes
// on: with what it has, or waiting for what it needs.
func (f *Follower) Run(ctx context.Context) error {
	c := f.restore(ctx)
	if c == nil {
		c = f.loadAnew(ctx, "start")
	}
	for c != nil {
		f.believe()
		l := newLoop(f, c)
		l.run(ctx)
		if ctx.Err() != nil {
			f.keepLast(ctx, c)
			break
		}
		c = l.successor
	}
	return nil
}

// believe lets states be shown again.
func (f *Follower) believe() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.isStopped = false
	f.m.stopped.Set(0)
}

// show makes s the state, unless the counts are not to be believed.
func (f *Follower) show(s *State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isStopped {
		f.state.Store(s)
		f.m.standing.Set(1)
	}
}

// disown takes the state away, until another core is there.
func (f *Follower) disown(why error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wait(why)
	f.isStopped = true
	f.state.Store(nil)
	f.m.standing.Set(0)
}

// loadAnew loads everything, however long it takes; nil when ctx has ended.
func (f *Follower) loadAnew(ctx context.Context, why string) *core {
	f.m.loads.WithLabelValues(why).Inc()
	for pause := f.cfg.RetryEvery; ctx.Err() == nil; pause = min(2*pause, retryMax) {
		began := f.cfg.Now()
		c, err := load(ctx, &f.cfg)
		if err == nil {
			c.taken = began
			f.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "the counts are loaded", slog.Duration("took", f.cfg.Now().Sub(began)), slog.String("reason", why))
			return c
		}
		if ctx.Err() != nil {
			break
		}
		if of := (*imbalance)(nil); errors.As(err, &of) {
			pause = max(pause, f.strike(ctx, of))
		} else {
			f.storeFailed(ctx, err)
		}
		f.wait(fmt.Errorf("load the counts: %w", err))
		pauseFor(ctx, pause)
	}
	return nil
}

const (
	retryMax    = 10 * time.Second
	strikePause = time.Minute // Between two loads after the second imbalance.
)

// strike notes an imbalance. After the second in a row nothing is answered; it
// returns how long to wait for the store to come right.
func (f *Follower) strike(ctx context.Context, of *imbalance) time.Duration {
	f.strikes++
	f.m.imbalances.Inc()
	f.cfg.Log.LogAttrs(ctx, slog.LevelError, "a segment does not balance with the store's ledger",
		slog.Int("partition", int(of.partition)), slog.String("err", of.Error()))
	if f.strikes < 2 {
		return 0
	}
	f.disown(of)
	f.m.stopped.Set(1)
	return strikePause
}

// storeFailed tells of a read of the store that is tried again.
func (f *Follower) storeFailed(ctx context.Context, err error) {
	f.m.storeError.Inc()
	f.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "the store cannot be read for the counts in memory", slog.String("err", err.Error()))
}

// pauseFor waits for d or the end of ctx.
func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// A loop follows with one core, until ctx ends or another core is there. The core is
// the loop's; others ask it to do what they need done.
type loop struct {
	f       *Follower
	core    *core
	since   time.Time // What is told from then on is read.
	batches chan []schema.ClaimBatch
	tasks   chan task
	wake    chan struct{} // Something is missing or foreign: look at the store.

	published time.Time
	successor *core
}

// A task is done by the loop, and then told of.
type task struct {
	do   func()
	done chan struct{}
}

// catchUpMax is how old a core may be, so that what was told since is read from the
// feed. The store has the counts of a day in fewer bytes than the feed.
const catchUpMax = time.Hour

func newLoop(f *Follower, c *core) *loop {
	since := c.taken
	if oldest := f.cfg.Now().Add(-catchUpMax); since.Before(oldest) {
		since = oldest
	}
	return &loop{
		f: f, core: c, since: since.Add(-f.cfg.BackBy),
		batches: make(chan []schema.ClaimBatch), tasks: make(chan task), wake: make(chan struct{}, 1),
	}
}

// errReplaced ends a loop whose core has a successor.
var errReplaced = errors.New("the counts were loaded anew")

func (l *loop) run(ctx context.Context) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.read(ctx) })
	g.Go(func() error { return l.keep(ctx) })
	g.Go(func() error { return l.snapshots(ctx) })
	g.Go(func() error { return l.follow(ctx) })
	_ = g.Wait() // Each ends by ctx, or because the core was replaced.
}

// follow takes what comes, and publishes.
func (l *loop) follow(ctx context.Context) error {
	l.publish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case batches := <-l.batches:
			l.take(batches)
		case t := <-l.tasks:
			t.do()
			close(t.done)
		case <-timer.C:
		}
		if l.successor != nil {
			return errReplaced
		}
		if !l.core.isNews {
			continue
		}
		if wait := l.f.cfg.PublishEvery - l.f.cfg.Now().Sub(l.published); wait > 0 {
			timer.Reset(wait)
		} else {
			l.publish()
		}
	}
}

// take takes all of what was read at once.
func (l *loop) take(batches []schema.ClaimBatch) {
	for i := range batches {
		if !l.core.takeBatch(&batches[i], l.f.cfg.Now()) {
			l.f.m.foreign.Inc()
			l.look()
		}
		for j := range batches[i].Claims {
			l.f.m.rows.Add(float64(len(batches[i].Claims[j].Rollups)))
		}
	}
	if l.core.isWaiting() {
		l.look()
	}
}

// look has the store looked at soon.
func (l *loop) look() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// publish makes what was taken the state.
func (l *loop) publish() {
	began := l.f.cfg.Now()
	s := l.core.state()
	l.published = l.f.cfg.Now()
	l.f.m.published.Observe(l.published.Sub(began).Seconds())
	l.f.show(s)
}

// do has the loop do something, and waits until it is done. What the loop has begun
// it ends, also when ctx has ended: the caller's memory is its own again.
func (l *loop) do(ctx context.Context, what func()) error {
	t := task{what, make(chan struct{})}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case l.tasks <- t:
		<-t.done
		return nil
	}
}
