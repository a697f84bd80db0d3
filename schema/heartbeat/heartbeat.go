package heartbeat

import (
	"errors"
	"fmt"

	"mlf/schema"
)

// Topic is where heartbeats are kept: one partition, compacted, the key of each
// record the id of its terminal.
const Topic = "heartbeats.v1"

// A Value is a device's, drawn at random. 0 stands for none.
type Value uint64

// The limits of what a device says. Beyond, it is a device that errs.
const (
	SeqMax     = 1<<53 - 1        // As of a vote.
	WaitingMax = 100_000_000      // More votes than a country casts in a year.
	OldestMax  = 10 * 365 * 86400 // Seconds: a device that lay in a drawer for ten years.
	FreeMax    = 1<<53 - 1        // Bytes.
	BatteryMax = 100_000          // Millivolts.
	IgnoredMax = 1<<31 - 1        // Presses since the device was started.
	VersionMax = 64               // Bytes, each a letter, a digit or one of "._+-".

	// instantMax is the last of the year 9999: what a clock that lost its battery may show is
	// before that.
	instantMax = 253402300799999
)

// A Heartbeat is the last that is known of a terminal. What a device did not say is zero.
type Heartbeat struct {
	Terminal schema.TerminalID
	At       schema.Instant // When it came, by the clock of the service.
	Install  Value          // The device's value from now on; not 0.
	Previous Value          // The one that it had; 0: the device has just begun, or lost it.
	Seq      uint64         // The highest that the device has given to a vote, 0 to SeqMax.
	Waiting  uint32         // Votes that are in the device and not known to be counted, 0 to WaitingMax.
	OldestMS uint64         // Age of the oldest of them in milliseconds, up to OldestMax seconds.
	Storage  Storage
	Clock    schema.Instant // What the device's own showed when it sent; 0: it did not say.
	Version  string         // Of the device's program, up to VersionMax bytes.

	BatteryMV uint32 // Millivolts, up to BatteryMax; 0: there is none, or it did not say.
	Ignored   Ignored
	Copy      Copy
}

// Storage is what a device says of its disk.
type Storage struct {
	Persisted bool   // The browser, or whoever owns the disk, has promised to keep it.
	Known     bool   // Free was said: 0 is a full disk.
	Free      uint64 // Bytes, up to FreeMax.
	Lost      bool   // The device found less than it had written: votes may be gone.
}

// Ignored are presses that the device did not take for votes, since it was started.
type Ignored struct {
	Double uint32 // Twice within half a second.
	Multi  uint32 // With a second finger.
	Repeat uint32 // While the last vote was still thanked for.
}

// A Copy says what is known of a terminal that is in two devices.
type Copy struct {
	Seen  schema.Instant // When both were last seen; 0: never.
	Since schema.Instant // When they were first, without EpisodeMS of silence since.
	Told  schema.Instant // When the device of this heartbeat was told; 0: never.
}

// EpisodeMS is how long two devices must not have been seen for a copy to be a new one, of
// which devices are told again: a day.
const EpisodeMS = 86400 * 1000

// Copied tells whether two devices were seen within EpisodeMS before now.
func (c Copy) Copied(now schema.Instant) bool { return c.Seen != 0 && now-c.Seen < EpisodeMS }

// Check refuses what no device can say. The error tells what is wanted, without the terminal.
func (h *Heartbeat) Check() error {
	if h.Install == 0 {
		return errors.New("install: want a text of 8 to 64 bytes, drawn at random for each heartbeat")
	}
	if h.Install == h.Previous {
		return errors.New("install: want another value than previous")
	}
	for _, limit := range []struct {
		name       string
		value, max uint64
	}{
		{"seq", h.Seq, SeqMax},
		{"waiting", uint64(h.Waiting), WaitingMax},
		{"oldest_ms", h.OldestMS, OldestMax * 1000},
		{"storage.free", h.Storage.Free, FreeMax},
		{"battery_mv", uint64(h.BatteryMV), BatteryMax},
		{"pressed_ignored.double", uint64(h.Ignored.Double), IgnoredMax},
		{"pressed_ignored.multi", uint64(h.Ignored.Multi), IgnoredMax},
		{"pressed_ignored.repeat", uint64(h.Ignored.Repeat), IgnoredMax},
	} {
		if limit.value > limit.max {
			return fmt.Errorf("%s: want at most %d", limit.name, limit.max)
		}
	}
	if !h.Storage.Known && h.Storage.Free != 0 {
		return errors.New("storage.free: want it known")
	}
	for _, i := range []schema.Instant{h.At, h.Clock, h.Copy.Seen, h.Copy.Since, h.Copy.Told} {
		if i < 0 || i > instantMax {
			return errors.New("clock: want a time from 1970 to 9999")
		}
	}
	return checkVersion(h.Version)
}

// checkVersion refuses a version that could not stand in a table.
func checkVersion(version string) error {
	if len(version) > VersionMax {
		return fmt.Errorf("version: want at most %d bytes", VersionMax)
	}
	for i := range len(version) {
		c := version[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '+' && c != '-' {
			return errors.New("version: want letters, digits, '.', '_', '+' and '-'")
		}
	}
	return nil
}
