package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mlf/ingest/broker/clock"
	"mlf/ingest/broker/recordset"
	"mlf/schema"
)

// A Producer appends records to the votes topic by group commit: per partition,
// one batch is under way, and what arrives meanwhile goes into the next. There is
// no timer: when Kafka is quick batches are small, when it is slow they grow.
//
// kafka-go's Writer is not used: it batches by timer, does not bound its memory,
// and gives up on errors that pass. Below it, kafka-go neither retries nor looks
// for the new leader after an error, so both happen here. A batch that is sent
// again because its answer was lost may be on the log twice; the count folds the
// second as duplicates. That is why no producer id is asked for.
type Producer struct {
	sender    Sender
	cfg       Config
	log       *slog.Logger
	metrics   *metrics
	backoff   func(failures int) time.Duration
	appenders []appender
	pending   atomic.Int64 // Bytes of records in batches, waiting or under way.
	ran       atomic.Bool
	running   chan struct{}
	clock     clock.Clock
}

// NewProducer returns a producer for the votes topic, which has the given number
// of partitions. It appends only while Run runs.
func (c *Client) NewProducer(partitions int) *Producer {
	return newProducer(&Producer{sender: c, cfg: c.cfg, log: c.log, metrics: c.metrics, backoff: backoff}, partitions)
}

func newProducer(p *Producer, partitions int) *Producer {
	p.running = make(chan struct{})
	p.appenders = make([]appender, partitions)
	for i := range p.appenders {
		p.appenders[i].init(schema.Partition(i))
	}
	return p
}

// Partitions returns how many partitions the votes topic has.
func (p *Producer) Partitions() int { return len(p.appenders) }

// ClockSkew returns by how much the brokers' clock is at least ahead of this
// process's (negative: behind), and whether that was seen within the last minute.
// Brokers that do not write their own append time never show it.
func (p *Producer) ClockSkew() (time.Duration, bool) { return p.clock.Skew(time.Now()) }

// Running is closed when Run has begun: from then on Append takes records.
func (p *Producer) Running() <-chan struct{} { return p.running }

// Append puts record on the log, with acks=all. It blocks until then, at most
// until ctx ends or for Config.AppendTimeout. It copies record before it blocks.
//
// After ErrFull, ErrTooLarge and ErrClosed nothing was appended. After any other
// error the outcome is unknown: the record may be on the log, even twice, or come
// to be on it later.
func (p *Producer) Append(ctx context.Context, partition schema.Partition, record []byte) error {
	return p.AppendTraced(ctx, partition, record, "")
}

// AppendTraced is Append of a record that says in a header which request it is of
// (schema.Record.Trace). One that has no room for it goes without.
func (p *Producer) AppendTraced(ctx context.Context, partition schema.Partition, record []byte, trace string) error {
	if partition < 0 || int(partition) >= len(p.appenders) {
		panic(fmt.Sprintf("BUG: append to partition %d of %d", partition, len(p.appenders)))
	}
	if ctx.Err() != nil {
		return fmt.Errorf("append %d bytes to partition %d: %w", len(record), partition, context.Cause(ctx))
	}
	cfg := &p.cfg
	size := len(record) + recordset.RecordHeadBytes
	if most := cfg.BatchBytesMax - recordset.SizeBytes - recordset.HeadBytes; trace != "" && size+recordset.TraceBytes <= most {
		size += recordset.TraceBytes
	} else {
		trace = ""
	}
	if pending := p.pending.Add(int64(size)); pending > cfg.InflightBytesMax {
		p.release(int64(size))
		p.metrics.full.Inc()
		return fmt.Errorf("append %d bytes to partition %d: %w", len(record), partition, ErrFull)
	}
	b, err := p.appenders[partition].join(record, trace, size, cfg.BatchBytesMax)
	if err != nil {
		p.release(int64(size))
		return fmt.Errorf("append %d bytes to partition %d: %w", len(record), partition, err)
	}

	// A timer for each append is dear; a caller that has its own limit needs none.
	var over <-chan time.Time
	if limit, ok := ctx.Deadline(); !ok || time.Until(limit) > cfg.AppendTimeout {
		timeout := time.NewTimer(cfg.AppendTimeout)
		defer timeout.Stop()
		over = timeout.C
	}
	select {
	case <-b.done:
		if b.err == nil {
			return nil
		}
		return fmt.Errorf("append %d bytes to partition %d: %w", len(record), partition, b.err)
	case <-ctx.Done():
		err = context.Cause(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", ErrUnacknowledged, err)
		}
	case <-over:
		err = ErrUnacknowledged
	}
	if last := p.appenders[partition].leave(b); last != nil {
		err = fmt.Errorf("%w: %w", err, last)
	}
	return fmt.Errorf("append %d bytes to partition %d: %w", len(record), partition, err)
}

