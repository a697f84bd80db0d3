package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/aggregate/store"
	"mlf/bench/backlog"
	"mlf/bench/italy"
	"mlf/bench/measure"
	"mlf/ingest/broker"
	"mlf/query/cube"
	"mlf/schema"
)

const (
	// flushVotes is what a busy country has in a quarter of a second: 50,000 votes a
	// second, most of them a row each.
	flushVotes = 12_500
	flushEvery = 250 * time.Millisecond

	// flushesLeast is how many are told in a turn: the first costs more than others.
	flushesLeast = 8

	// fewVotes is a flush of 2 kB.
	fewVotes = 100
)

// feed measures what it costs to tell counts and to follow them.
func (c *Query) feed(ctx context.Context, r *countryRig, report *measure.Report) (err error) {
	terminals := c.terminals()
	f := &feedBench{countryRig: r, flushes: max(flushesLeast, int(c.Time/flushEvery)), plan: backlog.Plan{
		Rounds: c.Votes / 100 / terminals, PerRecord: 100, Terminals: terminals, Partitions: italy.Partitions, Hours: 1, First: benchFirst,
	}}
	if err := f.open(ctx); err != nil {
		return errors.Join(err, f.close())
	}
	defer func() { err = errors.Join(err, f.close()) }()
	results, err := measure.Interleave(ctx, feedWork, c.Runs, []measure.Subject{
		{Name: feedTaken, Run: f.take},
		{Name: feedSent, Run: func(ctx context.Context) (measure.Sample, error) { return f.send(ctx, flushVotes) }},
		{Name: feedSentFew, Run: func(ctx context.Context) (measure.Sample, error) { return f.send(ctx, fewVotes) }},
		{Name: feedCatchUp, Run: f.catchUp},
		{Name: feedCatchUpSent, Run: f.sendAgain},
	}, func(round int, subject string) {
		fmt.Fprintf(r.shown, "%s: run %d of %d, %s\n", feedWork, round+1, c.Runs, subject)
	})
	report.Results = append(report.Results, ratiosOf(results)...)
	return err
}

// A feedBench is a follower of a country that workers tell of, and a feed that a
// worker has told while it caught up.
type feedBench struct {
	*countryRig
	flushes int
	plan    backlog.Plan // Of the catching up.

	log    *benchLog
	dir    string
	paced  *pacedFeed
	held   *held
	news   *italy.News
	writer *broker.CountsWriter

	backlog *benchLog
	empty   *store.Store // Of the same log as the backlog.
}

func (f *feedBench) open(ctx context.Context) (err error) {
	if f.dir, err = f.snapshots(); err != nil {
		return err
	}
	if f.log, err = f.rig.emptyLog(ctx, countryLog(), nil, prometheus.NewRegistry()); err != nil {
		return err
	}
	f.paced = &pacedFeed{CountsReader: f.log.client.NewCountsReader(), turns: make(chan struct{})}
	if f.held, err = f.hold(ctx, f.dir, f.paced); err != nil {
		return err
	}
	f.news = f.world.Country.NewNews(positions(f.held.state))
	f.writer = f.log.client.NewCountsWriter(countryLog().Log)
	return f.openBacklog(ctx)
}

// positions returns how far counts have come.
func positions(s *cube.State) (at [italy.Partitions]schema.Offset) {
	for p, totals := range s.Ledger() {
		at[p] = totals.Next
	}
	return at
}

// openBacklog has a worker catch up, so that there is what it tells meanwhile.
func (f *feedBench) openBacklog(ctx context.Context) (err error) {
	fmt.Fprintf(f.shown, "count %d votes, for what a worker tells of them\n", f.plan.Votes())
	if f.backlog, err = f.rig.newLog(ctx, f.plan, nil); err != nil {
		return err
	}
	counted, err := f.backlog.newCount(ctx)
	if err != nil {
		return err
	}
	id, err := counted.store.Identity(ctx)
	if err == nil {
		err = counted.start()
	}
	if err == nil {
		err = counted.counted(ctx, f.plan.Votes(), 100*time.Millisecond)
	}
	if err := errors.Join(err, counted.close(ctx)); err != nil {
		return err
	}
	dsn, _ := f.rig.databaseDSN()
	if err := store.Apply(ctx, store.Config{DSN: dsn}, id); err != nil {
		return err
	}
	f.empty, err = store.Open(ctx, store.Config{DSN: dsn}, store.Telemetry{Logger: f.rig.log})
	return err
}

