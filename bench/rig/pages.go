package rig

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mlf/bench/italy"
	"mlf/bench/measure"
	"mlf/bench/pages"
	"mlf/bench/questions"
	"mlf/bench/setup"
)

// pagesAtOnce is how many requests are on a line at once, where there are several:
// what the server then does is answer, and not wait for the next.
const pagesAtOnce = 16

// pagesKept is how many pages are asked for again and again.
const pagesKept = 100

// A pagesBench asks for pages of comuni over HTTP.
type pagesBench struct {
	world *questions.World
	turn  time.Duration
	shift int // Of the days of pages that nobody has asked for.
}

// pages measures what a page over HTTP costs the process that serves it.
func (c *Query) pages(ctx context.Context, r *countryRig, report *measure.Report) (err error) {
	s, err := r.serve(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	peer, err := r.servePeer(ctx)
	if err != nil {
		return err
	}
	defer setup.Stop(peer.process)
	b := &pagesBench{world: r.world, turn: c.Time}
	subjects := []measure.Subject{}
	for _, of := range []struct {
		name string
		host host
		how  int
		ask  func(*pages.Line, *pages.Tally) (answering, error)
	}{
		{pagesCold, s, pagesAtOnce, b.cold},
		{pagesCold + oneByOne, s, 1, b.cold},
		{pagesCached, s, pagesAtOnce, b.cached},
		{pagesCached + oneByOne, s, 1, b.cached},
		{pagesKnown, s, pagesAtOnce, b.known},
		{pagesPeer, peer, 1, b.cold},
	} {
		subjects = append(subjects, measure.Subject{Name: of.name, Run: func(ctx context.Context) (measure.Sample, error) {
			line, err := pages.Dial(ctx, of.host.address(), of.how)
			if err != nil {
				return nil, err
			}
			var warm pages.Tally
			asking, err := of.ask(line, &warm)
			if err != nil {
				return nil, errors.Join(err, line.Close())
			}
			sample, err := b.ask(ctx, line, of.host, asking)
			return sample, errors.Join(err, line.Close())
		}})
	}
	results, err := measure.Interleave(ctx, pagesWork, c.Runs, subjects, func(round int, subject string) {
		fmt.Fprintf(r.shown, "%s: run %d of %d, %s\n", pagesWork, round+1, c.Runs, subject)
	})
	report.Results = append(report.Results, ratiosOf(results, "cpu_us_per_page")...)
	return err
}

// A host is who serves pages.
type host interface {
	address() string
	cpu() (time.Duration, error) // That it has used so far, its database included.
}

func (s *service) address() string { return s.addr }

// An answering is requests to be sent again and again, and what they are answered.
type answering struct {
	requests func() [][]byte
	status   int
}

// ask asks for a turn.
func (b *pagesBench) ask(ctx context.Context, line *pages.Line, of host, asking answering) (measure.Sample, error) {
	var tally pages.Tally
	before, err := of.cpu()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for ctx.Err() == nil && (tally.All() == 0 || time.Since(began) < b.turn) {
		if err := b.until(began.Add(b.turn), line, asking.requests(), &tally); err != nil {
			return nil, err
		}
	}
	wall := time.Since(began)
	after, err := of.cpu()
	n := float64(tally.All())
	if right := tally.Answered[asking.status]; err == nil && right != tally.All() {
		err = fmt.Errorf("%d of %.0f answers were %d: %v", right, n, asking.status, tally.Answered)
	}
	sample := measure.Sample{
		{Metric: "pages_per_second_and_core", Number: n / (after - before).Seconds()},
		{Metric: "cpu_us_per_page", Number: float64((after - before).Microseconds()) / n},
		{Metric: "pages_per_second", Number: n / wall.Seconds()},
		{Metric: "bytes_per_page", Number: float64(tally.Bytes) / n},
	}
	return append(sample, tally.Latencies.Sample("answer")[:2]...), err
}

// until asks some requests, and ends early when the time is over.
func (b *pagesBench) until(end time.Time, line *pages.Line, requests [][]byte, t *pages.Tally) error {
	for first := 0; first < len(requests); first += pagesKept {
		if err := line.Ask(requests[first:min(first+pagesKept, len(requests))], t, nil); err != nil || time.Now().After(end) {
			return err
		}
	}
	return nil
}

// cold asks for every comune in turn, of days that were never asked for.
func (b *pagesBench) cold(*pages.Line, *pages.Tally) (answering, error) {
	return answering{status: http.StatusOK, requests: func() [][]byte {
		b.shift++
		return b.requests(len(b.world.Comuni), b.shift)
	}}, nil
}

// cached asks for the same pages again and again; the first time is not counted.
func (b *pagesBench) cached(line *pages.Line, warm *pages.Tally) (answering, error) {
	requests := b.requests(pagesKept, 0)
	return answering{status: http.StatusOK, requests: func() [][]byte { return requests }}, line.Ask(requests, warm, nil)
}

// known asks whether the same pages have changed.
func (b *pagesBench) known(line *pages.Line, warm *pages.Tally) (answering, error) {
	requests := make([][]byte, pagesKept)
	err := line.Ask(b.requests(pagesKept, 0), warm, func(i int, header http.Header) {
		requests[i] = pages.Request(b.path(i, 0), header.Get("ETag"))
	})
	return answering{status: http.StatusNotModified, requests: func() [][]byte { return requests }}, err
}

// requests returns those for the pages of n comuni, of the same 30 days.
func (b *pagesBench) requests(n, shift int) [][]byte {
	requests := make([][]byte, n)
	for i := range requests {
		requests[i] = pages.Request(b.path(i, shift), "")
	}
	return requests
}

// path returns that of a comune's page, whose 30 days end some days before the last
// of the country.
func (b *pagesBench) path(i, shift int) string { return pagePath(b.world, i, shift) }

// pageDays is how many days the 30 days of a page may end on, and the 30 before be of
// the country's years, too.
const pageDays = 365*italy.Years - 90

// pagePath is a comune's page, of 30 days that end so many days before the last of
// the country.
func pagePath(w *questions.World, i, shift int) string {
	_, next := w.Country.Hours()
	end := next.Time().In(w.Rome).AddDate(0, 0, -shift%pageDays)
	return fmt.Sprintf("/v1/comuni/%s?from=%s&to=%s", w.Comuni[i%len(w.Comuni)], end.AddDate(0, 0, -30).Format(time.DateOnly), end.Format(time.DateOnly))
}

// Names in reports.
const (
	pagesWork   = "pages of comuni over HTTP"
	pagesCold   = "mlf, cold"
	pagesCached = "mlf, asked before"
	pagesKnown  = "mlf, not modified"
	pagesPeer   = "rollup by SQL, one at a time"
	oneByOne    = ", one at a time"
)
