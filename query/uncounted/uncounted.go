package uncounted

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/schema"
)

// A Log tells where the votes topic begins and ends. Safe for concurrent use.
type Log interface {
	// Bounds returns the bounds of every partition, in order; schema.OffsetUnknown
	// where they are not known. It blocks until ctx ends at the latest.
	Bounds(ctx context.Context) ([]schema.Bounds, error)

	// Appended returns when the record of p at offset at was appended, by the log's
	// clock. schema.ErrOffsetOutOfRange: there is none. It blocks until ctx ends at the
	// latest.
	Appended(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Instant, error)
}

// A Store tells how far it has counted.
type Store interface {
	// Tallies returns the account of every partition, in order. It blocks until ctx
	// ends at the latest.
	Tallies(ctx context.Context) ([]schema.LedgerTotals, error)
}

// A Config says what is looked at, and how often. Log and Store are required.
type Config struct {
	Log      Log
	Store    Store
	Registry prometheus.Registerer // nil: nobody is told.
	Logger   *slog.Logger          // nil: nobody is told.

	// Every is the time between two looks, and the longest that one may take. Default
	// 5 s: what is uncounted for a minute is worth a page.
	Every time.Duration

	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// An Observer looks at log and store again and again. What it has seen last is the
// truth of its metrics while one of them does not answer: the store of a process that
// is frozen has counted what it had, and the log goes on. Ages are of the moment of the
// scrape.
type Observer struct {
	cfg Config

	mu    sync.Mutex // Guards what follows.
	parts []partition
	seen  [sources]time.Time // When each last answered; zero: never.

	failing [sources]bool // Of Run alone.
}

// What is looked at.
const (
	sourceLog = iota
	sourceStore
	sources
)

// A partition is what was last seen of one.
type partition struct {
	bounds  schema.Bounds
	counted schema.Offset  // One past the last record in the store.
	oldest  schema.Instant // Append time of the first record that is not; 0: not known, or none.
	first   schema.Instant // Of the first record on the log; 0: not known, or none.
	firstOf schema.Offset  // Which that was.
}

// New returns an observer that has seen nothing yet.
func New(cfg Config) (*Observer, error) {
	if cfg.Log == nil || cfg.Store == nil || cfg.Every < 0 {
		return nil, errors.New("uncounted: want a log, a store, and no negative time")
	}
	cfg.Every = cmp.Or(cfg.Every, 5*time.Second)
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	o := &Observer{cfg: cfg}
	if cfg.Registry != nil {
		if err := cfg.Registry.Register(newCollector(o)); err != nil {
			return nil, fmt.Errorf("register what is not counted: %w", err)
		}
	}
	return o, nil
}

// Run looks until ctx ends, and returns nil.
func (o *Observer) Run(ctx context.Context) error {
	ticker := time.NewTicker(o.cfg.Every)
	defer ticker.Stop()
	for {
		o.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// look asks the store and then the log, each for half of the time: who does not answer
// holds up the other no longer.
func (o *Observer) look(ctx context.Context) {
	for _, ask := range []struct {
		source int
		of     func(context.Context) error
	}{{sourceStore, o.lookAtStore}, {sourceLog, o.lookAtLog}} {
		limited, cancel := context.WithTimeout(ctx, o.cfg.Every/2)
		err := ask.of(limited)
		cancel()
		if failing := err != nil && ctx.Err() == nil; failing != o.failing[ask.source] {
			o.failing[ask.source] = failing
			o.tell(ask.source, err)
		}
	}
}

// tell logs that a source does not answer, or does again.
func (o *Observer) tell(source int, err error) {
	name := [sources]string{"log", "store"}[source]
	if err == nil {
		o.cfg.Logger.Info("what is not counted is known again", slog.String("part", name))
		return
	}
	o.cfg.Logger.Warn("what is not counted is as it was last seen", slog.String("part", name), slog.Any("err", err))
}

func (o *Observer) lookAtStore(ctx context.Context) error {
	tallies, err := o.cfg.Store.Tallies(ctx)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen[sourceStore] = o.cfg.Now()
	o.grow(len(tallies))
	for p := range tallies {
		o.parts[p].counted = max(o.parts[p].counted, tallies[p].Next) // An old answer says nothing new.
	}
	return nil
}

func (o *Observer) lookAtLog(ctx context.Context) error {
	bounds, err := o.cfg.Log.Bounds(ctx)
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.seen[sourceLog] = o.cfg.Now()
	o.grow(len(bounds))
	for p, b := range bounds {
		if b.Next != schema.OffsetUnknown {
			o.parts[p].bounds = b
		}
	}
	o.mu.Unlock()
	o.lookAtTimes(ctx)
	return nil
}

// grow makes room for n partitions. o.mu is held.
func (o *Observer) grow(n int) {
	for len(o.parts) < n {
		o.parts = append(o.parts, partition{})
	}
}

// lookAtTimes reads when the first record that is not counted was appended, and the
// first on the log where that is another than before.
func (o *Observer) lookAtTimes(ctx context.Context) {
	o.mu.Lock()
	parts := slices.Clone(o.parts)
	o.mu.Unlock()
	var asking sync.WaitGroup
	for i := range parts {
		asking.Go(func() { o.lookAtTimesOf(ctx, schema.Partition(i), &parts[i]) })
	}
	asking.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range parts {
		now := &o.parts[i]
		now.first, now.firstOf, now.oldest = parts[i].first, parts[i].firstOf, parts[i].oldest
	}
}

// lookAtTimesOf leaves what nobody tells as it was: an age that is not known to be
// less goes on growing.
func (o *Observer) lookAtTimesOf(ctx context.Context, p schema.Partition, at *partition) {
	if at.first == 0 || at.firstOf != at.bounds.First {
		if first, ok := o.appended(ctx, p, at.bounds.First, at.bounds.Next); ok {
			at.first, at.firstOf = first, at.bounds.First
		}
	}
	next := max(at.counted, at.bounds.First) // What retention took cannot be asked for its time.
	if oldest, ok := o.appended(ctx, p, next, at.bounds.Next); ok {
		at.oldest = oldest
	}
}

// appended returns 0 where there is no such record, and false where nobody tells.
func (o *Observer) appended(ctx context.Context, p schema.Partition, at, end schema.Offset) (schema.Instant, bool) {
	if at >= end {
		return 0, true
	}
	t, err := o.cfg.Log.Appended(ctx, p, at)
	if err != nil {
		o.cfg.Logger.Debug("time of a record unknown", slog.Int("partition", int(p)), slog.Int64("offset", int64(at)), slog.Any("err", err))
	}
	return t, err == nil
}
