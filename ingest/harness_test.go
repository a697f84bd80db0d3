package ingest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"mlf/ingest"
	"mlf/proof/series"
	"mlf/schema"
)

func TestMain(m *testing.M) {
	// fasthttp keeps one clock for the Date headers of the whole process.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// The server's clock in every test.
var clock = time.Date(2026, 11, 22, 9, 0, 0, 120_000_000, time.UTC) //nolint:gochecknoglobals // Immutable.

const arrival = schema.Instant(1795338000120) // clock.

// A logDouble is a log that the test commands.
type logDouble struct {
	mu      sync.Mutex
	mood    mood
	records [][]byte
	to      []schema.Partition
	under   []any // What the contexts of appends had under underKey.
}

type underKey struct{}

// A mood is how the log takes the next records.
type mood struct {
	err     error         // What Append returns.
	hold    chan struct{} // Append waits until it is closed.
	entered chan struct{} // One for each Append that waits.
	panics  bool
}

// holding is a log that does not answer; its channels have room for the test's
// requests.
func holding() mood { return mood{hold: make(chan struct{}), entered: make(chan struct{}, 8)} }

const partitions = 8

func (l *logDouble) Partitions() int { return partitions }

func (l *logDouble) set(m mood) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mood = m
}

func (l *logDouble) Append(ctx context.Context, p schema.Partition, record []byte) error {
	l.mu.Lock()
	m := l.mood
	l.mu.Unlock()
	if m.panics {
		panic("the log double was told to")
	}
	if m.hold != nil {
		m.entered <- struct{}{}
		select {
		case <-m.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if m.err != nil {
		return m.err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, bytes.Clone(record))
	l.to = append(l.to, p)
	l.under = append(l.under, ctx.Value(underKey{}))
	return nil
}

// take returns what was appended, and forgets it.
func (l *logDouble) take() (records [][]byte, to []schema.Partition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	records, to = l.records, l.to
	l.records, l.to = nil, nil
	return records, to
}

// A door is a server under test.
type door struct {
	t         testing.TB
	addr      string
	log       *logDouble
	terminals *schema.Terminals
	metrics   *prometheus.Registry
	dismiss   func()
	stop      func() // Ends Run and waits for it.
	client    *http.Client
	logged    *bytes.Buffer // Complete once stop has returned.
}

func open(t *testing.T, cfg ingest.Config) *door {
	t.Helper()
	return openOn(t, cfg, func(ln net.Listener) net.Listener { return ln })
}

// openOn opens a door on what wrap makes of its listener.
func openOn(t *testing.T, cfg ingest.Config, wrap func(net.Listener) net.Listener) *door {
	t.Helper()
	return openFollowed(t, cfg, wrap, nil)
}

// openFollowed is openOn with somebody who follows requests.
func openFollowed(t *testing.T, cfg ingest.Config, wrap func(net.Listener) net.Listener, follow ingest.Follow) *door {
	t.Helper()
	d := &door{t: t, log: &logDouble{}, terminals: new(schema.Terminals), metrics: prometheus.NewRegistry(), logged: new(bytes.Buffer)}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return clock }
	}
	if cfg.Jitter == nil {
		cfg.Jitter = func(int) int { return 4 }
	}
	logger := slog.New(slog.NewTextHandler(d.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server, err := ingest.New(d.log, d.terminals, ingest.Telemetry{Registerer: d.metrics, Logger: logger, Follow: follow}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	d.dismiss = server.Dismiss
	series.Complete(t, d.metrics, nil)
	var listen net.ListenConfig
	ln, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	returned := make(chan error, 1)
	go func() { returned <- server.Run(ctx, wrap(ln)) }()
	d.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}, Timeout: 20 * time.Second}
	d.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-returned:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("Run did not return")
		}
		d.client.CloseIdleConnections()
	})
	t.Cleanup(d.stop)
	return d
}

// A terminal is an enrolled one with a stream.
type terminal struct {
	schema.Enrolment
	token  string
	stream string
	Stream schema.Stream
}

// key is the stream key of every test.
func key() schema.StreamKey {
	return schema.StreamKey{ID: 1, Made: clock, Secret: bytes.Repeat([]byte{7}, 32)}
}

// enrol enrols a terminal after change has had its say.
func (d *door) enrol(change func(*schema.Enrolment)) *terminal {
	d.t.Helper()
	tm := &terminal{token: schema.NewToken(), Enrolment: schema.Enrolment{
		Terminal: schema.NewTerminalID(), Comune: 58091, Office: "eur", Channel: schema.ChannelCounter, Scale: schema.ScaleMLF3,
		Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}, {Code: "tributi", ID: 2}},
		Since:    clock.AddDate(0, -1, 0), Slot: 700,
	}}
	tm.Token = schema.HashToken([]byte(tm.token))
	if change != nil {
		change(&tm.Enrolment)
	}
	d.apply(tm.RegistryRecord())
	d.apply(key().RegistryRecord())
	d.terminals.SetComplete()
	tm.Stream = schema.NewStream(&tm.Enrolment)
	tm.stream = key().Sign(tm.Stream)
	return tm
}

