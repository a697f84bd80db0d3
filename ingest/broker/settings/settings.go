// Package settings judges how topics are set up: what would lose acknowledged records,
// or take none, is refused; what somebody may have meant is a warning.
//
// It knows what Kafka's settings mean for what is kept in a topic. It must not know
// how they are asked for, nor who asks.
package settings

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The settings of topics that matter, as Kafka calls them.
const (
	CleanupPolicy  = "cleanup.policy"
	CompactionLag  = "min.compaction.lag.ms"
	Compression    = "compression.type"
	InsyncMin      = "min.insync.replicas"
	MessageBytes   = "max.message.bytes"
	Replication    = "replication.factor" // No setting, but told like one.
	RetentionBytes = "retention.bytes"
	RetentionTime  = "retention.ms"
	TimestampType  = "message.timestamp.type"
	UncleanLeader  = "unclean.leader.election.enable"
)

// Names are the settings that a Topic is judged by.
func Names() []string {
	return []string{CleanupPolicy, CompactionLag, Compression, InsyncMin, MessageBytes, RetentionBytes, RetentionTime, TimestampType, UncleanLeader}
}

// BytesMax is max.message.bytes of topics with long batches: Kafka's own default, set
// because a cluster may have another, and batches must fit.
const BytesMax = 1_048_588

// CountsKept is the retention of the counts topic: a follower that was away for
// longer loads from the store, and one that was away for a weekend's night does not.
const CountsKept = 48 * time.Hour

// ServedLag is how long the topic of served users keeps every record before it is
// compacted. A record that holds may be followed by an older one, when two processes
// wrote at once: it is put again by whoever reads both (schema/served), and every
// ingest process is such a reader.
const ServedLag = 24 * time.Hour

// HeartbeatsFile is after how long a file of the topic of heartbeats may be compacted. A
// reader that starts reads what has come since, 2,000 a minute from 10,000 terminals.
const HeartbeatsFile = time.Hour

// heartbeatsBytesMin is more than the heartbeats take that are put at once.
const heartbeatsBytesMin = 256 << 10

// alertBytesMin is more than one alert takes that was told to as many as may be told.
const alertBytesMin = 300 << 10

// servedBytesMin is more than the numbers of served users take that are put at once.
const servedBytesMin = 256 << 10

// registryBytesMin is the least max.message.bytes of the registry topic: an
// enrolment with as many services as there may be is a quarter of it.
const registryBytesMin = 16 << 10

// A Topic is what is known of a topic that exists.
type Topic struct {
	Settings map[string]string // In effect, the brokers' defaults included; what the brokers do not know is missing.
	Replicas int               // The fewest copies of a partition.
	Wanted   int               // Copies asked for.
}

// A Finding is a setting that is not as it should be.
type Finding struct {
	Setting, Value string
	Refused        bool   // Acknowledged records would be lost, or none acknowledged. Else it is a person's choice.
	Advice         string // What comes of it and, after a semicolon, what to do.
}

// Parts returns the two parts of the advice.
func (f *Finding) Parts() (breaks, remedy string) {
	breaks, remedy, _ = strings.Cut(f.Advice, "; ")
	return breaks, remedy
}

// Kinds of topics, by what is kept in them.
const (
	Votes    Kind = "votes"
	Registry Kind = "registry"
	Counts   Kind = "counts"
	Served   Kind = "served"

	Heartbeats Kind = "heartbeats"
	Alerts     Kind = "alerts"
)

// A Kind is what a topic is for.
type Kind string

// Judge judges the settings of a topic of kind, to which batches of up to batchBytes
// are appended.
func (s Topic) Judge(kind Kind, batchBytes int) []Finding {
	switch kind {
	case Votes:
		return s.Votes(batchBytes)
	case Counts:
		return s.Counts(batchBytes)
	case Served:
		return s.Served()
	case Heartbeats:
		return s.Heartbeats()
	case Alerts:
		return s.Alerts()
	default:
		return s.Registry()
	}
}

