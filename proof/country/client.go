package country

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"mlf/proof/country/foreign"
	"mlf/schema"
)

// A client speaks the public protocol. Each call is one request and is never
// repeated by itself: what became of it decides what is expected afterwards.
type client struct {
	http    *http.Client
	timeout time.Duration
	ingest  []string
	query   string
	turn    atomic.Uint64 // Which ingest is next.

	position string // Of the last ledger.
}

func newClient(cfg *Config) *client {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSClientConfig:     cfg.TLS,
		MaxIdleConnsPerHost: cfg.Connections,
		IdleConnTimeout:     30 * time.Second, // Below the service's own, which would cut a request short.
		DisableCompression:  true,
	}
	c := &client{http: &http.Client{Transport: transport}, timeout: cfg.Timeout, query: strings.TrimSuffix(cfg.Query, "/")}
	for _, address := range cfg.Ingest {
		c.ingest = append(c.ingest, strings.TrimSuffix(address, "/"))
	}
	return c
}

func (c *client) close() { c.http.CloseIdleConnections() }

// A weatherError is an outcome that the protocol tells a terminal to take with
// patience: the same again, later.
type weatherError struct {
	cause string        // Method, path, and the status or why the connection was of no use.
	wait  time.Duration // What Retry-After asks for.
	err   error

	votes        bool // The request carried votes.
	unknownToken bool // 401: nothing was written.
}

// uncertain tells whether votes may be on the log or not.
func (e *weatherError) uncertain() bool { return e.votes && !e.unknownToken }

// cut returns what became of req on a connection that was of no use, unless it was the
// caller who ended it. The cause is the innermost error, which names no address.
func cut(ctx context.Context, req *http.Request, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	why := err
	for inner := errors.Unwrap(why); inner != nil; inner = errors.Unwrap(inner) {
		why = inner
	}
	return badWeather(req, "connection: "+why.Error(), err)
}

// badWeather returns what became of req.
func badWeather(req *http.Request, what string, err error) *weatherError {
	return &weatherError{cause: req.Method + " " + req.URL.Path + ": " + what, votes: req.URL.Path == votesPath, err: err}
}

func (e *weatherError) Error() string { return e.err.Error() }
func (e *weatherError) Unwrap() error { return e.err }

// A refusedError is an answer that nobody should get who keeps to the protocol.
type refusedError struct {
	status int
	err    error
}

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// answerMax bounds the answer to votes and the ledger: 1,000 rejected votes
// with their details are some 200 KiB.
const answerMax = 4 << 20

// An answer is what POST /v1/votes says. Only the number of rejected votes and
// of warnings matters here.
type answer struct {
	Accepted int               `json:"accepted"`
	Rejected []json.RawMessage `json:"rejected"`
	Warnings []json.RawMessage `json:"warnings"`
}

const votesPath = "/v1/votes"

// postVotes sends one request. A nil error means 202.
func (c *client) postVotes(ctx context.Context, token string, w *wire, body []byte) (answer, error) {
	var a answer
	header := http.Header{"Content-Type": {w.contentType()}}
	if w.coding != "" {
		header.Set("Content-Encoding", w.coding)
	}
	err := c.do(ctx, call{
		method: http.MethodPost, address: c.nextIngest() + votesPath, token: token,
		header: header, body: body, want: http.StatusAccepted, read: readJSON(&a),
	})
	return a, err
}

// A streamAnswer is what POST /v1/streams says.
type streamAnswer struct {
	Stream string     `json:"stream"`
	First  schema.Seq `json:"first_seq"`
}

// postStream asks for a stream.
func (c *client) postStream(ctx context.Context, token string) (streamAnswer, error) {
	var a streamAnswer
	header := http.Header{"Content-Type": {"application/json"}}
	err := c.do(ctx, call{
		method: http.MethodPost, address: c.nextIngest() + "/v1/streams", token: token,
		header: header, body: []byte("{}"), want: http.StatusCreated, read: readJSON(&a),
	})
	return a, err
}

