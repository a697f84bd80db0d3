package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Bodies are those that the token gives a right to.
type Bodies struct {
	Bodies []Body `json:"bodies"`
	Total  int    `json:"total"` // Also those beyond the limit.
}

// A Body is one that takes part.
type Body struct {
	IPA       string       `json:"ipa"` // Its code in the index of public administrations.
	Name      string       `json:"name"`
	Type      string       `json:"type"`
	Joined    string       `json:"joined"`
	Left      *string      `json:"left"`   // The day after its last.
	Comuni    int          `json:"comuni"` // That belong to it today.
	Terminals BodyCounts   `json:"terminals"`
	Members   []BodyMember `json:"members"` // Of one body alone.
}

// A BodyMember is a comune that belongs to a body from a day to the day before another.
type BodyMember struct {
	Comune string  `json:"comune"`
	Name   string  `json:"name"`
	From   *string `json:"from"`
	To     *string `json:"to"`
}

// BodyCounts are how many terminals are in each state; nil where that is not known.
type BodyCounts struct {
	Ordered int  `json:"ordered"`
	Claimed int  `json:"claimed"` // Also the next three.
	Active  *int `json:"active"`
	Idle    *int `json:"idle"`
	Silent  *int `json:"silent"`
	Closed  int  `json:"closed"`
	Revoked int  `json:"revoked"`
}

// BodyTerminals are the terminals of a body.
type BodyTerminals struct {
	Terminals []BodyTerminal `json:"terminals"`
	Total     int            `json:"total"`
}

// A BodyTerminal is one of them.
type BodyTerminal struct {
	Terminal string     `json:"terminal"`
	Comune   string     `json:"comune"`
	Office   string     `json:"office"`
	Channel  string     `json:"channel"`
	Services []string   `json:"services"`
	State    string     `json:"state"`
	Device   string     `json:"device"`
	Enrolled time.Time  `json:"enrolled"`
	Closed   *time.Time `json:"closed"`
	LastSeen *time.Time `json:"last_seen"`
	LastVote *time.Time `json:"last_vote"`
	Test     bool       `json:"test"`
}

// BodyClaims are the claims of a body.
type BodyClaims struct {
	Claims []BodyClaim `json:"claims"`
	Total  int         `json:"total"`
}

// A BodyClaim is what a code is for, and what became of it.
type BodyClaim struct {
	Hash        string         `json:"hash"`
	State       string         `json:"state"`
	Created     time.Time      `json:"created"`
	Expires     time.Time      `json:"expires"`
	Withdrawn   *time.Time     `json:"withdrawn"`
	By          string         `json:"by"`
	WithdrawnBy string         `json:"withdrawn_by"`
	ID          string         `json:"id"`
	Terminals   []ClaimedPlace `json:"terminals"`
	Device      string         `json:"device"`
	Attempts    int            `json:"attempts"`
}

// A ClaimedPlace is a terminal that a device becomes.
type ClaimedPlace struct {
	Terminal string   `json:"terminal"`
	Body     string   `json:"body"`
	Comune   string   `json:"comune"`
	Office   string   `json:"office"`
	Channel  string   `json:"channel"`
	Services []string `json:"services"`
	Test     bool     `json:"test"`
}

// A WantedClaim is what codes are wanted for.
type WantedClaim struct {
	ID             string   `json:"id,omitempty"` // A UUID: to send it again is safe.
	Comune         string   `json:"comune,omitempty"`
	Comuni         []string `json:"comuni,omitempty"` // In place of Comune.
	Office         string   `json:"office,omitempty"`
	Channel        string   `json:"channel"`
	Scale          string   `json:"scale,omitempty"`
	Services       []string `json:"services"`
	DefaultService string   `json:"default_service,omitempty"`
	Test           bool     `json:"test,omitempty"`
	Count          int      `json:"count,omitempty"` // Of devices; 0: 1.
	Kiosk          string   `json:"kiosk,omitempty"` // Address of the kiosk page.
}

// A MadeCode is a code, which is told this once.
type MadeCode struct {
	Code      string    `json:"code"`
	Hash      string    `json:"hash"`
	URL       string    `json:"url"`
	Expires   time.Time `json:"expires"`
	Terminals []string  `json:"terminals"`
}

// A MadeClaim is the first code and, where more than one was wanted, the others.
type MadeClaim struct {
	MadeCode
	More []MadeCode `json:"more"`
}

// BodyOrders are what a body ordered.
type BodyOrders struct {
	Orders []BodyOrder `json:"orders"`
	Total  int         `json:"total"`
}

