package fold

import (
	"errors"
	"fmt"

	"mlf/schema"
	"mlf/schema/event"
	"mlf/schema/presence"
)

// tailRecords is how many hashes of single records a fold keeps, so that a
// worker can ask whether the log still holds what was counted. Sixteen: a log
// that was rewritten differs from its last record on; the others tell by how much.
const tailRecords = 16

// A Fold is what the records of one partition, from its genesis to some offset,
// amount to. It is a pure function of them: Apply uses no clock, no randomness
// and nothing but the record, so any two folds of the same records are equal,
// whenever and wherever they were made, and however often Drain was called.
//
// Its state is of two kinds. Streams, chain and offset are kept for ever;
// counters are those of the open segment only, and begin anew at its end. By which
// rules it counts is part of the state: a record can change them (rules.go).
// Not safe for use by several goroutines.
type Fold struct {
	partition schema.Partition
	id        schema.Identity // Rules is that in force, once the genesis record was read.
	rulesMax  schema.Rules
	next      schema.Offset
	chain     schema.Chain
	tail      [tailRecords]schema.RecordHash // Of the record at offset o: tail[o%tailRecords].
	streams   map[streamKey]*stream
	terminals map[schema.TerminalID]*terminal

	// Of sources that keep no state.
	clock   schema.Instant // The log's time: the latest ingest time of any record, by rules 3.
	sources map[sourceKey]*source
	keys    int // Of all sources.
	devices map[schema.TerminalID]*device

	// The open segment.
	segment schema.Segment
	first   schema.Offset // Its first record.
	groups  map[recordKey]cellGroup
	tally   schema.Tally
	newest  schema.Instant

	// What has changed since Drain.
	dirtyCells   []*cell // Those of segments that have closed since are only here.
	dirtyStreams []*stream
	dirtyLedger  bool

	dirtyTerminals []*terminal
	dirtyDays      int

	closed []schema.LedgerRow
	dirty  changed // What a cell is once it has changed: on the lists there are.

	untold untold // What has changed since DrainClaim.

	total    schema.Tally   // Of all records this Fold has applied; not part of the state.
	from     schema.Offset  // Of the first of them,
	since    schema.Instant // and the ingest time of the first that has one; 0 for none.
	ingested schema.Instant // Ingest time of the last record applied; 0 for none.
	watched  *watched       // Of whose votes somebody is told; nil: of nobody's.

	// Memory used again for each record.
	batch   schema.VoteBatch
	keyed   event.Batch
	reading event.Counters
	linker  schema.Linker
}

// New returns the fold of an empty partition. The first record applied must
// be the genesis of the log that id names.
func New(p schema.Partition, id schema.Identity) *Fold {
	return &Fold{
		partition: p,
		id:        id,
		rulesMax:  RulesMax,
		streams:   make(map[streamKey]*stream),
		terminals: make(map[schema.TerminalID]*terminal),
		sources:   make(map[sourceKey]*source),
		devices:   make(map[schema.TerminalID]*device),
		groups:    make(map[recordKey]cellGroup),
		dirty:     forStore,
	}
}

// Next returns the offset of the record that Apply must get next.
func (f *Fold) Next() schema.Offset { return f.next }

// Partition returns the partition that f counts.
func (f *Fold) Partition() schema.Partition { return f.partition }

// Identity returns the log that f counts, with the rules in force at Next.
func (f *Fold) Identity() schema.Identity { return f.id }

// Ingested returns the ingest time of the last record applied; 0 where it has none.
func (f *Fold) Ingested() schema.Instant { return f.ingested }

// Chain returns the hash of all records below Next.
func (f *Fold) Chain() schema.Chain { return f.chain }

// Total returns the account of the records this Fold has applied itself; what
// came from a checkpoint is not in it.
func (f *Fold) Total() schema.Tally { return f.total }

// Apply folds the record at Next. It keeps nothing of rec. An error wraps
// ErrHalt, and f is as it was before: the record was not applied.
func (f *Fold) Apply(rec *schema.Record) error {
	if rec.Offset != f.next {
		return HaltGap(f.partition, f.next, fmt.Errorf("record %d is in its place", rec.Offset))
	}
	t := schema.Tally{Records: 1}
	rules := f.id.Rules
	var err error
	switch {
	case f.next == 0:
		rules, err = f.applyGenesis(rec)
	case len(rec.Key) == 0:
		err = f.applyVotes(rec.Value, &t)
	default:
		rules, err = f.applyKeyed(rec, &t)
	}
	if err != nil {
		return err
	}
	if len(rec.Key) > 0 {
		f.ingested = 0
	}
	if f.since == 0 {
		f.since = f.ingested
	}
	f.link(rec)
	f.tally.Add(t)
	f.total.Add(t)
	f.dirtyLedger = true
	f.next++
	if f.segmentEnds() || f.next > 1 && rules != f.id.Rules {
		f.closeSegment()
	}
	f.id.Rules = rules
	return nil
}

