package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	metadataapi "github.com/segmentio/kafka-go/protocol/metadata"
)

// errUnsafe: a topic is set up so that it loses acknowledged records, or takes none.
var errUnsafe = errors.New("the topics must not be used like this")

// The settings of topics that matter, as Kafka calls them.
const (
	cleanupPolicy  = "cleanup.policy"
	compression    = "compression.type"
	insyncMin      = "min.insync.replicas"
	messageBytes   = "max.message.bytes"
	retentionBytes = "retention.bytes"
	retentionTime  = "retention.ms"
	timestampType  = "message.timestamp.type"
	uncleanLeader  = "unclean.leader.election.enable"
)

// registryBytesMin is the least max.message.bytes of the registry topic: an
// enrolment with as many services as there may be is a quarter of it.
const registryBytesMin = 16 << 10

// A topicState is what is known of a topic that exists.
type topicState struct {
	settings map[string]string // In effect, the brokers' defaults included; what the brokers do not know is missing.
	replicas int               // The fewest copies of a partition.
	wanted   int               // Copies asked for.
}

// A finding is a setting that is not as it should be.
type finding struct {
	setting, value string
	refused        bool   // Acknowledged records would be lost, or none acknowledged. Else it is a person's choice.
	advice         string // What comes of it and what to do.
}

// checkTopics refuses topics under which votes would be lost, and warns of what
// somebody may have chosen. Those that apply makes are right; others make topics,
// too, and change them.
func (c *Client) checkTopics(ctx context.Context, replicas int) error {
	var refused []string
	for _, topic := range []string{c.cfg.VotesTopic, c.cfg.RegistryTopic, c.cfg.CountsTopic} {
		state, err := c.topicState(ctx, topic)
		if refusedRight(err) {
			c.log.Warn("topic's settings not looked at", slog.String("topic", topic), slog.Any("err", err))
			continue
		}
		if err != nil {
			return fmt.Errorf("look at the settings of topic %s: %w", topic, err)
		}
		state.wanted = replicas
		findings := state.registry()
		switch topic {
		case c.cfg.VotesTopic:
			findings = state.votes(c.cfg.BatchBytesMax)
		case c.cfg.CountsTopic:
			findings = state.counts(c.cfg.BatchBytesMax)
		}
		for _, f := range findings {
			if f.refused {
				refused = append(refused, fmt.Sprintf("topic %s, %s=%s: %s", topic, f.setting, f.value, f.advice))
				continue
			}
			c.log.Warn("topic's setting", slog.String("topic", topic), slog.String("setting", f.setting),
				slog.String("value", f.value), slog.String("advice", f.advice))
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("%w: %s", errUnsafe, strings.Join(refused, "; "))
	}
	return nil
}

// refusedRight tells whether who asks may not look at settings.
func refusedRight(err error) bool {
	return errors.Is(err, kafka.TopicAuthorizationFailed) || errors.Is(err, kafka.ClusterAuthorizationFailed)
}

// topicState asks the brokers about a topic.
func (c *Client) topicState(ctx context.Context, topic string) (topicState, error) {
	state := topicState{settings: make(map[string]string)}
	res, err := c.kafka.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: topic,
		ConfigNames: []string{cleanupPolicy, compression, insyncMin, messageBytes, retentionBytes, retentionTime, timestampType, uncleanLeader},
	}}})
	if err != nil {
		return state, err
	}
	for _, r := range res.Resources {
		if r.Error != nil {
			return state, r.Error
		}
		for _, e := range r.ConfigEntries {
			state.settings[e.ConfigName] = e.ConfigValue
		}
	}
	// kafka.Client.Metadata leaves out replicas whose broker is down.
	message, err := c.transport.RoundTrip(ctx, c.kafka.Addr, &metadataapi.Request{TopicNames: []string{topic}})
	if err != nil {
		return state, err
	}
	for _, t := range message.(*metadataapi.Response).Topics {
		for _, p := range t.Partitions {
			if n := len(p.ReplicaNodes); t.Name == topic && (state.replicas == 0 || n < state.replicas) {
				state.replicas = n
			}
		}
	}
	return state, nil
}