// postSource sends one request of a source that keeps no state. A nil error means that it
// was taken.
func (c *client) postSource(ctx context.Context, token, path string, header http.Header, body []byte) error {
	want := http.StatusOK
	if path == "/v1/counters" {
		want = http.StatusAccepted
	}
	ingest := c.nextIngest()
	if header.Get("Origin") == foreign.Service {
		header.Set("Origin", ingest)
	}
	return c.do(ctx, call{
		method: http.MethodPost, address: ingest + path, token: token, header: header, body: body, want: want,
		read: func(io.Reader) error { return nil },
	})
}

// nextIngest returns the address whose turn it is.
func (c *client) nextIngest() string { return c.ingest[c.turn.Add(1)%uint64(len(c.ingest))] }

// get reads one answer of query with read. An empty token is none.
func (c *client) get(ctx context.Context, path string, params url.Values, token string, read func(io.Reader) error) error {
	address := c.query + path
	if len(params) > 0 {
		address += "?" + params.Encode()
	}
	return c.do(ctx, call{method: http.MethodGet, address: address, token: token, want: http.StatusOK, read: read})
}

// A call is one request and what is to be done with its answer.
type call struct {
	method, address, token string

	header http.Header
	body   []byte
	want   int // The status with which read is called.
	read   func(io.Reader) error

	position *string // Set, it is where the answer's position goes.
}

func (k *call) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, k.method, k.address, bytes.NewReader(k.body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", k.method, k.address, err)
	}
	req.GetBody = nil // Or the transport would send again by itself.
	if k.header != nil {
		req.Header = k.header
	}
	if k.token != "" {
		req.Header.Set("Authorization", "Bearer "+k.token)
	}
	return req, nil
}

func readJSON(into any) func(io.Reader) error {
	return func(body io.Reader) error {
		return json.NewDecoder(io.LimitReader(body, answerMax)).Decode(into)
	}
}

// do makes a call. Votes have the timeout of the configuration, reads longer: a
// week of cells is much.
func (c *client) do(ctx context.Context, k call) error {
	timeout := c.timeout
	if k.method == http.MethodGet {
		timeout = readTimeout
	}
	callCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := k.request(callCtx)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return cut(ctx, req, err)
	}
	defer func() {
		_, _ = io.CopyN(io.Discard, resp.Body, answerMax) // So that the connection can be used again.
		_ = resp.Body.Close()
	}()
	if resp.StatusCode != k.want {
		return refusal(req, resp)
	}
	body := &watchedBody{Reader: resp.Body}
	err = k.read(body)
	switch {
	case err == nil:
		if k.position != nil {
			*k.position = resp.Header.Get("X-MLF-Position")
		}
		return nil
	case body.broken:
		return cut(ctx, req, fmt.Errorf("read answer of %s: %w", req.URL.Path, err))
	}
	return &refusedError{resp.StatusCode, fmt.Errorf("answer of %s makes no sense: %w", req.URL.Path, err)}
}

// A watchedBody knows whether it was cut short, which is weather, so that an
// answer that arrived and cannot be understood, which is a defect, is told apart.
type watchedBody struct {
	io.Reader
	broken bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.broken = true
	}
	return n, err
}

// readTimeout bounds one read of query. It is above the limits that the store
// sets itself.
const readTimeout = 60 * time.Second

// refusal sorts the answers that were not wanted. 401 is weather, because an
// enrolment takes effect within a second, not at once.
func refusal(req *http.Request, resp *http.Response) error {
	var problem schema.Problem
	_ = json.NewDecoder(io.LimitReader(resp.Body, answerMax)).Decode(&problem) // Of use only if it is one.
	err := fmt.Errorf("%s %s: status %d: %s %s", req.Method, req.URL.Path, resp.StatusCode, problem.Title, problem.Detail)
	switch status := resp.StatusCode; {
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusUnauthorized:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // Absent or a date: none.
		weather := badWeather(req, strconv.Itoa(status), err)
		weather.unknownToken, weather.wait = status == http.StatusUnauthorized, time.Duration(max(0, seconds))*time.Second
		return weather
	}
	return &refusedError{resp.StatusCode, err}
}
