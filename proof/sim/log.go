package sim

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"mlf/ingest/broker"
	"mlf/schema"
)

// The kinds of calls to the log.
const (
	kindProduce = "produce"
	kindFetch   = "fetch"
	kindBounds  = "bounds"
	kindCommit  = "commit"
)

// partitions is how many the log has.
const partitions = 2

// A log is the votes topic. A schedule may begin near the end of a segment: then
// what is below is filler, the same record everywhere, which takes no memory.
type log struct {
	w          *world
	parts      [partitions]partition
	genesis    [partitions][]byte
	committed  [partitions]schema.Offset // The group's.
	lagUntil   time.Time                 // The new leader's log seems to end early until then,
	lag        schema.Offset             // by this much.
	leaderFrom time.Time                 // When the leader last changed.
}

type partition struct {
	first   schema.Offset // What retention has left.
	base    schema.Offset // Below is filler.
	records []record
	epoch   int32
}

type record struct {
	key, value []byte
	epoch      int32
	appended   schema.Instant
}

func newLog(w *world, r schema.Rules) *log {
	l := &log{w: w}
	for p := range l.parts {
		l.genesis[p] = genesisOf(schema.Partition(p), r)
		l.append(p, []byte(schema.KeyGenesis), l.genesis[p])
	}
	return l
}

func genesisOf(p schema.Partition, r schema.Rules) []byte {
	id := identity()
	return schema.AppendGenesis(nil, schema.Genesis{Log: id.Log, Partition: p, Partitions: id.Partitions, Rules: r})
}

// identity is the one log of all schedules: a seed must give the same bytes.
func identity() schema.Identity {
	return schema.Identity{Log: schema.LogID{'s', 'i', 'm'}, Partitions: partitions, Rules: schema.RulesV1}
}

// change lets the records of p after this one be counted by rules r, unless they are
// counted by later ones.
func (l *log) change(p int, r schema.Rules) {
	id := identity()
	c := schema.Control{Log: id.Log, Partition: schema.Partition(p), Partitions: id.Partitions, Rules: r}
	l.append(p, []byte(schema.KeyRules), schema.AppendControl(nil, c))
}

// rules returns the rules by which the next record of p will be counted.
func (l *log) rules(p int) schema.Rules {
	r := schema.RulesV1
	if g, err := schema.DecodeGenesis(l.genesis[p]); err == nil {
		r = g.Rules
	}
	for _, rec := range l.parts[p].records {
		if c, err := schema.DecodeControl(rec.value); string(rec.key) == schema.KeyRules && err == nil {
			r = max(r, c.Rules)
		}
	}
	return r
}

func (l *log) append(p int, key, value []byte) {
	part := &l.parts[p]
	part.records = append(part.records, record{key: key, value: value, epoch: part.epoch, appended: schema.InstantOf(time.Now())})
}

func (p *partition) end() schema.Offset { return p.base + schema.Offset(len(p.records)) }

// at returns the record at o, which is below the end.
func (l *log) at(p int, o schema.Offset) record {
	part := &l.parts[p]
	if o < part.base { // A genesis of somebody who came second: a record without votes.
		return record{key: []byte(schema.KeyGenesis), value: l.genesis[p]}
	}
	return part.records[o-part.base]
}

// visible returns where the log of p seems to end.
func (l *log) visible(p int) schema.Offset {
	end := l.parts[p].end()
	if time.Now().Before(l.lagUntil) {
		return max(l.parts[p].first, end-l.lag)
	}
	return end
}

// changeLeader lets another broker lead all partitions.
func (l *log) changeLeader() {
	now := time.Now()
	if now.Sub(l.leaderFrom) < 3*aboveMax {
		return // One change a worker can tell from a loss; two in a row it need not.
	}
	for p := range l.parts {
		l.parts[p].epoch++
	}
	l.leaderFrom = now
	l.w.hits[hitLeader]++
	if l.w.dice.IntN(2) == 0 {
		l.w.hits[hitLag]++
		l.lagUntil, l.lag = now.Add(l.w.span(lagMax)), schema.Offset(1+l.w.dice.IntN(6))
	}
}

