package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

func TestValidate(t *testing.T) {
	f := func(want string, change func(*Config)) {
		t.Helper()
		cfg := Config{Brokers: []string{"a:9092"}}
		change(&cfg)
		err := cfg.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f("", func(*Config) {})
	settings := func() *tls.Config { return new(tls.Config) }
	password := func() (string, error) { return "p", nil }
	f("", func(c *Config) { c.TLS = settings; c.SASLUser, c.SASLPassword = "u", password })
	f("at least one host:port", func(c *Config) { c.Brokers = nil })
	f(`broker "a"`, func(c *Config) { c.Brokers = []string{"a"} })
	f(`broker ":1"`, func(c *Config) { c.Brokers = []string{"b:1", ":1"} })
	f("want three", func(c *Config) { c.VotesTopic, c.RegistryTopic = "x", "x" })
	f("want three", func(c *Config) { c.CountsTopic = "registry.v1" })
	f("tell timeout", func(c *Config) { c.TellTimeout = -1 })
	f("want a user", func(c *Config) { c.SASLPassword = password })
	f("want a password", func(c *Config) { c.SASLUser = "u" })
	f(`SASL mechanism "KERBEROS"`, func(c *Config) { c.SASLUser, c.SASLPassword = "u", password; c.SASLMechanism = "KERBEROS" })
	f("want TLS", func(c *Config) { c.SASLUser, c.SASLPassword, c.SASLMechanism = "u", password, MechanismPlain })
	f("", func(c *Config) {
		c.SASLUser, c.SASLPassword, c.SASLMechanism, c.TLS = "u", password, MechanismPlain, settings
	})
	f("timeout -1s", func(c *Config) { c.Timeout = -time.Second })
	f("batch of 10 bytes", func(c *Config) { c.BatchBytesMax = 10 })
	f("batch of 1000000 bytes", func(c *Config) { c.InflightBytesMax = 1000 })
	f("fetch of -1 bytes", func(c *Config) { c.FetchBytesMax = -1 })
}

func TestRetriable(t *testing.T) {
	f := func(err error, want bool) {
		t.Helper()
		if got := retriable(fmt.Errorf("call: %w", err)); got != want {
			t.Errorf("%v: got %v, want %v", err, got, want)
		}
	}
	f(kafka.NotLeaderForPartition, true)
	f(kafka.RequestTimedOut, true)
	f(kafka.NotEnoughReplicas, true)
	f(kafka.UnknownTopicOrPartition, true)
	f(kafka.BrokerNotAvailable, true)
	f(kafka.InvalidMessage, true) // A checksum that the way there has spoilt.
	f(kafka.MessageSizeTooLarge, false)
	f(kafka.TopicAuthorizationFailed, false)
	f(kafka.SASLAuthenticationFailed, false)
	f(kafka.Unknown, false) // kfake's answer when its disk is full.
	f(protocol.NewErrNoTopic("votes.v1"), true)
	f(protocol.NewErrNoLeader("votes.v1", 3), true)
	f(io.ErrUnexpectedEOF, true)
	f(&net.OpError{Op: "dial", Err: errors.New("refused")}, true)
	f(context.DeadlineExceeded, true)
}

func TestBackoff(t *testing.T) {
	for failures, ms := range map[int]int{0: 20, 1: 20, 2: 40, 3: 80, 4: 160, 5: 320, 6: 320, 1000: 320} {
		want := time.Duration(ms) * time.Millisecond
		if got := backoff(failures); got < want || got >= 2*want {
			t.Errorf("after %d failures: got %v, want %v to %v", failures, got, want, 2*want)
		}
	}
}

func TestFetchMemoryIsGivenBack(t *testing.T) {
	f := func(have, want int, kept bool) {
		t.Helper()
		old := make([]byte, have)
		got := resize(old, want)
		if len(got) != want || (want > 0 && have > 0 && &got[:1][0] == &old[0]) != kept {
			t.Errorf("%d bytes for %d: got %d bytes, memory kept %v", have, want, len(got), !kept)
		}
	}
	f(0, 100, false)
	f(100, 50, true)
	f(100, 101, false)
	f(8<<20, 4<<20, true)
	f(8<<20, 1000, false)
	f(1<<20, 1, true)
}

func TestDamagedAnswers(t *testing.T) {
	res := func(change func(b []byte) []byte) ([]byte, *fetchResponse, error) {
		b := []byte{
			0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Correlation, throttle, error, session.
			0, 0, 0, 1, 0, 1, 't', 0, 0, 0, 1, // Topic, one partition:
			0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, // 3, error, log end,
			0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, // stable, log start,
			255, 255, 255, 255, 255, 255, 255, 255, // transactions, replica,
			0, 0, 0, 2, 'a', 'b', // batches.
		}
		b = change(b)
		r, err := parseFetchResponse(b)
		return b, r, err
	}
	b, r, err := res(func(b []byte) []byte { return b })
	if err != nil || r.err != nil || r.logEnd != 9 || string(r.recordSets) != "ab" {
		t.Fatalf("got %+v, %v", r, err)
	}
	for n := range len(b) {
		if _, _, err := res(func(b []byte) []byte { return b[:n] }); err == nil {
			t.Errorf("got no error for the first %d of %d bytes", n, len(b))
		}
	}
	if _, _, err := res(func(b []byte) []byte { b[3] = 2; return b }); err == nil {
		t.Error("got no error for the answer to something else")
	}
	if _, r, err := res(func(b []byte) []byte { b[9] = 70; return b }); err != nil || !errors.Is(r.err, kafka.FetchSessionIDNotFound) {
		t.Errorf("got %+v, %v: want the broker's error", r, err)
	}
	if _, r, err := res(func(b []byte) []byte { b[30] = 6; return b }); err != nil || !errors.Is(r.err, kafka.NotLeaderForPartition) {
		t.Errorf("got %+v, %v: want the partition's error", r, err)
	}
}
