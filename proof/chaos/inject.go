package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/proof/kafka"
	"mlf/schema"
)

const (
	// cutEvery is how often the connections of a line are cut while it is bad.
	cutEvery = 700 * time.Millisecond

	// slowMost is the longest that a slow line keeps a piece of data.
	slowMost = 400 * time.Millisecond

	// breathMax is how long a lane waits, before its next fault, for the service
	// to recover from its last. It is not told to recover from everything at once.
	breathMax = 10 * time.Second

	// takeoverMin is above the session time of the workers' group, 6 s: sooner
	// nobody notices that one of them stands still.
	takeoverMin = 8 * time.Second

	// takeoverMax bounds the wait for a successor: other faults may be in its way.
	takeoverMax = 40 * time.Second
)

// An injector does to a service what a plan says.
type injector struct {
	service *service
	watch   *watch
	log     *slog.Logger

	mu        sync.Mutex
	done      map[Kind]int
	last      time.Time // When the last fault ended.
	takenOver int       // Zombies whose successor had caught up before they were thawed.
}

// run does the faults of a lane until end.
func (j *injector) run(ctx context.Context, l *Lane, end time.Time) error {
	for {
		f := l.Next()
		if time.Until(end) < f.Gap || pause(ctx, f.Gap) != nil {
			return ctx.Err()
		}
		f.Length = min(f.Length, time.Until(end))
		j.log.Info("fault", slog.String("kind", string(f.Kind)), slog.Duration("length", f.Length))
		err := j.do(ctx, f)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errNotRunning) || errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH):
			continue // It has just ended for another reason.
		case err != nil:
			return fmt.Errorf("%s: %w", f.Kind, err)
		}
		recovered := j.ended(f)
		breath, cancel := context.WithTimeout(ctx, breathMax)
		select {
		case <-breath.Done():
		case <-recovered:
		}
		cancel()
	}
}

// ended takes note of the end of f, and returns what is closed once the service
// has recovered.
func (j *injector) ended(f Fault) <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done[f.Kind]++
	j.last = time.Now()
	return j.watch.ended(f.Kind, j.hit(f))
}

// state returns what was done so far.
func (j *injector) state() (done map[Kind]int, last time.Time, takenOver int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.done), j.last, j.takenOver
}

// do breaks something, and returns when it is whole again.
func (j *injector) do(ctx context.Context, f Fault) error {
	s := j.service
	switch f.Kind {
	case KillIngest:
		return one(s.ingest, f).Kill()
	case PauseIngest:
		return freeze(ctx, one(s.ingest, f), f.Length)
	case KillAggregate:
		return one(s.aggregate, f).Kill()
	case PauseAgg:
		return freeze(ctx, one(s.aggregate, f), f.Length)
	case ZombieAgg:
		return j.zombie(ctx, one(s.aggregate, f))
	case KillQuery:
		return s.query.Kill()
	case PauseQuery:
		return freeze(ctx, s.query, f.Length)
	case KillBroker, PauseBroker, KillBrokers:
		return j.breakBrokers(ctx, f)
	case LoseClaims:
		return j.loseClaims(ctx)
	case KillStore:
		return syscall.Kill(s.store.Pid(), syscall.SIGKILL)
	case PauseStore:
		return freeze(ctx, engine(s.store.Pid()), f.Length)
	default:
		lines, normal := j.lines(f.Kind)
		return disturb(ctx, lines, normal, f)
	}
}

// hit returns the processes of ours that f is about.
func (j *injector) hit(f Fault) []*Process {
	s := j.service
	switch f.Kind {
	case KillIngest, PauseIngest:
		return []*Process{one(s.ingest, f)}
	case KillAggregate, PauseAgg, ZombieAgg:
		return []*Process{one(s.aggregate, f)}
	case KillQuery, PauseQuery:
		return []*Process{s.query}
	default:
		return nil
	}
}

func one(all []*Process, f Fault) *Process { return all[f.Target%uint64(len(all))] }

// A freezer is what can stand still and go on.
type freezer interface {
	Pause() error
	Resume() error
}

// An engine is the ClickHouse of a process id.
type engine int

// Pause stops it.
func (e engine) Pause() error { return syscall.Kill(int(e), syscall.SIGSTOP) }

