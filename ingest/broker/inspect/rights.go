package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/ingest/broker/settings"
	"mlf/schema/finding"
)

// A Stage is whose login the cluster is asked with.
type Stage string

// The stages that log in to Kafka, and the people and tools that do.
const (
	Schema    Stage = "schema"
	Ingest    Stage = "ingest"
	Aggregate Stage = "aggregate"
	Query     Stage = "query"
	Alert     Stage = "alert"
	Operator  Stage = "operator"
	Archive   Stage = "archive"
	Inquiry   Stage = "inquiry"
)

const (
	describe = kmsg.ACLOperationDescribe
	read     = kmsg.ACLOperationRead
	write    = kmsg.ACLOperationWrite
)

// A user is one of a stage's name: what it runs, what comes of it if it cannot, and
// what it must be allowed. deploy/k8s gives just that, and what its clients ask for
// besides and can do without.
type user struct {
	runs, breaks string
	topics       map[settings.Kind][]kmsg.ACLOperation
	groups       []kmsg.ACLOperation // Of workers; at most one.
}

// userOf returns the user of a stage.
func userOf(stage Stage) user {
	type topics = map[settings.Kind][]kmsg.ACLOperation
	reads, writes, sees := []kmsg.ACLOperation{describe, read}, []kmsg.ACLOperation{describe, read, write}, []kmsg.ACLOperation{describe}
	return map[Stage]user{
		Schema: {
			"mlf schema apply", "what is missing is not made, and what is wrong is not found",
			topics{settings.Votes: writes, settings.Registry: writes, settings.Counts: sees, settings.Served: sees, settings.Heartbeats: sees, settings.Alerts: sees},
			sees,
		},
		Ingest: {
			"mlf ingest", "no vote is accepted, or no number of served users, no heartbeat, no device that sets itself up",
			topics{settings.Votes: writes, settings.Registry: writes, settings.Served: writes, settings.Heartbeats: writes},
			nil,
		},
		Aggregate: {
			"mlf aggregate", "nothing is counted, or told before it is in the store",
			topics{settings.Votes: reads, settings.Counts: {describe, write}},
			[]kmsg.ACLOperation{read},
		},
		Query: {
			"mlf query", "answers stand still, or there are none, or bodies cannot look after their terminals",
			topics{settings.Votes: reads, settings.Registry: writes, settings.Counts: reads, settings.Served: reads, settings.Heartbeats: reads, settings.Alerts: writes},
			nil,
		},
		Alert: {
			"mlf alert run", "no body is told of anything",
			topics{settings.Votes: reads, settings.Registry: reads, settings.Counts: reads, settings.Heartbeats: reads, settings.Alerts: writes},
			nil,
		},
		Operator: {"mlf terminal", "nobody is enrolled or revoked, nothing is annotated", topics{settings.Registry: writes, settings.Alerts: writes}, nil},
		Archive:  {"mlf log archive", "there is no copy of the log", topics{settings.Votes: reads, settings.Registry: reads, settings.Served: reads, settings.Alerts: reads}, nil},
		Inquiry:  {"mlf vote find", "nobody can say what became of a vote", topics{settings.Votes: reads, settings.Registry: reads}, nil},
	}[stage]
}

// dangerous is what no stage needs, and loses votes in wrong hands.
func dangerous() []kmsg.ACLOperation {
	return []kmsg.ACLOperation{kmsg.ACLOperationDelete, kmsg.ACLOperationAlter, kmsg.ACLOperationAlterConfigs}
}

// notTold is what brokers answer that say nothing of rights.
const notTold = -1 << 31

// rights looks what this user may do, and what it need not.
func (c *Cluster) rights(ctx context.Context, w *Wish) []finding.Finding {
	const check = "kafka.rights"
	var names []string
	for _, t := range w.Topics {
		names = append(names, t.Name)
	}
	view, err := c.view(ctx, names...)
	if err != nil {
		return []finding.Finding{finding.Unknown(check, string(w.Stage), err, startKafka)}
	}
	if view.ClusterID != nil && *view.ClusterID == EmbeddedCluster {
		return []finding.Finding{finding.Skip(check, string(w.Stage), "the broker is in mlf up: it listens on loopback and asks nobody who he is")}
	}
	var found []finding.Finding
	for _, t := range view.Topics {
		i := slices.IndexFunc(w.Topics, func(of Topic) bool { return t.Topic != nil && of.Name == *t.Topic })
		if i >= 0 {
			found = append(found, judgeRights(w.Stage, w.Topics[i], t.ErrorCode, t.AuthorizedOperations)...)
		}
	}
	return append(found, c.groupRights(ctx, w)...)
}

