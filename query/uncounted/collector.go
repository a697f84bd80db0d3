package uncounted

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mlf/schema"
)

// A collector tells what an observer has seen, with ages of the moment.
type collector struct {
	o *Observer

	start, end, counted, uncounted, age, marginRecords, marginSeconds *prometheus.Desc // By partition.
	seen                                                              *prometheus.Desc // By source.
}

func newCollector(o *Observer) *collector {
	of := func(label, name, help string) *prometheus.Desc {
		return prometheus.NewDesc("mlf_"+name, help, []string{label}, nil)
	}
	const partition = "partition"
	return &collector{
		o:             o,
		start:         of(partition, "log_start_offset", "First record that the log still has. Above 0: retention removes records, see mlf_retention_margin_seconds."),
		end:           of(partition, "log_end_offset", "One past the last record of the log, as it was last seen."),
		counted:       of(partition, "counted_offset", "One past the last record whose counts are in the store, as it was last seen."),
		uncounted:     of(partition, "uncounted_records", "Records on the log that are not in the store, seen from outside: also when every worker is dead. If it grows, see mlf_counted_age_seconds."),
		age:           of(partition, "counted_age_seconds", "Age, from its append, of the oldest record on the log that is not in the store; 0 for none, absent while nobody knows. Above a minute: see mlf_aggregate_stuck, the workers and the store."),
		marginRecords: of(partition, "retention_margin_records", "Records that retention may still remove before one goes that is not counted; below 0 some are lost. Absent while the log begins with its first."),
		marginSeconds: of(partition, "retention_margin_seconds", "How much older the first record of the log is than the first that is not counted: what is left until retention takes votes that nobody has counted. Absent while the log begins with its first. Shrinking: count, or make retention longer, at once."),
		seen:          of("source", "uncounted_seen_timestamp_seconds", "When the log, and the store, last said how far they are; 0: not yet. Long ago: what is not counted is as it was then."),
	}
}

// Describe is prometheus.Collector's.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.start, c.end, c.counted, c.uncounted, c.age, c.marginRecords, c.marginSeconds, c.seen} {
		ch <- d
	}
}

// Collect is prometheus.Collector's.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	set := func(d *prometheus.Desc, v float64, label string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label)
	}
	now := c.o.cfg.Now()
	c.o.mu.Lock()
	parts, seen := slices.Clone(c.o.parts), c.o.seen
	c.o.mu.Unlock()
	set(c.seen, stamp(seen[sourceLog]), "log")
	set(c.seen, stamp(seen[sourceStore]), "store")
	if seen[sourceLog].IsZero() || seen[sourceStore].IsZero() {
		return
	}
	for i := range parts {
		p, label := &parts[i], strconv.Itoa(i)
		set(c.start, float64(p.bounds.First), label)
		set(c.end, float64(p.bounds.Next), label)
		set(c.counted, float64(p.counted), label)
		set(c.uncounted, float64(p.uncounted()), label)
		oldest := now
		if p.uncounted() > 0 {
			oldest = p.oldest.Time()
		}
		if p.uncounted() == 0 || p.oldest != 0 {
			set(c.age, max(0, now.Sub(oldest).Seconds()), label)
		}
		if p.bounds.First == 0 {
			continue
		}
		set(c.marginRecords, float64(p.counted-p.bounds.First), label)
		if p.first != 0 && (p.uncounted() == 0 || p.oldest != 0) {
			set(c.marginSeconds, oldest.Sub(p.first.Time()).Seconds(), label)
		}
	}
}

// uncounted returns how many records are on the log and not in the store. The store
// may have been asked later.
func (p *partition) uncounted() schema.Offset { return max(0, p.bounds.Next-p.counted) }

// stamp returns t in Unix seconds; 0 for the zero time.
func stamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