// applyGenesis returns the rules by which the log begins.
func (f *Fold) applyGenesis(rec *schema.Record) (schema.Rules, error) {
	g, err := CheckGenesis(rec, f.partition, f.id)
	if err == nil && g.Rules > f.rulesMax {
		err = haltRules(f.partition, g.Rules)
	}
	if err != nil {
		return 0, err
	}
	return g.Rules, nil
}

// CheckGenesis reads the genesis of partition p. Its error wraps ErrHalt: rec is not
// that of the log that id names, or is of a newer format.
func CheckGenesis(rec *schema.Record, p schema.Partition, id schema.Identity) (schema.Genesis, error) {
	if string(rec.Key) != schema.KeyGenesis {
		return schema.Genesis{}, HaltOtherLog("partition %d: record 0 is not a genesis record, so mlf schema apply did not make this log: %s", p, pointRight)
	}
	g, err := schema.DecodeGenesis(rec.Value)
	if errors.Is(err, schema.ErrFormat) {
		return g, Halt("partition %d: record 0 is of a format that this version does not know (%w): %s", p, err, runNewer)
	}
	if err != nil {
		return g, HaltOtherLog("partition %d: record 0 is no genesis record that can be read (%w): %s", p, err, pointRight)
	}
	if g.Log != id.Log || g.Partition != p || g.Partitions != id.Partitions {
		return g, HaltOtherLog("partition %d: the log is %v, partition %d of %d, and the store counts log %v, partition %d of %d: %s",
			p, g.Log, g.Partition, g.Partitions, id.Log, p, id.Partitions, pointRight)
	}
	return g, nil
}

// applyVotes folds the value of a record with votes, and accounts for them in t.
func (f *Fold) applyVotes(value []byte, t *schema.Tally) error {
	if k := event.KindOf(value); k != event.None && f.id.Rules >= schema.RulesV3 {
		f.applyEvent(k, value, t)
		return nil
	}
	err := f.batch.Decode(value)
	if errors.Is(err, schema.ErrUndecodable) {
		// Of a foreign or defective producer. How many votes it meant nobody knows.
		t.VotesIn, t.Quarantined = 1, 1
		f.ingested = 0
		return nil
	}
	if err != nil {
		return Halt("partition %d: record %d is of a format that this version does not know (%w): %s", f.partition, f.next, err, runNewer)
	}
	b := &f.batch
	t.VotesIn = uint64(b.Len())
	f.ingested = b.Ingested
	f.newest = max(f.newest, b.Ingested)
	if f.id.Rules >= schema.RulesV3 {
		f.tick(b.Ingested)
	}
	if schema.PartitionOf(b.Slot, f.id.Partitions) != f.partition {
		// The seqs of this stream are known in another partition. Counted here, a
		// vote could be counted twice.
		t.Quarantined = t.VotesIn
		f.tellStrays(b)
		return nil
	}
	if f.watched.has(b) {
		f.foldWatched(b, t)
		return nil
	}
	f.foldVotes(b, b.Votes(), t)
	return nil
}

// foldVotes is the hot path: one turn of its loop for every vote of the country.
// Votes of a record mostly fall into the cell of the vote before them. They may come
// by portions of a record, in order. It returns the cell of the last that was counted.
func (f *Fold) foldVotes(b *schema.VoteBatch, votes []schema.Vote, t *schema.Tally) *cell {
	key := streamKey{b.Terminal, b.Stream}
	s := f.streams[key]
	sparse, times := f.id.Rules >= schema.RulesV2, f.timesOf(b)
	where := recordKey{b.Comune, b.Office, b.Channel, b.Scale}
	var (
		c    *cell // Of no name in the result: that cost a tenth, as it was kept in memory.
		here cellGroup
		r    voteKey // Of c.
		seen sight
	)
	for i := range votes {
		v := &votes[i]
		if !times.hold(v.At) {
			t.Quarantined++
			continue
		}
		if s == nil {
			if s = f.newStream(key); s == nil {
				t.Quarantined++
				continue
			}
		}
		if said := contentOf(b.Scale, v.Value); !s.extend(v.Seq, said) {
			if is := s.take(v.Seq, said, sparse); is != fateNew {
				is.account(t)
				continue
			}
		}
		f.touch(s)
		if v.Value == schema.Voided {
			t.Voided++
			continue
		}
		t.Counted++
		if is := voteKeyOf(v.At.Hour(), v.Service, classOf(b, s, v)); c == nil || is != r {
			if here == nil {
				here = f.group(where)
				seen.begin(v.At)
			} else if presence.DayOf(v.At) != seen.day {
				f.saw(s.of, &seen)
				seen.begin(v.At)
			}
			r, c = is, f.cell(where, here, is)
		}
		c.count(v)
		seen.extend(v.At)
	}
	if c != nil {
		f.saw(s.of, &seen)
	}
	return c
}