// judgeRights judges a bit for each operation.
func judgeRights(stage Stage, topic Topic, errorCode int16, bits int32) []finding.Finding {
	const check = "kafka.rights"
	of := userOf(stage)
	wanted := of.topics[topic.Kind]
	denied := Denied(code(errorCode))
	switch {
	case errorCode != 0 && !denied:
		return []finding.Finding{finding.Skip(check, topic.Name, "see kafka.topic: "+code(errorCode).Error())}
	case !denied && bits == notTold:
		return []finding.Finding{finding.Unknown(check, topic.Name, fmt.Errorf("brokers do not tell what this user may do"), "look at the ACLs on the brokers")}
	case denied:
		bits = 0
	}
	may := func(op kmsg.ACLOperation) bool { return bits>>op&1 == 1 }
	var missing, surplus []string
	for _, op := range wanted {
		if !may(op) {
			missing = append(missing, word(op))
		}
	}
	for _, op := range dangerous() {
		if may(op) {
			surplus = append(surplus, word(op))
		}
	}
	var found []finding.Finding
	if len(missing) > 0 {
		found = append(found, finding.Finding{
			Status: finding.Fail, Check: check, On: topic.Name, Says: fmt.Sprintf("%s with this login lacks %s", of.runs, strings.Join(missing, ", ")),
			Breaks: of.breaks, Remedy: "add ACLs that allow it, for this user and topic",
		})
	}
	if len(surplus) > 0 {
		found = append(found, finding.Finding{
			Status: finding.Warn, Check: check, On: topic.Name, Says: "this login may also " + strings.Join(surplus, ", "),
			Breaks: "whoever has it can remove votes", Remedy: "log mlf in as a user of its own, and let brokers authorize (authorizer.class.name, allow.everyone.if.no.acl.found=false)",
		})
	}
	if len(found) == 0 && len(wanted) > 0 {
		found = append(found, finding.Finding{Status: finding.OK, Check: check, On: topic.Name, Says: fmt.Sprintf("all that %s needs, and nothing that removes votes", of.runs)})
	}
	return found
}

func word(op kmsg.ACLOperation) string {
	words := map[kmsg.ACLOperation]string{
		describe: "Describe", read: "Read", write: "Write",
		kmsg.ACLOperationDelete: "Delete", kmsg.ACLOperationAlter: "Alter", kmsg.ACLOperationAlterConfigs: "AlterConfigs",
	}
	return words[op]
}

// groupRights looks whether workers may join, and apply may look at them.
func (c *Cluster) groupRights(ctx context.Context, w *Wish) []finding.Finding {
	const check = "kafka.rights"
	of := userOf(w.Stage)
	if len(of.groups) == 0 {
		return nil
	}
	need := of.groups[0]
	on := w.Groups + "-…"
	bits, err := c.groupBits(ctx, w.Groups+"-")
	f := finding.Finding{Status: finding.OK, Check: check, On: on, Says: "groups of workers: " + word(need)}
	switch {
	case err != nil && !Denied(err):
		f = finding.Unknown(check, on, err, "look at the ACLs on the brokers")
	case err == nil && bits == notTold:
		f = finding.Unknown(check, on, fmt.Errorf("brokers do not tell what this user may do"), "look at the ACLs on the brokers")
	case err != nil || bits>>need&1 == 0:
		f = finding.Finding{
			Status: finding.Fail, Check: check, On: on, Says: fmt.Sprintf("%s with this login lacks %s on groups of this prefix", of.runs, word(need)),
			Breaks: "workers get no partitions and nothing is counted", Remedy: "add an ACL that allows it for the prefix " + w.Groups,
		}
		if w.Stage == Schema {
			f.Status, f.Breaks = finding.Warn, "mlf schema apply cannot see whether workers are old, and leaves the rules as they are"
		}
	}
	return []finding.Finding{f}
}

// coordinatorPause is the pause between two looks for who knows of a group.
const coordinatorPause = 200 * time.Millisecond

// groupBits asks what this user may do with a group of which there need be none. Its
// coordinator alone knows. The first to ask for one makes the brokers choose.
func (c *Cluster) groupBits(ctx context.Context, group string) (bits int32, err error) {
	for {
		if bits, err = c.coordinatorsBits(ctx, group); err == nil || Denied(err) {
			return bits, err
		}
		select {
		case <-ctx.Done():
			return 0, err
		case <-time.After(coordinatorPause):
		}
	}
}

func (c *Cluster) coordinatorsBits(ctx context.Context, group string) (int32, error) {
	ctx, cancel := context.WithTimeout(ctx, askMax)
	defer cancel()
	found, err := c.Kafka.FindCoordinator(ctx, &kafka.FindCoordinatorRequest{Key: group, KeyType: kafka.CoordinatorKeyTypeConsumer})
	if err == nil {
		err = found.Error
	}
	if err != nil {
		return 0, fmt.Errorf("find coordinator of group %s: %w", group, err)
	}
	request := kmsg.NewPtrDescribeGroupsRequest()
	request.SetVersion(versionGroups)
	request.Groups, request.IncludeAuthorizedOperations = []string{group}, true
	answer, err := c.ask(ctx, found.Coordinator.NodeID, request)
	if err != nil {
		return 0, err
	}
	for _, g := range answer.(*kmsg.DescribeGroupsResponse).Groups {
		return g.AuthorizedOperations, code(g.ErrorCode)
	}
	return 0, errors.New("the coordinator says nothing of the group")
}
