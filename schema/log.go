package schema

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
)

// The topics. The version is part of the name: another record format that this
// one cannot carry, or another partition count, is another topic.
const (
	VotesTopic    = "votes.v1"    // VoteBatch records; no compaction, retention unlimited.
	RegistryTopic = "registry.v1" // Enrolments and stream keys; one partition, compacted.
)

// A Partition is one of the parts of the votes topic, numbered from 0.
type Partition int32

// An Offset is the position of a record in its partition. Offsets of the votes
// topic are dense: the record after n is n+1.
type Offset int64

// OffsetUnknown stands for an offset that nobody can tell.
const OffsetUnknown Offset = -1

// Bounds are the first offset that a partition still has, and the one after its last.
type Bounds struct{ First, Next Offset }

// A Segment is a run of a partition's records, numbered from 0 without a gap. The
// counters of a cell start anew in each, so that a worker holds those of one
// segment only. Where one ends, the rules say.
type Segment uint32

const (
	// SegmentRecords is the most records of a segment. By rules 1 a segment is the
	// offsets that share Offset/SegmentRecords.
	SegmentRecords = 65536

	// SegmentVotes is, by rules 2, how many votes close a segment, together with the
	// record that brings the last of them. Records of a thousand votes would keep
	// one open for months, and with it every cell of them in memory and in each
	// checkpoint.
	SegmentVotes = 262144
)

// Slots is the number of slots. A partition count above it would leave
// partitions empty.
const Slots = 1024

// A Slot places a terminal on a partition. It is given at enrolment, is part of
// every stream, and never changes. Range 0 to Slots-1.
type Slot uint16

// PartitionOf returns the partition of s among n: slots in order, in runs of
// equal length. It is part of the log's format. n is 1 to Slots.
func PartitionOf(s Slot, n int) Partition {
	if s >= Slots || n < 1 || n > Slots {
		panic(fmt.Sprintf("BUG: slot %d of %d partitions", s, n))
	}
	return Partition(int(s) * n / Slots)
}

// slotTerminals is the number of a comune's terminals that share a slot: small
// comuni keep all their cells in one partition, a metropolis spreads over several.
const slotTerminals = 256

// SlotOf returns the slot of a comune's terminal number ordinal, from 0: the
// FNV-1a hash (32 bits, over the comune's code and ordinal/256, both as four
// bytes, lowest first), folded to ten bits. It is used at enrolment only.
func SlotOf(c ComuneID, ordinal uint32) Slot {
	const offset, prime = 2166136261, 16777619
	h := uint32(offset)
	for _, word := range [2]uint32{uint32(c), ordinal / slotTerminals} {
		for shift := 0; shift < 32; shift += 8 {
			h = (h ^ word>>shift&0xff) * prime
		}
	}
	return Slot((h ^ h>>10 ^ h>>20) % Slots)
}

// A LogID tells one log from another of the same name. It is random, written in
// the genesis record of every partition and in the store.
type LogID [16]byte

// NewLogID returns a random LogID.
func NewLogID() LogID {
	var id LogID
	_, _ = rand.Read(id[:]) // Never fails (crypto/rand, Go 1.24).
	return id
}

// String returns the id in hexadecimal.
func (id LogID) String() string { return hex.EncodeToString(id[:]) }

// Rules is the number of the rules by which the fold counts. It is in the
// genesis record, so that a replay counts as the first reading did.
type Rules uint32

// The rules. A log begins with those of its genesis record, and goes on by others
// after a control record that says so.
const (
	RulesV1 Rules = 1 // Those of the first logs.
	RulesV2 Rules = 2 // Streams of any numbering; limits on time, streams and segments.
	RulesV3 Rules = 3 // Sources that keep no state: package event.
)

// Rules 2 take a vote whose time is from VoteAgeMax before its record's ingest time
// to VoteAheadMax after it, in milliseconds. Ingest gives any other its time of
// arrival; 2 min more are for clocks that differ and bodies that come slowly.
const (
	VoteAgeMax   = (400*24*60 + 2) * 60_000
	VoteAheadMax = 2 * 60_000
)

// A Genesis is the record at offset 0 of every partition.
type Genesis struct {
	Log        LogID
	Partition  Partition
	Partitions int
	Rules      Rules
}

// A Control is a record that changes the rules of a partition, from the record
// after it on. It closes the segment that it is in.
type Control struct {
	Log        LogID
	Partition  Partition
	Partitions int
	Rules      Rules
}

// The keys of records. Records with votes have none. Other keys that begin with
// KeyPrefix are of a newer version; those that do not are nobody's.
const (
	KeyGenesis = "genesis"
	KeyPrefix  = "mlf."
	KeyRules   = KeyPrefix + "rules" // Of a Control.
)

// A Record is one record of the votes topic as it was fetched.
type Record struct {
	Offset   Offset
	Key      []byte
	Value    []byte
	Appended Instant // The broker's append time.
	Trace    string  // Header traceparent, of the request that it is from; empty: none. Nothing is counted by it.
}

// A Fetched is the answer to one fetch: records in order of offset, without
// gaps, the first at the offset asked for. Records is empty when the log had
// nothing there in time. The receiver owns the memory until its next fetch of
// the same partition.
type Fetched struct {
	Records     []Record
	LogEnd      Offset // One past the last record that is on enough replicas.
	LeaderEpoch int32  // Of the newest record batch; 0 where there is none.
}

// Errors of reading the votes topic that a worker must tell apart. Any other
// error is the world's, and is tried again.
var (
	// ErrOffsetOutOfRange: the offset asked for is before the log's start or
	// after its end.
	ErrOffsetOutOfRange = errors.New("offset is out of the log's range")

	// ErrCorrupt: a record batch does not match Kafka's checksum.
	ErrCorrupt = errors.New("record batch does not match its checksum")

	// ErrGap: an offset is missing between the records of one answer, or
	// before the first of them.
	ErrGap = errors.New("log has a gap")
)

// Identity is which log a store counts, as `mlf schema apply` wrote it.
type Identity struct {
	Log        LogID
	Partitions int
	Rules      Rules
}
