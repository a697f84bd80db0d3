package client

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"
)

// LiveCounts is an event of GET /v1/live: the votes of today, by Rome's clock.
type LiveCounts struct {
	Position   string `json:"position"` // How far the counts had come, as a token for at_least.
	Day        string `json:"day"`
	Disclosure string `json:"disclosure"` // Of lots there are no faces, and counts are whole lots.
	LiveVotes
	Regions []LiveRegion `json:"regions"` // Those that have votes.
}

// LiveRegion is a region's part of LiveCounts.
type LiveRegion struct {
	Region string `json:"region"`
	LiveVotes
}

// LiveVotes are votes on scale mlf3, of all values where these are not shown.
type LiveVotes struct {
	*Faces
	N uint64 `json:"n"`
}

// Faces are votes by face.
type Faces struct {
	Green  uint64 `json:"green"`
	Yellow uint64 `json:"yellow"`
	Red    uint64 `json:"red"`
}

const (
	// liveSilence is how long a stream may say nothing; the service says something
	// every 15 s.
	liveSilence = 45 * time.Second

	eventBytesMax = 1 << 20
)

// errSilent says that a stream has said nothing for liveSilence.
var errSilent = errors.New("the stream fell silent")

// Live listens to today's votes, until ctx ends or the loop over it is left. A
// connection that ends is made again, with what was heard last, so that nothing older
// is told; one that cannot be made, or breaks, is told as an error, and whoever
// goes on listening is connected again after a pause that doubles, or after what
// Retry-After says. A refusal that waiting does not mend is the last that is told.
func (c *Client) Live(ctx context.Context) iter.Seq2[LiveCounts, error] {
	return func(yield func(LiveCounts, error) bool) {
		l := listening{c: c, yield: yield, pause: pauseFirst}
		for l.listen(ctx) {
			select {
			case <-time.After(l.pause):
			case <-ctx.Done():
				return
			}
		}
	}
}

// listening is what one who listens has come to, over all connections.
type listening struct {
	c     *Client
	yield func(LiveCounts, error) bool
	heard string        // The id of the last event.
	pause time.Duration // Before the next connection.
}

// listen listens to one connection, and tells whether to make another.
func (l *listening) listen(ctx context.Context) bool {
	err := l.hear(ctx)
	var refused *Problem
	switch {
	case ctx.Err() != nil || errors.Is(err, errLeft):
		return false
	case err == nil: // The process has ended, as deployments do.
		return true
	case errors.As(err, &refused):
		l.pause = cmp.Or(refused.RetryAfter, l.pause)
		return l.yield(LiveCounts{}, err) && refused.passes()
	default:
		return l.yield(LiveCounts{}, err)
	}
}

// errLeft says that nobody wants more.
var errLeft = errors.New("nobody listens")

// hear tells the events of one connection until it ends.
func (l *listening) hear(ctx context.Context) error {
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	silent := time.AfterFunc(liveSilence, func() { cut(errSilent) })
	defer silent.Stop()
	q := &call{path: "/v1/live", token: l.c.Token, accept: "text/event-stream", header: http.Header{}}
	if l.heard != "" {
		q.header.Set("Last-Event-ID", l.heard)
	}
	res, err := l.c.sendOnce(ctx, q)
	if err == nil {
		defer func() { _ = res.Body.Close() }() // It ends with its body.
		err = l.tell(res.Body, func() { silent.Reset(liveSilence) })
	}
	if err == nil || errors.Is(err, errLeft) {
		return err
	}
	l.pause = min(2*l.pause, pauseMax)
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("listen: %w", cause)
	}
	return err
}

// tell reads events and calls heard for every line, also of comments.
func (l *listening) tell(stream io.Reader, heard func()) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, eventBytesMax)
	var id, data string
	for lines.Scan() {
		heard()
		switch name, value, _ := strings.Cut(lines.Text(), ":"); name {
		case "id":
			id = strings.TrimPrefix(value, " ")
		case "data":
			data += strings.TrimPrefix(value, " ")
		case "": // The end of an event, or a comment.
			if lines.Text() != "" || data == "" {
				continue
			}
			var counts LiveCounts
			if err := json.Unmarshal([]byte(data), &counts); err != nil {
				return fmt.Errorf("read event %s: %w", id, err)
			}
			l.heard, l.pause, data = id, pauseFirst, ""
			if !l.yield(counts, nil) {
				return errLeft
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}