// classOf returns the class of a counted vote, and lets it be the one before the
// stream's next.
func classOf(b *schema.VoteBatch, s *stream, v *schema.Vote) schema.Class {
	switch {
	case b.Test:
		return schema.ClassTest
	case v.LateClock:
		return schema.ClassLateClock
	case s.bursts(b.Channel, v):
		return schema.ClassBurst
	}
	return schema.ClassOK
}

// newStream returns a stream that was not known before; nil where its terminal has
// too many.
func (f *Fold) newStream(k streamKey) *stream {
	if of := f.terminals[k.terminal]; of != nil && of.streams >= StreamsMax && f.id.Rules >= schema.RulesV2 {
		return nil
	}
	s := &stream{key: k}
	f.adopt(s)
	return s
}

// adopt makes s one of f's streams.
func (f *Fold) adopt(s *stream) {
	s.of = f.terminal(s.key.terminal)
	s.of.streams++
	s.of.spans += len(s.seen) + len(s.closed)
	f.streams[s.key] = s
}

func (f *Fold) group(k recordKey) cellGroup {
	p := f.groups[k]
	if p == nil {
		p = make(cellGroup)
		f.groups[k] = p
	}
	return p
}

// cell returns the cell of a vote that is about to be counted: it is dirty now.
func (f *Fold) cell(k recordKey, p cellGroup, r voteKey) *cell {
	c := p[r]
	if c == nil {
		c = k.cell(r, f.segment)
		p[r] = c
	}
	if c.dirty != f.dirty {
		f.soil(c)
	}
	return c
}

// soil puts c on the lists of changed cells that it is not on.
func (f *Fold) soil(c *cell) {
	if c.dirty&forStore == 0 {
		f.dirtyCells = append(f.dirtyCells, c)
	}
	if (f.dirty&^c.dirty)&forFollowers != 0 {
		f.untold.cells = append(f.untold.cells, c)
	}
	c.dirty = f.dirty
}

func (f *Fold) touch(s *stream) {
	if !s.dirty {
		s.dirty = true
		f.dirtyStreams = append(f.dirtyStreams, s)
	}
}

// link folds a record into the chain: each hash holds all records before it.
func (f *Fold) link(rec *schema.Record) {
	f.tail[rec.Offset%tailRecords] = f.linker.Link(&f.chain, rec)
}

// CheckTail compares a record from Tail up to Next with the one that was counted at
// its offset. Its error wraps ErrHalt and ErrOtherLog: they differ.
func (f *Fold) CheckTail(rec *schema.Record) error {
	if f.linker.Hash(rec) != f.tail[rec.Offset%tailRecords] {
		return HaltOtherLog("partition %d: record %d is not the one that was counted, so the log was rewritten: %s", f.partition, rec.Offset, BringBack)
	}
	return nil
}

// Tail returns the first offset that CheckTail can compare: some records before Next.
func (f *Fold) Tail() schema.Offset { return max(0, f.next-tailRecords) }

// closeSegment ends the open segment: its account gets the chain, its counters
// are written once more and forgotten, and the next segment counts from zero.
func (f *Fold) closeSegment() {
	row := f.ledgerRow(f.chain)
	f.closed = append(f.closed, row)
	if f.dirty&forFollowers != 0 {
		f.untold.closed = append(f.untold.closed, row)
	}
	f.segment, f.first = f.segment+1, f.next
	f.groups = make(map[recordKey]cellGroup)
	f.tally, f.newest, f.dirtyLedger = schema.Tally{}, 0, false
}

func (f *Fold) ledgerRow(c schema.Chain) schema.LedgerRow {
	if !f.tally.Balanced() {
		panic(fmt.Sprintf("BUG: partition %d, segment %d: account %+v is not balanced", f.partition, f.segment, f.tally))
	}
	return schema.LedgerRow{Partition: f.partition, Segment: f.segment, Chain: c, Next: f.next, Newest: f.newest, Tally: f.tally}
}
