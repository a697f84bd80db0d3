package fold

import (
	"errors"
	"fmt"

	"mlf/schema"
)

// ErrHalt is wrapped by every error after which a partition must not be counted
// any further: going on would lose votes or invent them, and no retry helps. A
// person has to look. Any other error is the world's, and is tried again.
var ErrHalt = errors.New("halted")

// ErrOtherLog is wrapped besides, where the records already counted may be of
// another log than the store's: nothing more of them must be written.
var ErrOtherLog = errors.New("not the log that was counted before")

// ErrCheckpoint is wrapped by Open's error: the payload cannot be read. An older one,
// or the log from its start, does as well.
var ErrCheckpoint = errors.New("checkpoint is unreadable")

// A haltError is why a partition is halted, for the person who has to look: what
// was found, where, and what to do, in one sentence. What was wrapped to tell
// errors apart is not in the text.
type haltError struct {
	reason error
	kinds  []error
}

func (e *haltError) Error() string   { return e.reason.Error() }
func (e *haltError) Unwrap() []error { return append(e.kinds[:len(e.kinds):len(e.kinds)], e.reason) }

// Halt returns an error that wraps ErrHalt. Its text is the reason that people
// read: what was found, where, and what to do, in one sentence.
func Halt(format string, args ...any) error {
	return &haltError{fmt.Errorf(format, args...), []error{ErrHalt}}
}

// HaltOtherLog is Halt, and wraps ErrOtherLog besides.
func HaltOtherLog(format string, args ...any) error {
	return &haltError{fmt.Errorf(format, args...), []error{ErrHalt, ErrOtherLog}}
}

// HaltGap halts where record at should be and is not.
func HaltGap(p schema.Partition, at schema.Offset, err error) error {
	return Halt("partition %d: record %d is missing on the log, which must have no gaps (%w): %s", p, at, err, BringBack)
}

// BringBack is what a person can do where counted records are gone.
const BringBack = "bring back the log that was counted, from a replica or a backup, or begin a new log with a new database"

// What a person can do otherwise. Votes that were not counted are still with the
// terminals.
const (
	runNewer   = "run the version that wrote it, or a later one"
	pointRight = "point mlf at the log that belongs to this database, or at the database of this log"
)
