package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"

	"mlf/schema"
)

var (
	// ErrNoTopic says that a topic does not exist. `mlf schema apply` makes it.
	ErrNoTopic = errors.New("topic does not exist: run mlf schema apply")

	// ErrGivenUp says that nothing succeeded for Config.GiveUp.
	ErrGivenUp = errors.New("no success in time")

	// ErrFull says that too many bytes wait for their acknowledgement. Nothing of
	// the record was kept.
	ErrFull = errors.New("too many bytes wait for Kafka")

	// ErrTooLarge says that the record fits no batch. Trying again does not help.
	ErrTooLarge = errors.New("record is too large for a batch")

	// ErrClosed says that Producer.Run has not begun, or has been told to end.
	ErrClosed = errors.New("producer does not run")

	// ErrUnacknowledged says that Kafka did not answer in time. The record may be on the
	// log, may come to be on it later, or not.
	ErrUnacknowledged = errors.New("no acknowledgement in time")
)

// A Client talks to one Kafka cluster. Safe for use by several goroutines.
type Client struct {
	cfg       Config
	log       *slog.Logger
	metrics   *metrics
	transport *kafka.Transport
	kafka     *kafka.Client
	sasl      sasl.Mechanism
	votes     *leaders
	registry  *leaders
	counts    *leaders
	served    *leaders
}

// Telemetry is where a Client tells about itself. Its zero value reports nowhere.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
}

// New returns a client. It reads the TLS files, but does not connect.
func New(cfg Config, tel Telemetry) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("check Kafka settings: %w", err)
	}
	cfg = cfg.withDefaults()
	tlsConfig, err := cfg.tlsConfig()
	if err != nil {
		return nil, err
	}
	mechanism, err := cfg.mechanism()
	if err != nil {
		return nil, err
	}
	transport := &kafka.Transport{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := cfg.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &boundedConn{Conn: conn}, nil
		},
		DialTimeout:    dialTimeout,
		MetadataTTL:    metadataTTL,
		MetadataTopics: []string{cfg.VotesTopic, cfg.RegistryTopic, cfg.CountsTopic, cfg.ServedTopic},
		ClientID:       clientID,
		TLS:            tlsConfig,
		SASL:           mechanism,
	}
	tel.Logger = cmp.Or(tel.Logger, slog.New(slog.DiscardHandler))
	client := &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Timeout: cfg.Timeout, Transport: transport}
	return &Client{
		cfg:       cfg,
		log:       tel.Logger,
		metrics:   newMetrics(tel.Registerer),
		transport: transport,
		sasl:      mechanism,
		kafka:     client,
		votes:     newLeaders(client, cfg.VotesTopic),
		registry:  newLeaders(client, cfg.RegistryTopic),
		counts:    newLeaders(client, cfg.CountsTopic),
		served:    newLeaders(client, cfg.ServedTopic),
	}, nil
}

// Close closes the connections. Whoever uses c must be done.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Ping tells whether a broker answers.
func (c *Client) Ping(ctx context.Context) error {
	// A connection that lay idle while its broker restarted fails once, and there
	// may be a few of them: only the third failure says something.
	var err error
	for range 3 {
		var res *kafka.ApiVersionsResponse
		if res, err = c.kafka.ApiVersions(ctx, &kafka.ApiVersionsRequest{}); err == nil && res.Error == nil {
			return nil
		}
		if err == nil {
			err = res.Error
		}
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("ping Kafka at %v: %w", c.cfg.Brokers, err)
}

// Partitions returns how many partitions the votes topic has, or ErrNoTopic.
func (c *Client) Partitions(ctx context.Context) (int, error) {
	return c.partitions(ctx, c.cfg.VotesTopic)
}

func (c *Client) partitions(ctx context.Context, topic string) (int, error) {
	// The answer comes from the transport's view, which is metadataTTL old at most.
	res, err := c.kafka.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, fmt.Errorf("look up topic %s: %w", topic, err)
	}
	for _, t := range res.Topics {
		switch {
		case t.Name != topic:
		case errors.Is(t.Error, kafka.UnknownTopicOrPartition):
			return 0, fmt.Errorf("look up topic %s: %w", topic, ErrNoTopic)
		case t.Error != nil:
			return 0, fmt.Errorf("look up topic %s: %w", topic, t.Error)
		default:
			return len(t.Partitions), nil
		}
	}
	return 0, fmt.Errorf("look up topic %s: %w", topic, ErrNoTopic)
}

