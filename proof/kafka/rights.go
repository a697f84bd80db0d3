package kafka

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Right allows a user an operation on resources. Its words are Kafka's, in capitals
// where Kafka writes them so in its log: TOPIC, GROUP; READ, DESCRIBE_CONFIGS.
type Right struct {
	User      string
	Operation string
	Resource  string
	Name      string
	Prefix    bool // Name begins those of the resources.
}

// Permit gives rights to users of a cluster that authorizes.
func (c *Cluster) Permit(ctx context.Context, rights ...Right) error {
	request := kmsg.NewPtrCreateACLsRequest()
	for _, r := range rights {
		one := kmsg.NewCreateACLsRequestCreation()
		var err error
		if one.ResourceType, err = kmsg.ParseACLResourceType(r.Resource); err != nil {
			return fmt.Errorf("read right %v: %w", r, err)
		}
		if one.Operation, err = kmsg.ParseACLOperation(r.Operation); err != nil {
			return fmt.Errorf("read right %v: %w", r, err)
		}
		one.ResourceName, one.Principal, one.Host = r.Name, "User:"+r.User, "*"
		one.PermissionType, one.ResourcePatternType = kmsg.ACLPermissionTypeAllow, kmsg.ACLResourcePatternTypeLiteral
		if r.Prefix {
			one.ResourcePatternType = kmsg.ACLResourcePatternTypePrefixed
		}
		request.Creations = append(request.Creations, one)
	}
	return c.administer(func(client *kgo.Client) error {
		response, err := request.RequestWith(ctx, client)
		if err != nil {
			return fmt.Errorf("give rights: %w", err)
		}
		for i, result := range response.Results {
			if err := kerr.ErrorForCode(result.ErrorCode); err != nil {
				return fmt.Errorf("give right %v: %w", rights[i], err)
			}
		}
		return nil
	})
}

// A Topic is one to make.
type Topic struct {
	Name       string
	Partitions int
	Replicas   int
	Settings   map[string]string
}

// createTimeoutMillis is how long brokers may take to make topics.
const createTimeoutMillis = 10_000

// Create makes topics, whoever may.
func (c *Cluster) Create(ctx context.Context, topics ...Topic) error {
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis = createTimeoutMillis
	for _, topic := range topics {
		one := kmsg.NewCreateTopicsRequestTopic()
		one.Topic, one.NumPartitions, one.ReplicationFactor = topic.Name, int32(topic.Partitions), int16(topic.Replicas)
		for name, value := range topic.Settings {
			setting := kmsg.NewCreateTopicsRequestTopicConfig()
			setting.Name, setting.Value = name, &value
			one.Configs = append(one.Configs, setting)
		}
		request.Topics = append(request.Topics, one)
	}
	return c.administer(func(client *kgo.Client) error {
		response, err := request.RequestWith(ctx, client)
		if err != nil {
			return fmt.Errorf("make topics: %w", err)
		}
		for _, topic := range response.Topics {
			if err := kerr.ErrorForCode(topic.ErrorCode); err != nil {
				return fmt.Errorf("make topic %s: %w", topic.Topic, err)
			}
		}
		return nil
	})
}

// AddPartitions gives a topic more partitions, so that it has n, whoever may.
func (c *Cluster) AddPartitions(ctx context.Context, topic string, n int) error {
	request := kmsg.NewPtrCreatePartitionsRequest()
	one := kmsg.NewCreatePartitionsRequestTopic()
	one.Topic, one.Count = topic, int32(n)
	request.Topics, request.TimeoutMillis = append(request.Topics, one), createTimeoutMillis
	return c.administer(func(client *kgo.Client) error {
		response, err := request.RequestWith(ctx, client)
		if err == nil {
			err = kerr.ErrorForCode(response.Topics[0].ErrorCode)
		}
		if err != nil {
			return fmt.Errorf("add partitions to %s: %w", topic, err)
		}
		return nil
	})
}

// Append appends a record to a partition, whoever may.
func (c *Cluster) Append(ctx context.Context, topic string, partition int32, value []byte) error {
	return c.administer(func(client *kgo.Client) error {
		err := client.ProduceSync(ctx, &kgo.Record{Topic: topic, Partition: partition, Value: value}).FirstErr()
		if err != nil {
			return fmt.Errorf("append to %s: %w", topic, err)
		}
		return nil
	}, kgo.RecordPartitioner(kgo.ManualPartitioner()))
}

// Settings returns those of a topic that are its own, not the brokers'.
func (c *Cluster) Settings(ctx context.Context, topic string) (map[string]string, error) {
	request := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	request.Resources = append(request.Resources, resource)
	settings := make(map[string]string)
	return settings, c.administer(func(client *kgo.Client) error {
		response, err := request.RequestWith(ctx, client)
		if err != nil {
			return fmt.Errorf("read settings of %s: %w", topic, err)
		}
		for _, r := range response.Resources {
			if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
				return fmt.Errorf("read settings of %s: %w", topic, err)
			}
			for _, entry := range r.Configs {
				if entry.Source == kmsg.ConfigSourceDynamicTopicConfig && entry.Value != nil {
					settings[entry.Name] = *entry.Value
				}
			}
		}
		return nil
	})
}

// administer calls do with a client that may do all: it connects where brokers speak
// to each other.
func (c *Cluster) administer(do func(*kgo.Client) error, options ...kgo.Opt) error {
	var addrs []string
	for _, b := range c.brokers {
		addrs = append(addrs, b.internal)
	}
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(addrs...))...)
	if err != nil {
		return fmt.Errorf("connect to brokers: %w", err)
	}
	defer client.Close()
	return do(client)
}

// A Decision is what a broker's authorizer said of something that was asked for.
type Decision struct {
	Right

	Allowed bool
	Request string // Kafka's name of the request.
}

// decided is a line of the authorizer's log.
var decided = regexp.MustCompile(`Principal = User:(\S+) is (Allowed|Denied) operation = (\w+) from host = \S+ on resource = (\w+):(\w+):(.*) for request = (\w+) `)

// Decisions returns what brokers of a cluster that authorizes have decided of users so
// far, and how often.
func (c *Cluster) Decisions() (map[Decision]int, error) {
	all := make(map[Decision]int)
	var errs []error
	for _, b := range c.brokers {
		errs = append(errs, decisionsOf(b.log(), all))
	}
	return all, errors.Join(errs...)
}

func decisionsOf(log string, all map[Decision]int) error {
	f, err := os.Open(log)
	if err != nil {
		return fmt.Errorf("read decisions: %w", err)
	}
	defer func() { _ = f.Close() }() // It was read.
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		m := decided.FindStringSubmatch(lines.Text())
		if m == nil || m[1] == anonymous {
			continue
		}
		right := Right{User: m[1], Operation: m[3], Resource: strings.ToUpper(m[4]), Name: m[6], Prefix: m[5] == "PREFIXED"}
		all[Decision{Right: right, Allowed: m[2] == "Allowed", Request: m[7]}]++
	}
	return lines.Err()
}
