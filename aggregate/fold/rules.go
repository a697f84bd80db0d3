package fold

import (
	"errors"
	"math"
	"strings"

	"mlf/schema"
)

// RulesMax is the highest rules by which this program can count.
const RulesMax = schema.RulesV3

// KnowOnly lets f count by rules up to most alone, as an older version did: for
// tests of how versions go together. Its error wraps ErrCheckpoint: f counts by
// later ones already.
func (f *Fold) KnowOnly(most schema.Rules) error {
	if f.next > 0 && f.id.Rules > most {
		return badCheckpoint("it counts by rules %d, this program knows %d", f.id.Rules, most)
	}
	f.rulesMax = most
	return nil
}

// haltRules halts where the records from here on are counted by rules that this
// program does not know.
func haltRules(p schema.Partition, r schema.Rules) error {
	return Halt("partition %d: the log counts by rules %d, which this version does not know: %s", p, r, runNewer)
}

// applyKeyed folds a record that has a key, and returns the rules from the next
// one on.
func (f *Fold) applyKeyed(rec *schema.Record, t *schema.Tally) (schema.Rules, error) {
	switch key := string(rec.Key); {
	case key == schema.KeyGenesis:
		// Of somebody who set up the log at the same time, and came second. The
		// first one holds; this one is a record without votes.
		return f.id.Rules, nil
	case key == schema.KeyRules && f.rulesMax >= schema.RulesV2:
		return f.applyControl(rec)
	case f.id.Rules >= schema.RulesV2 && !strings.HasPrefix(key, schema.KeyPrefix):
		// Of a foreign producer. How many votes it meant nobody knows.
		t.VotesIn, t.Quarantined = 1, 1
		return f.id.Rules, nil
	}
	return 0, Halt("partition %d: record %d is a control record %q, which this version does not know: %s", f.partition, rec.Offset, rec.Key, runNewer)
}

// applyControl returns the rules that a control record sets. Of two who set the
// same, the second changes nothing.
func (f *Fold) applyControl(rec *schema.Record) (schema.Rules, error) {
	c, err := schema.DecodeControl(rec.Value)
	if errors.Is(err, schema.ErrFormat) {
		return 0, Halt("partition %d: record %d is of a format that this version does not know (%w): %s", f.partition, rec.Offset, err, runNewer)
	}
	if err != nil {
		return 0, Halt("partition %d: record %d changes the rules, and cannot be read (%w): %s", f.partition, rec.Offset, err, BringBack)
	}
	if c.Log != f.id.Log || c.Partition != f.partition || c.Partitions != f.id.Partitions {
		return 0, HaltOtherLog("partition %d: record %d changes the rules of log %v, partition %d of %d, and the store counts log %v, partition %d of %d: %s",
			f.partition, rec.Offset, c.Log, c.Partition, c.Partitions, f.id.Log, f.partition, f.id.Partitions, pointRight)
	}
	if c.Rules > f.rulesMax {
		return 0, haltRules(f.partition, c.Rules)
	}
	return max(c.Rules, f.id.Rules), nil
}

// segmentEnds tells whether the record before Next is the last of its segment.
func (f *Fold) segmentEnds() bool {
	if f.id.Rules < schema.RulesV2 {
		return f.next%schema.SegmentRecords == 0
	}
	return f.next-f.first >= schema.SegmentRecords || f.tally.VotesIn >= schema.SegmentVotes
}

// times are the vote times that a record may have, in one number each so that a
// vote costs one comparison.
type times struct {
	first  schema.Instant
	length uint64 // The last is first+length.
}

func (f *Fold) timesOf(b *schema.VoteBatch) times {
	if f.id.Rules < schema.RulesV2 {
		return times{0, math.MaxUint64}
	}
	return times{b.Ingested - schema.VoteAgeMax, schema.VoteAgeMax + schema.VoteAheadMax}
}

// hold tells whether at is one of them.
func (t times) hold(at schema.Instant) bool { return uint64(at-t.first) <= t.length }