// LogEnds returns one past the last record of every partition of the votes topic.
func (c *Client) LogEnds(ctx context.Context) ([]schema.Offset, error) {
	n, err := c.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	asked := make([]kafka.OffsetRequest, n)
	for p := range asked {
		asked[p] = kafka.LastOffsetOf(p)
	}
	answers, err := c.listOffsets(ctx, c.cfg.VotesTopic, asked...)
	if err != nil {
		return nil, err
	}
	ends := make([]schema.Offset, n)
	for _, a := range answers {
		ends[a.Partition] = schema.Offset(a.LastOffset)
	}
	return ends, nil
}

// bounds returns the first offset of a partition and one past its last.
func (c *Client) bounds(ctx context.Context, topic string, p schema.Partition) (first, next schema.Offset, err error) {
	answers, err := c.listOffsets(ctx, topic, kafka.FirstOffsetOf(int(p)), kafka.LastOffsetOf(int(p)))
	if err != nil {
		return 0, 0, err
	}
	return schema.Offset(answers[0].FirstOffset), schema.Offset(answers[0].LastOffset), nil
}

func (c *Client) listOffsets(ctx context.Context, topic string, asked ...kafka.OffsetRequest) ([]kafka.PartitionOffsets, error) {
	res, err := c.kafka.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: asked}})
	if err != nil {
		return nil, fmt.Errorf("list offsets of %s: %w", topic, err)
	}
	answers := res.Topics[topic]
	if len(answers) == 0 {
		return nil, fmt.Errorf("list offsets of %s: empty answer", topic)
	}
	for _, a := range answers {
		if a.Error != nil {
			return nil, fmt.Errorf("list offsets of %s, partition %d: %w", topic, a.Partition, a.Error)
		}
		if a.FirstOffset < 0 && a.LastOffset < 0 {
			return nil, fmt.Errorf("list offsets of %s, partition %d: no offset in the answer", topic, a.Partition)
		}
	}
	return answers, nil
}

// again calls try until it succeeds, final says that its error is for good, ctx
// ends, or Config.GiveUp is over.
func (c *Client) again(ctx context.Context, final func(error) bool, try func(ctx context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, c.cfg.GiveUp)
	defer cancel()
	var reason error
	for attempt := 1; ; attempt++ {
		err := try(limited)
		if err == nil {
			return nil
		}
		if limited.Err() == nil || reason == nil { // An attempt that was cut off knows no reason.
			reason = err
		}
		if final(err) {
			return err
		}
		if !pause(limited, backoff(attempt)) {
			if ctx.Err() == nil {
				reason = fmt.Errorf("%w: %d attempts in %v, the last: %w", ErrGivenUp, attempt, c.cfg.GiveUp, reason)
			}
			return reason
		}
	}
}

// retriable tells whether the same call may succeed later. What is no error code
// of a broker's comes from the network, a deadline, or a view of the cluster that
// is not up to date ("topic not found" right after a broker's death): all pass.
func retriable(err error) bool {
	var code kafka.Error
	if errors.As(err, &code) {
		// kafka-go gives 8 itself when it does not know the leader's address yet.
		return code.Temporary() || code == kafka.BrokerNotAvailable || code == kafka.ReplicaNotAvailable
	}
	return true
}

// backoff returns the pause after a number of failures: 20 ms doubled each time
// up to 320 ms, and as much again at random, so that partitions that lost the
// same broker do not come back together. The longest is about metadataTTL.
func backoff(failures int) time.Duration {
	d := 20 * time.Millisecond << min(max(failures-1, 0), 4)
	return d + rand.N(d)
}

// pause waits for d or until ctx ends, and tells whether d is over.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errOf returns err, or why ctx ended if that is what broke the call off.
func errOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
