package inspect_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"mlf/ingest/broker"
	"mlf/ingest/broker/embedded"
	"mlf/proof/kafka"
	"mlf/schema"
	"mlf/schema/finding"
	"mlf/schema/heartbeat"
	"mlf/schema/served"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A patient is a cluster that is looked at.
type patient struct {
	t      *testing.T
	addrs  []string
	client *broker.Client
}

func newPatient(t *testing.T, cfg broker.Config) *patient {
	t.Helper()
	cfg.GiveUp, cfg.Timeout = 5*time.Second, 5*time.Second
	client, err := broker.New(cfg, broker.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &patient{t: t, addrs: cfg.Brokers, client: client}
}

func (p *patient) look(stage broker.Stage) []finding.Finding {
	p.t.Helper()
	found := finding.Run(p.t.Context(), 5*time.Second, p.client.Checks(stage, 3)...)
	for _, f := range found {
		if (f.Status == finding.Fail || f.Status == finding.Warn) && (f.Breaks == "" || f.Remedy == "") {
			p.t.Errorf("%+v: says not what breaks, or not what to do", f)
		}
	}
	return found
}

// has wants a finding among found.
func (p *patient) has(found []finding.Finding, check string, status finding.Status, on, says string) {
	p.t.Helper()
	for _, f := range found {
		if f.Check == check && f.Status == status && strings.Contains(f.On, on) && strings.Contains(f.Says, says) {
			return
		}
	}
	p.t.Errorf("no %s %s on %q with %q in %+v", status, check, on, says, found)
}

// set changes a setting of a topic.
func (p *patient) set(topic, name, value string) {
	p.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(p.addrs...))
	if err != nil {
		p.t.Fatal(err)
	}
	defer client.Close()
	request := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource, config := kmsg.NewIncrementalAlterConfigsRequestResource(), kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	config.Name, config.Value = name, &value
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	resource.Configs = append(resource.Configs, config)
	request.Resources = append(request.Resources, resource)
	answer, err := request.RequestWith(p.t.Context(), client)
	if err != nil || answer.Resources[0].ErrorCode != 0 {
		p.t.Fatal(topic, name, value, err, answer)
	}
}

// A setting is one that breaks a promise.
type setting struct {
	topic, name, bad, good string
	want                   finding.Status
}

// settings tries each setting that breaks a promise, and puts it right again.
func (p *patient) settings() {
	p.t.Helper()
	const votes, registry, counts, served = schema.VotesTopic, schema.RegistryTopic, schema.CountsTopic, served.Topic
	p.try(
		setting{votes, "min.insync.replicas", "1", "2", finding.Fail},
		setting{votes, "unclean.leader.election.enable", "true", "false", finding.Fail},
		setting{votes, "cleanup.policy", "compact", "delete", finding.Fail},
		setting{votes, "max.message.bytes", "1000", "1048588", finding.Fail},
		setting{votes, "retention.ms", "3600000", "-1", finding.Warn},
		setting{votes, "retention.bytes", "1000000", "-1", finding.Warn},
		setting{votes, "message.timestamp.type", "CreateTime", "LogAppendTime", finding.Warn},
		setting{votes, "compression.type", "gzip", "producer", finding.Warn},
		setting{registry, "cleanup.policy", "delete", "compact", finding.Fail},
		setting{registry, "max.message.bytes", "1000", "1048588", finding.Fail},
		setting{registry, "min.insync.replicas", "1", "2", finding.Fail},
		setting{counts, "cleanup.policy", "compact", "delete", finding.Fail},
		setting{counts, "max.message.bytes", "1000", "1048588", finding.Fail},
		setting{counts, "retention.ms", "-1", "172800000", finding.Warn},
		setting{served, "cleanup.policy", "delete", "compact", finding.Fail},
		setting{served, "max.message.bytes", "1000", "1048588", finding.Fail},
		setting{heartbeat.Topic, "cleanup.policy", "delete", "compact", finding.Fail},
		setting{heartbeat.Topic, "max.message.bytes", "1000", "1048588", finding.Fail},
	)
	p.try(
		setting{votes, "min.insync.replicas", "4", "2", finding.Fail},
		setting{counts, "retention.ms", "60000", "172800000", finding.Warn},
		setting{served, "min.compaction.lag.ms", "0", "86400000", finding.Warn},
	)
}

// try has all of them wrong at once: each is found.
func (p *patient) try(all ...setting) {
	p.t.Helper()
	for _, s := range all {
		p.set(s.topic, s.name, s.bad)
	}
	for _, s := range all {
		p.until("kafka.topic", s.want, s.topic, s.name+"="+s.bad)
		p.set(s.topic, s.name, s.good)
	}
}

// until looks until there is a finding: brokers hear of a change a moment later.
func (p *patient) until(check string, status finding.Status, on, says string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	for {
		found := p.look("schema")
		for _, f := range found {
			if f.Check == check && f.Status == status && strings.Contains(f.On, on) && strings.Contains(f.Says, says) {
				return
			}
		}
		if ctx.Err() != nil {
			p.has(found, check, status, on, says)
			return
		}
	}
}

func (p *patient) apply(replicas int) {
	p.t.Helper()
	if _, err := p.client.Apply(p.t.Context(), broker.TopicsConfig{Partitions: 2, Replicas: replicas}); err != nil {
		p.t.Fatal(err)
	}
}

