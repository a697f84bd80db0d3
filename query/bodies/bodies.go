package bodies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"mlf/query/access"
	"mlf/query/desk"
	"mlf/query/question"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// A Registrar notes changes, durably. Each call blocks until what it noted can be looked
// up, or ctx ends. After an error it may be noted or not; to do the same again is safe.
// Safe for use by several goroutines.
type Registrar interface {
	// Make makes a code for the terminals of a draft, which says whose they are, by
	// whom and by which request. The code is returned this once.
	Make(ctx context.Context, draft network.Offer, now time.Time) (network.Code, *network.Offer, error)

	// WithdrawBy ends an offer. One that was redeemed stays, which is an error.
	WithdrawBy(ctx context.Context, hash network.CodeHash, by schema.By, now time.Time) error

	// Close closes a terminal since at. One that is closed stays as it is.
	Close(ctx context.Context, id schema.TerminalID, at time.Time, by schema.By) error

	// Revoke revokes a terminal. One that is revoked stays as it is.
	Revoke(ctx context.Context, id schema.TerminalID, by schema.By) error

	// Order notes an order, in place of any of the same id.
	Order(ctx context.Context, o *network.Order) error
}

// Parts are what a Desk is made of. Network, Registry and Registrar are required; they
// are shared, and Network goes on changing.
type Parts struct {
	Network   *network.Network
	Registry  *registry.Registry
	Registrar Registrar

	// Seen returns when a terminal was last seen and last voted, zero for never. known
	// tells whether all is known of the last ActiveDays: if not, a terminal that was not
	// seen may have been. Nil: nothing is known.
	Seen func(schema.TerminalID) (lastSeen, lastVote time.Time, known bool)

	// Kiosk is the address of the kiosk page, https://totem.example.it/k/, to which codes
	// are added; "": who wants an address names it.
	Kiosk string

	Now func() time.Time // Default time.Now.
}

// A Desk answers bodies.
type Desk struct {
	Parts
	zone *time.Location // Rome's.
	turn chan struct{}  // Who holds it makes codes or notes an order: both are counted first.
}

// New returns a Desk. The error is of an address that is none, or of a machine that does
// not know Rome's clock.
func New(parts Parts) (*Desk, error) {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("look after bodies: %w", err)
	}
	if parts.Kiosk != "" {
		if err := checkKiosk(parts.Kiosk); err != nil {
			return nil, fmt.Errorf("look after bodies: %w", err)
		}
	}
	if parts.Now == nil {
		parts.Now = time.Now
	}
	return &Desk{Parts: parts, zone: zone, turn: make(chan struct{}, 1)}, nil
}

// Routes are what d answers.
func (d *Desk) Routes() []desk.Route {
	const body = "/v1/bodies/{ipa}"
	reads := func(name, path string, handle func(http.ResponseWriter, *inquiry) error, parameters ...string) desk.Route {
		return desk.Route{Name: name, Method: http.MethodGet, Path: path, Least: access.Body, Handle: d.reads(handle, parameters...)}
	}
	writes := func(name, method, path string, handle func(http.ResponseWriter, *inquiry) error) desk.Route {
		return desk.Route{Name: name, Method: method, Path: path, Least: access.Body, Handle: d.writes(handle)}
	}
	return []desk.Route{
		{Name: "bodies", Method: http.MethodGet, Path: "/v1/bodies", Least: access.Body, Handle: d.serveBodies},
		reads("body", body, d.serveBody),
		reads("body_terminals", body+"/terminals", d.serveTerminals, "state", "limit", "format"),
		writes("body_close", http.MethodPost, body+"/terminals/{terminal}/close", d.closeTerminal),
		writes("body_revoke", http.MethodPost, body+"/terminals/{terminal}/revoke", d.revokeTerminal),
		reads("body_claims", body+"/claims", d.serveClaims, "state", "limit"),
		writes("body_claim", http.MethodPost, body+"/claims", d.makeClaims),
		writes("body_withdraw", http.MethodDelete, body+"/claims/{hash}", d.withdrawClaim),
		reads("body_orders", body+"/orders", d.serveOrders, "limit"),
		writes("body_order", http.MethodPost, body+"/orders", d.noteOrder),
	}
}