func (f *feedBench) close() error {
	var errs []error
	if f.held != nil {
		errs = append(errs, f.held.end())
	}
	if f.empty != nil {
		errs = append(errs, f.empty.Close())
	}
	for _, l := range []*benchLog{f.log, f.backlog} {
		if l != nil {
			l.close()
		}
	}
	return errors.Join(append(errs, os.RemoveAll(f.dir))...)
}

// take tells flushes, and then lets the follower have them, one every so often.
func (f *feedBench) take(ctx context.Context) (measure.Sample, error) {
	rows := 0
	_, last := f.world.Country.Hours()
	for range f.flushes {
		claims := f.news.Claims(flushVotes, last-2, last)
		for i := range claims {
			rows += len(claims[i].Rollups)
		}
		if err := f.writer.Tell(ctx, claims); err != nil {
			return nil, err
		}
	}
	sample, err := f.costOf(f.flushes, rows, func() error {
		pace := time.NewTicker(flushEvery)
		defer pace.Stop()
		for range f.flushes {
			select {
			case f.paced.turns <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			<-pace.C
		}
		return until(ctx, func() bool { return f.news.Reached(f.held.now().Ledger()) })
	})
	return sample, err
}

// costOf measures what this process spends on flushes.
func (f *feedBench) costOf(flushes, rows int, do func() error) (measure.Sample, error) {
	use, allocated := f.rig.use(), totalAlloc()
	if err := do(); err != nil {
		return nil, err
	}
	_, self, err := use()
	n := float64(flushes)
	return measure.Sample{
		{Metric: "cpu_ms_per_flush", Number: milliseconds(self) / n},
		{Metric: "cpu_ns_per_row", Number: float64(self) / float64(rows)},
		{Metric: "allocated_kib_per_flush", Number: float64(totalAlloc()-allocated) / 1024 / n},
		{Metric: "rows_per_flush", Number: float64(rows) / n},
	}, err
}

func totalAlloc() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// until looks every millisecond whether something has come about.
func until(ctx context.Context, is func() bool) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// send tells flushes of so many votes and reads them back.
func (f *feedBench) send(ctx context.Context, votes int) (measure.Sample, error) {
	_, last := f.world.Country.Hours()
	news := f.world.Country.NewNews([italy.Partitions]schema.Offset{})
	flushes, rows := make([][]schema.Claim, f.flushes), 0
	for i := range flushes {
		flushes[i] = news.Claims(votes, last-2, last)
		for k := range flushes[i] {
			rows += len(flushes[i][k].Rollups)
		}
	}
	cost, err := f.carriage(ctx, flushes)
	n := float64(len(flushes))
	return measure.Sample{
		{Metric: "cpu_ms_per_flush", Number: milliseconds(cost) / n},
		{Metric: "rows_per_flush", Number: float64(rows) / n},
	}, err
}

// sendAgain tells what a worker has told while it caught up, some times over.
func (f *feedBench) sendAgain(ctx context.Context) (measure.Sample, error) {
	reader := f.backlog.client.NewCountsReader()
	at, err := reader.Since(ctx, time.Unix(0, 0))
	if err != nil {
		return nil, err
	}
	var flushes [][]schema.Claim
	for {
		var batches []schema.ClaimBatch
		if batches, at, err = reader.Fetch(ctx, at); err != nil {
			return nil, err
		}
		if len(batches) == 0 {
			break
		}
		for i := range batches {
			flushes = append(flushes, batches[i].Claims)
		}
	}
	times := 1 + flushesLeast/max(1, len(flushes))
	cost, err := f.carriage(ctx, slices.Repeat(flushes, times))
	n := float64(f.backlog.plan.Votes())
	return measure.Sample{
		{Metric: "cpu_ns_per_vote", Number: float64(cost) / n / float64(times)},
		{Metric: "votes_per_flush", Number: n / float64(len(flushes))},
	}, err
}

// carriage tells flushes one after the other and reads each back, on a topic that nobody
// else follows, and returns what producer, broker and consumer spend.
func (f *feedBench) carriage(ctx context.Context, flushes [][]schema.Claim) (time.Duration, error) {
	l, err := f.rig.emptyLog(ctx, countryLog(), nil, prometheus.NewRegistry())
	if err != nil {
		return 0, err
	}
	defer l.close()
	writer, reader := l.client.NewCountsWriter(countryLog().Log), l.client.NewCountsReader()
	at, err := reader.Since(ctx, time.Now())
	if err != nil {
		return 0, err
	}
	use := f.rig.use()
	before, err := measure.CPU(l.broker.Pid())
	if err != nil {
		return 0, err
	}
	for _, claims := range flushes {
		if err := writer.Tell(ctx, claims); err != nil {
			return 0, err
		}
		if _, at, err = reader.Fetch(ctx, at); err != nil {
			return 0, err
		}
	}
	_, self, err := use()
	if err != nil {
		return 0, err
	}
	after, err := measure.CPU(l.broker.Pid())
	return self + after - before, err
}

// catchUp follows what a worker has told while it caught up, from nothing on.
func (f *feedBench) catchUp(ctx context.Context) (_ measure.Sample, err error) {
	feed := &pacedFeed{CountsReader: f.backlog.client.NewCountsReader(), turns: make(chan struct{})}
	h, err := follow(ctx, cube.Config{Feed: feed, Store: func() cube.Store { return f.empty }, RegionOf: f.world.Region, BackBy: time.Hour, Log: f.rig.log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.end()) }()
	use, allocated := f.rig.use(), totalAlloc()
	close(feed.turns)
	want := uint64(f.backlog.plan.Votes())
	err = until(ctx, func() bool {
		var votes uint64
		for _, totals := range h.now().Ledger() {
			votes += totals.Counted
		}
		return votes == want
	})
	if err != nil {
		return nil, err
	}
	_, self, err := use()
	n := float64(want)
	return measure.Sample{
		{Metric: "cpu_ns_per_vote", Number: float64(self) / n},
		{Metric: "allocated_bytes_per_vote", Number: float64(totalAlloc()-allocated) / n},
		{Metric: "rows_per_vote", Number: float64(feed.rows) / n},
	}, err
}

// A pacedFeed hands on what was told record by record, each when it is its turn.
type pacedFeed struct {
	*broker.CountsReader
	turns chan struct{}
	read  []schema.ClaimBatch
	next  schema.Offset // After read.
	rows  int           // Handed on; to be read when the follower has it.
}

// Fetch returns one record at a time.
func (f *pacedFeed) Fetch(ctx context.Context, at schema.Offset) (batches []schema.ClaimBatch, next schema.Offset, err error) {
	select {
	case <-ctx.Done():
		return nil, at, ctx.Err()
	case <-time.After(feedWait):
		return nil, at, nil
	case <-f.turns:
	}
	if len(f.read) == 0 {
		if f.read, f.next, err = f.CountsReader.Fetch(ctx, at); err != nil || len(f.read) == 0 {
			return nil, f.next, err
		}
	}
	one := f.read[:1]
	if f.read = f.read[1:]; len(f.read) == 0 {
		at = f.next
	}
	for i := range one[0].Claims {
		f.rows += len(one[0].Claims[i].Rollups)
	}
	return one, at, nil
}

// Names in reports.
const (
	feedWork        = "cost of the feed"
	feedTaken       = "follower, a flush of 12,500 votes"
	feedSent        = "producer, broker and consumer, a flush of 12,500 votes"
	feedSentFew     = "producer, broker and consumer, a flush of 100 votes"
	feedCatchUp     = "follower, catch-up of 100 votes a record"
	feedCatchUpSent = "producer, broker and consumer, catch-up of 100 votes a record"
)