// Votes judges the settings of the votes topic, to which batches of up to
// batchBytes are appended.
func (s Topic) Votes(batchBytes int) []Finding {
	findings := s.copies()
	if policy, ok := s.Settings[CleanupPolicy]; ok && strings.Contains(policy, "compact") {
		findings = append(findings, Finding{CleanupPolicy, policy, true, "compaction removes votes; set it to delete"})
	}
	if n, ok := s.number(MessageBytes); ok && n < int64(batchBytes) {
		findings = append(findings, s.found(MessageBytes, true,
			fmt.Sprintf("batches of up to %d bytes would be refused, and their votes with them; set it to %d", batchBytes, BytesMax)))
	}
	if n, ok := s.number(RetentionTime); ok && n >= 0 {
		findings = append(findings, s.found(RetentionTime, false, fmt.Sprintf(
			"votes are removed %v after they came in, counted or not, and then no other database can be counted from this log; set it to -1 unless that is meant",
			time.Duration(n)*time.Millisecond)))
	}
	if n, ok := s.number(RetentionBytes); ok && n >= 0 {
		findings = append(findings, s.found(RetentionBytes, false,
			"votes are removed when a partition is longer, counted or not, and then no other database can be counted from this log; set it to -1 unless that is meant"))
	}
	if kind, ok := s.Settings[TimestampType]; ok && kind != "LogAppendTime" {
		findings = append(findings, s.found(TimestampType, false,
			"a wrong clock of ingest, which puts votes into wrong hours, goes unnoticed; set it to LogAppendTime"))
	}
	if kind, ok := s.Settings[Compression]; ok && kind != "producer" && kind != "uncompressed" {
		findings = append(findings, s.found(Compression, false,
			"the brokers compress every batch again, which costs them more than the votes do; set it to producer"))
	}
	return findings
}

// Registry judges the settings of the registry topic.
func (s Topic) Registry() []Finding {
	findings := append(s.copies(), s.latest("enrolled terminals and stream keys")...)
	if n, ok := s.number(MessageBytes); ok && n < registryBytesMin {
		findings = append(findings, s.found(MessageBytes, true, fmt.Sprintf("enrolments of many services would be refused; set it to %d", BytesMax)))
	}
	return findings
}

// countsKeptMin is what followers begin with when they start, and as much again.
const countsKeptMin = 20 * time.Minute

// Counts judges the settings of the counts topic, to which batches of up to
// batchBytes are appended.
func (s Topic) Counts(batchBytes int) []Finding {
	findings := s.copies()
	if policy, ok := s.Settings[CleanupPolicy]; ok && strings.Contains(policy, "compact") {
		findings = append(findings, Finding{CleanupPolicy, policy, true, "no claim would be taken, as claims have no keys; set it to delete"})
	}
	if n, ok := s.number(MessageBytes); ok && n < int64(batchBytes) {
		findings = append(findings, s.found(MessageBytes, true,
			fmt.Sprintf("claims of up to %d bytes would be refused; set it to %d", batchBytes, BytesMax)))
	}
	switch n, ok := s.number(RetentionTime); {
	case ok && n < 0:
		findings = append(findings, s.found(RetentionTime, false, fmt.Sprintf("what nobody reads any more is kept; set it to %d", CountsKept.Milliseconds())))
	case ok && n < countsKeptMin.Milliseconds():
		findings = append(findings, s.found(RetentionTime, false, fmt.Sprintf("queries that were away for longer load all from the store; set it to %d", CountsKept.Milliseconds())))
	}
	return findings
}

// Served judges the settings of the topic of served users.
func (s Topic) Served() []Finding {
	findings := append(s.copies(), s.latest("numbers of served users")...)
	if n, ok := s.number(MessageBytes); ok && n < servedBytesMin {
		findings = append(findings, s.found(MessageBytes, true, fmt.Sprintf("numbers of many days at once would be refused; set it to %d", BytesMax)))
	}
	if n, ok := s.number(CompactionLag); ok && n < ServedLag.Milliseconds() && strings.Contains(s.Settings[CleanupPolicy], "compact") {
		findings = append(findings, s.found(CompactionLag, false, fmt.Sprintf(
			"where two processes write one number at once the older may be kept; set it to %d", ServedLag.Milliseconds())))
	}
	return findings
}