// TestKafkaIsHeldToWhatVotesNeed: three real brokers, well, and then unwell in every
// way that is looked for.
func TestKafkaIsHeldToWhatVotesNeed(t *testing.T) {
	if os.Getenv("MLF_TEST_KAFKA") != "1" {
		t.Skip("set MLF_TEST_KAFKA=1 to run this against Apache Kafka: make test-kafka")
	}
	cluster, err := kafka.Start(t.Context(), kafka.Config{Brokers: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	p := newPatient(t, broker.Config{Brokers: cluster.Addrs()})
	p.has(p.look("schema"), "kafka.topic", finding.Fail, schema.VotesTopic, "no such topic")
	p.apply(3)
	p.until("kafka.in_sync", finding.OK, schema.VotesTopic, "2 partitions")
	well := p.look("schema")
	p.has(well, "kafka.topic", finding.OK, schema.VotesTopic, "replication.factor=3")
	p.has(well, "kafka.clock", finding.OK, "", "")
	p.has(well, "kafka.brokers", finding.OK, cluster.Addrs()[2], "")
	if disk := slicesOf(well, "kafka.disk"); len(disk) != 3 || !strings.Contains(disk[0].Says, "GB free") { // However full this machine's is.
		t.Errorf("got %+v of disks", disk)
	}
	p.has(well, "kafka.rights", finding.Warn, schema.VotesTopic, "Delete")
	p.settings()

	if err := cluster.Pause(2); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	frozen := p.look("schema")
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("took %v beside a frozen broker", took)
	}
	p.has(frozen, "kafka.topic", finding.OK, schema.RegistryTopic, "min.insync.replicas=2")
	p.has(frozen, "kafka.brokers", finding.Warn, cluster.Addrs()[2], "it does not answer")
	if err := cluster.Resume(2); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Kill(2); err != nil {
		t.Fatal(err)
	}
	p.until("kafka.in_sync", finding.Warn, schema.VotesTopic, "not all copies")
	p.set(schema.VotesTopic, "min.insync.replicas", "3")
	p.until("kafka.in_sync", finding.Fail, schema.VotesTopic, "too few brokers have all records")
	cluster.Stop()
	p.until("kafka.brokers", finding.Fail, cluster.Addrs()[0], "answer")
}

// TestTopicsAreHeldToWhatVotesNeed: the same settings where no Java is needed.
func TestTopicsAreHeldToWhatVotesNeed(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.ClusterID("three"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	p := newPatient(t, broker.Config{Brokers: cluster.ListenAddrs()})
	p.apply(3)
	p.settings()
	p.has(p.look("schema"), "kafka.clock", finding.Warn, "", "not known") // It does not tell: that is not well.
}

// TestTheBrokerOfUp: what does not apply to it is said, and nothing of it is wrong.
func TestTheBrokerOfUp(t *testing.T) {
	b, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir()}, embedded.Telemetry{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	p := newPatient(t, broker.Config{Brokers: []string{b.Addr()}})
	p.apply(1)
	found := p.look("schema")
	for _, check := range []string{"kafka.clock", "kafka.disk", "kafka.rights"} {
		p.has(found, check, finding.Skipped, "", "mlf up")
	}
	for _, f := range found {
		if f.Status == finding.Fail {
			t.Errorf("got %+v", f)
		}
	}
}

func slicesOf(found []finding.Finding, check string) (of []finding.Finding) {
	for _, f := range found {
		if f.Check == check {
			of = append(of, f)
		}
	}
	return of
}

// TestRightsAreHeldToTheStage: a login with what ingest needs, one without, and one
// that nobody may look at anything with.
func TestRightsAreHeldToTheStage(t *testing.T) {
	topic := func(name string, ops ...kmsg.ACLOperation) (acls []kfake.ACL) {
		for _, op := range ops {
			acls = append(acls, kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true})
		}
		return acls
	}
	const describe, read, write = kmsg.ACLOperationDescribe, kmsg.ACLOperationRead, kmsg.ACLOperationWrite
	enough := slices.Concat(topic(schema.VotesTopic, describe, read, write), topic(schema.RegistryTopic, describe, read), topic(served.Topic, describe, read, write),
		topic(heartbeat.Topic, describe, read, write))
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(3), kfake.ClusterID("three"), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.Superuser(broker.MechanismScramSHA512, "admin", "secret"),
		kfake.User(broker.MechanismScramSHA512, "ingest", "secret", enough...),
		kfake.User(broker.MechanismScramSHA512, "reader", "secret", topic(schema.VotesTopic, describe, read)...),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	as := func(user string) *patient {
		return newPatient(t, broker.Config{Brokers: cluster.ListenAddrs(), SASLUser: user, SASLPassword: func() (string, error) { return "secret", nil }})
	}
	as("admin").apply(3)
	as("admin").has(as("admin").look("schema"), "kafka.rights", finding.Warn, schema.VotesTopic, "may also Delete")
	ingest := as("ingest")
	found := ingest.look("ingest")
	ingest.has(found, "kafka.rights", finding.OK, schema.VotesTopic, "all that mlf ingest needs")
	ingest.has(found, "kafka.topic", finding.Warn, schema.VotesTopic, "not known") // It may not read settings: never well.
	reader := as("reader")
	found = reader.look("ingest")
	reader.has(found, "kafka.rights", finding.Fail, schema.VotesTopic, "lacks Write")
	reader.has(found, "kafka.rights", finding.Fail, schema.RegistryTopic, "lacks Describe, Read")
	reader.has(reader.look("aggregate"), "kafka.rights", finding.Fail, "mlf-aggregate-", "lacks Read")
}
