package broker

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"mlf/ingest/broker/lines"
	"mlf/ingest/broker/recordset"
	"mlf/schema"
	"mlf/schema/alert"
	"mlf/schema/heartbeat"
	"mlf/schema/served"
)

// A Config tells how to reach Kafka and how much to ask of it. Only Brokers must
// be set; every other zero value stands for the default named beside it.
type Config struct {
	Brokers       []string // Some of the cluster's addresses, host:port; the rest is asked for.
	VotesTopic    string   // schema.VotesTopic.
	RegistryTopic string   // schema.RegistryTopic.
	CountsTopic   string   // schema.CountsTopic.
	ServedTopic   string   // served.Topic.

	HeartbeatsTopic string // heartbeat.Topic.
	AlertsTopic     string // alert.Topic.

	Groups string // What the names of the workers' consumer groups begin with; DefaultGroups.

	// TLS returns the settings of one more connection; nil: connections are not
	// encrypted. It is asked before each handshake, so that authorities and
	// certificates can change. What it returns is not changed; where it names no
	// server, the host that was dialled is checked.
	TLS func() *tls.Config

	SASLMechanism string // MechanismScramSHA512 when SASLUser is set.
	SASLUser      string // No authentication.

	// SASLPassword returns the user's password. It is asked by each connection, so
	// that it can change; an error ends the attempt to connect.
	SASLPassword func() (string, error)

	// Timeout limits every call that is no append and no wait for records; 5 s.
	Timeout time.Duration

	// GiveUp is how long a call that tries again goes on without success: reading and
	// writing the registry or a genesis record, making a topic; 15 s.
	GiveUp time.Duration

	// AppendTimeout limits Append, whatever its context allows; 4.5 s. It must be
	// below the time after which a terminal gives up on its request.
	AppendTimeout time.Duration

	// InflightBytesMax limits the records that wait for their acknowledgement,
	// over all partitions; 64 MiB. Above it Append refuses at once.
	InflightBytesMax int64

	// BatchBytesMax limits one record batch; 1,000,000. It must stay below
	// max.message.bytes of the topic, 1,048,588 unless somebody changed it.
	BatchBytesMax int

	// DrainMax limits how long Producer.Run goes on after its context has ended; 5 s.
	DrainMax time.Duration

	// TellTimeout limits CountsWriter.Tell; 2 s. Longer than the cluster needs to
	// elect another leader mostly, and what is not told by then is in the store soon.
	TellTimeout time.Duration

	// FetchWaitMax limits the wait for new records; 500 ms.
	FetchWaitMax time.Duration

	// FetchBytesMax limits one answer to a fetch; 8 MiB. Each partition that is
	// read keeps a buffer of up to this size.
	FetchBytesMax int

	// SessionTimeout is how long a worker may be silent before its partitions go
	// to others; 6 s, the least that Kafka takes unless it is told otherwise. After
	// the loss of a broker it is also how long a group waits for its old members.
	SessionTimeout time.Duration

	// Dial opens the connections; net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// DefaultGroups is what the names of the workers' consumer groups begin with. By
// versions before there were several it is the name of the only one.
const DefaultGroups = "mlf-aggregate"

// GiveUp is the default of Config.GiveUp: longer than the cluster needs to elect
// another leader, as long as somebody at a prompt likes to wait.
const GiveUp = 15 * time.Second

// clientID is how brokers name this client in their logs and quotas.
const clientID = "mlf"

const (
	dialTimeout = 2 * time.Second

	// metadataTTL is the most a view of who leads what may be old. kafka-go
	// refreshes by a timer only, never on an error: this is how long an append to
	// a partition that has moved goes wrong at most.
	metadataTTL = 500 * time.Millisecond
)

// Validate tells what is wrong with c.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("brokers: want at least one host:port"))
	}
	for _, b := range c.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			errs = append(errs, fmt.Errorf("broker %q: want host:port", b))
		}
	}
	if c.VotesTopic == c.RegistryTopic || c.CountsTopic == c.VotesTopic || c.CountsTopic == c.RegistryTopic {
		errs = append(errs, fmt.Errorf("topics of votes, registry and counts are %q, %q and %q: want three", c.VotesTopic, c.RegistryTopic, c.CountsTopic))
	}
	if slices.Contains([]string{c.VotesTopic, c.RegistryTopic, c.CountsTopic}, c.ServedTopic) {
		errs = append(errs, fmt.Errorf("topic of served users is %q, as another is", c.ServedTopic))
	}
	if slices.Contains([]string{c.VotesTopic, c.RegistryTopic, c.CountsTopic, c.ServedTopic}, c.HeartbeatsTopic) {
		errs = append(errs, fmt.Errorf("topic of heartbeats is %q, as another is", c.HeartbeatsTopic))
	}
	if slices.Contains([]string{c.VotesTopic, c.RegistryTopic, c.CountsTopic, c.ServedTopic, c.HeartbeatsTopic}, c.AlertsTopic) {
		errs = append(errs, fmt.Errorf("topic of alerts is %q, as another is", c.AlertsTopic))
	}
	errs = append(errs, c.validateLogin())
	if c.SASLMechanism == MechanismPlain && c.TLS == nil {
		errs = append(errs, errors.New("SASL PLAIN shows the password to whoever listens: want TLS"))
	}
	return errors.Join(append(errs, c.validateLimits())...)
}