// A BodyOrder is an order. Days are like 2026-11-27, and empty where they are not known.
type BodyOrder struct {
	ID        string      `json:"id"`
	Body      string      `json:"body,omitempty"`
	Buyer     string      `json:"buyer,omitempty"`
	Programme string      `json:"programme,omitempty"`
	Number    string      `json:"number,omitempty"`
	Supplier  string      `json:"supplier,omitempty"`
	Lines     []OrderLine `json:"lines"`
	Gross     int64       `json:"gross_cents"`
	Bonus     int64       `json:"bonus_cents"`
	Signature bool        `json:"signature,omitempty"`
	PEC       bool        `json:"pec,omitempty"`
	Ordered   string      `json:"ordered_on,omitempty"`
	Delivered string      `json:"delivered_on,omitempty"`
	Installed string      `json:"installed_on,omitempty"`
	Cancelled string      `json:"cancelled_on,omitempty"`
	By        string      `json:"by,omitempty"`
}

// An OrderLine is a line of an order.
type OrderLine struct {
	Product  string `json:"product"` // terminal, kit or other.
	Quantity int    `json:"quantity"`
	Text     string `json:"text,omitempty"`
}

// Bodies reads the bodies that have text in their name or code; all for "". limit 0 is
// the service's own.
func (c *Client) Bodies(ctx context.Context, text string, limit int) (b Bodies, err error) {
	values := url.Values{}
	if text != "" {
		values.Set("q", text)
	}
	if limit > 0 {
		values.Set("limit", strconv.Itoa(limit))
	}
	return b, c.look(ctx, "/v1/bodies", values, &b)
}

// Body reads a body.
func (c *Client) Body(ctx context.Context, ipa string) (b Body, err error) {
	return b, c.look(ctx, bodyPath(ipa), nil, &b)
}

// BodyTerminals reads the terminals of a body that are in a state; all for "".
func (c *Client) BodyTerminals(ctx context.Context, ipa, state string) (t BodyTerminals, err error) {
	return t, c.look(ctx, bodyPath(ipa, "terminals"), inState(state), &t)
}

// CloseTerminal closes a terminal since at; now where that is zero.
func (c *Client) CloseTerminal(ctx context.Context, ipa, terminal string, at time.Time) (t BodyTerminal, err error) {
	var body struct {
		At time.Time `json:"at,omitzero"`
	}
	body.At = at
	return t, c.change(ctx, http.MethodPost, bodyPath(ipa, "terminals", terminal, "close"), body, &t)
}

// RevokeTerminal revokes a terminal.
func (c *Client) RevokeTerminal(ctx context.Context, ipa, terminal string) (t BodyTerminal, err error) {
	return t, c.change(ctx, http.MethodPost, bodyPath(ipa, "terminals", terminal, "revoke"), nil, &t)
}

// BodyClaims reads the claims of a body that are in a state; all for "".
func (c *Client) BodyClaims(ctx context.Context, ipa, state string) (b BodyClaims, err error) {
	return b, c.look(ctx, bodyPath(ipa, "claims"), inState(state), &b)
}

// MakeClaim makes codes.
func (c *Client) MakeClaim(ctx context.Context, ipa string, w *WantedClaim) (m MadeClaim, err error) {
	return m, c.change(ctx, http.MethodPost, bodyPath(ipa, "claims"), w, &m)
}

// WithdrawClaim withdraws a claim. A *Problem of status 409 says that it was used.
func (c *Client) WithdrawClaim(ctx context.Context, ipa, hash string) (b BodyClaim, err error) {
	return b, c.change(ctx, http.MethodDelete, bodyPath(ipa, "claims", hash), nil, &b)
}

// BodyOrders reads what a body ordered.
func (c *Client) BodyOrders(ctx context.Context, ipa string) (o BodyOrders, err error) {
	return o, c.look(ctx, bodyPath(ipa, "orders"), nil, &o)
}

// NoteOrder notes an order; Body and By of it are the service's to say. A *Problem of
// status 409 says that its programme does not pay for it; anyway, an operator's, notes it
// all the same.
func (c *Client) NoteOrder(ctx context.Context, ipa string, o *BodyOrder, anyway bool) (noted BodyOrder, err error) {
	wanted := struct {
		BodyOrder
		Anyway bool `json:"anyway,omitempty"`
	}{*o, anyway}
	wanted.Body, wanted.By = "", ""
	return noted, c.change(ctx, http.MethodPost, bodyPath(ipa, "orders"), wanted, &noted)
}

// bodyPath returns the path of what is of a body.
func bodyPath(ipa string, below ...string) string {
	path := "/v1/bodies/" + url.PathEscape(ipa)
	for _, part := range below {
		path += "/" + url.PathEscape(part)
	}
	return path
}

func inState(state string) url.Values {
	values := url.Values{"limit": {"1000"}}
	if state != "" {
		values.Set("state", state)
	}
	return values
}

// change sends a change, as JSON where there is something to say, and reads its answer.
func (c *Client) change(ctx context.Context, method, path string, what, into any) error {
	q := &call{method: method, path: path, token: c.Token}
	if what != nil {
		body, err := json.Marshal(what)
		if err != nil {
			return fmt.Errorf("write what %s is to change: %w", path, err)
		}
		q.body, q.media = body, mediaJSON
	}
	return c.read(ctx, q, into)
}