// A sender is a process's way to append.
type sender struct {
	w   *world
	who *process
}

// Send waits for the scheduler. It reads set when it happens, however late: the
// producer must leave it alone as long as that can be.
func (s sender) Send(ctx context.Context, p schema.Partition, set []byte) (time.Time, error) {
	sum := bytes.Clone(set[:min(len(set), 25)]) // Up to the checksum, to see that it is left alone.
	effect := func(func() bool) error {
		if !bytes.Equal(sum, set[:len(sum)]) {
			panic(fmt.Sprintf("BUG: the producer used the memory of a batch for partition %d that may be sent still", p))
		}
		records, err := broker.ReadSet(set)
		if err != nil {
			panic(fmt.Sprintf("BUG: the producer sent what is no batch to partition %d: %v", p, err))
		}
		for _, r := range records {
			s.w.log.append(int(p), bytes.Clone(r.Key), bytes.Clone(r.Value))
		}
		return nil
	}
	err := s.w.do(ctx, call{who: s.who, kind: kindProduce, part: int(p), nature: natureAtomic, effect: effect})
	return time.Time{}, err
}

// A reader is a process's way to read the log.
type reader struct {
	w    *world
	who  *process
	lent [partitions]schema.Fetched // What the reader got last: it is gone at its next fetch.
}

// Fetch waits for the scheduler, which lets it wait while there is nothing.
func (r *reader) Fetch(ctx context.Context, p schema.Partition, at schema.Offset) (f schema.Fetched, err error) {
	for _, rec := range r.lent[p].Records {
		for i := range rec.Value {
			rec.Value[i] = 0xee
		}
	}
	r.lent[p] = schema.Fetched{}
	err = r.w.do(ctx, call{
		who: r.who, kind: kindFetch, part: int(p), nature: natureRead,
		effect: func(func() bool) error { f, err = r.fetch(int(p), at); return err },
		idle:   func() bool { return at == r.w.log.visible(int(p)) },
	})
	if err != nil {
		return schema.Fetched{}, err
	}
	r.lent[p] = f
	return f, nil
}

// corruptMax is how often in a row records come damaged at most: a worker gives up
// after that.
const corruptMax = 3

func (r *reader) fetch(p int, at schema.Offset) (schema.Fetched, error) {
	l := r.w.log
	part := &l.parts[p]
	f := schema.Fetched{LogEnd: l.visible(p)}
	if at < part.first || at > f.LogEnd {
		return f, schema.ErrOffsetOutOfRange
	}
	if !r.w.calm && r.who.corrupt[p] < corruptMax && r.w.chance(r.w.weather.fail/10) {
		r.who.corrupt[p]++
		r.w.hits[hitDamage]++
		return f, schema.ErrCorrupt
	}
	r.who.corrupt[p] = 0
	for o := at; o < min(f.LogEnd, at+schema.Offset(1+r.w.dice.IntN(r.w.weather.fetched))); o++ {
		rec := l.at(p, o)
		f.LeaderEpoch = rec.epoch
		f.Records = append(f.Records, schema.Record{Offset: o, Key: rec.key, Value: bytes.Clone(rec.value), Appended: rec.appended})
	}
	return f, nil
}

// Bounds waits for the scheduler.
func (r *reader) Bounds(ctx context.Context, p schema.Partition) (first, next schema.Offset, err error) {
	err = r.w.do(ctx, call{
		who: r.who, kind: kindBounds, part: int(p), nature: natureRead,
		effect: func(func() bool) error {
			first, next = r.w.log.parts[p].first, r.w.log.visible(int(p))
			return nil
		},
	})
	return first, next, err
}