func (c Config) validateLimits() error {
	var errs []error
	for _, d := range []struct {
		name string
		got  time.Duration
	}{
		{"timeout", c.Timeout},
		{"time to give up after", c.GiveUp},
		{"append timeout", c.AppendTimeout},
		{"drain time", c.DrainMax},
		{"tell timeout", c.TellTimeout},
		{"fetch wait", c.FetchWaitMax},
		{"session timeout", c.SessionTimeout},
	} {
		if d.got < time.Millisecond {
			errs = append(errs, fmt.Errorf("%s %v: want at least 1ms", d.name, d.got))
		}
	}
	if least := recordset.Overhead + schema.RecordBytesMax; c.BatchBytesMax < least || int64(c.BatchBytesMax) > c.InflightBytesMax {
		errs = append(errs, fmt.Errorf("batch of %d bytes: want at least %d and at most the %d that may be in flight",
			c.BatchBytesMax, least, c.InflightBytesMax))
	}
	if c.FetchBytesMax < 1 || c.FetchBytesMax > answerBytesMax {
		errs = append(errs, fmt.Errorf("fetch of %d bytes: want 1 to %d", c.FetchBytesMax, answerBytesMax))
	}
	return errors.Join(errs...)
}

// dialer opens the connections.
func (c Config) dialer() lines.Dialer { return lines.Dialer{Raw: c.Dial, TLS: c.TLS} }

func (c Config) withDefaults() Config {
	c.VotesTopic = cmp.Or(c.VotesTopic, schema.VotesTopic)
	c.RegistryTopic = cmp.Or(c.RegistryTopic, schema.RegistryTopic)
	c.CountsTopic = cmp.Or(c.CountsTopic, schema.CountsTopic)
	c.ServedTopic = cmp.Or(c.ServedTopic, served.Topic)
	c.HeartbeatsTopic = cmp.Or(c.HeartbeatsTopic, heartbeat.Topic)
	c.AlertsTopic = cmp.Or(c.AlertsTopic, alert.Topic)
	c.Groups = cmp.Or(c.Groups, DefaultGroups)
	if c.SASLUser != "" {
		c.SASLMechanism = cmp.Or(c.SASLMechanism, MechanismScramSHA512)
	}
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	c.GiveUp = cmp.Or(c.GiveUp, GiveUp)
	c.AppendTimeout = cmp.Or(c.AppendTimeout, 4500*time.Millisecond)
	c.InflightBytesMax = cmp.Or(c.InflightBytesMax, 64<<20)
	c.BatchBytesMax = cmp.Or(c.BatchBytesMax, 1_000_000)
	c.DrainMax = cmp.Or(c.DrainMax, 5*time.Second)
	c.TellTimeout = cmp.Or(c.TellTimeout, 2*time.Second)
	c.FetchWaitMax = cmp.Or(c.FetchWaitMax, 500*time.Millisecond)
	c.FetchBytesMax = cmp.Or(c.FetchBytesMax, 8<<20)
	c.SessionTimeout = cmp.Or(c.SessionTimeout, 6*time.Second)
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	return c
}
