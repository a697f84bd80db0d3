package sim

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate"
	"mlf/aggregate/fold"
	"mlf/ingest/broker"
	"mlf/schema"
)

// A process is one that can be killed, frozen and stopped.
type process struct {
	id     int
	name   string
	dead   bool // Killed; guarded by world.mu.
	cancel context.CancelFunc
	ended  chan struct{}

	// The scheduler's.
	stopping    bool
	frozenUntil time.Time
	corrupt     [partitions]int // Damaged answers in a row.

	// Of one that counts.
	counter *aggregate.Aggregator
	held    chan []schema.Partition
	rowsMax int  // How many rows may wait for the store; 0: as many as there are.
	old     bool // Of a version that knows no rules but those of when it started.

	// Of one that takes votes in.
	producer *broker.Producer
}

func (p *process) String() string { return fmt.Sprintf("%s%d", p.name, p.id) }

// phase tells what p is doing, for the names of the points where it is killed.
func (p *process) phase(c *call) string {
	switch {
	case p.stopping:
		return phaseIsStopped
	case c.part >= 0 && p.counter != nil && p.recovering(c.part):
		return phaseRecovers
	}
	return ""
}

func (p *process) recovering(part int) bool {
	return slices.ContainsFunc(p.counter.States(), func(s schema.PartitionState) bool {
		return int(s.Partition) == part && s.State == schema.StateRecovering
	})
}

func (p *process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (w *world) newProcess(ctx context.Context, name string) (*process, context.Context) {
	p := &process{id: len(w.processes), name: name, ended: make(chan struct{})}
	ctx, p.cancel = context.WithCancel(ctx)
	w.processes = append(w.processes, p)
	return p, ctx
}

// startCounter starts a process that counts the partitions held.
func (w *world) startCounter(ctx context.Context, held []schema.Partition) *process {
	p, ctx := w.newProcess(ctx, "aggregate")
	w.note("%s starts with %v", p, held)
	p.held = make(chan []schema.Partition, 1)
	if !w.calm && w.dice.IntN(2) == 0 {
		p.rowsMax = 1 + w.dice.IntN(20)
	}
	rules := fold.RulesMax
	if now := max(w.log.rules(0), w.log.rules(1)); !w.calm && w.dice.IntN(4) == 0 && now < rules {
		p.old, rules = true, now
	}
	counter, err := aggregate.New(
		aggregate.Parts{Log: &reader{w: w, who: p}, Store: writer{w, p}, Assigner: &assigner{w, p, held}, Teller: w.newTeller(p)},
		aggregate.Telemetry{Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)},
		aggregate.Config{
			FlushEvery:       flushEvery,
			TellEvery:        tellEvery,
			FlushEveryMax:    4 * flushEvery,
			InsertRowsMax:    1 + w.dice.IntN(30),
			DirtyRowsMax:     p.rowsMax,
			CheckpointEvery:  checkpointEvery,
			TailEvery:        tailEvery,
			StepBack:         stepBack,
			StartedTolerance: tolerance,
			AboveMax:         aboveMax,
			StuckAfter:       stuckAfter,
			DrainMax:         drainMax,
			RulesMax:         rules,
		})
	if err != nil {
		panic(fmt.Sprintf("BUG: %v", err)) // The same Config always, but for what is diced.
	}
	p.counter = counter
	go func() {
		defer close(p.ended)
		_ = p.counter.Run(ctx) // The assigner never gives up.
	}()
	synctest.Wait()
	return p
}

// startIngest starts a process that takes votes in.
func (w *world) startIngest(ctx context.Context) {
	p, ctx := w.newProcess(ctx, "ingest")
	w.note("%s starts", p)
	p.producer = broker.NewProducerOver(broker.SenderParts{
		Sender:     sender{w, p},
		Config:     broker.Config{DrainMax: drainMax},
		Logger:     slog.New(slog.DiscardHandler),
		Registerer: prometheus.NewRegistry(),
		Backoff:    func(failures int) time.Duration { return 20 * time.Millisecond << min(failures, 4) },
	}, partitions)
	go func() {
		defer close(p.ended)
		_ = p.producer.Run(ctx) // Fails only when it is called twice.
	}()
	synctest.Wait()
}

// kill is SIGKILL: nothing that p does from now on reaches anybody, but what it has
// sent may be under way.
func (w *world) kill(p *process) {
	lost := w.callsOf(p)
	w.cube.keepDisk(p)
	w.mu.Lock()
	p.dead = true
	w.pending = slices.DeleteFunc(w.pending, func(c *call) bool { return c.who == p })
	w.mu.Unlock()
	for _, c := range lost {
		if !c.held && c.nature != natureRead && w.dice.IntN(2) == 0 {
			w.ghosts = append(w.ghosts, ghost{what: fmt.Sprintf("%s %s %d", p, c.kind, c.part), effect: c.effect, run: w.runOf(c)})
		}
		c.heard <- errKilled
	}
	p.cancel()
	synctest.Wait()
}

// stop is SIGTERM.
func (w *world) stop(p *process) {
	p.stopping = true
	p.cancel()
	synctest.Wait()
}

// alive returns the processes of a name that were neither killed nor stopped.
func (w *world) alive(name string) []*process {
	w.mu.Lock()
	defer w.mu.Unlock()
	var alive []*process
	for _, p := range w.processes {
		if p.name == name && !p.dead && !p.stopping {
			alive = append(alive, p)
		}
	}
	return alive
}

// An assigner gives a process the partitions that the scheduler says.
type assigner struct {
	w     *world
	who   *process
	first []schema.Partition
}

// Assign holds what it was given until that changes.
func (a *assigner) Assign(ctx context.Context, hold func(context.Context, []schema.Partition) error) error {
	held := a.first
	for ctx.Err() == nil {
		holding, end := context.WithCancel(ctx)
		done := make(chan error, 1)
		given := held // It changes below.
		go func() { done <- hold(holding, given) }()
		select {
		case <-ctx.Done():
		case held = <-a.who.held:
		}
		end()
		if err := <-done; err != nil {
			return err
		}
	}
	return nil
}

// Commit waits for the scheduler. Whoever comes last moves the position, back if
// need be: Kafka does not mind.
func (a *assigner) Commit(ctx context.Context, next map[schema.Partition]schema.Offset) error {
	return a.w.do(ctx, call{who: a.who, kind: kindCommit, part: -1, nature: natureAtomic, effect: func(func() bool) error {
		for p, o := range next {
			a.w.log.committed[p] = o
		}
		return nil
	}})
}
