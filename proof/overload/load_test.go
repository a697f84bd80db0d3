package overload_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlf/bench/measure"
	"mlf/proof/harness"
)

// A fleet is enrolled terminals, each with one stream.
type fleet struct {
	ingest    string
	terminals []*fleetTerminal
}

type fleetTerminal struct {
	token, stream string
	seq           atomic.Int64 // The last seq that was given out.
}

// newFleet enrols n terminals and asks for their streams.
func newFleet(t *testing.T, n int, kafka, ingest string) *fleet {
	t.Helper()
	lines := harness.Run(t, "terminal", "enrol", "--kafka", kafka, "--comune", "058091", "--channel", "counter",
		"--services", "anagrafe", "--since", "2026-01-01", "--count", strconv.Itoa(n), "--json")
	f := &fleet{ingest: ingest}
	for line := range strings.Lines(lines) {
		tm := &fleetTerminal{token: harness.Decode[struct{ Token string }](t, line).Token}
		harness.Eventually(t, 10*time.Second, func() error {
			status, body, err := harness.Do(t, http.MethodPost, "http://"+ingest+"/v1/streams", tm.token, "{}")
			if err != nil || status != http.StatusCreated {
				return fmt.Errorf("stream: %d %s %w", status, body, err)
			}
			tm.stream = harness.Decode[struct{ Stream string }](t, body).Stream
			return nil
		})
		f.terminals = append(f.terminals, tm)
	}
	return f
}

// cast returns how many votes the fleet has cast, acknowledged or not.
func (f *fleet) cast() (n int64) {
	for _, tm := range f.terminals {
		n += tm.seq.Load()
	}
	return n
}

// A caster is one connection that casts one vote after another, each again until
// it is acknowledged.
type caster struct {
	*fleetTerminal
	address string
	conn    net.Conn
	in      *bufio.Reader
	request []byte
	pending int64 // The seq of a vote that is not acknowledged; 0 for none.
	answers map[string][]time.Duration
	bare    int // Answers 503 without Retry-After.
}

// casters returns n connections of f, opened when they are first used.
func (f *fleet) casters(n int) []*caster {
	all := make([]*caster, n)
	for i := range all {
		all[i] = &caster{fleetTerminal: f.terminals[i%len(f.terminals)], address: f.ingest, answers: make(map[string][]time.Duration)}
	}
	return all
}

// The fates of a request that matter here.
const (
	acked      = "202"
	turnedAway = "503 overloaded"
	unanswered = "503 no acknowledgement"
	broken     = "no answer"
)

// once casts a vote, or one again, and notes how long the answer took.
func (c *caster) once(ctx context.Context) string {
	if c.pending == 0 {
		c.pending = c.seq.Add(1)
	}
	body := fmt.Sprintf(`{"stream":%q,"votes":[{"seq":%d,"age_ms":0,"face":"green"}]}`, c.stream, c.pending)
	c.request = fmt.Appendf(c.request[:0], "POST /v1/votes HTTP/1.1\r\nHost: mlf\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", c.token, len(body), body)
	began := time.Now()
	fate, err := c.exchange(ctx)
	if err != nil {
		fate = broken
		c.close()
	}
	if fate == acked {
		c.pending = 0
	}
	c.answers[fate] = append(c.answers[fate], time.Since(began))
	return fate
}

func (c *caster) exchange(ctx context.Context) (fate string, err error) {
	if c.conn == nil {
		if c.conn, err = (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", c.address); err != nil {
			return "", err
		}
		c.in = bufio.NewReaderSize(c.conn, 1024)
	}
	if err := c.conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return "", err
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return "", err
	}
	a, err := readReply(c.in)
	if err != nil {
		return "", err
	}
	if a.last {
		c.close()
	}
	if a.status == http.StatusServiceUnavailable && !a.retryAfter {
		c.bare++
	}
	switch {
	case a.status == http.StatusAccepted:
		return acked, nil
	case a.status == http.StatusServiceUnavailable && bytes.Contains(a.body, []byte("problem:overloaded")):
		return turnedAway, nil
	case a.status == http.StatusServiceUnavailable:
		return unanswered, nil
	}
	return strconv.Itoa(a.status), nil
}

