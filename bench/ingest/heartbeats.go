package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"mlf/bench/load"
	"mlf/bench/measure"
	"mlf/bench/setup"
	"mlf/bench/workload"
	"mlf/ingest/enrolment"
	"mlf/query/client"
	"mlf/schema"
	"mlf/schema/registry"
)

const (
	// beatingDevices send one heartbeat a minute each, as often as they may: a country's
	// beat every five minutes, so it is one of 50,000.
	beatingDevices = 10_000

	// besideRate is how many votes come in a second: a busy hour, and little enough that
	// what is measured is not a queue.
	besideRate = 400

	// beatSenders is how many heartbeats are under way at once at most.
	beatSenders = 32

	// besideWarmUp is how long votes and heartbeats come before they are measured.
	besideWarmUp = time.Second
)

// measureHeartbeats measures what votes wait, alone and beside heartbeats, in turns.
func (b *ingestBench) measureHeartbeats(ctx context.Context) ([]measure.Result, error) {
	tokens, err := b.rig.enrolDevices(ctx, beatingDevices)
	if err != nil {
		return nil, err
	}
	requests, err := b.rig.requests(workload.JSON, 1)
	if err != nil {
		return nil, err
	}
	s, err := b.rig.start(ctx, itself)
	if err != nil {
		return nil, err
	}
	defer setup.Stop(s.process)
	devices := &devices{client: &client.Client{Base: "http://" + s.addr.String()}, tokens: tokens, values: make([]string, len(tokens))}
	turn := func(beats bool) func(ctx context.Context) (measure.Sample, error) {
		return func(ctx context.Context) (measure.Sample, error) { return b.beside(ctx, s, requests, devices, beats) }
	}
	title := fmt.Sprintf("%d votes a second, open loop, 1 a request, 512 connections", besideRate)
	return measure.Interleave(ctx, title, b.Runs, []measure.Subject{
		{Name: "votes alone", Run: turn(false)},
		{Name: "beside heartbeats", Run: turn(true)},
	}, func(round int, subject string) {
		fmt.Fprintf(b.parts.Stderr, "%s: round %d of %d, %s\n", title, round+1, b.Runs, subject)
	})
}

// beside measures one turn.
func (b *ingestBench) beside(ctx context.Context, s *ingestSubject, requests [][]byte, d *devices, beats bool) (sample measure.Sample, err error) {
	g, err := load.Dial(ctx, load.Config{Addr: s.addr, Connections: benchSenders, Requests: requests})
	if err != nil {
		return nil, err
	}
	defer g.Close()
	beating, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if beats {
			d.beat(beating)
		}
	}()
	defer func() { stop(); <-ended }()
	if _, err := g.Run(ctx, besideRate, besideWarmUp); err != nil {
		return nil, err
	}
	before, refused := d.taken.Load(), d.refused.Load()
	tally, err := g.Run(ctx, besideRate, b.Time)
	if err != nil {
		return nil, err
	}
	taken := d.taken.Load() - before
	if d.refused.Load() > refused || beats && taken == 0 {
		return nil, errors.Join(fmt.Errorf("%d heartbeats were taken, %d were not", taken, d.refused.Load()-refused), b.check(s, tally))
	}
	sample = append(tally.Latencies.Sample("latency"),
		measure.Value{Metric: "votes_per_second", Number: float64(tally.Acked()) / tally.Wall.Seconds()},
		measure.Value{Metric: "heartbeats_per_minute", Number: float64(taken) / tally.Wall.Minutes()})
	return sample, b.check(s, tally)
}

// devices send heartbeats, one after the other, so that none sends two within a minute.
type devices struct {
	client         *client.Client
	tokens         []string
	values         []string // The value that each has.
	next           int
	taken, refused atomic.Int64
}

// beat sends heartbeats until ctx ends, each device's once a minute.
func (d *devices) beat(ctx context.Context) {
	due := make(chan int)
	var sending sync.WaitGroup
	for range beatSenders {
		sending.Go(func() {
			for i := range due {
				d.send(ctx, i)
			}
		})
	}
	tick := time.NewTicker(time.Minute / time.Duration(len(d.tokens)))
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			due <- d.next
			d.next = (d.next + 1) % len(d.tokens)
		}
	}
	close(due)
	sending.Wait()
}

// send sends the next heartbeat of device i.
func (d *devices) send(ctx context.Context, i int) {
	value := fmt.Sprintf("%016x", rand.Uint64()|1) //nolint:gosec // No secret.
	seq, waiting, free := int64(i), int64(i%7), int64(1<<30)
	now, version := time.Now(), "bench-"+strconv.Itoa(i%5)
	h := &client.Heartbeat{Install: value, Seq: &seq, Waiting: &waiting, Storage: &client.DeviceDisk{Free: &free}, Clock: &now, Version: &version}
	if d.values[i] != "" {
		h.Previous = &d.values[i]
	}
	_, err := d.client.TellHeartbeat(ctx, d.tokens[i], h)
	switch {
	case err == nil:
		d.taken.Add(1)
		d.values[i] = value
	case ctx.Err() == nil:
		d.refused.Add(1)
	}
}

// enrolDevices enrols n terminals for tests and returns their tokens.
func (r *ingestRig) enrolDevices(ctx context.Context, n int) (tokens []string, err error) {
	c, err := r.client("")
	if err != nil {
		return nil, err
	}
	defer c.Close()
	e, err := enrolment.New(ctx, c)
	if err != nil {
		return nil, err
	}
	lists, err := registry.Load()
	if err != nil {
		return nil, err
	}
	services, err := enrolment.Services(lists, []string{"anagrafe"}, "")
	if err != nil {
		return nil, err
	}
	comuni := lists.ComuniAt(registry.DateOf(time.Now()))
	templates := make([]schema.Enrolment, n)
	for i := range templates {
		templates[i] = schema.Enrolment{
			Comune: comuni[i%len(comuni)].ID, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3, Services: services,
			Since: time.Now().AddDate(-1, 0, 0), Test: true,
		}
	}
	enrolled, err := e.Enrol(ctx, templates)
	for _, t := range enrolled {
		tokens = append(tokens, t.Token)
	}
	return tokens, err
}
