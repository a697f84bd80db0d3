package client

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"mlf/schema"
)

// A Problem is an answer that refuses. Type is empty where it is none of mlf's: of a
// proxy, for instance, whose words are in Body.
type Problem struct {
	schema.Problem
	Parameter  string        `json:"parameter"` // The query parameter that is wrong; empty for none.
	Address    string        `json:"-"`         // What was asked.
	RetryAfter time.Duration `json:"-"`         // 0: it does not say.
	Body       string        `json:"-"`         // Its beginning.
}

// bodyShown is how many bytes of a refusal are shown that is no problem of ours.
const bodyShown = 500

func (p *Problem) Error() string {
	return fmt.Sprintf("ask %s: status %d: %s", p.Address, p.Status, cmp.Or(p.Detail, p.Title, p.Body))
}

// passes tells whether the same request may be answered later.
func (p *Problem) passes() bool {
	return p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable
}

// problemOf reads the refusal res of what was asked at address.
func problemOf(res *http.Response, address string) *Problem {
	body, _ := io.ReadAll(io.LimitReader(res.Body, refusalBytesMax)) // Half of it is better than none.
	p := new(Problem)
	if json.Unmarshal(body, p) != nil {
		*p = Problem{}
	}
	p.Status, p.Address, p.RetryAfter = res.StatusCode, address, retryAfter(res.Header.Get("Retry-After"))
	p.Body = string(body[:min(len(body), bodyShown)])
	return p
}

// retryAfter reads Retry-After in seconds or as a time; 0 where it is neither.
func retryAfter(text string) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, time.Until(at))
}
