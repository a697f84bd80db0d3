// Package client is a terminal in Go, for devices without a browser: votes are on its disk
// before anybody is thanked, and are sent until the service has counted them.
//
// It knows the protocol of terminals and one folder. It must not know what the service
// makes of a vote, nor who pressed what.
package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"time"
)

// Options say where votes go, and as whose.
type Options struct {
	Ingest string // URL of the service that takes votes, as https://votes.example.
	Query  string // URL of the one that has watermarks; "" for the same.
	Token  string // The terminal's.

	HTTP *http.Client // Nil for one that gives a request 20 s.
}

// requestMax is how long a request may take: a service that is full says so sooner.
const requestMax = 20 * time.Second

// errRevoked is why Run ends for good: the terminal was revoked. What it holds is kept.
var errRevoked = errors.New("the terminal was revoked")

// IsRevoked tells whether an error of Run says that the terminal was revoked.
func IsRevoked(err error) bool { return errors.Is(err, errRevoked) }

// A Vote is what a citizen pressed. Either a face (green, yellow, red) or a value from 1
// up, by the terminal's scale; service and reason are codes of the protocol, "" for none.
type Vote struct {
	Face    string
	Value   int
	Service string
	Reason  string
}

// check returns an error for what no scale has: it would be voided, and the citizen
// thanked in vain.
func (v Vote) check() error {
	switch {
	case v.Face == "" && (v.Value < 1 || v.Value > valueMax):
		return fmt.Errorf("vote of value %d: want a face, or a value from 1 to %d", v.Value, valueMax)
	case v.Face != "" && v.Face != "green" && v.Face != "yellow" && v.Face != "red":
		return fmt.Errorf("vote of face %q: want green, yellow or red", v.Face)
	case len(v.Service) > codeMax || len(v.Reason) > codeMax:
		return fmt.Errorf("vote for service %.20q with reason %.20q: want codes of at most %d bytes", v.Service, v.Reason, codeMax)
	}
	return nil
}

const (
	valueMax = 5  // The highest of any scale.
	codeMax  = 64 // Bytes; the longest code of a service is shorter.
)

// A Client holds the votes of one terminal. Safe for use by several goroutines; one
// process at a time has a folder.
type Client struct {
	options Options
	wake    chan struct{} // Holds one: there is something to send.

	mu      sync.Mutex
	kept    state
	journal *journal
	goesOn  string // The stream for new votes: asked for in this run, or its watermark was read. "" for none yet.

	sending sender // Of Run alone.
}

// Open opens a folder, or makes it. What is damaged in it is passed over, and votes then
// go on in a new stream. An error: it cannot be read or written, or another process has it.
func Open(dir string, o Options) (*Client, error) {
	if o.Query == "" {
		o.Query = o.Ingest
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: requestMax}
	}
	c := &Client{options: o, wake: make(chan struct{}, 1), kept: newState()}
	var err error
	if c.journal, err = openJournal(dir, filepath.Join(dir, "votes.log"), &c.kept); err != nil {
		return nil, fmt.Errorf("open votes in %s: %w", dir, err)
	}
	return c, nil
}

// Vote stores a vote. It is on the disk when it returns nil, and may be or not be there
// when it returns an error: nobody is to be thanked then. It does not wait for a network.
func (c *Client) Vote(ctx context.Context, v Vote) error {
	if err := errors.Join(ctx.Err(), v.check()); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	cast := &cast{N: c.kept.nextN, Face: v.Face, Value: v.Value, Service: v.Service, Reason: v.Reason, At: now.UTC(), when: now}
	if s := c.kept.streams[c.goesOn]; s != nil {
		cast.Stream, cast.Seq = c.goesOn, s.next
	}
	if err := c.journal.append(entry{Vote: cast}); err != nil {
		return fmt.Errorf("store vote: %w", err)
	}
	c.kept.apply(entry{Vote: cast})
	select {
	case c.wake <- struct{}{}:
	default: // It will look anyway.
	}
	return nil
}

// Waiting returns how many votes are on this device: those that the service is not known
// to have counted.
func (c *Client) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.kept.votes)
}

// Close gives the folder back. Votes cannot be stored after it.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.journal.close()
}
