package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"

	"mlf/ingest/broker/recordset"
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
	votes     *leaders
	registry  *leaders
	counts    *leaders
	served    *leaders

	heartbeats *leaders
	alerts     *leaders
}

// Telemetry is where a Client tells about itself. Its zero value reports nowhere.
type Telemetry struct {
	Registerer prometheus.Registerer
	Logger     *slog.Logger
}

// New returns a client. It does not connect. The errors are those of Config.Validate.
func New(cfg Config, tel Telemetry) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("check Kafka settings: %w", err)
	}
	cfg = cfg.withDefaults()
	transport := &kafka.Transport{
		Dial:           cfg.dialer().Dial,
		DialTimeout:    dialTimeout,
		MetadataTTL:    metadataTTL,
		MetadataTopics: []string{cfg.VotesTopic, cfg.RegistryTopic, cfg.CountsTopic, cfg.ServedTopic, cfg.HeartbeatsTopic, cfg.AlertsTopic},
		ClientID:       clientID,
		SASL:           cfg.login(),
	}
	tel.Logger = cmp.Or(tel.Logger, slog.New(slog.DiscardHandler))
	client := &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Timeout: cfg.Timeout, Transport: transport}
	return &Client{
		cfg:       cfg,
		log:       tel.Logger,
		metrics:   newMetrics(tel.Registerer, cfg.InflightBytesMax),
		transport: transport,
		kafka:     client,
		votes:     newLeaders(client, cfg.VotesTopic),
		registry:  newLeaders(client, cfg.RegistryTopic),
		counts:    newLeaders(client, cfg.CountsTopic),
		served:    newLeaders(client, cfg.ServedTopic),

		heartbeats: newLeaders(client, cfg.HeartbeatsTopic),
		alerts:     newLeaders(client, cfg.AlertsTopic),
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

// Bounds returns the bounds of every partition of the votes topic. Of one whose
// leader does not tell, they are schema.OffsetUnknown; an error means that of none
// they are known.
func (c *Client) Bounds(ctx context.Context) ([]schema.Bounds, error) {
	n, err := c.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	var asked []kafka.OffsetRequest
	for p := range n {
		asked = append(asked, kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p))
	}
	all := make([]schema.Bounds, n)
	if answers, err := c.listOffsets(ctx, c.cfg.VotesTopic, asked...); err == nil {
		for _, a := range answers {
			all[a.Partition] = schema.Bounds{First: schema.Offset(a.FirstOffset), Next: schema.Offset(a.LastOffset)}
		}
		return all, nil
	}
	// kafka-go answers none where one partition has no leader: each by itself.
	errs := make([]error, n)
	var asking sync.WaitGroup
	for p := range all {
		asking.Go(func() { all[p].First, all[p].Next, errs[p] = c.bounds(ctx, c.cfg.VotesTopic, schema.Partition(p)) })
	}
	asking.Wait()
	known := n == 0
	for p, err := range errs {
		known = known || err == nil
		if err != nil {
			all[p] = schema.Bounds{First: schema.OffsetUnknown, Next: schema.OffsetUnknown}
		}
	}
	if !known {
		return nil, errs[0]
	}
	return all, nil
}

// LogEnds returns one past the last record of every partition of the votes topic, as
// Bounds does.
func (c *Client) LogEnds(ctx context.Context) ([]schema.Offset, error) {
	all, err := c.Bounds(ctx)
	if err != nil {
		return nil, err
	}
	ends := make([]schema.Offset, len(all))
	for p := range all {
		ends[p] = all[p].Next
	}
	return ends, nil
}

// Appended returns when the record of p at offset at was appended, by the clock of the
// log. schema.ErrOffsetOutOfRange: there is none, or not any more.
func (c *Client) Appended(ctx context.Context, p schema.Partition, at schema.Offset) (schema.Instant, error) {
	// A batch comes however long it is.
	res, err := c.send(ctx, &fetchRequest{topic: c.cfg.VotesTopic, partition: int32(p), offset: at, bytesMax: 1})
	if err != nil {
		return 0, err
	}
	reader := recordset.Reader{Dense: true, At: at}
	if err := reader.Read(res.recordSets); err != nil {
		return 0, fmt.Errorf("fetch %s, partition %d, offset %d: %w", c.cfg.VotesTopic, p, at, err)
	}
	if len(reader.Records) == 0 {
		return 0, fmt.Errorf("fetch %s, partition %d, offset %d: %w", c.cfg.VotesTopic, p, at, schema.ErrOffsetOutOfRange)
	}
	return reader.Records[0].Appended, nil
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
