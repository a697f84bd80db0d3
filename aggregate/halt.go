package aggregate

import (
	"errors"
	"fmt"
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

func halt(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrHalt, fmt.Errorf(format, args...))
}

func haltOtherLog(format string, args ...any) error {
	return fmt.Errorf("%w: %w: %w", ErrHalt, errOtherLog, fmt.Errorf(format, args...))
}