// Alerts judges the settings of the topic of alerts.
func (s Topic) Alerts() []Finding {
	findings := append(s.copies(), s.latest("settings, alerts and notes of bodies")...)
	if n, ok := s.number(MessageBytes); ok && n < alertBytesMin {
		findings = append(findings, s.found(MessageBytes, true, fmt.Sprintf("an alert that was told to many would be refused; set it to %d", BytesMax)))
	}
	if n, ok := s.number(CompactionLag); ok && n < ServedLag.Milliseconds() && strings.Contains(s.Settings[CleanupPolicy], "compact") {
		findings = append(findings, s.found(CompactionLag, false, fmt.Sprintf(
			"where two processes write one alert at once, what one of them told may be forgotten; set it to %d", ServedLag.Milliseconds())))
	}
	return findings
}

// Heartbeats judges the settings of the topic of heartbeats.
func (s Topic) Heartbeats() []Finding {
	findings := append(s.copies(), s.latest("the last heartbeats")...)
	if n, ok := s.number(MessageBytes); ok && n < heartbeatsBytesMin {
		findings = append(findings, s.found(MessageBytes, true, fmt.Sprintf("heartbeats of many terminals at once would be refused; set it to %d", BytesMax)))
	}
	return findings
}

// latest judges what a topic needs that keeps the last record of each key, which
// are what.
func (s Topic) latest(what string) (findings []Finding) {
	time, timeOK := s.number(RetentionTime)
	bytes, bytesOK := s.number(RetentionBytes)
	switch policy := s.Settings[CleanupPolicy]; {
	case strings.Contains(policy, "delete") && (timeOK && time >= 0 || bytesOK && bytes >= 0):
		findings = append(findings, s.found(CleanupPolicy, true, what+" are removed after a while; set it to compact"))
	case !strings.Contains(policy, "compact"):
		findings = append(findings, s.found(CleanupPolicy, false, "what was replaced is kept, and read at each start; set it to compact"))
	}
	return findings
}

// copies judges what all topics need so that an acknowledged record stays.
func (s Topic) copies() (findings []Finding) {
	copies := strconv.Itoa(s.Replicas)
	switch {
	case s.Replicas == 1 && s.Wanted > 1:
		findings = append(findings, Finding{
			Replication, copies, true,
			fmt.Sprintf("what its only broker loses is lost; reassign it to %d brokers, or say --replicas 1 if one copy is meant", s.Wanted),
		})
	case s.Replicas < s.Wanted:
		findings = append(findings, Finding{Replication, copies, false, fmt.Sprintf("%d copies were asked for; reassign it to as many brokers", s.Wanted)})
	}
	if n, ok := s.number(InsyncMin); ok && s.Replicas > 1 && n < 2 {
		findings = append(findings, s.found(InsyncMin, true, "a record is acknowledged that one broker alone has, and lost with it; set it to 2"))
	} else if ok && n > int64(s.Replicas) {
		findings = append(findings, s.found(InsyncMin, true, fmt.Sprintf("no record can be acknowledged with %d copies; set it to %d", s.Replicas, min(2, s.Replicas))))
	}
	if s.Replicas > 1 && s.Settings[UncleanLeader] == "true" {
		findings = append(findings, s.found(UncleanLeader, true, "a broker that lacks acknowledged records may come to lead, and they are lost; set it to false"))
	}
	return findings
}

func (s Topic) found(setting string, refused bool, advice string) Finding {
	return Finding{setting, s.Settings[setting], refused, advice}
}

// number returns a setting that is one; false where the brokers do not know it.
func (s Topic) number(setting string) (int64, bool) {
	n, err := strconv.ParseInt(s.Settings[setting], 10, 64)
	return n, err == nil
}
