package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"mlf/aggregate/store"
	"mlf/bench/backlog"
	"mlf/bench/baseline"
	"mlf/bench/measure"
	"mlf/schema"
)

// A rowMix is a kind of flushes that the database gets.
type rowMix struct {
	name    string
	hours   int // That the rows lie in.
	rows    int // Of a flush.
	flushes int
}

// mix measures what rows cost the database, merges included. Live, the same
// cells of one hour change again and again, and a flush is what the country
// changes in a quarter of a second; after an outage there are more cells than
// that, and flushes as large as they get.
func (b *aggregateBench) mix(ctx context.Context) error {
	var subjects []measure.Subject
	for _, m := range []rowMix{
		{"live, 1 h, 5,000 rows a flush", 1, 5_000, 200},
		{"catch-up, 48 h, 100,000 rows a flush", 48, 100_000, 20},
	} {
		subjects = append(subjects, measure.Subject{Name: m.name, Run: func(ctx context.Context) (measure.Sample, error) {
			return b.runMix(ctx, m)
		}})
	}
	return b.measure(ctx, "rows", subjects...)
}

func (b *aggregateBench) runMix(ctx context.Context, m rowMix) (_ measure.Sample, err error) {
	dsn, _ := b.rig.databaseDSN()
	if err := store.Migrate(ctx, dsn); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Config{DSN: dsn}, b.rig.log, nil)
	if err != nil {
		return nil, err
	}
	db, err := baseline.OpenDatabase(dsn)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	defer func() { err = errors.Join(err, s.Close(), db.Drop(ctx), db.Close()) }()
	use := b.rig.use()
	flush := backlog.NewRows(benchFirst, m.hours)
	began := time.Now()
	for range m.flushes {
		if err := s.WriteRollups(ctx, flush.Next(m.rows)); err != nil {
			return nil, err
		}
	}
	wall := time.Since(began)
	if err := db.Settle(ctx); err != nil {
		return nil, err
	}
	engine, self, err := use()
	if err != nil {
		return nil, err
	}
	const table = "votes_rollup"
	if err := db.Merge(ctx, table); err != nil {
		return nil, err
	}
	size, err := db.SizeOf(ctx, table)
	rows := float64(m.rows * m.flushes)
	return measure.Sample{
		{Metric: "database_cpu_us_per_row", Number: float64(engine.Nanoseconds()) / 1e3 / rows},
		{Metric: "client_cpu_us_per_row", Number: float64(self.Nanoseconds()) / 1e3 / rows},
		{Metric: "rows_per_second", Number: rows / wall.Seconds()},
		{Metric: "cells", Number: float64(size.Rows)},
		{Metric: "disk_bytes_per_cell", Number: float64(size.Bytes) / float64(size.Rows)},
	}, err
}

// flat varies what an installation grows by.
func (b *aggregateBench) flat(ctx context.Context) error {
	var byPartitions, byTerminals []measure.Subject
	add := func(subjects *[]measure.Subject, name string, partitions, terminals int) (*benchLog, error) {
		plan := b.plan(b.cmd.Votes, 100, terminals)
		plan.Partitions = partitions
		l, err := b.rig.newLog(ctx, plan, nil)
		if err == nil {
			*subjects = append(*subjects, measure.Subject{Name: name, Run: l.run})
		}
		return l, err
	}
	for _, n := range []int{1, 4, 16, 64} {
		l, err := add(&byPartitions, fmt.Sprintf("%d partitions", n), n, b.cmd.Terminals)
		if err != nil {
			return err
		}
		defer l.close()
	}
	for _, n := range []int{1_000, 10_000, 100_000} {
		l, err := add(&byTerminals, fmt.Sprintf("%d terminals", n), peakPartitions, n)
		if err != nil {
			return err
		}
		defer l.close()
	}
	if err := b.measure(ctx, "partitions", byPartitions...); err != nil {
		return err
	}
	return b.measure(ctx, "terminals", byTerminals...)
}

// startTerminals is how many terminals' state a worker starts with.
const startTerminals = 100_000

// start measures how soon a worker counts again whose state is large.
func (b *aggregateBench) start(ctx context.Context) error {
	plan := b.plan(startTerminals*100, 100, startTerminals)
	l, err := b.rig.newLog(ctx, plan, nil)
	if err != nil {
		return err
	}
	defer l.close()
	c, err := l.newCount(ctx)
	if err != nil {
		return err
	}
	if _, err = c.run(ctx); err == nil {
		c.stop()
		votes := plan.Votes()
		err = b.measure(ctx, "start with 100,000 terminals", measure.Subject{Name: "mlf", Run: func(ctx context.Context) (measure.Sample, error) {
			plan.Rounds++ // One more of a terminal than before.
			votes += plan.PerRecord
			return c.restart(ctx, plan, votes)
		}})
	}
	return errors.Join(err, c.close(ctx))
}

