package aggregate

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/schema"
)

// gauges are how the partitions of this process are. They are made when they are
// scraped, and not when something happens: a count that hangs in a call of a frozen
// neighbour would leave them as they were.
type gauges struct {
	a *Aggregator

	lag, unflushedAge, checkpointAge, halted, stuck *prometheus.Desc // By partition.
	eventAge, unflushed, unflushedMax               *prometheus.Desc
}

func newGauges(a *Aggregator) *gauges {
	of := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &gauges{
		a: a,
		lag: prometheus.NewDesc("mlf_consumer_lag_messages",
			"Records of the partition that are on the log, as far as this process has seen, and not in the store. Absent while it recovers. If it grows, see mlf_aggregate_oldest_unflushed_seconds: the store does not keep up, or else add processes.",
			[]string{"partition"}, prometheus.Labels{"topic": schema.VotesTopic}),
		eventAge: of("mlf_consumer_event_age_seconds",
			"Age, from its ingest time, of the oldest record that was read and is not in the store; 0 for none. Far above the flush interval: this process is behind."),
		unflushedAge: of("mlf_aggregate_oldest_unflushed_seconds",
			"How long counts of the partition have waited for the store without any being taken; 0 when none wait. Above the flush interval for long: see the store.", "partition"),
		unflushed: of("mlf_aggregate_unflushed_rows",
			"Rows that wait for the store. At mlf_aggregate_unflushed_rows_max reading the log stops: see whether the store is there."),
		unflushedMax: of("mlf_aggregate_unflushed_rows_max",
			"The most rows that may wait for the store before reading the log stops."),
		checkpointAge: of("mlf_aggregate_checkpoint_age_seconds",
			"Time since the state of the partition was last safe: its checkpoint written, or nothing new to write. Above 5 min a crash costs a long replay: see the log lines about checkpoints.", "partition"),
		halted: of("mlf_aggregate_halted",
			"1 when the partition is not counted any more, because going on would lose or invent votes. Page somebody; the reason is in the log and in /v1/ledger.", "partition"),
		stuck: of("mlf_aggregate_stuck",
			"1 while the count of the partition stands still: the store does not take its rows, or the log cannot be read. It tries on; the reason is in the log and in /v1/ledger. Above 0 for minutes: see the store and the brokers.", "partition"),
	}
}

// Describe is prometheus.Collector's.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.lag, g.eventAge, g.unflushedAge, g.unflushed, g.unflushedMax, g.checkpointAge, g.halted, g.stuck} {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	var oldest schema.Instant
	now := g.a.cfg.Now()
	for _, w := range g.a.list() {
		p, s := label(w.p), w.standing(now)
		set(g.halted, truth(s.state == schema.StateHalted), p)
		set(g.stuck, truth(s.state == schema.StateStuck), p)
		set(g.unflushedAge, s.waited.Seconds(), p)
		if !s.counts {
			continue
		}
		set(g.lag, float64(s.lag), p)
		set(g.checkpointAge, s.unsafe.Seconds(), p)
		oldest = older(oldest, s.oldest)
	}
	age := time.Duration(0)
	if oldest != 0 {
		age = max(0, now.Sub(oldest.Time()))
	}
	set(g.eventAge, age.Seconds())
	set(g.unflushed, float64(g.a.unflushed()))
	set(g.unflushedMax, float64(g.a.cfg.DirtyRowsMax))
}

// A standing is how a partition is at a moment.
type standing struct {
	state  schema.State
	waited time.Duration // Of what waits for the store; 0 for nothing.

	counts bool // It has a fold, and with it what follows.
	lag    schema.Offset
	unsafe time.Duration  // For how long no checkpoint holds all there is.
	oldest schema.Instant // Of the records not in the store; 0: none.
}

func (w *worker) standing(now time.Time) standing {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := standing{state: w.shown().State}
	if !w.moved.waiting.IsZero() {
		s.waited = max(0, now.Sub(w.moved.waiting))
	}
	if w.fold == nil {
		return s
	}
	s.counts = true
	s.lag = max(0, max(w.way.end, w.fold.Next())-w.way.flushed)
	s.unsafe = max(0, now.Sub(w.way.unsafeSince(w.fold.Next(), now)))
	s.oldest = w.way.oldest()
	return s
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