// Resume lets it go on.
func (e engine) Resume() error { return syscall.Kill(int(e), syscall.SIGCONT) }

// freeze lets p stand still for a while.
func freeze(ctx context.Context, p freezer, length time.Duration) error {
	if err := p.Pause(); err != nil {
		return err
	}
	_ = pause(ctx, length) // Whatever ended it, p has to go on.
	return p.Resume()
}

// zombie freezes a worker until all that is on the log is counted without it,
// which takes a successor, and lets it go on with what it has in its hands.
func (j *injector) zombie(ctx context.Context, p *Process) error {
	if err := p.Pause(); err != nil {
		return err
	}
	if pause(ctx, takeoverMin) == nil {
		limit, cancel := context.WithTimeout(ctx, takeoverMax-takeoverMin)
		defer cancel()
		select {
		case <-limit.Done():
		case <-j.watch.counted():
			j.mu.Lock()
			j.takenOver++
			j.mu.Unlock()
		}
	}
	return p.Resume()
}

// forgetMax bounds how long brokers may take to forget: they may be killed, or none
// may lead.
const forgetMax = 10 * time.Second

// loseClaims takes away what workers have told. Nobody may miss a vote for it: what
// followers have not read is a gap to them.
func (j *injector) loseClaims(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, forgetMax)
	defer cancel()
	if err := kafka.Forget(limited, j.service.kafka.Addrs(), schema.CountsTopic); err != nil {
		return errors.Join(errNotRunning, err) // Other faults are in the way.
	}
	return nil
}

// breakBrokers kills or pauses brokers and brings them back.
func (j *injector) breakBrokers(ctx context.Context, f Fault) error {
	cluster, i := j.service.kafka, int(f.Target%brokers)
	if f.Kind == PauseBroker {
		if err := cluster.Pause(i); err != nil {
			return err
		}
		_ = pause(ctx, f.Length) // Whatever ended it, the broker has to go on.
		return cluster.Resume(i)
	}
	killed := []int{i}
	if f.Kind == KillBrokers {
		killed = []int{0, 1, 2}
	}
	for _, i := range killed {
		if err := cluster.Kill(i); err != nil {
			return err
		}
	}
	if err := pause(ctx, f.Length); err != nil {
		return err
	}
	var group errgroup.Group
	for _, i := range killed {
		group.Go(func() error { return restart(ctx, cluster, i) })
	}
	return group.Wait()
}

// restartTries is how often a broker is started before the run is given up: on a
// busy machine Kafka ends when its controller does not answer within a minute, and
// a supervisor starts it again.
const restartTries = 5

func restart(ctx context.Context, cluster *kafka.Cluster, i int) (err error) {
	for range restartTries {
		if err = cluster.Restart(ctx, i); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// lines returns the proxies that f is about, and their conditions at other times.
func (j *injector) lines(k Kind) ([]*Proxy, Conditions) {
	switch k {
	case CutHTTP, SlowHTTP, SilentHTTP:
		return j.service.httpLines(), Conditions{Lost: j.service.cfg.Lost}
	case CutKafka, SlowKafka, SilentKafka, LossyKafka:
		return j.service.kafkaLines, Conditions{}
	default:
		return []*Proxy{j.service.storeLine}, Conditions{}
	}
}

// disturb makes lines bad for a while.
func disturb(ctx context.Context, lines []*Proxy, normal Conditions, f Fault) error {
	bad := normal
	switch f.Kind {
	case SlowHTTP, SlowKafka, SlowStore:
		bad.Delay = slowMost
	case SilentHTTP, SilentKafka, SilentStore:
		bad.Silent = true
	case LossyKafka, LossyStore:
		bad.Lost = lossy
	default: // Cut, below.
	}
	for _, p := range lines {
		p.Set(bad)
	}
	defer func() {
		for _, p := range lines {
			p.Set(normal)
		}
	}()
	if f.Kind != CutHTTP && f.Kind != CutKafka && f.Kind != CutStore {
		return pause(ctx, f.Length)
	}
	for end := time.Now().Add(f.Length); time.Now().Before(end); {
		for _, p := range lines {
			p.Cut()
		}
		if err := pause(ctx, min(cutEvery, time.Until(end))); err != nil {
			return err
		}
	}
	return nil
}