// restart puts one more record on the log, starts a worker, and returns when its
// row is there.
func (c *count) restart(ctx context.Context, plan backlog.Plan, votes int) (measure.Sample, error) {
	first := func(i, _ int) iter.Seq[*backlog.Record] {
		return func(yield func(*backlog.Record) bool) {
			if i == 0 {
				yield(plan.Last(0))
			}
		}
	}
	if err := c.log.append(ctx, first); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := c.start(); err != nil {
		return nil, err
	}
	defer c.stop()
	if err := c.process.Await(ctx, func() error { return c.assigned(ctx) }); err != nil {
		return nil, err
	}
	assigned := time.Now()
	if err := c.counted(ctx, votes, 5*time.Millisecond); err != nil {
		return nil, err
	}
	used, err := c.process.CPU()
	return measure.Sample{
		{Metric: "seconds_from_assignment", Number: time.Since(assigned).Seconds()},
		{Metric: "seconds_from_exec", Number: time.Since(began).Seconds()},
		{Metric: "cpu_seconds", Number: used.Seconds()},
	}, err
}

// assigned returns nil once the process has partitions.
func (c *count) assigned(ctx context.Context) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.admin+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	if err == nil && strings.Contains(string(text), "no partitions were assigned yet") {
		err = errors.New("no partitions yet")
	}
	return err
}

// visible measures how soon a vote is seen. The load is half of what the machine
// bears, found just before: producer, broker, count and database share it.
func (b *aggregateBench) visible(ctx context.Context) error {
	plan := b.plan(b.cmd.Votes, 100, b.cmd.Terminals)
	peak, err := b.peak(ctx, plan)
	if err != nil {
		return err
	}
	return b.measure(ctx, "accepted to visible at half load", measure.Subject{Name: "mlf", Run: func(ctx context.Context) (measure.Sample, error) {
		return b.probe(ctx, plan, peak/2)
	}})
}

// peak returns the votes a second that come out at the end when as many go in
// at the front as will.
func (b *aggregateBench) peak(ctx context.Context, plan backlog.Plan) (float64, error) {
	l, c, err := b.live(ctx, plan)
	if err != nil {
		return 0, err
	}
	defer l.close()
	began := time.Now()
	if err = l.append(ctx, plan.Share); err == nil {
		err = c.counted(ctx, plan.Votes()+plan.Terminals, 100*time.Millisecond)
	}
	took := time.Since(began)
	return float64(plan.Votes()) / took.Seconds(), errors.Join(err, c.close(ctx))
}

// live starts a count on a log that holds next to nothing: one vote of others
// than those who will send.
func (b *aggregateBench) live(ctx context.Context, plan backlog.Plan) (*benchLog, *count, error) {
	seed := plan
	seed.Rounds, seed.PerRecord, seed.Offset = 1, 1, plan.Terminals
	l, err := b.rig.newLog(ctx, seed, nil)
	if err != nil {
		return nil, nil, err
	}
	c, err := l.newCount(ctx)
	if err == nil {
		if err = c.start(); err == nil {
			err = c.counted(ctx, seed.Votes(), 50*time.Millisecond)
		}
		if err != nil {
			err = errors.Join(err, c.close(ctx))
		}
	}
	if err != nil {
		l.close()
		return nil, nil, err
	}
	return l, c, nil
}

// probeSeconds is how long a run of probe lasts.
const probeSeconds = 10

// probe sends votes at the given rate, and beside them single ones whose way is
// timed: from the log's acknowledgement until the store shows the watermark,
// which it writes after the row.
func (b *aggregateBench) probe(ctx context.Context, plan backlog.Plan, rate float64) (_ measure.Sample, err error) {
	l, c, err := b.live(ctx, plan)
	if err != nil {
		return nil, err
	}
	defer l.close()
	defer func() { err = errors.Join(err, c.close(ctx)) }()

	loading, stop := context.WithCancel(ctx)
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- l.append(ctx, paced(loading, plan.Share, rate/float64(plan.PerRecord))) }()
	latencies, err := c.probeFor(ctx, probeSeconds*time.Second)
	stop()
	if err := errors.Join(err, <-sent); err != nil {
		return nil, err
	}
	return append(measure.Sample{{Metric: "load_votes_per_second", Number: rate}, {Metric: "probes", Number: float64(latencies.Count())}},
		latencies.Sample("visible")...), nil
}

