package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/ingest/broker/settings"
	"mlf/schema/finding"
)

// EmbeddedCluster is the id of a broker inside mlf up. Of it, copies, clocks and disks
// are not asked: it has one copy, this machine's clock, and a guard of its disk.
const EmbeddedCluster = "kfake"

// A Wish is what Checks holds a cluster to.
type Wish struct {
	Topics   []Topic
	Replicas int                                              // Copies of every record.
	Groups   string                                           // What the workers' groups are called, or begin with.
	Stage    Stage                                            // Whose rights are looked at.
	Age      func(ctx context.Context) (time.Duration, error) // How long ago the log began.
}

// Checks look at brokers, topics, rights, clock and disks. Each is of one thing, so
// that what cannot be asked hides nothing else.
func (c *Cluster) Checks(w Wish) []finding.Check {
	checks := []finding.Check{
		{Name: "kafka.brokers", Do: c.reach},
		{Name: "kafka.clock", Do: c.clock},
		{Name: "kafka.disk", Do: func(ctx context.Context) []finding.Finding { return c.disks(ctx, &w) }},
		{Name: "kafka.rights", Do: func(ctx context.Context) []finding.Finding { return c.rights(ctx, &w) }},
	}
	for _, t := range w.Topics {
		checks = append(checks,
			finding.Check{Name: "kafka.topic", On: t.Name, Do: func(ctx context.Context) []finding.Finding { return c.topic(ctx, t, w.Replicas) }},
			finding.Check{Name: "kafka.in_sync", On: t.Name, Do: func(ctx context.Context) []finding.Finding { return c.inSync(ctx, t) }})
	}
	return checks
}

const startKafka = "see whether it runs, and whether this machine reaches it: --kafka, firewall, certificates"

// reach looks whether each broker answers.
func (c *Cluster) reach(ctx context.Context) []finding.Finding {
	const check = "kafka.brokers"
	all, err := c.brokers(ctx)
	if err != nil {
		return []finding.Finding{{
			Status: finding.Fail, Check: check, Says: "no broker answers: " + err.Error(), Breaks: "no vote is accepted or counted", Remedy: startKafka,
		}}
	}
	var checks []finding.Check
	for _, b := range all {
		on := b.Host + ":" + strconv.Itoa(b.Port)
		checks = append(checks, finding.Check{Name: check, On: on, Do: func(ctx context.Context) []finding.Finding {
			request := kmsg.NewPtrApiVersionsRequest()
			if _, err := c.ask(ctx, b.ID, request); err != nil {
				return []finding.Finding{{
					Status: finding.Warn, Check: check, On: on, Says: "it does not answer: " + err.Error(),
					Breaks: "with one more away, votes are refused", Remedy: startKafka,
				}}
			}
			return []finding.Finding{{Status: finding.OK, Check: check, On: on, Says: "it answers"}}
		}})
	}
	found := finding.Run(ctx, askMax, checks...)
	if !slices.ContainsFunc(found, func(f finding.Finding) bool { return f.Status == finding.OK }) {
		for i := range found {
			found[i].Status, found[i].Breaks = finding.Fail, "with none that answers, no vote is accepted or counted"
		}
	}
	return found
}

// askMax is what one of several is waited for.
const askMax = 2 * time.Second

// topic judges a topic's settings. What a broker does not tell is not taken for good.
func (c *Cluster) topic(ctx context.Context, topic Topic, wanted int) []finding.Finding {
	const check = "kafka.topic"
	state, err := c.state(ctx, topic.Name)
	switch {
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		return []finding.Finding{{
			Status: finding.Fail, Check: check, On: topic.Name, Says: "there is no such topic", Breaks: lacking(topic.Kind), Remedy: "run mlf schema apply",
		}}
	case err != nil:
		return []finding.Finding{finding.Unknown(check, topic.Name, err, "give this user DescribeConfigs and Describe on the topic, or ask as one who may")}
	}
	state.Wanted = wanted
	if c.embedded(ctx) {
		state.Wanted = 1
	}
	bad := make(map[string]bool)
	var found []finding.Finding
	for _, f := range state.Judge(topic.Kind, c.BatchBytes) {
		bad[f.Setting] = true
		breaks, remedy := f.Parts()
		found = append(found, finding.Finding{Status: status(f.Refused), Check: check, On: topic.Name, Says: f.Setting + "=" + f.Value, Breaks: breaks, Remedy: remedy})
	}
	return append(found, c.rest(topic, &state, bad)...)
}

// rest tells the settings that are right, and those that are not known.
func (c *Cluster) rest(topic Topic, state *settings.Topic, bad map[string]bool) []finding.Finding {
	var right, missing []string
	if !bad[settings.Replication] {
		right = append(right, fmt.Sprintf("%s=%d", settings.Replication, state.Replicas))
	}
	for _, name := range settings.Names() {
		value, told := state.Settings[name]
		switch {
		case name == settings.CompactionLag && topic.Kind != settings.Served && topic.Kind != settings.Alerts:
		case !told:
			missing = append(missing, name)
		case !bad[name]:
			right = append(right, name+"="+value)
		}
	}
	var found []finding.Finding
	if len(missing) > 0 {
		found = append(found, finding.Unknown("kafka.topic", topic.Name, fmt.Errorf("brokers do not tell %s", strings.Join(missing, ", ")), "look at them on the brokers"))
	}
	if len(right) > 0 {
		found = append(found, finding.Finding{Status: finding.OK, Check: "kafka.topic", On: topic.Name, Says: strings.Join(right, " ")})
	}
	return found
}

