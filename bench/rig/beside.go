package rig

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"mlf/bench/italy"
	"mlf/bench/measure"
	"mlf/bench/pages"
	"mlf/query/client"
	"mlf/schema"
)

const (
	// besideVotes come in a second. Each is of another cell of the last month, so that
	// its block is made anew every three seconds.
	besideVotes = 20_000

	// tellEvery is how often workers tell.
	tellEvery = 100 * time.Millisecond

	// readers ask for pageRate pages a second, together.
	readers  = 4
	pageRate = 200
)

// beside measures how long readers wait while counts come in and blocks are made anew.
// The votes are told; nobody counts them, nor stores them.
func (c *Query) beside(ctx context.Context, r *countryRig, report *measure.Report) (err error) {
	s, err := r.serve(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	b := &besideBench{countryRig: r, service: s, time: c.Probe}
	if err := b.open(ctx); err != nil {
		return err
	}
	subject := func(name string, votes int) measure.Subject {
		return measure.Subject{Name: name, Run: func(ctx context.Context) (measure.Sample, error) { return b.run(ctx, votes) }}
	}
	results, err := measure.Interleave(ctx, besideWork, c.Runs, []measure.Subject{subject(besideNone, 0), subject(besideAll, besideVotes)},
		func(round int, subject string) {
			fmt.Fprintf(r.shown, "%s: run %d of %d, %s\n", besideWork, round+1, c.Runs, subject)
		})
	report.Results = append(report.Results, ratiosOf(results, "answer_p50_ms", "answer_p99_ms")...)
	return err
}

// A besideBench is readers of a service, and who tells it of votes.
type besideBench struct {
	*countryRig
	service *service
	news    *italy.News
	time    time.Duration // Of a run.
}

func (b *besideBench) open(ctx context.Context) error {
	ledger, err := (&client.Client{Base: "http://" + b.service.addr}).Ledger(ctx)
	if err != nil {
		return err
	}
	var at [italy.Partitions]schema.Offset
	for i := range ledger.Partitions {
		at[i] = ledger.Partitions[i].Next
	}
	b.news = b.world.Country.NewNews(at)
	return nil
}

// run reads for a time, while so many votes come in a second.
func (b *besideBench) run(ctx context.Context, votes int) (measure.Sample, error) {
	claims := b.claims(votes)
	before, err := b.look(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, b.time)
	defer cancel()
	var tallies [readers]pages.Tally
	told := 0
	var g errgroup.Group
	for i := range tallies {
		g.Go(func() error { return b.read(limited, i, &tallies[i]) })
	}
	g.Go(func() (err error) { told, err = b.tell(limited, claims); return err })
	if err := errors.Join(g.Wait(), context.Cause(ctx)); err != nil {
		return nil, err
	}
	after, err := b.look(ctx)
	if err != nil {
		return nil, err
	}
	var all pages.Tally
	for i := range tallies {
		all.Merge(&tallies[i])
	}
	if all.Answered[200] != all.All() {
		err = fmt.Errorf("pages were answered %v", all.Answered)
	}
	seconds := b.time.Seconds()
	return append(all.Latencies.Sample("answer"), measure.Sample{
		{Metric: "pages_per_second", Number: float64(all.All()) / seconds},
		{Metric: "votes_per_second", Number: float64(told*perTelling(votes)) / seconds},
		{Metric: "states_published", Number: after.states - before.states},
		{Metric: "states_above_10_ms", Number: after.slow - before.slow},
		{Metric: "service_cpu_share", Number: (after.cpu - before.cpu).Seconds() / seconds},
	}...), err
}

// A look is what a service has done so far.
type look struct {
	cpu          time.Duration
	states, slow float64 // States published, and those that took above 10 ms: where a block was made anew.
}

func (b *besideBench) look(ctx context.Context) (l look, err error) {
	m, err := client.Metrics(ctx, nil, b.service.admin)
	if err != nil {
		return l, err
	}
	const published = "mlf_query_cube_publish_seconds"
	l.states = m[published+"_count"]
	l.slow = l.states - m[published+`_bucket{le="0.01"}`]
	l.cpu, err = b.service.cpu()
	return l, err
}

// read asks for pages of recent days, of the comuni that most people live in most often.
// Readers do not ask at the same moments.
func (b *besideBench) read(ctx context.Context, number int, t *pages.Tally) (err error) {
	line, err := pages.Dial(ctx, b.service.addr, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	random := rand.New(rand.NewPCG(uint64(number), 0))
	select {
	case <-time.After(time.Duration(number) * time.Second / pageRate):
	case <-ctx.Done():
	}
	return line.AskAt(ctx, pageRate/readers, func() []byte {
		at, _ := slices.BinarySearch(b.world.Comuni, b.world.Comune(random))
		return pages.Request(pagePath(b.world, at, random.IntN(10)), "")
	}, t)
}

// perTelling is how many of so many votes a second are told at once.
func perTelling(votes int) int { return votes * int(tellEvery) / int(time.Second) }

// claims returns what is told in a run, of the country's last month: to make it costs
// more than to tell it.
func (b *besideBench) claims(votes int) [][]schema.Claim {
	if votes == 0 {
		return nil
	}
	_, next := b.world.Country.Hours()
	last := next.Time().Add(-time.Hour).In(b.world.Rome)
	month := b.world.Hour(last.Year(), last.Month(), 1)
	claims := make([][]schema.Claim, b.time/tellEvery)
	for i := range claims {
		claims[i] = b.news.Claims(perTelling(votes), month, next)
	}
	return claims
}

// tell tells claims one after the other, and returns how many were told in time; the
// others follow at once, for what comes next builds upon them.
func (b *besideBench) tell(ctx context.Context, claims [][]schema.Claim) (inTime int, err error) {
	writer := b.service.log.client.NewCountsWriter(countryLog().Log)
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for _, some := range claims {
		select {
		case <-ctx.Done():
		case <-tick.C:
			inTime++
		}
		if err := writer.Tell(context.WithoutCancel(ctx), some); err != nil {
			return inTime, err
		}
	}
	return inTime, nil
}

// Names in reports.
const (
	besideWork = "pages beside votes"
	besideNone = "nobody votes"
	besideAll  = "20,000 votes a second"
)
