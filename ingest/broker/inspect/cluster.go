package inspect

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mlf/ingest/broker/settings"
)

// A Cluster is asked. Safe for use by several goroutines.
type Cluster struct {
	Kafka      *kafka.Client
	BatchBytes int // The longest batch that is appended.
}

// A Topic is one that mlf uses.
type Topic struct {
	Kind settings.Kind
	Name string
}

// Denied tells whether err is of somebody who may not look.
func Denied(err error) bool {
	return errors.Is(err, kafka.TopicAuthorizationFailed) || errors.Is(err, kafka.ClusterAuthorizationFailed) || errors.Is(err, kafka.GroupAuthorizationFailed)
}

// Judge says what is wrong with the settings of topic, of which as many copies are
// wanted.
func (c *Cluster) Judge(ctx context.Context, topic Topic, wanted int) ([]settings.Finding, error) {
	state, err := c.state(ctx, topic.Name)
	if err != nil {
		return nil, err
	}
	state.Wanted = wanted
	return state.Judge(topic.Kind, c.BatchBytes), nil
}

// state asks for a topic's settings and copies.
func (c *Cluster) state(ctx context.Context, topic string) (settings.Topic, error) {
	state := settings.Topic{Settings: make(map[string]string)}
	configs := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName, resource.ConfigNames = kmsg.ConfigResourceTypeTopic, topic, settings.Names()
	configs.Resources = append(configs.Resources, resource)
	answer, err := c.any(ctx, configs, versionConfigs)
	if err != nil {
		return state, err
	}
	for _, r := range answer.(*kmsg.DescribeConfigsResponse).Resources {
		if err := code(r.ErrorCode); err != nil {
			return state, err
		}
		for _, e := range r.Configs {
			if e.Value != nil {
				state.Settings[e.Name] = *e.Value
			}
		}
	}
	view, err := c.view(ctx, topic)
	if err != nil {
		return state, err
	}
	for _, t := range view.Topics {
		if err := code(t.ErrorCode); err != nil {
			return state, err
		}
		for _, p := range t.Partitions {
			if n := len(p.Replicas); state.Replicas == 0 || n < state.Replicas {
				state.Replicas = n
			}
		}
	}
	return state, nil
}

// view asks for brokers and for topics, also what the asker may do with them.
// kafka-go's own leaves out copies whose broker is down.
func (c *Cluster) view(ctx context.Context, topics ...string) (*kmsg.MetadataResponse, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.IncludeTopicAuthorizedOperations = true
	for i := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &topics[i]
		request.Topics = append(request.Topics, t)
	}
	answer, err := c.any(ctx, request, versionMetadata)
	if err != nil {
		return nil, err
	}
	return answer.(*kmsg.MetadataResponse), nil
}

// code returns the error of a broker's code; nil for 0.
func code(n int16) error {
	if n == 0 {
		return nil
	}
	return kafka.Error(n)
}

// The versions that are spoken: Kafka has all of them since 3.3.
const (
	versionConfigs  = 1
	versionGroups   = 3
	versionLogDirs  = 4
	versionMetadata = 8
	versionQuorum   = 1
)

// brokers returns the brokers that the cluster has now.
func (c *Cluster) brokers(ctx context.Context) ([]kafka.Broker, error) {
	res, err := c.Kafka.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, fmt.Errorf("list brokers: %w", err)
	}
	return res.Brokers, nil
}

// any asks all brokers at once and returns what the first says that can: one that
// hangs must not hide what others know.
func (c *Cluster) any(ctx context.Context, request kmsg.Request, version int16) (kmsg.Response, error) {
	all, err := c.brokers(ctx)
	if err != nil {
		return nil, err
	}
	var asking sync.WaitGroup
	defer asking.Wait() // Who goes on to ask after the client was closed opens it again.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type said struct {
		answer kmsg.Response
		err    error
	}
	answers := make(chan said, len(all))
	request.SetVersion(version)
	for _, b := range all {
		asking.Go(func() {
			answer, err := c.ask(ctx, b.ID, request)
			answers <- said{answer, err}
		})
	}
	err = errors.New("there is no broker")
	for range all {
		one := <-answers
		if one.err == nil {
			return one.answer, nil
		}
		err = one.err
	}
	return nil, err
}

// ask asks broker node, in the version that request has.
func (c *Cluster) ask(ctx context.Context, node int, request kmsg.Request) (kmsg.Response, error) {
	answer, err := c.Kafka.Transport.RoundTrip(ctx, c.Kafka.Addr, &question{node: int32(node), request: request})
	if err != nil {
		return nil, fmt.Errorf("ask broker %d: %w", node, err)
	}
	return answer.(*reply).Response, nil
}

// A question goes out as kmsg writes it, over a connection of kafka-go.
type question struct {
	node    int32
	request kmsg.Request
}

// ApiKey is Kafka's number for the call.
func (q *question) ApiKey() protocol.ApiKey { return protocol.ApiKey(q.request.Key()) }

// Broker returns the one that is asked.
func (q *question) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	b, ok := cluster.Brokers[q.node]
	if !ok {
		return b, kafka.BrokerNotAvailable
	}
	return b, nil
}

// Required tells kafka-go to leave the exchange to RawExchange, always.
func (q *question) Required(map[protocol.ApiKey]int16) bool { return true }

// answerBytesMax is more than an answer about ten thousand partitions.
const answerBytesMax = 64 << 20

// correlation marks request and answer: a connection carries one at a time.
const correlation = 1

// RawExchange writes the request and reads the answer.
func (q *question) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	out := kmsg.NewRequestFormatter(kmsg.FormatterClientID("mlf")).AppendRequest(nil, q.request, correlation)
	if _, err := rw.Write(out); err != nil {
		return nil, err
	}
	var head [8]byte // Size and correlation.
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(head[:])) - 4
	if n < 0 || n > answerBytesMax {
		return nil, fmt.Errorf("answer of %d bytes: want at most %d", n, answerBytesMax)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(rw, body); err != nil {
		return nil, err
	}
	answer := q.request.ResponseKind()
	if answer.IsFlexible() && len(body) > 0 { // An empty set of tags ends its head.
		body = body[1:]
	}
	if err := answer.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return &reply{answer}, nil
}

// A reply is an answer as kafka-go hands it on.
type reply struct{ kmsg.Response }

// ApiKey is Kafka's number for the call.
func (r *reply) ApiKey() protocol.ApiKey { return protocol.ApiKey(r.Key()) }
