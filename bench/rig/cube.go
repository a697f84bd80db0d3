package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"mlf/aggregate/store"
	"mlf/bench/measure"
	"mlf/query/calendar"
	"mlf/query/cube"
	"mlf/schema"
	"mlf/schema/columns"
)

// A held is all counts in the memory of this process, as mlf query holds them.
type held struct {
	state *cube.State // The first.
	now   func() *cube.State
	end   func() error
}

// hold loads the counts: from the snapshot in dir, where there is one, else from the
// store; and follows feed until end. That writes a snapshot.
func (r *countryRig) hold(ctx context.Context, dir string, feed cube.Feed) (*held, error) {
	loading := newBar(r.shown, "loading", "rows", r.kept.Rows)
	defer loading.end()
	return follow(ctx, cube.Config{Feed: feed, Store: func() cube.Store { return watchedStore{r.store, loading} }, RegionOf: r.world.Region, Dir: dir, Log: r.rig.log})
}

// follow starts a follower by Rome's clock, and returns when its counts stand.
func follow(ctx context.Context, cfg cube.Config) (*held, error) {
	var err error
	if cfg.Clock, err = calendar.Rome(); err != nil {
		return nil, err
	}
	follower, err := cube.New(cfg)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- follower.Run(running) }()
	h := &held{now: follower.State, end: func() error { stop(); return <-ended }}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for h.state = follower.State(); h.state == nil; h.state = follower.State() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("load the counts: %w", context.Cause(ctx)), h.end())
		}
	}
	return h, nil
}

// A watchedStore shows how far a load is.
type watchedStore struct {
	*store.Store
	loading *bar
}

// Settled does what the store does.
func (w watchedStore) Settled(ctx context.Context, from, next schema.Hour, cut []schema.Segment, take func(*columns.Rollups) error) error {
	return w.Store.Settled(ctx, from, next, cut, func(c *columns.Rollups) error {
		w.loading.add(c.Len())
		return take(c)
	})
}

// quietFeed is a feed on which nobody tells anything.
type quietFeed struct{}

// feedWait is how long a feed waits for news.
const feedWait = 500 * time.Millisecond

// Since returns the only offset that there is.
func (quietFeed) Since(context.Context, time.Time) (schema.Offset, error) { return 0, nil }

// Fetch waits as long as a feed does.
func (quietFeed) Fetch(ctx context.Context, at schema.Offset) ([]schema.ClaimBatch, schema.Offset, error) {
	select {
	case <-ctx.Done():
		return nil, at, ctx.Err()
	case <-time.After(feedWait):
		return nil, at, nil
	}
}

// load returns a subject that holds the counts and lets them go, and tells what that
// cost; without a snapshot the one that is there is removed.
func (r *countryRig) load(name string, withSnapshot bool) measure.Subject {
	dir := r.cubeDir()
	return measure.Subject{Name: name, Run: func(ctx context.Context) (_ measure.Sample, err error) {
		if !withSnapshot {
			if err := os.RemoveAll(dir); err != nil {
				return nil, err
			}
		}
		debug.FreeOSMemory()
		before, err := selfMemory()
		if err != nil {
			return nil, err
		}
		use, began := r.rig.use(), time.Now()
		h, err := r.hold(ctx, dir, quietFeed{})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, h.end()) }()
		took := time.Since(began)
		engine, self, err := use()
		if err != nil {
			return nil, err
		}
		debug.FreeOSMemory() // What loading left behind: the runtime gives it back by itself, later.
		after, err := selfMemory()
		size := h.state.Size()
		cells := float64(size.Cells)
		return measure.Sample{
			{Metric: "load_seconds", Number: took.Seconds()},
			{Metric: "database_cpu_seconds", Number: engine.Seconds()},
			{Metric: "process_cpu_seconds", Number: self.Seconds()},
			{Metric: "memory_bytes_per_cell", Number: float64(after.Now-before.Now) / cells},
			{Metric: "memory_peak_mib", Number: float64(after.Peak) / (1 << 20)},
			{Metric: "counts_bytes_per_cell", Number: float64(size.Bytes) / cells},
			{Metric: "cells", Number: cells},
		}, err
	}}
}
