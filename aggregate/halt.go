package aggregate

import (
	"errors"
	"fmt"

	"mlf/schema"
)

// ErrHalt is wrapped by every error after which a partition must not be counted
// any further: going on would lose votes or invent them, and no retry helps. A
// person has to look. Any other error is the world's, and is tried again.
var ErrHalt = errors.New("halted")

// errOtherLog is wrapped besides, where the records already counted may be of
// another log than the store's: then nothing more of them is written.
var errOtherLog = errors.New("not the log that was counted before")

// errRunChanged ends a count whose rows may be gone, because the store has
// started anew since they were acknowledged. The worker recovers.
var errRunChanged = errors.New("store has restarted")

// errCheckpoint is the error of a checkpoint that cannot be read. An older one,
// or the log from its start, does as well.
var errCheckpoint = errors.New("checkpoint is unreadable")

// A haltError is why a partition is halted, for the person who has to look: what
// was found, where, and what to do, in one sentence. What was wrapped to tell
// errors apart is not in the text.
type haltError struct {
	reason error
	kinds  []error
}

func (e *haltError) Error() string   { return e.reason.Error() }
func (e *haltError) Unwrap() []error { return append(e.kinds[:len(e.kinds):len(e.kinds)], e.reason) }

func halt(format string, args ...any) error {
	return &haltError{fmt.Errorf(format, args...), []error{ErrHalt}}
}

func haltOtherLog(format string, args ...any) error {
	return &haltError{fmt.Errorf(format, args...), []error{ErrHalt, errOtherLog}}
}

// What a person can do. Votes that were not counted are still with the terminals.
const (
	runNewer   = "run the version that wrote it, or a later one"
	bringBack  = "bring back the log that was counted, from a replica or a backup, or begin a new log with a new database"
	pointRight = "point mlf at the log that belongs to this database, or at the database of this log"
)

// haltGap halts where record at should be and is not.
func haltGap(p schema.Partition, at schema.Offset, err error) error {
	return halt("partition %d: record %d is missing on the log, which must have no gaps (%w): %s", p, at, err, bringBack)
}

// haltLag halts where the log begins after next, the first that was not counted.
func haltLag(p schema.Partition, next schema.Offset) error {
	return halt("partition %d: records from %d on were removed before they were counted, as retention was shorter than the lag: %s", p, next, bringBack)
}
