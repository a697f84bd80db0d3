// Package spare says which checkpoints of a partition may be dropped: which are kept to
// go back to, and for how long.
//
// It is a function of how old they are and how far they reach. It must not know what is
// in a checkpoint, where it is kept, or how it is dropped.
package spare

import (
	"slices"
	"time"

	"mlf/schema"
)

// abandonedAge is how much older than the newest a torn checkpoint is that nobody
// writes any more: a write takes minutes at most.
const abandonedAge = 24 * time.Hour

// Abandoned returns those of torn that may be dropped. What shares its key with a
// whole one is dropped with that.
func Abandoned(torn, whole []schema.CheckpointInfo, written schema.CheckpointInfo) []schema.CheckpointInfo {
	return slices.DeleteFunc(torn, func(t schema.CheckpointInfo) bool {
		return written.Taken.Sub(t.Taken) < abandonedAge ||
			slices.ContainsFunc(whole, func(w schema.CheckpointInfo) bool { return keyOf(w) == keyOf(t) })
	})
}

// newestKept is how many of the newest checkpoints are kept: the newest, and
// three to fall back on if it is damaged.
const newestKept = 4

// keptAges are the ages, counted back from the newest checkpoint, for which one
// at least that old is kept: 15 min because rows acknowledged that long before a
// restart of the server are safely on its disk, the others for the mistakes that
// are noticed later.
func keptAges() []time.Duration {
	return []time.Duration{15 * time.Minute, time.Hour, 24 * time.Hour}
}

// Surplus returns those of infos (newest first) that need not be kept: all but
// written, the newest four, and for each age of keptAges
//
//   - the youngest that is at least as old, which is the one to go back to, and
//   - the oldest that is not, which takes its place later. Without it nothing
//     would ever grow old enough, and the one to go back to would stay the same
//     for ever. With it, it is at most twice as old as it must be.
//
// written is kept even if it is behind others: a worker that went back writes
// such checkpoints until it has caught up.
func Surplus(infos []schema.CheckpointInfo, written schema.CheckpointInfo) []schema.CheckpointInfo {
	if len(infos) <= newestKept {
		return nil
	}
	keep := map[checkpointKey]bool{keyOf(written): true}
	for _, info := range infos[:newestKept] {
		keep[keyOf(info)] = true
	}
	for _, age := range keptAges() {
		bound := infos[0].Taken.Add(-age)
		youngest, oldest := -1, -1
		for i, info := range infos {
			if info.Taken.After(bound) {
				if oldest < 0 || info.Taken.Before(infos[oldest].Taken) {
					oldest = i
				}
			} else if youngest < 0 || info.Taken.After(infos[youngest].Taken) {
				youngest = i
			}
		}
		for _, i := range []int{youngest, oldest} {
			if i >= 0 {
				keep[keyOf(infos[i])] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(infos), func(info schema.CheckpointInfo) bool { return keep[keyOf(info)] })
}

// checkpointKey is what checkpoints are dropped by: the columns of the table's
// ClickHouse partitions, the partition apart. Two workers may have written two
// payloads under one key; they are dropped together.
type checkpointKey struct {
	next  schema.Offset
	taken int64
}

func keyOf(info schema.CheckpointInfo) checkpointKey {
	return checkpointKey{next: info.Next, taken: info.Taken.UnixMilli()}
}
