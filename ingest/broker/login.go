package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// The mechanisms that SASLMechanism may name.
const (
	MechanismPlain       = "PLAIN"
	MechanismScramSHA256 = "SCRAM-SHA-256"
	MechanismScramSHA512 = "SCRAM-SHA-512"
)

// validateLogin tells what is wrong with how c wants to be let in.
func (c Config) validateLogin() error {
	if c.SASLUser == "" {
		if c.SASLMechanism != "" || c.SASLPassword != nil {
			return errors.New("SASL: want a user")
		}
		return nil
	}
	if c.SASLPassword == nil {
		return errors.New("SASL: want a password")
	}
	_, err := c.mechanism("any")
	return err
}

// login returns nil when no user is set.
func (c Config) login() sasl.Mechanism {
	if c.SASLUser == "" {
		return nil
	}
	return login{c}
}

// A login is a SASL mechanism with the password as it is when a connection begins.
type login struct{ cfg Config }

// Name returns the mechanism's name, as Kafka has it.
func (l login) Name() string { return l.cfg.SASLMechanism }

// Start begins to authenticate one connection.
func (l login) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	password, err := l.cfg.SASLPassword()
	if err != nil {
		return nil, nil, fmt.Errorf("log in to Kafka: %w", err)
	}
	m, err := l.cfg.mechanism(password)
	if err != nil {
		return nil, nil, err
	}
	return m.Start(ctx)
}

func (c Config) mechanism(password string) (sasl.Mechanism, error) {
	switch c.SASLMechanism {
	case MechanismPlain:
		return plain.Mechanism{Username: c.SASLUser, Password: password}, nil
	case MechanismScramSHA256:
		return scram.Mechanism(scram.SHA256, c.SASLUser, password)
	case MechanismScramSHA512:
		return scram.Mechanism(scram.SHA512, c.SASLUser, password)
	}
	return nil, fmt.Errorf("SASL mechanism %q: want %s, %s or %s", c.SASLMechanism,
		MechanismScramSHA512, MechanismScramSHA256, MechanismPlain)
}
