package rig

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/url"
	"sync/atomic"
	"time"

	"mlf/bench/backlog"
	"mlf/bench/measure"
	"mlf/query/client"
	"mlf/schema"
)

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
		if err = c.start(); err == nil && b.probeTime > 0 {
			err = c.answer(ctx)
		}
		if err == nil {
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

// probeTime is how long a run of probe lasts.
const probeTime = 20 * time.Second

// probePause is the longest pause before a probe. Without any, each would come
// right after a flush, and wait for the whole time until the next.
const probePause = 500 * time.Millisecond

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
	seen, _, err := c.probeBeside(ctx, plan, rate, b.probing(c))
	if err != nil {
		return nil, err
	}
	sample := measure.Sample{{Metric: "load_votes_per_second", Number: rate}, {Metric: "probes", Number: float64(seen[0].Count())}}
	for i, name := range []string{"visible", "stored"}[:len(seen)] {
		sample = append(sample, seen[i].Sample(name)...)
	}
	return sample, nil
}

// probing is where the probes of a count are looked for, and for how long.
func (b *aggregateBench) probing(c *count) *probing {
	if c.answers == nil {
		return &probing{time: probeTime, sights: []sight{c.inStore}}
	}
	return &probing{time: b.probeTime, sights: []sight{c.inAnswers, c.inStore}}
}

// probeBeside sends probes while votes come at a rate, and returns how many came.
func (c *count) probeBeside(ctx context.Context, plan backlog.Plan, rate float64, p *probing) (seen []*measure.Latencies, votes int, err error) {
	loading, stop := context.WithCancel(ctx)
	defer stop()
	var records atomic.Int64
	sent := make(chan error, 1)
	go func() { sent <- c.log.append(ctx, paced(loading, plan.Share, rate/float64(plan.PerRecord), &records)) }()
	seen, err = c.probeFor(ctx, p)
	stop()
	err = errors.Join(err, <-sent)
	return seen, int(records.Load()) * plan.PerRecord, err
}

// paced returns shares that come at so many records a second, all together,
// whether or not the log keeps up, until ctx ends; and are counted.
func paced(ctx context.Context, share func(i, n int) iter.Seq[*backlog.Record], rate float64, records *atomic.Int64) func(i, n int) iter.Seq[*backlog.Record] {
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
				records.Add(1)
				if !yield(rec) {
					return
				}
				k += n
			}
		}
	}
}

// A sight tells whether the vote with a number, and all before it, can be seen there.
type sight func(ctx context.Context, probe *schema.BatchHeader, seq schema.Seq) (bool, error)

// probing is single votes, one after the other, that are looked for in one place and
// then in the next.
type probing struct {
	time   time.Duration
	sights []sight
	sent   schema.Seq // So far.
}

// probeComune is where nobody else votes.
const probeComune schema.ComuneID = 58091

// probeFor sends probes, and returns for each sight how long they took to be seen.
func (c *count) probeFor(ctx context.Context, p *probing) (latencies []*measure.Latencies, err error) {
	for range p.sights {
		latencies = append(latencies, new(measure.Latencies))
	}
	err = c.log.producing(ctx, func(put putFunc) error {
		for end := time.Now().Add(p.time); time.Now().Before(end); {
			select {
			case <-time.After(rand.N(probePause)):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if err := c.probe(ctx, put, p, latencies); err != nil {
				return err
			}
		}
		return nil
	})
	return latencies, err
}

// probe sends one.
func (c *count) probe(ctx context.Context, put putFunc, p *probing, latencies []*measure.Latencies) error {
	p.sent++
	slot := schema.Slot(p.sent * 37 % schema.Slots)
	h := schema.BatchHeader{
		Terminal: 1 << 40, Stream: schema.StreamID(1<<40 + uint64(slot)), // A stream stays where its slot is.
		Comune: probeComune, Channel: schema.ChannelWeb, Scale: schema.ScaleMLF3, Slot: slot, Ingested: schema.InstantOf(time.Now()),
	}
	value := schema.AppendVoteBatch(nil, &h, []schema.Vote{{Seq: p.sent, At: h.Ingested, Value: schema.Green}})
	if err := put(ctx, schema.PartitionOf(h.Slot, c.log.plan.Partitions), value); err != nil {
		return err
	}
	accepted := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, seenMax, errNotSeen)
	defer cancel()
	for i, seen := range p.sights {
		for {
			yes, err := seen(ctx, &h, p.sent)
			if err != nil {
				return errors.Join(err, context.Cause(ctx))
			}
			if yes {
				break
			}
			select {
			case <-time.After(lookEvery):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		latencies[i].Add(time.Since(accepted))
	}
	return nil
}

// seenMax is how long a vote is looked for.
const seenMax = 30 * time.Second

var errNotSeen = fmt.Errorf("a vote cannot be seen %v after it was accepted", seenMax)

// lookEvery is how often a probe is looked for: it may be seen as much too late.
const lookEvery = 2 * time.Millisecond

// inStore looks at the watermark, which is written after the row.
func (c *count) inStore(ctx context.Context, probe *schema.BatchHeader, seq schema.Seq) (bool, error) {
	mark, found, err := c.store.Watermark(ctx, probe.Terminal, probe.Stream)
	return found && mark.Highest >= seq, err
}

// inAnswers asks mlf query how many there are.
func (c *count) inAnswers(ctx context.Context, _ *schema.BatchHeader, seq schema.Seq) (bool, error) {
	day := func(from int) string { return time.Now().AddDate(0, 0, from).Format(time.DateOnly) }
	asked := &client.Client{Base: "http://" + c.answers.addr}
	answer, err := asked.Stats(ctx, url.Values{"from": {day(-1)}, "to": {day(2)}, "comune": {probeComune.String()}, "group": {"comune"}})
	n := uint64(0)
	for i := range answer.Rows {
		n += answer.Rows[i].N
	}
	return n >= uint64(seq), err
}