func status(refused bool) finding.Status {
	if refused {
		return finding.Fail
	}
	return finding.Warn
}

// lacking says what a topic that is not there breaks.
func lacking(kind settings.Kind) string {
	switch kind {
	case settings.Counts:
		return "what workers count is told nobody: answers come from the store, later"
	case settings.Served:
		return "numbers of served users are refused"
	case settings.Heartbeats:
		return "heartbeats are refused: nobody sees which terminals live"
	case settings.Alerts:
		return "bodies are told of nothing, and cannot say what they want to be told of"
	default:
		return "no vote is accepted or counted"
	}
}

// embedded tells whether this is the broker of mlf up.
func (c *Cluster) embedded(ctx context.Context) bool {
	view, err := c.view(ctx)
	return err == nil && view.ClusterID != nil && *view.ClusterID == EmbeddedCluster
}

// inSync looks how many brokers have all records of each partition.
func (c *Cluster) inSync(ctx context.Context, topic Topic) []finding.Finding {
	const check = "kafka.in_sync"
	state, err := c.state(ctx, topic.Name)
	if err != nil {
		return []finding.Finding{finding.Skip(check, topic.Name, "see kafka.topic: "+err.Error())}
	}
	view, err := c.view(ctx, topic.Name)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, topic.Name, err, startKafka)}
	}
	least, _ := strconv.Atoi(state.Settings[settings.InsyncMin])
	few, behind := make(map[int32]bool), make(map[int32]bool)
	for _, t := range view.Topics {
		for _, p := range t.Partitions {
			few[p.Partition] = p.Leader < 0 || len(p.ISR) < least
			behind[p.Partition] = len(p.ISR) < len(p.Replicas)
		}
	}
	found := finding.Finding{Check: check, On: topic.Name, Remedy: "bring the brokers back that are missing; do not lower min.insync.replicas"}
	switch all := len(few); {
	case count(few) > 0:
		found.Status, found.Says = finding.Fail, fmt.Sprintf("of partitions %v too few brokers have all records", numbers(few))
		found.Breaks = "no record of theirs is acknowledged: votes wait in terminals"
	case count(behind) > 0:
		found.Status, found.Says = finding.Warn, fmt.Sprintf("of %d of %d partitions not all copies are in sync", count(behind), all)
		found.Breaks = "with one more broker away, votes are refused; with another lost, they are lost"
	default:
		found = finding.Finding{Status: finding.OK, Check: check, On: topic.Name, Says: fmt.Sprintf("all copies of %d partitions are in sync", all)}
	}
	return []finding.Finding{found}
}

func count(is map[int32]bool) int { return len(numbers(is)) }

func numbers(is map[int32]bool) []int32 {
	return slices.SortedFunc(maps.Keys(maps.Collect(func(yield func(int32, bool) bool) {
		for n, yes := range is {
			if yes && !yield(n, yes) {
				return
			}
		}
	})), cmp.Compare[int32])
}

// clockMax is how far a clock may be away: as ingest has it.
const clockMax = 5 * time.Second

// clock compares this machine's clock with that of the cluster's controller, which
// says when it last heard of itself: now.
func (c *Cluster) clock(ctx context.Context) []finding.Finding {
	const check = "kafka.clock"
	if c.embedded(ctx) {
		return []finding.Finding{finding.Skip(check, "", "the broker is in mlf up: it has this machine's clock")}
	}
	request := kmsg.NewPtrDescribeQuorumRequest()
	topic, partition := kmsg.NewDescribeQuorumRequestTopic(), kmsg.NewDescribeQuorumRequestTopicPartition()
	topic.Topic, topic.Partitions = "__cluster_metadata", append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)
	sent := time.Now()
	answer, err := c.any(ctx, request, versionQuorum)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, "", err, "give this user Describe on the cluster; or compare the clocks by hand: 5 s are too many")}
	}
	at, err := controllerTime(answer.(*kmsg.DescribeQuorumResponse))
	if err != nil {
		return []finding.Finding{finding.Unknown(check, "", err, "give this user Describe on the cluster; or compare the clocks by hand: 5 s are too many")}
	}
	return []finding.Finding{finding.Clock{
		Check: check, At: at, Sent: sent, Heard: time.Now(), Most: clockMax, Breaks: "votes are counted in wrong hours, or ingest takes none",
	}.Judge()}
}

// controllerTime returns what the leader's clock showed when it answered.
func controllerTime(r *kmsg.DescribeQuorumResponse) (time.Time, error) {
	if err := code(r.ErrorCode); err != nil {
		return time.Time{}, err
	}
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			if err := code(p.ErrorCode); err != nil {
				return time.Time{}, err
			}
			for _, v := range p.CurrentVoters {
				if v.ReplicaID == p.LeaderID && v.LastCaughtUpTimestamp > 0 {
					return time.UnixMilli(v.LastCaughtUpTimestamp), nil
				}
			}
		}
	}
	return time.Time{}, errors.New("the brokers do not tell the time")
}
