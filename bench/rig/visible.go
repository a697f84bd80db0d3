package rig

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"

	"mlf/bench/backlog"
	"mlf/bench/measure"
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
const probeSeconds = 20

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
		select {
		case <-time.After(rand.N(probePause)):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
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
