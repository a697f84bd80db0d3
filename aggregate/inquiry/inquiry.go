package inquiry

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"mlf/aggregate/fold"
	"mlf/schema"
)

// A Log is where the votes are read from, by one goroutine.
type Log interface {
	// Fetch returns the records of p from offset at on, in order, without a gap. They
	// are the caller's until its next Fetch.
	Fetch(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Fetched, error)

	// Appended returns when the record of p at offset at was appended.
	// schema.ErrOffsetOutOfRange: there is none, or not any more.
	Appended(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Instant, error)

	// Bounds are those of each partition.
	Bounds(ctx context.Context) ([]schema.Bounds, error)
}

// Checkpoints are those of a database that counts the log.
type Checkpoints interface {
	// Checkpoints returns the checkpoints of p; schema.ErrCheckpointCorrupt comes with
	// those that can be read.
	Checkpoints(ctx context.Context, p schema.Partition) ([]schema.CheckpointInfo, error)

	// Checkpoint returns one of them.
	Checkpoint(ctx context.Context, info schema.CheckpointInfo) (schema.Checkpoint, error)
}

// A Question asks for one vote.
type Question struct {
	Identity    schema.Identity
	Stream      schema.Stream
	Seq         schema.Seq
	Since       schema.Instant // Records appended before are not read; 0: all are.
	Log         Log
	Checkpoints Checkpoints            // nil: none.
	Tell        func(done, all uint64) // How many records were read; nil: nobody wants to know.
}

// A Fate is what became of the vote.
type Fate string

// The fates.
const (
	Counted     Fate = "counted"
	Voided      Fate = "voided"      // Its seq is closed, and no vote of it counts: a record says so.
	Closed      Fate = "closed"      // The same, because its stream had too many gaps.
	Quarantined Fate = "quarantined" // It is on the log, and may not count.
	Absent      Fate = "absent"      // No record that was read holds it, and nothing decided it.
	Decided     Fate = "decided"     // It was counted or voided by a record that was not read.
	Undecided   Fate = "undecided"   // Not all was read that could have decided it.
)

// An Answer says what became of a vote.
type Answer struct {
	Partition   schema.Partition
	First, Next schema.Offset // Of the log; Next is the end as it was at the beginning.
	From        schema.Offset // From here on records were read,
	JudgedFrom  schema.Offset // and from here on the fold counted; OffsetUnknown: nowhere.
	Fate        Fate
	Sightings   []Sighting
	Decisive    int   // Which sighting decided; -1: none.
	Halt        error // Why counting stops before Next; nil: it does not.
}

// A Sighting is one record that holds the vote. A vote that is twice in a record is two.
type Sighting struct {
	fold.Verdict // Fate is 0 where the fold did not count.
	Offset       schema.Offset
	Appended     schema.Instant
	Header       schema.BatchHeader
}

// A reading is an inquiry under way.
type reading struct {
	Question
	answer Answer
	sum    *fold.Fold // nil where it does not count.
	batch  schema.VoteBatch
	record *schema.Record // Under way.
}

// Ask finds out what became of a vote. Its error is that of the log or the database.
func Ask(ctx context.Context, q Question) (*Answer, error) {
	r := &reading{Question: q}
	a := &r.answer
	a.Partition = schema.PartitionOf(q.Stream.Slot, q.Identity.Partitions)
	a.JudgedFrom, a.Decisive = schema.OffsetUnknown, -1
	bounds, err := q.Log.Bounds(ctx)
	if err != nil {
		return nil, fmt.Errorf("read bounds of the log: %w", err)
	}
	if int(a.Partition) >= len(bounds) {
		return nil, fmt.Errorf("partition %d is not on the log, which has %d", a.Partition, len(bounds))
	}
	a.First, a.Next = bounds[a.Partition].First, bounds[a.Partition].Next
	if a.From, err = r.since(ctx); err != nil {
		return nil, err
	}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	a.Fate = r.fate()
	return a, nil
}

