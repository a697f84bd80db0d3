package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// A Client asks one service, as one reader. Only Base is required; fields must not
// change while it is used. Safe for use by several goroutines. All methods end with
// ctx; their errors are a *Problem where the service has refused.
type Client struct {
	Base  string       // For instance http://127.0.0.1:8081, also with the path of a proxy.
	HTTP  *http.Client // nil: the default one. A timeout of its own cuts Live.
	Token string       // Of a reader; empty: the public.
	Agent string       // The User-Agent; empty: mlf-client.

	// Patience is how long, in all, one question is asked again that is refused for
	// now (429, 503), each time after what Retry-After says. 0: it is asked once.
	Patience time.Duration

	// Forward asks each question of counts at least as new as those of the answer
	// before, so that figures never go back where several processes answer. Of
	// questions asked side by side the one that is answered last counts.
	Forward bool

	// Keep is how many answers of up to a megabyte are kept, and asked after by
	// their ETag. 0: none.
	Keep int

	// BytesMax is how long an answer may be, unpacked. 0: 256 MiB, and 1 GB of a
	// file that is downloaded.
	BytesMax int64

	mu       sync.Mutex
	position string   // Of the answer that came last.
	kept     []*saved // The one used last stands last.
}

// What is taken where nothing else is said.
const (
	agentDefault     = "mlf-client"
	answerBytesMax   = 256 << 20     // A million rows of JSON.
	downloadBytesMax = 1_000_000_000 // As much as a file may have.
	refusalBytesMax  = 64 << 10      // Of a problem; what proxies say beyond is lost.
)

const mediaJSON = "application/json"

// Pauses before a question is asked again that was refused without Retry-After.
const (
	pauseFirst = time.Second
	pauseMax   = 30 * time.Second
)

// A call is a request, as often as it has to be sent.
type call struct {
	method string // Empty: GET.
	path   string
	params url.Values
	token  string
	accept string
	media  string // Of body.
	body   []byte
	header http.Header // What else is sent; nil: nothing.
	counts bool        // It takes at_least.
	had    *saved      // What it was asked after; nil for nothing.
}

// target returns the path and query of what is asked, by which its answer is known.
func (q *call) target() string {
	if len(q.params) == 0 {
		return q.path
	}
	return q.path + "?" + q.params.Encode()
}

// statistics reads the JSON answer of a question about counts.
func (c *Client) statistics(ctx context.Context, path string, params url.Values, into any) error {
	return c.read(ctx, &call{path: path, params: params, token: c.Token, counts: true}, into)
}

// look reads the JSON answer of anything else.
func (c *Client) look(ctx context.Context, path string, params url.Values, into any) error {
	return c.read(ctx, &call{path: path, params: params, token: c.Token}, into)
}

// read sends q and reads its JSON answer into into.
func (c *Client) read(ctx context.Context, q *call, into any) error {
	q.accept = mediaJSON
	res, err := c.send(ctx, q)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // What was wanted has been read.
	body, err := c.bodyOf(res, q)
	if err != nil {
		return fmt.Errorf("ask %s: %w", q.target(), err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read answer of %s: %w", q.target(), err)
	}
	if p, ok := into.(interface{ setPosition(token string) }); ok {
		p.setPosition(res.Header.Get("X-MLF-Position"))
	}
	return nil
}

// errTooLong says that an answer has more than BytesMax.
var errTooLong = errors.New("the answer is longer than it may be")

// bodyOf reads the body of an answer, or what was kept of it.
func (c *Client) bodyOf(res *http.Response, q *call) ([]byte, error) {
	if res.StatusCode == http.StatusNotModified && q.had != nil {
		return q.had.body, nil
	}
	most := cmp.Or(c.BytesMax, answerBytesMax)
	body, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > most {
		return nil, errTooLong
	}
	c.save(q, res.Header.Get("ETag"), body)
	return body, nil
}

// send sends q until it is answered, or refused for longer than Patience. The
// caller closes the body.
func (c *Client) send(ctx context.Context, q *call) (*http.Response, error) {
	until := time.Now().Add(c.Patience)
	for pause := pauseFirst; ; pause = min(2*pause, pauseMax) {
		res, err := c.sendOnce(ctx, q)
		var refused *Problem
		if !errors.As(err, &refused) || !refused.passes() {
			return res, err
		}
		wait := cmp.Or(refused.RetryAfter, pause)
		if time.Now().Add(wait).After(until) {
			return nil, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, fmt.Errorf("wait to ask again: %w: %w", ctx.Err(), err)
		}
	}
}

func (c *Client) sendOnce(ctx context.Context, q *call) (*http.Response, error) {
	req, err := c.request(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("make request of %s: %w", q.target(), err)
	}
	res, err := cmp.Or(c.HTTP, http.DefaultClient).Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", q.target(), err)
	}
	if res.StatusCode >= http.StatusMultipleChoices && res.StatusCode != http.StatusNotModified {
		defer func() { _ = res.Body.Close() }() // It is a refusal in any case.
		return nil, problemOf(res, q.target())
	}
	c.reached(res.Header.Get("X-MLF-Position"))
	return res, nil
}

func (c *Client) request(ctx context.Context, q *call) (*http.Request, error) {
	address := c.Base + q.path
	if params := c.forward(q); len(params) > 0 {
		address += "?" + params.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(q.method, http.MethodGet), address, bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	if q.header != nil {
		req.Header = q.header.Clone()
	}
	for name, value := range map[string]string{"User-Agent": cmp.Or(c.Agent, agentDefault), "Accept": q.accept, "Content-Type": q.media} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if q.had = c.recall(q); q.had != nil {
		req.Header.Set("If-None-Match", q.had.tag)
	}
	if q.token != "" {
		req.Header.Set("Authorization", "Bearer "+q.token)
	}
	return req, nil
}

// forward returns the parameters of q, with the position that it must have reached.
func (c *Client) forward(q *call) url.Values {
	position := c.Position()
	if !c.Forward || !q.counts || position == "" || q.params.Has("at_least") {
		return q.params
	}
	params := url.Values{"at_least": {position}}
	for name, values := range q.params {
		params[name] = values
	}
	return params
}

// Position returns how far the counts of the answer that came last had come, as a
// token for at_least; empty before the first.
func (c *Client) Position() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.position
}

func (c *Client) reached(position string) {
	if position == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.position = position
}