// paced returns shares that come at so many records a second, all together,
// whether or not the log keeps up, until ctx ends.
func paced(ctx context.Context, share func(i, n int) iter.Seq[*backlog.Record], rate float64) func(i, n int) iter.Seq[*backlog.Record] {
	began := time.Now()
	return func(i, n int) iter.Seq[*backlog.Record] {
		return func(yield func(*backlog.Record) bool) {
			k := i
			for rec := range share(i, n) {
				due := began.Add(time.Duration(float64(k) / rate * float64(time.Second)))
				select {
				case <-time.After(time.Until(due)):
				case <-ctx.Done():
					return
				}
				if !yield(rec) {
					return
				}
				k += n
			}
		}
	}
}

// probeFor sends single votes one after the other.
func (c *count) probeFor(ctx context.Context, d time.Duration) (latencies *measure.Latencies, err error) {
	err = c.log.producing(ctx, func(put putFunc) error {
		latencies, err = c.probes(ctx, put, d)
		return err
	})
	return latencies, err
}

func (c *count) probes(ctx context.Context, put putFunc, d time.Duration) (*measure.Latencies, error) {
	latencies := new(measure.Latencies)
	h := schema.BatchHeader{Terminal: 1 << 40, Stream: 1 << 40, Comune: 58091, Channel: schema.ChannelWeb, Scale: schema.ScaleMLF3}
	var value []byte
	for end, seq := time.Now().Add(d), schema.Seq(1); time.Now().Before(end); seq++ {
		h.Slot = schema.Slot(seq * 37 % schema.Slots)
		h.Stream = schema.StreamID(1<<40 + uint64(h.Slot)) // A stream stays where its slot is.
		h.Ingested = schema.InstantOf(time.Now())
		value = schema.AppendVoteBatch(value[:0], &h, []schema.Vote{{Seq: seq, At: h.Ingested, Value: schema.Green}})
		if err := put(ctx, schema.PartitionOf(h.Slot, c.log.plan.Partitions), value); err != nil {
			return nil, err
		}
		accepted := time.Now()
		for {
			mark, found, err := c.store.Watermark(ctx, h.Terminal, h.Stream)
			if err != nil {
				return nil, err
			}
			if found && mark.Highest >= seq {
				break
			}
			select {
			case <-time.After(5 * time.Millisecond):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		latencies.Add(time.Since(accepted))
	}
	return latencies, nil
}

// raw measures baseline D with the votes of the live hour.
func (b *aggregateBench) raw(ctx context.Context) error {
	plan := b.plan(b.cmd.Votes/4, 100, b.cmd.Terminals)
	subject := func(name string, view bool) measure.Subject {
		return measure.Subject{Name: name, Run: func(ctx context.Context) (measure.Sample, error) { return b.runRaw(ctx, plan, view) }}
	}
	return b.measure(ctx, "votes as rows of ClickHouse", subject("D, GROUP BY", false), subject("D, materialised view", true))
}

func (b *aggregateBench) runRaw(ctx context.Context, plan backlog.Plan, view bool) (_ measure.Sample, err error) {
	dsn, name := b.rig.databaseDSN()
	db, err := baseline.CreateDatabase(ctx, dsn, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx), db.Close()) }()
	table, err := db.CreateRaw(ctx, view)
	if err != nil {
		return nil, err
	}
	cpu := func() time.Duration {
		used, cpuErr := measure.CPU(b.rig.engine.Pid())
		err = errors.Join(err, cpuErr)
		return used
	}
	before := cpu()
	if err := table.Insert(ctx, plan.Share(0, 1)); err != nil {
		return nil, err
	}
	if err := db.Settle(ctx); err != nil {
		return nil, err
	}
	inserted := cpu() - before
	before = cpu()
	began := time.Now()
	if err := table.Group(ctx, view); err != nil {
		return nil, err
	}
	took := time.Since(began)
	read := cpu() - before
	size, sizeErr := db.SizeOf(ctx, "votes")
	n := float64(plan.Votes())
	return measure.Sample{
		{Metric: "database_cpu_ns_per_vote", Number: float64(inserted) / n},
		{Metric: "read_seconds", Number: took.Seconds()},
		{Metric: "read_cpu_seconds", Number: read.Seconds()},
		{Metric: "disk_bytes_per_vote", Number: float64(size.Bytes) / n},
	}, errors.Join(err, sizeErr)
}
