package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// answerMax is how many bytes of an answer are read: a thousand rejections are fewer.
const answerMax = 1 << 20

// An answer is what came of a request, whole. The zero answer is none.
type answer struct {
	status     int
	kind       string // Media type.
	body       []byte
	retryAfter time.Duration
}

// reads decodes a body of JSON.
func (a *answer) reads(to any) bool {
	return a.kind == "application/json" && json.Unmarshal(a.body, to) == nil
}

// problem is the code of an error that the service itself has told; "" for any other
// answer: portals and proxies have errors of their own.
func (a *answer) problem() string {
	var told struct {
		Type string `json:"type"`
	}
	if a.kind != "application/problem+json" || json.Unmarshal(a.body, &told) != nil {
		return ""
	}
	if i := strings.LastIndexByte(told.Type, ':'); i >= 0 {
		return told.Type[i+1:]
	}
	return path.Base(told.Type)
}

// taken tells whether so many votes are on the log, accepted or rejected for good.
func (a *answer) taken(votes int) bool {
	var told struct {
		Accepted *int               `json:"accepted"`
		Rejected *[]json.RawMessage `json:"rejected"`
	}
	return a.status == http.StatusAccepted && a.reads(&told) && told.Accepted != nil && told.Rejected != nil && *told.Accepted+len(*told.Rejected) == votes
}

// ask sends a request. What ends a turn whatever was asked ends it here.
func (c *Client) ask(ctx context.Context, method, address string, body any) (*answer, error) {
	a, err := c.fetch(ctx, method, address, body)
	if err != nil {
		return nil, c.later(&answer{})
	}
	switch code := a.problem(); {
	case a.status == http.StatusUnauthorized && code != "":
		return nil, &pause{slowly + rand.N(slowly), fmt.Errorf("the token is not known")} //nolint:gosec // Chance, not secrecy.
	case a.status == http.StatusForbidden && code == "revoked-terminal":
		return nil, errRevoked
	case a.status == http.StatusNotFound, a.status == http.StatusMethodNotAllowed, a.status == http.StatusUnsupportedMediaType:
		return nil, &pause{seldom, fmt.Errorf("%s %s: status %d", method, address, a.status)}
	}
	return a, nil
}

func (c *Client) fetch(ctx context.Context, method, address string, body any) (*answer, error) {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, sent)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.options.Token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.options.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // It was read.
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err != nil {
		return nil, err
	}
	if resp.Request.URL.String() != address {
		return nil, fmt.Errorf("%s was redirected", address) // Portals do that, the service does not.
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return &answer{resp.StatusCode, kind, text, retryAfter(resp.Header.Get("Retry-After"), time.Now())}, nil
}

// retryAfterMax bounds what a service may ask for.
const retryAfterMax = 24 * time.Hour

// retryAfter reads the header: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
		wait = min(time.Duration(min(seconds, int(retryAfterMax/time.Second)))*time.Second, retryAfterMax)
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), retryAfterMax)
}

func (c *Client) watermarkURL(stream string) string {
	return c.options.Query + "/v1/terminals/self/watermark?stream=" + url.QueryEscape(stream)
}

// sent is a vote as it is sent. One that was set aside is its number alone.
type sent struct {
	Seq     uint64 `json:"seq"`
	AgeMS   *int64 `json:"age_ms,omitempty"`
	At      string `json:"at,omitempty"`
	Face    string `json:"face,omitempty"`
	Value   int    `json:"value,omitempty"`
	Service string `json:"service,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// body is that of a request. Ages are by the clock that never jumps, for votes of this
// run; those of an earlier one have the wall's time, beside the wall's now.
func (c *Client) body(stream string, votes []*cast) any {
	now := time.Now()
	all := make([]sent, len(votes))
	for i, v := range votes {
		all[i].Seq = v.Seq
		if v.Aside {
			continue
		}
		all[i] = sent{Seq: v.Seq, Face: v.Face, Value: v.Value, Service: v.Service, Reason: v.Reason}
		if v.when.IsZero() {
			all[i].At = v.At.Format(time.RFC3339Nano)
		} else {
			age := max(now.Sub(v.when).Milliseconds(), 0)
			all[i].AgeMS = &age
		}
	}
	return map[string]any{"stream": stream, "sent_at": now.UTC().Format(time.RFC3339Nano), "votes": all}
}
