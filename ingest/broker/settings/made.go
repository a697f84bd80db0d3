package settings

import (
	"strconv"
	"time"
)

// A Setting is one of a topic, as Kafka calls it.
type Setting struct{ Name, Value string }

// Made returns the settings with which a topic of kind is made that has copies of each
// record. What is not among them is the cluster's to say.
func Made(kind Kind, copies int) []Setting {
	// What all topics need so that an acknowledged record stays.
	made := []Setting{{InsyncMin, strconv.Itoa(min(2, copies))}, {UncleanLeader, "false"}}
	bytes := Setting{MessageBytes, strconv.Itoa(BytesMax)}
	switch kind {
	case Votes: // Never compacted, and never forgets, unless an operator says so later.
		return append(made, Setting{CleanupPolicy, "delete"}, Setting{RetentionTime, "-1"}, Setting{RetentionBytes, "-1"},
			// The producer measures its clock by the brokers'.
			Setting{TimestampType, "LogAppendTime"}, bytes)
	case Counts: // Forgets: what is in it is in the store as well.
		return append(made, Setting{CleanupPolicy, "delete"}, Setting{RetentionTime, millis(CountsKept)},
			// Retention takes whole files, and those only that are not written to.
			Setting{"segment.ms", millis(time.Hour)},
			// Followers begin at a time.
			Setting{TimestampType, "LogAppendTime"}, bytes)
	case Served: // Compacted late: a record that holds and is not the last of its key stays until it was put again.
		return append(made, Setting{CleanupPolicy, "compact"}, Setting{CompactionLag, millis(ServedLag)}, bytes)
	case Alerts: // Compacted late, as served users are.
		return append(made, Setting{CleanupPolicy, "compact"}, Setting{CompactionLag, millis(ServedLag)}, bytes)
	case Heartbeats:
		return append(made, Setting{CleanupPolicy, "compact"},
			// Compaction takes whole files, and those only that are not written to.
			Setting{"segment.ms", millis(HeartbeatsFile)}, bytes)
	default:
		return append(made, Setting{CleanupPolicy, "compact"})
	}
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