// An inquiry is a request that is about one body, of somebody who may see it.
type inquiry struct {
	*http.Request
	who    access.Identity
	body   *network.Body
	values url.Values
	now    time.Time
	today  registry.Date // By Rome's clock.
}

// by returns who asks, as records have it.
func (q *inquiry) by() schema.By { return schema.ByOf(q.who.Subject) }

// reads has handle answer who may read.
func (d *Desk) reads(handle func(http.ResponseWriter, *inquiry) error, parameters ...string) func(http.ResponseWriter, *http.Request, access.Identity) error {
	return func(w http.ResponseWriter, r *http.Request, who access.Identity) error {
		q, err := d.inquire(r, who, parameters...)
		if err != nil {
			return err
		}
		return handle(w, q)
	}
}

// changeMax is how long a change may take. What was not acknowledged by then is asked for
// again: readers give up at about as much.
const changeMax = 8 * time.Second

// writes has handle answer who may change something.
func (d *Desk) writes(handle func(http.ResponseWriter, *inquiry) error) func(http.ResponseWriter, *http.Request, access.Identity) error {
	return d.reads(func(w http.ResponseWriter, q *inquiry) error {
		if q.who.Role == access.Analyst {
			return desk.Forbidden("the token's role may read this, and change nothing; want a token of the body, or an operator's")
		}
		ctx, cancel := context.WithTimeout(q.Context(), changeMax)
		defer cancel()
		q.Request = q.WithContext(ctx)
		return handle(w, q)
	})
}

// inquire reads what r is about. A body that is not there and one that is others' are told
// alike.
func (d *Desk) inquire(r *http.Request, who access.Identity, parameters ...string) (*inquiry, error) {
	values, err := question.Parameters(r.URL.RawQuery, parameters...)
	if err != nil {
		return nil, err //nolint:wrapcheck // It says it all.
	}
	if !d.Network.Complete() {
		return nil, desk.Loading()
	}
	now := d.Now()
	q := &inquiry{Request: r, who: who, values: values, now: now, today: registry.DateOf(now.In(d.zone))}
	if code, err := schema.ParseBody(r.PathValue("ipa")); err == nil && mayRead(&who, code) {
		q.body = d.Network.Body(code)
	}
	if q.body == nil {
		return nil, desk.NotFound("no body of this code takes part that the token gives a right to; GET /v1/bodies lists those that do")
	}
	return q, nil
}

// mayRead tells whether who may see what is of a body.
func mayRead(who *access.Identity, code schema.BodyCode) bool {
	return who.Role > access.Body || slices.Contains(who.Own.Bodies, code)
}

// inTurn calls change when nobody else counts what it counts.
func (d *Desk) inTurn(ctx context.Context, change func() error) error {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
		return change()
	case <-ctx.Done():
		return desk.Unacknowledged(errors.New("too many changes at once"))
	}
}

// limit reads how many rows are wanted.
func limit(values url.Values, otherwise, most int) (int, error) {
	text, err := question.Single(values, "limit")
	if err != nil || !values.Has("limit") {
		return otherwise, err //nolint:wrapcheck // It says it all.
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, wrong("limit", "%.40q: want a number from 1 to %d", text, most)
	}
	return n, nil
}

// oneOf reads a parameter that is one of names; "" where it is absent.
func oneOf(values url.Values, parameter string, names ...string) (string, error) {
	text, err := question.Single(values, parameter)
	if err != nil || !values.Has(parameter) {
		return "", err //nolint:wrapcheck // It says it all.
	}
	if !slices.Contains(names, text) {
		return "", wrong(parameter, "%.40q: want one of %v", text, names)
	}
	return text, nil
}

// wrong is the error of a query parameter.
func wrong(name, format string, args ...any) error {
	return &question.Error{Parameter: name, Detail: fmt.Sprintf(format, args...)}
}

// write answers v with a status.
func write(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // An error means that nobody reads.
	return nil
}
