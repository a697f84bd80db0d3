package notify

import (
	"context"
	"errors"
	"time"
)

// attemptMax is how long one attempt may take.
const attemptMax = 10 * time.Second

// A Sender sends one message at a time to one target. It keeps nothing between two.
// Safe for concurrent use.
type Sender struct {
	cfg Config
}

// New returns a sender.
func New(cfg Config) (*Sender, error) {
	return &Sender{cfg: cfg}, nil
}

// Send tries once, and returns within the deadline of ctx, 10 s at most.
func (s *Sender) Send(ctx context.Context, t Target, m *Message) Result {
	return Result{Final: true, Detail: "nothing is sent yet"}
}

// Check refuses what Send would never send to; the error says what is wanted. It looks
// at the text alone: a name that leads nowhere, or to where nobody may be sent, is found
// out when something is sent.
func (s *Sender) Check(t Target) error {
	if t.Address == "" {
		return errors.New("no address: want a URL, or an address of e-mail")
	}
	return nil
}
