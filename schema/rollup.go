package schema

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// A Cell is what votes are counted by. Comparable: cells are map keys.
type Cell struct {
	Comune  ComuneID
	Office  OfficeCode
	Service ServiceID
	Channel Channel
	Scale   Scale
	Class   Class
	Hour    Hour
}

// Compare returns the order of c and d as the store and checkpoints have it: by the
// parts of a cell, in their order.
func (c *Cell) Compare(d *Cell) int {
	return cmp.Or(
		cmp.Compare(c.Comune, d.Comune),
		cmp.Compare(c.Office, d.Office),
		cmp.Compare(c.Service, d.Service),
		cmp.Compare(c.Channel, d.Channel),
		cmp.Compare(c.Scale, d.Scale),
		cmp.Compare(c.Class, d.Class),
		cmp.Compare(c.Hour, d.Hour),
	)
}

// A ReasonKey is a value together with the reason given for it.
type ReasonKey uint8

// KeyOfReason joins a value (1 to 5) and a reason (1 to 15).
func KeyOfReason(v Value, r Reason) ReasonKey { return ReasonKey(uint8(v)<<4 | uint8(r)) }

// Value returns the value in k.
func (k ReasonKey) Value() Value { return Value(k >> 4) }

// Reason returns the reason in k.
func (k ReasonKey) Reason() Reason { return Reason(k & 15) }

// A ReasonNumber is how many votes carry a value and a reason.
type ReasonNumber struct {
	Key ReasonKey
	N   uint64
}

// MaxReasons returns the higher number of each reason of a and b. Neither is changed.
func MaxReasons(a, b []ReasonNumber) []ReasonNumber {
	return joinReasons(a, b, func(x, y uint64) uint64 { return max(x, y) })
}

// AddReasons returns the sum of each reason of a and b. Neither is changed.
func AddReasons(a, b []ReasonNumber) []ReasonNumber {
	return joinReasons(a, b, func(x, y uint64) uint64 { return x + y })
}

// joinReasons merges a and b; what both have is joined.
func joinReasons(a, b []ReasonNumber, join func(x, y uint64) uint64) []ReasonNumber {
	out := slices.Clone(a)
	for _, r := range b {
		i, both := slices.BinarySearchFunc(out, r.Key, func(r ReasonNumber, key ReasonKey) int { return cmp.Compare(r.Key, key) })
		if both {
			out[i].N = join(out[i].N, r.N)
		} else {
			out = slices.Insert(out, i, r)
		}
	}
	return out
}

// A Rollup is one row of the store: how many votes of one cell the records of
// one segment, from its first up to some offset, have counted. Rows of the same
// cell, partition and segment are merged by maximum, number by number, so a row
// may be written any number of times, in any order, by any number of workers.
type Rollup struct {
	Cell
	Partition Partition
	Segment   Segment
	Values    [ValueMax]uint64 // Values[v-1] is the count of value v.
	Reasons   []ReasonNumber   // Of the votes that carry a reason: ascending by key.
}

// A Tally is the ledger's account of some records. Every vote that came in is
// in one of the five: VotesIn = Counted + Duplicates + Conflicts + Quarantined + Voided.
type Tally struct {
	Records     uint64 `json:"records"`
	VotesIn     uint64 `json:"votes_in"`
	Counted     uint64 `json:"counted"`     // All classes.
	Duplicates  uint64 `json:"duplicates"`  // The same content again.
	Conflicts   uint64 `json:"conflicts"`   // Another content under a seq or key already decided.
	Quarantined uint64 `json:"quarantined"` // Undecodable, misplaced, out of time, or of a gap that was closed.
	Voided      uint64 `json:"voided"`      // Closed a seq, counted nothing.

	Events EventTally `json:"events"`
}

// An EventTally is the account of what sources that keep no state have sent. An event
// is a vote with a key, which is in the account of votes as well, or a reading of
// counters, of which that account has the votes it added, none to many. Every event is
// in one of the five: In = Used + Repeated + Stale + Conflicts + Quarantined.
type EventTally struct {
	In          uint64 `json:"in"`
	Used        uint64 `json:"used"`        // A vote counted; a reading that is the newest of its counters now.
	Repeated    uint64 `json:"repeated"`    // The same again.
	Stale       uint64 `json:"stale"`       // A reading older than one that was used.
	Conflicts   uint64 `json:"conflicts"`   // The same key or frame, and another content.
	Quarantined uint64 `json:"quarantined"` // It may not count: misplaced, out of time, undecodable, or too great a jump.
}

// TallyNumbers is how many numbers a Tally has.
const TallyNumbers = 13

// Numbers returns the numbers of t, in the order in which the store, checkpoints and
// claims have them.
func (t *Tally) Numbers() [TallyNumbers]*uint64 {
	e := &t.Events
	return [...]*uint64{
		&t.Records, &t.VotesIn, &t.Counted, &t.Duplicates, &t.Conflicts, &t.Quarantined, &t.Voided,
		&e.In, &e.Used, &e.Repeated, &e.Stale, &e.Conflicts, &e.Quarantined,
	}
}

// TallyNames are the columns of Numbers in the store.
func TallyNames() [TallyNumbers]string {
	return [...]string{
		"records", "votes_in", "counted", "duplicates", "conflicts", "quarantined", "voided",
		"events_in", "events_used", "events_repeated", "events_stale", "events_conflicts", "events_quarantined",
	}
}