// votes judges the settings of the votes topic, to which batches of up to
// batchBytes are appended.
func (s topicState) votes(batchBytes int) []finding {
	findings := s.copies()
	if policy, ok := s.settings[cleanupPolicy]; ok && strings.Contains(policy, "compact") {
		findings = append(findings, finding{cleanupPolicy, policy, true, "compaction removes votes; set it to delete"})
	}
	if n, ok := s.number(messageBytes); ok && n < int64(batchBytes) {
		findings = append(findings, s.found(messageBytes, true,
			fmt.Sprintf("batches of up to %d bytes would be refused, and their votes with them; set it to %d", batchBytes, topicBytesMax)))
	}
	if n, ok := s.number(retentionTime); ok && n >= 0 {
		findings = append(findings, s.found(retentionTime, false, fmt.Sprintf(
			"votes are removed %v after they came in, counted or not, and then no other database can be counted from this log; set it to -1 unless that is meant",
			time.Duration(n)*time.Millisecond)))
	}
	if n, ok := s.number(retentionBytes); ok && n >= 0 {
		findings = append(findings, s.found(retentionBytes, false,
			"votes are removed when a partition is longer, counted or not, and then no other database can be counted from this log; set it to -1 unless that is meant"))
	}
	if kind, ok := s.settings[timestampType]; ok && kind != "LogAppendTime" {
		findings = append(findings, s.found(timestampType, false,
			"a wrong clock of ingest, which puts votes into wrong hours, goes unnoticed; set it to LogAppendTime"))
	}
	if kind, ok := s.settings[compression]; ok && kind != "producer" && kind != "uncompressed" {
		findings = append(findings, s.found(compression, false,
			"the brokers compress every batch again, which costs them more than the votes do; set it to producer"))
	}
	return findings
}

// registry judges the settings of the registry topic.
func (s topicState) registry() []finding {
	findings := s.copies()
	time, timeOK := s.number(retentionTime)
	bytes, bytesOK := s.number(retentionBytes)
	switch policy := s.settings[cleanupPolicy]; {
	case strings.Contains(policy, "delete") && (timeOK && time >= 0 || bytesOK && bytes >= 0):
		findings = append(findings, s.found(cleanupPolicy, true, "enrolled terminals and stream keys are removed after a while; set it to compact"))
	case !strings.Contains(policy, "compact"):
		findings = append(findings, s.found(cleanupPolicy, false, "what was replaced is kept, and read at each start; set it to compact"))
	}
	if n, ok := s.number(messageBytes); ok && n < registryBytesMin {
		findings = append(findings, s.found(messageBytes, true, fmt.Sprintf("enrolments of many services would be refused; set it to %d", topicBytesMax)))
	}
	return findings
}

// countsKeptMin is what followers begin with when they start, and as much again.
const countsKeptMin = 20 * time.Minute

// counts judges the settings of the counts topic, to which batches of up to
// batchBytes are appended.
func (s topicState) counts(batchBytes int) []finding {
	findings := s.copies()
	if policy, ok := s.settings[cleanupPolicy]; ok && strings.Contains(policy, "compact") {
		findings = append(findings, finding{cleanupPolicy, policy, true, "no claim would be taken, as claims have no keys; set it to delete"})
	}
	if n, ok := s.number(messageBytes); ok && n < int64(batchBytes) {
		findings = append(findings, s.found(messageBytes, true,
			fmt.Sprintf("claims of up to %d bytes would be refused; set it to %d", batchBytes, topicBytesMax)))
	}
	switch n, ok := s.number(retentionTime); {
	case ok && n < 0:
		findings = append(findings, s.found(retentionTime, false, fmt.Sprintf("what nobody reads any more is kept; set it to %d", countsKept.Milliseconds())))
	case ok && n < countsKeptMin.Milliseconds():
		findings = append(findings, s.found(retentionTime, false, fmt.Sprintf("queries that were away for longer load all from the store; set it to %d", countsKept.Milliseconds())))
	}
	return findings
}

// copies judges what all topics need so that an acknowledged record stays.
func (s topicState) copies() (findings []finding) {
	const replication = "replication.factor"
	copies := strconv.Itoa(s.replicas)
	switch {
	case s.replicas == 1 && s.wanted > 1:
		findings = append(findings, finding{
			replication, copies, true,
			fmt.Sprintf("what its only broker loses is lost; reassign it to %d brokers, or say --replicas 1 if one copy is meant", s.wanted),
		})
	case s.replicas < s.wanted:
		findings = append(findings, finding{replication, copies, false, fmt.Sprintf("%d copies were asked for; reassign it to as many brokers", s.wanted)})
	}
	if n, ok := s.number(insyncMin); ok && s.replicas > 1 && n < 2 {
		findings = append(findings, s.found(insyncMin, true, "a record is acknowledged that one broker alone has, and lost with it; set it to 2"))
	} else if ok && n > int64(s.replicas) {
		findings = append(findings, s.found(insyncMin, true, fmt.Sprintf("no record can be acknowledged with %d copies; set it to %d", s.replicas, min(2, s.replicas))))
	}
	if s.replicas > 1 && s.settings[uncleanLeader] == "true" {
		findings = append(findings, s.found(uncleanLeader, true, "a broker that lacks acknowledged records may come to lead, and they are lost; set it to false"))
	}
	return findings
}

func (s topicState) found(setting string, refused bool, advice string) finding {
	return finding{setting, s.settings[setting], refused, advice}
}

// number returns a setting that is one; false where the brokers do not know it.
func (s topicState) number(setting string) (int64, bool) {
	n, err := strconv.ParseInt(s.settings[setting], 10, 64)
	return n, err == nil
}
