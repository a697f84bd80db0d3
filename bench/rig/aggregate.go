package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mlf/bench/backlog"
	"mlf/bench/baseline"
	"mlf/bench/measure"
	"mlf/bench/setup"
	"mlf/proof/child"
	"mlf/schema"
)

// Aggregate measures the way from the log to the rollups.
type Aggregate struct {
	setup.Flags
	Kafka     []string `placeholder:"ADDR" help:"Brokers of an empty Kafka to use for the part count, instead of an embedded one."`
	Parts     []string `default:"count,mix,partitions,terminals,start,visible,raw" enum:"count,mix,partitions,terminals,start,visible,raw" help:"What to measure: ${enum}."`
	Votes     int      `default:"20000000" help:"Votes of a backlog with 100 votes a record; a twentieth of it with one."`
	Terminals int      `default:"10000" help:"Terminals that sent them."`
}

// Help is shown by mlf bench aggregate --help.
func (*Aggregate) Help() string {
	return `Puts votes on a log, then lets mlf aggregate count them into ClickHouse, both engines in processes of their own:

  count       100 votes a record, 1 vote a record, and baseline C: kafka.Reader, encoding/json, a map.
  mix         what the rows cost the database, merges included, and their bytes: flushes of one hour, and of 48.
  partitions  1 to 64 of them.
  terminals   1,000 to 100,000 of them.
  start       a worker with 100,000 terminals of state: from assignment to the first new row.
  visible     from the log's acknowledgement to the row, at half of the load that the machine bears.
  raw         baseline D: votes as rows of ClickHouse, with GROUP BY and with a materialised view.

Processor time is user and system of the process named, divided by the votes. All of it takes some 15 minutes.`
}

// peakPartitions is the partition count of all parts that do not vary it.
const peakPartitions = 16

// benchFirst is the first hour of the backlogs' votes, 2026-11-02 09:00 UTC.
const benchFirst schema.Hour = 498_225

// An aggregateBench is one call of the command.
type aggregateBench struct {
	cmd    *Aggregate
	rig    *rig
	stderr io.Writer
	report measure.Report

	probeTime time.Duration // Of mlf query beside the count; 0: nobody asks.
}

// Validate refuses what cannot be measured.
func (c *Aggregate) Validate() error {
	if c.Votes < 2_000 || c.Terminals < 1 || c.Runs < 1 {
		return errors.New("want at least 2,000 votes, one terminal, one run")
	}
	return nil
}

// Run measures and prints.
func (c *Aggregate) Run(ctx context.Context, p *setup.Parts) (err error) {
	b := &aggregateBench{cmd: c, stderr: p.Stderr, report: measure.Report{Command: "mlf " + strings.Join(os.Args[1:], " "), Machine: measure.ThisMachine()}}
	if b.rig, err = newRig(ctx, p.Log); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.rig.close()) }()
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"count", b.count}, {"mix", b.mix}, {"partitions", b.partitions}, {"terminals", b.terminals}, {"start", b.start}, {"visible", b.visible}, {"raw", b.raw},
	} {
		if slices.Contains(c.Parts, part.name) {
			if err := part.run(ctx); err != nil {
				return err
			}
		}
	}
	b.report.Machine.LoadLast = measure.Load()
	return c.Print(p.Stdout, &b.report)
}

// plan returns a backlog of about so many votes.
func (b *aggregateBench) plan(votes, perRecord, terminals int) backlog.Plan {
	return backlog.Plan{
		Rounds: max(1, votes/(perRecord*terminals)), PerRecord: perRecord, Terminals: terminals,
		Partitions: peakPartitions, Hours: 1, First: benchFirst,
	}
}

// measure lets subjects take turns and keeps what they showed.
func (b *aggregateBench) measure(ctx context.Context, workload string, subjects ...measure.Subject) error {
	results, err := measure.Interleave(ctx, workload, b.cmd.Runs, subjects, func(round int, subject string) {
		fmt.Fprintf(b.stderr, "%s: run %d of %d, %s\n", workload, round+1, b.cmd.Runs, subject)
	})
	b.report.Results = append(b.report.Results, results...)
	return err
}

// count compares records of a hundred votes, records of one, and baseline C.
func (b *aggregateBench) count(ctx context.Context) error {
	batched, err := b.rig.newLog(ctx, b.plan(b.cmd.Votes, 100, b.cmd.Terminals), b.cmd.Kafka)
	if err != nil {
		return err
	}
	defer batched.close()
	naive := b.plan(b.cmd.Votes/40, 1, min(b.cmd.Terminals, 1000))
	if err := batched.writeJSON(ctx, naive); err != nil {
		return err
	}
	subjects := []measure.Subject{{Name: "mlf, 100 a record", Run: batched.run}}
	if len(b.cmd.Kafka) == 0 { // Another log needs another Kafka.
		single, err := b.rig.newLog(ctx, b.plan(b.cmd.Votes/20, 1, min(b.cmd.Terminals, 1000)), nil)
		if err != nil {
			return err
		}
		defer single.close()
		subjects = append(subjects, measure.Subject{Name: "mlf, 1 a record", Run: single.run})
	}
	subjects = append(subjects, measure.Subject{Name: "C", Run: func(ctx context.Context) (measure.Sample, error) {
		return batched.runJSON(ctx, naive.Votes())
	}})
	return b.measure(ctx, "from log to rollups", subjects...)
}

