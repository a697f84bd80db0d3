package pages

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"mlf/bench/measure"
)

// A Line is a connection to a server. Used by one goroutine at a time.
type Line struct {
	conn  net.Conn
	read  *bufio.Reader
	depth int
	sent  []byte
}

// answerMax is how long answers are waited for.
const answerMax = time.Minute

// Dial connects to addr. So many requests as depth are sent at once, before the first
// answer is read. The caller closes the line.
func Dial(ctx context.Context, addr string, depth int) (*Line, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return &Line{conn: conn, read: bufio.NewReaderSize(conn, 64<<10), depth: depth}, nil
}

// Close closes the connection.
func (l *Line) Close() error { return l.conn.Close() }

// A Tally is what became of requests. Its zero value is ready.
type Tally struct {
	Answered  map[int]uint64 // By status.
	Bytes     uint64         // Of the bodies.
	Latencies measure.Latencies
}

// All returns how many answers there were.
func (t *Tally) All() (n uint64) {
	for _, some := range t.Answered {
		n += some
	}
	return n
}

// Merge adds what other has counted.
func (t *Tally) Merge(other *Tally) {
	for status, n := range other.Answered {
		t.add(status, n)
	}
	t.Bytes += other.Bytes
	t.Latencies.Merge(&other.Latencies)
}

func (t *Tally) add(status int, n uint64) {
	if t.Answered == nil {
		t.Answered = make(map[int]uint64)
	}
	t.Answered[status] += n
}

// Ask sends requests, whole ones, and reads their answers. each, unless it is nil, is
// told the number of a request and what stands above its answer. Latencies count from
// when the requests were sent that went out together.
func (l *Line) Ask(requests [][]byte, t *Tally, each func(i int, header http.Header)) error {
	for first := 0; first < len(requests); first += l.depth {
		some := requests[first:min(first+l.depth, len(requests))]
		if err := l.askAt(time.Now(), some, t, func(i int, header http.Header) {
			if each != nil {
				each(first+i, header)
			}
		}); err != nil {
			return fmt.Errorf("ask page %d: %w", first, err)
		}
	}
	return nil
}

// askAt asks what was due at some moment.
func (l *Line) askAt(due time.Time, requests [][]byte, t *Tally, each func(i int, header http.Header)) error {
	l.sent = l.sent[:0]
	for _, r := range requests {
		l.sent = append(l.sent, r...)
	}
	if err := l.conn.SetDeadline(time.Now().Add(answerMax)); err != nil {
		return err
	}
	if _, err := l.conn.Write(l.sent); err != nil {
		return err
	}
	for i := range requests {
		res, err := http.ReadResponse(l.read, nil)
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, res.Body)
		if err != nil {
			return err
		}
		_ = res.Body.Close() // It was read to its end.
		t.add(res.StatusCode, 1)
		t.Bytes += uint64(n)
		t.Latencies.Add(time.Since(due))
		if each != nil {
			each(i, res.Header)
		}
	}
	return nil
}

// AskAt asks one request after the other, rate of them a second, until ctx ends, which
// is no error; next makes each. A request that is due while another is under way waits,
// and its latency counts from when it was due.
func (l *Line) AskAt(ctx context.Context, rate float64, next func() []byte, t *Tally) error {
	every := time.Duration(float64(time.Second) / rate)
	for due := time.Now(); ; due = due.Add(every) {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(due)):
		}
		if err := l.askAt(due, [][]byte{next()}, t, nil); err != nil {
			return fmt.Errorf("ask page: %w", err)
		}
	}
}

// Request returns a request for a path, with the tag of an answer that is known
// already; empty for none.
func Request(path, tag string) []byte {
	if tag == "" {
		return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", path)
	}
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: bench\r\nIf-None-Match: %s\r\n\r\n", path, tag)
}