// since returns the offset of the first record to read. Append times rise with offsets,
// as brokers write them; where they do not, it is any offset of about that time.
func (r *reading) since(ctx context.Context) (schema.Offset, error) {
	first := r.answer.First
	if r.Since == 0 {
		return first, nil
	}
	var failed error
	n := sort.Search(int(r.answer.Next-first), func(i int) bool {
		at, err := r.Log.Appended(ctx, r.answer.Partition, first+schema.Offset(i))
		failed = errors.Join(failed, err)
		return err != nil || at >= r.Since
	})
	if failed != nil {
		return 0, fmt.Errorf("look for the records since %v: %w", r.Since.Time(), failed)
	}
	return first + schema.Offset(n), nil
}

// begin makes the fold that counts, from the genesis, or from the earliest checkpoint
// that the log goes on from.
func (r *reading) begin(ctx context.Context) error {
	a := &r.answer
	if a.From == 0 {
		r.watch(fold.New(a.Partition, r.Identity))
		return nil
	}
	if r.Checkpoints == nil {
		return nil
	}
	infos, err := r.Checkpoints.Checkpoints(ctx, a.Partition)
	if err != nil && !errors.Is(err, schema.ErrCheckpointCorrupt) {
		return fmt.Errorf("list checkpoints of partition %d: %w", a.Partition, err)
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Next < infos[j].Next })
	for _, info := range infos {
		if info.Log != r.Identity.Log || info.Next < a.First || info.Next > a.Next {
			continue
		}
		c, err := r.Checkpoints.Checkpoint(ctx, info)
		if errors.Is(err, schema.ErrCheckpointCorrupt) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read checkpoint of partition %d at %d: %w", a.Partition, info.Next, err)
		}
		if sum, err := fold.Open(c.Payload); err == nil {
			r.watch(sum)
			a.From = min(a.From, sum.Next()) // So that nothing is missing between.
			return nil
		}
	}
	return nil
}

func (r *reading) watch(sum *fold.Fold) {
	r.sum, r.answer.JudgedFrom = sum, sum.Next()
	sum.Watch(r.Stream.Terminal, r.Stream.ID, func(h *schema.BatchHeader, v fold.Verdict) { r.see(h, v) })
}

// read reads from the first record to the log's end as it was.
func (r *reading) read(ctx context.Context) error {
	a := &r.answer
	for at := a.From; at < a.Next; {
		f, err := r.Log.Fetch(ctx, a.Partition, at)
		if err != nil {
			return fmt.Errorf("read partition %d at %d: %w", a.Partition, at, err)
		}
		for i := range f.Records {
			if at >= a.Next {
				break
			}
			r.take(&f.Records[i])
			at++
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if r.Tell != nil {
			r.Tell(uint64(at-a.From), uint64(a.Next-a.From))
		}
	}
	return nil
}

// take counts a record, or looks into it where nothing counts.
func (r *reading) take(rec *schema.Record) {
	r.record = rec
	if r.sum != nil && rec.Offset >= r.sum.Next() && r.answer.Halt == nil {
		if r.answer.Halt = r.sum.Apply(rec); r.answer.Halt == nil {
			return
		}
	}
	if len(rec.Key) > 0 || r.batch.Decode(rec.Value) != nil || r.batch.Terminal != r.Stream.Terminal || r.batch.Stream != r.Stream.ID {
		return
	}
	for i, v := range r.batch.Votes() {
		r.see(&r.batch.BatchHeader, fold.Verdict{Vote: v, Index: i})
	}
}

// see keeps what is said of a vote of the stream, if it is the one that is asked for.
func (r *reading) see(h *schema.BatchHeader, v fold.Verdict) {
	if v.Vote.Seq != r.Seq {
		return
	}
	a := &r.answer
	if v.Fate == fold.Counted || v.Fate == fold.Voided {
		a.Decisive = len(a.Sightings)
	}
	a.Sightings = append(a.Sightings, Sighting{Verdict: v, Offset: r.record.Offset, Appended: r.record.Appended, Header: *h})
}

// fate returns what it all comes to.
func (r *reading) fate() Fate {
	a := &r.answer
	if a.Decisive >= 0 {
		if a.Sightings[a.Decisive].Fate == fold.Voided {
			return Voided
		}
		return Counted
	}
	if r.sum == nil {
		return Undecided
	}
	decided, closed := r.sum.Decided(r.Stream.Terminal, r.Stream.ID, r.Seq)
	switch {
	case closed:
		return Closed
	case decided:
		return Decided
	case a.Halt != nil:
		return Undecided
	case len(a.Sightings) > 0:
		return Quarantined
	}
	return Absent
}