func (p *Producer) release(size int64) {
	p.metrics.pending.Set(float64(p.pending.Add(-size)))
}

// Run appends until ctx ends. Then it takes no more, and returns when what was
// taken is on the log or has failed, after Config.DrainMax at the latest. It can
// be called once.
func (p *Producer) Run(ctx context.Context) error {
	if p.ran.Swap(true) {
		return errors.New("run producer: it ran already")
	}
	working, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var wg sync.WaitGroup
	for i := range p.appenders {
		a := &p.appenders[i]
		a.open()
		wg.Go(func() { p.appendAll(working, a) })
	}
	close(p.running)
	<-ctx.Done()
	for i := range p.appenders {
		p.appenders[i].close()
	}
	limit := time.AfterFunc(p.cfg.DrainMax, func() { stop(ErrUnacknowledged) })
	defer limit.Stop()
	wg.Wait()
	return nil
}

// appendAll delivers the batches of one partition in order, until a is closed and
// empty.
func (p *Producer) appendAll(ctx context.Context, a *appender) {
	m := p.metrics
	working := true
	for b := a.next(); b != nil; b = a.next() {
		m.pending.Set(float64(p.pending.Load()))
		err := p.deliver(ctx, a, b)
		p.release(int64(b.size))
		a.finish(b, err)

		// Said when it changes, and not for each batch: the callers have the errors.
		switch {
		case err == nil && !working:
			p.log.Info("appends work again", slog.Int("partition", int(a.partition)))
		case err != nil && working && !errors.Is(err, errAbandoned):
			p.log.Warn("appends fail", slog.Int("partition", int(a.partition)), slog.Any("err", err))
		}
		if !errors.Is(err, errAbandoned) {
			working = err == nil
		}
	}
}

// deliver sends b until it is acknowledged, refused for good, or nobody waits for
// it any more.
func (p *Producer) deliver(ctx context.Context, a *appender, b *batch) error {
	m := p.metrics
	if a.abandoned(b, nil) {
		m.batches.WithLabelValues(resultAbandoned).Inc()
		return errAbandoned
	}
	began := time.Now()
	b.set.Seal(schema.InstantOf(began))
	for attempt := 1; ; attempt++ {
		sent := time.Now()
		b.attempts = attempt
		appended, err := p.attempt(ctx, a.partition, b.set.Buf)
		if err == nil {
			now := time.Now()
			m.appended(b.set.Count, len(b.set.Buf), now.Sub(began))
			if skew, ok := p.clock.See(appended, sent, now); ok {
				m.skew.Set(skew.Seconds())
			}
			return nil
		}
		if ctx.Err() != nil || !retriable(err) {
			m.batches.WithLabelValues(resultError).Inc()
			return errOf(ctx, err)
		}
		if !pause(ctx, p.backoff(attempt)) || a.abandoned(b, err) {
			m.batches.WithLabelValues(resultError).Inc()
			return errOf(ctx, err)
		}
		m.retries.Inc()
	}
}

// attemptShare is the part of Config.AppendTimeout that one attempt may take: a
// leader that hangs leaves time for an attempt with the next one.
const attemptShare = 2.0 / 3

// attemptMax returns how long one attempt to append may take.
func (c *Config) attemptMax() time.Duration {
	return time.Duration(float64(c.AppendTimeout) * attemptShare)
}

// attempt sends set once.
func (p *Producer) attempt(ctx context.Context, partition schema.Partition, set []byte) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.attemptMax())
	defer cancel()
	return p.sender.Send(ctx, partition, set)
}