// run counts the log once, and returns what that took.
func (l *benchLog) run(ctx context.Context) (sample measure.Sample, err error) {
	c, err := l.newCount(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close(ctx)) }()
	return c.run(ctx)
}

// run counts everything into an empty database.
func (c *count) run(ctx context.Context) (measure.Sample, error) {
	use := c.log.rig.use()
	began := time.Now()
	if err := c.start(); err != nil {
		return nil, err
	}
	votes := c.log.plan.Votes()
	if err := c.counted(ctx, votes, 100*time.Millisecond); err != nil {
		return nil, err
	}
	wall := time.Since(began)
	used, err := measure.CPU(c.process.Pid())
	if err != nil {
		return nil, err
	}
	memory, err := measure.MemoryOf(c.process.Pid())
	if err != nil {
		return nil, err
	}
	m, err := c.metrics(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.database.Settle(ctx); err != nil {
		return nil, err
	}
	engine, _, err := use()
	n := float64(votes)
	return measure.Sample{
		{Metric: "cpu_ns_per_vote", Number: float64(used) / n},
		{Metric: "votes_per_cpu_second", Number: n / used.Seconds()},
		{Metric: "votes_per_second", Number: n / wall.Seconds()},
		{Metric: "log_bytes_per_vote", Number: c.log.bytes / n},
		{Metric: "allocations_per_vote", Number: m["go_memstats_mallocs_total"] / n},
		{Metric: "memory_peak_mib", Number: float64(memory.Peak) / (1 << 20)},
		{Metric: "flushes", Number: m["mlf_aggregate_flush_duration_seconds_count"]},
		{Metric: "rollup_rows", Number: m[`mlf_aggregate_flush_rows_total{table="rollup"}`]},
		{Metric: "watermark_rows", Number: m[`mlf_aggregate_flush_rows_total{table="watermark"}`]},
		{Metric: "database_cpu_ns_per_vote", Number: float64(engine) / n},
	}, err
}

// jsonTopic is where baseline C reads.
const jsonTopic = "bench-json"

// writeJSON puts the votes of plan beside the log, one JSON object a message.
func (l *benchLog) writeJSON(ctx context.Context, plan backlog.Plan) error {
	return baseline.WriteJSON(ctx, l.brokers, jsonTopic, peakPartitions, func(yield func([]byte) bool) {
		var value []byte
		for rec := range plan.Share(0, 1) {
			for i := range rec.Votes {
				if value = rec.AppendJSON(value[:0], i); !yield(value) {
					return
				}
			}
		}
	})
}

// runJSON lets baseline C count the messages once.
func (l *benchLog) runJSON(ctx context.Context, votes int) (measure.Sample, error) {
	dir, err := os.MkdirTemp(l.rig.dir, "json-")
	if err != nil {
		return nil, fmt.Errorf("make folder for a baseline: %w", err)
	}
	done := filepath.Join(dir, "done")
	began := time.Now()
	p, err := child.StartSelf(nil, "bench", "count-json", "--kafka", strings.Join(l.brokers, ","), "--votes", fmt.Sprint(votes),
		"--group", filepath.Base(dir), "--done", done)
	if err != nil {
		return nil, err
	}
	defer setup.Stop(p)
	err = p.Await(ctx, func() error {
		_, err := os.Stat(done)
		return err
	})
	if err != nil {
		return nil, err
	}
	wall := time.Since(began)
	used, err := measure.CPU(p.Pid())
	if err != nil {
		return nil, err
	}
	n := float64(votes)
	return measure.Sample{
		{Metric: "cpu_ns_per_vote", Number: float64(used) / n},
		{Metric: "votes_per_cpu_second", Number: n / used.Seconds()},
		{Metric: "votes_per_second", Number: n / wall.Seconds()},
	}, nil
}

// CountJSON is baseline C in a process of its own.
type CountJSON struct {
	Kafka []string `required:"" help:"Brokers."`
	Group string   `required:"" help:"Consumer group, a new one each time."`
	Votes int      `required:"" help:"How many there are."`
	Done  string   `required:"" help:"File that is made when all are counted."`
}

// Run counts, says so, and waits to be ended, so that its processor time can be
// read.
func (c *CountJSON) Run(ctx context.Context) error {
	cells, err := baseline.ReadJSON(ctx, c.Kafka, jsonTopic, c.Group, c.Votes)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Done, fmt.Append(nil, cells), 0o600); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