// Add adds u to t: twice for every record, so it takes no way around by Numbers.
func (t *Tally) Add(u Tally) {
	t.Records += u.Records
	t.VotesIn += u.VotesIn
	t.Counted += u.Counted
	t.Duplicates += u.Duplicates
	t.Conflicts += u.Conflicts
	t.Quarantined += u.Quarantined
	t.Voided += u.Voided
	e, more := &t.Events, &u.Events
	e.In += more.In
	e.Used += more.Used
	e.Repeated += more.Repeated
	e.Stale += more.Stale
	e.Conflicts += more.Conflicts
	e.Quarantined += more.Quarantined
}

// Max raises each number of t to that of u where it is higher: how accounts of one
// segment are merged.
func (t *Tally) Max(u Tally) {
	numbers := u.Numbers()
	for i, n := range t.Numbers() {
		*n = max(*n, *numbers[i])
	}
}

// Balanced tells whether every vote and every event that came in is accounted for.
func (t Tally) Balanced() bool {
	e := &t.Events
	return t.VotesIn == t.Counted+t.Duplicates+t.Conflicts+t.Quarantined+t.Voided &&
		e.In == e.Used+e.Repeated+e.Stale+e.Conflicts+e.Quarantined
}

// A LedgerRow is the account of one segment of one partition. Rows of the same
// segment are merged by maximum; Chain is part of the row's key, zero while the
// segment is open. Two closed rows of one segment with different chains mean
// that two logs were counted into one store.
type LedgerRow struct {
	Partition Partition
	Segment   Segment
	Chain     Chain
	Next      Offset  // One past the last record accounted for.
	Newest    Instant // The latest ingest time among the records; 0 for none.
	Tally

	// Present is of which records the days of terminals are written, by who writes the
	// row. It is written with the row, and not read with it: see package presence.
	Present PresenceRun
}

// A PresenceRun says that the days of terminals are in the store of the records
// [From, Next) of a partition. The zero value says nothing.
type PresenceRun struct {
	From, Next Offset
	Since      Instant // The ingest time of its first record that has one; 0: none has.
}

// Closed tells whether the segment has all its records.
func (r *LedgerRow) Closed() bool { return r.Chain != Chain{} }

// Whole returns the account up to what is missing, of rows by partition and segment: a
// partition begins with segment 0, and every segment but the last is closed and the next
// follows it. A store that was killed may have lost the end of a segment, or all of it,
// and kept what came after it; that is not all there is as of any later offset, and
// workers will tell it again. It uses rows again.
func Whole(rows []LedgerRow) []LedgerRow {
	whole := rows[:0]
	for i := range rows {
		r := rows[i]
		next, closed := Segment(0), true
		if n := len(whole); n > 0 && whole[n-1].Partition == r.Partition {
			next, closed = whole[n-1].Segment+1, whole[n-1].Closed()
		}
		if closed && r.Segment == next {
			whole = append(whole, r)
		}
	}
	return whole
}

// A Watermark is what a terminal may forget of one stream: every seq up to
// Highest that is in no span of Missing is counted or voided.
type Watermark struct {
	Terminal TerminalID
	Stream   StreamID
	Highest  Seq
	Missing  []SeqSpan // Ascending, disjoint, at most MissingMax, all below Highest.
	Offset   Offset    // The state after the records below Offset; the highest wins.
}

// MissingMax is the most spans a watermark describes. Where a stream has more
// gaps, Highest is the end of what the first MissingMax describe.
const MissingMax = 100

// A Checkpoint is the state of one partition's fold after the records below
// Next, as one sealed payload.
type Checkpoint struct {
	CheckpointInfo
	Payload []byte // Opaque to the store.
}

// CheckpointInfo is a checkpoint without its payload.
type CheckpointInfo struct {
	Partition    Partition
	Next         Offset
	Log          LogID
	Rules        Rules
	StoreStarted time.Time // The store's start time when the rows up to Next were acknowledged.
	Taken        time.Time // By the worker's clock.
	SHA256       [32]byte  // Of Payload.
}

// CheckpointBytesMax is the most bytes that a checkpoint may have, as its payload
// and as the state that is in it. 100,000 streams on one partition, every one with
// 256 contents, are 30 MB, and a million open cells 30 MB more; this is room for
// ten times as much. Who makes one and who keeps it have the one limit.
const CheckpointBytesMax = 512 << 20

// ErrCheckpointCorrupt is the error of reading a checkpoint whose payload is
// incomplete or does not match its SHA256. A recovery takes the one before.
var ErrCheckpointCorrupt = errors.New("checkpoint does not match its checksum")

// A PartitionState tells whether a partition is being counted.
type PartitionState struct {
	Partition Partition
	State     State
	Reason    string // For people; set when State is StateHalted or StateStuck.
	Since     time.Time
}

// State is the word for a partition's state.
type State string

// The states of a partition. A halted one needs a person: going on would lose
// votes or invent them. A stuck one stands still, because the store does not take
// what was counted or the log does not give what is next; it tries on.
const (
	StateOK         State = "ok"
	StateRecovering State = "recovering"
	StateStuck      State = "stuck"
	StateHalted     State = "halted"
)