func (c *caster) close() {
	if c.conn != nil {
		_ = c.conn.Close() // Whatever it says, it is not used again.
		c.conn = nil
	}
}

// A reply is an answer, as little of it as is looked at: the load must cost less
// than what it loads.
type reply struct {
	status     int
	retryAfter bool
	last       bool // Connection: close.
	body       []byte
}

func readReply(in *bufio.Reader) (r reply, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return r, err
	}
	if len(line) < 12 {
		return r, fmt.Errorf("status line %q", line)
	}
	if r.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return r, err
	}
	var length int
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return r, err
		}
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		switch {
		case len(name) == 0:
			r.body = make([]byte, length)
			_, err = io.ReadFull(in, r.body)
			return r, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return r, err
			}
		case bytes.EqualFold(name, []byte("Retry-After")):
			r.retryAfter = true
		case bytes.EqualFold(name, []byte("Connection")):
			r.last = bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
		}
	}
}

// castClosed has every caster cast one vote after the other for d, and returns how
// many were acknowledged a second.
func castClosed(ctx context.Context, casters []*caster, d time.Duration) float64 {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var n atomic.Int64
	var wg sync.WaitGroup
	for _, c := range casters {
		wg.Go(func() {
			for ctx.Err() == nil {
				if c.once(context.WithoutCancel(ctx)) == acked && ctx.Err() == nil {
					n.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / d.Seconds()
}

// castPaced has free casters cast rate votes a second until ctx ends, whatever the
// answers. It returns how many were due while no connection was free.
func castPaced(ctx context.Context, casters []*caster, rate float64) (missed int) {
	due := make(chan struct{})
	var wg sync.WaitGroup
	for _, c := range casters {
		wg.Go(func() {
			for range due {
				c.once(context.WithoutCancel(ctx))
			}
		})
	}
	began, sent := time.Now(), 0
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		for want := int(time.Since(began).Seconds() * rate); sent < want; sent++ {
			select {
			case due <- struct{}{}:
			default:
				missed++
			}
		}
		<-tick.C
	}
	close(due)
	wg.Wait()
	return missed
}

// settleAll sends what is pending until it is acknowledged.
func settleAll(ctx context.Context, casters []*caster, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	work := make(chan *caster)
	var wg sync.WaitGroup
	var late atomic.Int64
	for range 32 {
		wg.Go(func() {
			for c := range work {
				for c.pending != 0 && time.Now().Before(deadline) {
					c.once(ctx)
				}
				if c.pending != 0 {
					late.Add(1)
				}
			}
		})
	}
	for _, c := range casters {
		work <- c
	}
	close(work)
	wg.Wait()
	if n := late.Load(); n > 0 {
		return fmt.Errorf("%d votes still not acknowledged after %v", n, limit)
	}
	return nil
}

// answersOf gathers, and forgets, what the casters were told, sorted by time.
func answersOf(casters []*caster) (by map[string][]time.Duration, bare int) {
	by = make(map[string][]time.Duration)
	for _, c := range casters {
		for fate, took := range c.answers {
			by[fate] = append(by[fate], took...)
		}
		bare += c.bare
		c.answers, c.bare = make(map[string][]time.Duration), 0
	}
	for _, took := range by {
		slices.Sort(took)
	}
	return by, bare
}

// quantile returns the time that the share q of took does not exceed; 0 when there
// are none.
func quantile(took []time.Duration, q float64) time.Duration {
	var l measure.Latencies
	for _, d := range took {
		l.Add(d)
	}
	return l.Quantile(q)
}

// processorTime returns what a process has used of the processors, user and system.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	used, err := measure.CPU(pid)
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// memoryOf returns what a process holds.
func memoryOf(t *testing.T, pid int) measure.Memory {
	t.Helper()
	held, err := measure.MemoryOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	return held
}
