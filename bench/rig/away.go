package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/bench/backlog"
	"mlf/bench/measure"
	"mlf/bench/pages"
	"mlf/bench/setup"
	"mlf/proof/chaos"
	"mlf/query/client"
	"mlf/schema/registry"
)

const (
	// awayVotes come in a second while the database is away, 100 a record.
	awayVotes = 2_000

	// awayPages are asked for in a second.
	awayPages = 50

	// nobodyAddr is where nobody listens.
	nobodyAddr = "127.0.0.1:1"
)

// away takes the database away from mlf aggregate and mlf query, and sees whether votes
// that come meanwhile are in answers, and in the database once it is back.
func (c *Query) away(ctx context.Context, p *setup.Parts, report *measure.Report) (err error) {
	r, err := newRig(ctx, p.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	a := &awayBench{rig: r, time: c.Away, shown: p.Stderr}
	defer func() { err = errors.Join(err, a.close(ctx)) }()
	if err := a.open(ctx); err != nil {
		return err
	}
	results, err := measure.Interleave(ctx, awayWork, 1, []measure.Subject{{Name: "mlf", Run: a.run}}, func(int, string) {
		fmt.Fprintf(p.Stderr, "%s: %v\n", awayWork, c.Away)
	})
	report.Results = append(report.Results, results...)
	return err
}

// An awayBench is stages that reach their database by way of a proxy.
type awayBench struct {
	rig   *rig
	time  time.Duration // That the database is away.
	shown io.Writer     // For progress.
	proxy *chaos.Proxy
	stop  func() error // The proxy.
	plan  backlog.Plan
	log   *benchLog
	count *count
}

func (a *awayBench) open(ctx context.Context) (err error) {
	if a.proxy, err = chaos.NewProxy(1); err != nil {
		return err
	}
	a.proxy.SetTarget(a.rig.engine.Addr())
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.proxy.Run(running) }()
	a.stop = func() error { cancel(); return <-ended }

	const terminals = 1_000
	rounds := 2 + int(2*a.time.Seconds()*awayVotes/100/terminals) // More than there is time for.
	a.plan = backlog.Plan{Rounds: rounds, PerRecord: 100, Terminals: terminals, Partitions: peakPartitions, Hours: 1, First: benchFirst}
	seed := a.plan
	seed.Rounds, seed.PerRecord, seed.Offset = 1, 1, terminals
	if a.log, err = a.rig.newLog(ctx, seed, nil); err != nil {
		return err
	}
	if a.count, err = a.log.newCount(ctx); err != nil {
		return err
	}
	a.count.dsn = strings.Replace(a.count.dsn, a.rig.engine.Addr(), a.proxy.Addr(), 1)
	if err := a.count.start(); err != nil {
		return err
	}
	if err := a.count.answer(ctx); err != nil {
		return err
	}
	return a.count.counted(ctx, seed.Votes(), 50*time.Millisecond)
}

func (a *awayBench) close(ctx context.Context) error {
	var errs []error
	if a.count != nil {
		errs = append(errs, a.count.close(ctx))
	}
	if a.log != nil {
		a.log.close()
	}
	if a.stop != nil {
		errs = append(errs, a.stop())
	}
	return errors.Join(errs...)
}

// run takes the database away for the time, and brings it back.
func (a *awayBench) run(ctx context.Context) (measure.Sample, error) {
	p := &probing{time: a.time, sights: []sight{a.count.inAnswers}}
	a.proxy.SetTarget(nobodyAddr)
	a.proxy.Cut()
	var tally pages.Tally
	seen, votes, err := a.meanwhile(ctx, p, &tally)
	a.proxy.SetTarget(a.rig.engine.Addr())
	if err != nil {
		return nil, fmt.Errorf("while the database is away: %w", err)
	}
	back := time.Now()
	if err := a.count.counted(ctx, a.log.plan.Votes()+votes+int(p.sent), 50*time.Millisecond); err != nil {
		return nil, err
	}
	took := time.Since(back)
	rows, differ, err := a.compare(ctx)
	if err != nil {
		return nil, err
	}
	refused := tally.All() - tally.Answered[http.StatusOK]
	return append(measure.Sample{
		{Metric: "failures", Number: float64(refused) + float64(differ)},
		{Metric: "away_seconds", Number: a.time.Seconds()},
		{Metric: "votes", Number: float64(votes) + float64(p.sent)},
		{Metric: "answers", Number: float64(tally.All())},
		{Metric: "answers_refused", Number: float64(refused)},
		{Metric: "probes", Number: float64(seen[0].Count())},
		{Metric: "store_caught_up_seconds", Number: took.Seconds()},
		{Metric: "rows_compared", Number: float64(rows)},
		{Metric: "rows_that_differ", Number: float64(differ)},
	}, append(seen[0].Sample("visible"), tally.Latencies.Sample("answer")...)...), nil
}

// meanwhile votes, probes and reads, and returns how many votes were cast beside the
// probes.
func (a *awayBench) meanwhile(ctx context.Context, p *probing, t *pages.Tally) (seen []*measure.Latencies, votes int, err error) {
	lists, err := registry.Load()
	if err != nil {
		return nil, 0, err
	}
	comuni := lists.ComuniAt(registry.DateOf(time.Now()))
	line, err := pages.Dial(ctx, a.count.answers.addr, 1)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	reading, stop := context.WithCancel(ctx)
	defer stop()
	var reader errgroup.Group
	asked := newBar(a.shown, awayWork, "answers", int(awayPages*a.time.Seconds()))
	defer asked.end()
	n := 0
	reader.Go(func() error {
		return line.AskAt(reading, awayPages, func() []byte {
			n++
			asked.add(1)
			return pages.Request(fmt.Sprintf("/v1/comuni/%s?from=2026-11-01&to=2026-11-30", comuni[n%len(comuni)].ID), "")
		}, t)
	})
	seen, votes, err = a.count.probeBeside(ctx, a.plan, awayVotes, p)
	stop()
	return seen, votes, errors.Join(err, reader.Wait())
}

// compare has mlf query compare all that it has with the database.
func (a *awayBench) compare(ctx context.Context) (rows, differ int, err error) {
	asked := url.Values{"from": {"2026-11-01"}, "to": {time.Now().AddDate(0, 0, 2).Format(time.DateOnly)}, "group": {"comune,service,channel,day"}, "check": {"store"}}
	asking := &client.Client{Base: "http://" + a.count.answers.addr}
	answer, err := asking.Stats(ctx, asked)
	if err != nil {
		return 0, 0, err
	}
	check := answer.Meta.Check
	if check == nil || check.Rows == 0 {
		return 0, 0, fmt.Errorf("compare with the database: nothing was compared: %+v", check)
	}
	return int(check.Rows), int(check.Differs), nil
}

// awayWork is its name in reports.
const awayWork = "database away"
