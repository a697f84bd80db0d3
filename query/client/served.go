package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// ServedUsers are numbers of served users. What is not empty beside Rows holds for
// each row that does not say otherwise; what no one says is the terminal's own.
type ServedUsers struct {
	Comune   string      `json:"comune,omitempty"`
	Office   string      `json:"office,omitempty"`
	Service  string      `json:"service,omitempty"`
	Channel  string      `json:"channel,omitempty"`
	Day      string      `json:"day,omitempty"`      // 2026-11-25.
	Revision uint64      `json:"revision,omitempty"` // The highest holds.
	Rows     []ServedRow `json:"rows"`
}

// A ServedRow is the number of an office, service, channel and day.
type ServedRow struct {
	Comune   string      `json:"comune,omitempty"`
	Office   string      `json:"office,omitempty"`
	Service  string      `json:"service,omitempty"`
	Channel  string      `json:"channel,omitempty"`
	Day      string      `json:"day,omitempty"`
	Revision uint64      `json:"revision,omitempty"`
	Served   ServedCount `json:"served"`
}

// A ServedCount is how many users were served, 0 to 1,000,000, or Withdrawn.
type ServedCount int64

// Withdrawn takes back a number that was of something else.
const Withdrawn ServedCount = -1

// MarshalJSON writes the number, or "withdrawn".
func (n ServedCount) MarshalJSON() ([]byte, error) {
	if n == Withdrawn {
		return []byte(`"withdrawn"`), nil
	}
	return strconv.AppendInt(nil, int64(n), 10), nil
}

// A ServedAnswer says what became of the rows.
type ServedAnswer struct {
	Accepted  int               `json:"accepted"`  // On the log, those that were before included.
	Unchanged int               `json:"unchanged"` // On the log before.
	Rejected  []ServedRejection `json:"rejected"`
	Warnings  []json.RawMessage `json:"warnings"` // None so far.
}

// A ServedRejection is a row that was not taken; the others were.
type ServedRejection struct {
	Index  int    `json:"index"` // From 0.
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// PutServed tells how many users were served, by the token of a terminal; Base is
// that of mlf ingest. After any error the same may be told again.
func (c *Client) PutServed(ctx context.Context, token string, users *ServedUsers) (a ServedAnswer, err error) {
	body, err := json.Marshal(users)
	if err != nil {
		return a, fmt.Errorf("write served users: %w", err)
	}
	put := &call{method: http.MethodPut, path: "/v1/served", token: token, media: mediaJSON, body: body}
	return a, c.read(ctx, put, &a)
}
