package rig

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
// changes in a quarter of a second: 12,500 rows is what it may be without the next
// one being put off (RowsPerSecondMax). After an outage there are more cells than
// that, and flushes as large as they get.
func (b *aggregateBench) mix(ctx context.Context) error {
	var subjects []measure.Subject
	for _, m := range []rowMix{
		{"live, 1 h, 5,000 rows a flush", 1, 5_000, 200},
		{"live, 1 h, 12,500 rows a flush", 1, 12_500, 80},
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
	if err := store.Migrate(ctx, store.Config{DSN: dsn}); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Config{DSN: dsn}, store.Telemetry{Logger: b.rig.log})
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

// partitions varies how many there are.
func (b *aggregateBench) partitions(ctx context.Context) error {
	var plans []backlog.Plan
	for _, n := range []int{1, 4, 16, 64} {
		plan := b.plan(b.cmd.Votes, 100, b.cmd.Terminals)
		plan.Partitions = n
		plans = append(plans, plan)
	}
	return b.compare(ctx, "partitions", plans, func(p backlog.Plan) int { return p.Partitions })
}

// terminals varies how many send. There are five times as many votes as
// elsewhere, so that most find what the count remembers of their terminal; and they
// lie in two hours, so that the time between two takes as many bytes on the log
// whether a terminal sent many or few.
func (b *aggregateBench) terminals(ctx context.Context) error {
	var plans []backlog.Plan
	for _, n := range []int{1_000, 10_000, 100_000} {
		plan := b.plan(5*b.cmd.Votes, 100, n)
		plan.Hours = 2
		plans = append(plans, plan)
	}
	return b.compare(ctx, "terminals", plans, func(p backlog.Plan) int { return p.Terminals })
}

// compare counts the votes of plans, which differ in one number.
func (b *aggregateBench) compare(ctx context.Context, what string, plans []backlog.Plan, number func(backlog.Plan) int) error {
	var subjects []measure.Subject
	for _, plan := range plans {
		l, err := b.rig.newLog(ctx, plan, nil)
		if err != nil {
			return err
		}
		defer l.close()
		subjects = append(subjects, measure.Subject{Name: fmt.Sprintf("%d %s", number(plan), what), Run: l.run})
	}
	return b.measure(ctx, what, subjects...)
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
	used, err := measure.CPU(c.process.Pid())
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