func (d *door) apply(k string, value []byte, err error) {
	d.t.Helper()
	if err == nil {
		err = d.terminals.Apply(k, value)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	last   bool // Connection: close.
}

// post sends a request; header pairs are set after the usual ones, an empty
// value removes.
func (d *door) post(path, token string, body []byte, header ...string) answer {
	d.t.Helper()
	return d.send(http.MethodPost, path, token, body, header...)
}

func (d *door) send(method, path, token string, body []byte, header ...string) answer {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, "http://"+d.addr+path, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body == nil {
		req.Body = nil
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			req.Header.Del(header[i])
			continue
		}
		req.Header.Add(header[i], header[i+1])
		if header[i] == "Content-Type" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text), resp.Close}
}

// votes sends a JSON request of tm with the given votes.
func (d *door) votes(tm *terminal, votes string) answer {
	d.t.Helper()
	return d.post("/v1/votes", tm.token, tm.request(votes))
}

// request is the JSON body with the given votes.
func (tm *terminal) request(votes string) []byte {
	return fmt.Appendf(nil, `{"stream":%q,"sent_at":"2026-11-22T09:00:00Z","votes":[%s]}`, tm.stream, votes)
}

// batch returns the only record on the log, and forgets it.
func (d *door) batch() (schema.BatchHeader, []schema.Vote, schema.Partition) {
	d.t.Helper()
	records, to := d.log.take()
	if len(records) != 1 {
		d.t.Fatalf("got %d records, want 1", len(records))
	}
	var b schema.VoteBatch
	if err := b.Decode(records[0]); err != nil {
		d.t.Fatal(err)
	}
	var votes []schema.Vote
	for v := (schema.Vote{}); b.Next(&v); {
		votes = append(votes, v)
	}
	return b.BatchHeader, votes, to[0]
}

// wantRecords checks how many records were appended, and forgets them.
func (d *door) wantRecords(want int) {
	d.t.Helper()
	if records, _ := d.log.take(); len(records) != want {
		d.t.Errorf("got %d records, want %d", len(records), want)
	}
}

// wantProblem checks an error answer to the last field.
func wantProblem(t *testing.T, got answer, status int, code string) {
	t.Helper()
	if got.status != status {
		t.Fatalf("got %d %s, want %d %s", got.status, got.body, status, code)
	}
	var p schema.Problem
	if err := json.Unmarshal([]byte(got.body), &p); err != nil {
		t.Fatalf("%q: %v", got.body, err)
	}
	if p.Type != "urn:mlf:problem:"+code || p.Status != status || p.Title == "" {
		t.Errorf("got %+v, want %d %s", p, status, code)
	}
	if got, want := got.header.Get("Content-Type"), "application/problem+json"; got != want {
		t.Errorf("got Content-Type %q, want %q", got, want)
	}
	if id := got.header.Get("X-Request-Id"); id == "" || id != p.Instance {
		t.Errorf("got instance %q, want the request id %q", p.Instance, id)
	}
	retry := got.header.Get("Retry-After")
	if seconds, _ := strconv.Atoi(retry); (status == 429 || status == 503) != (seconds > 0) {
		t.Errorf("got Retry-After %q with %d", retry, status)
	}
}

// A wire is a raw connection.
type wire struct {
	t testing.TB
	net.Conn
	*bufio.Reader
}

func (d *door) dial() *wire {
	d.t.Helper()
	var dialer net.Dialer
	c, err := dialer.DialContext(d.t.Context(), "tcp", d.addr)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		d.t.Fatal(err)
	}
	return &wire{d.t, c, bufio.NewReader(c)}
}

// say writes text, with every line end as in HTTP.
func (w *wire) say(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.Conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		w.t.Fatal(err)
	}
}

// drip writes text again and again, slowly, until the function that it returns is
// called.
func (w *wire) drip(text string) (stop func()) {
	ended := make(chan struct{})
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				_, _ = io.WriteString(w.Conn, text) // The other side may have closed.
			}
		}
	}()
	return func() { close(ended) }
}

// hear reads one answer.
func (w *wire) hear() answer {
	w.t.Helper()
	resp, err := http.ReadResponse(w.Reader, nil)
	if err != nil {
		w.t.Fatalf("no answer: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body), resp.Close}
}

// wantEnd checks that the peer has closed the connection in good order.
func (w *wire) wantEnd() {
	w.t.Helper()
	if b, err := w.ReadByte(); !errors.Is(err, io.EOF) {
		w.t.Errorf("got %q, %v, want the connection closed", b, err)
	}
}

// head is the beginning of a votes request of tm.
func (tm *terminal) head(length int) string {
	return fmt.Sprintf("POST /v1/votes HTTP/1.1\nHost: mlf\nAuthorization: Bearer %s\nContent-Type: application/json\nContent-Length: %d\n", tm.token, length)
}

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s", what)
		}
	}
}
