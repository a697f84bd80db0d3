package bodies

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"mlf/query/desk"
	"mlf/schema"
	"mlf/schema/network"
)

// How many claims are listed at once.
const (
	claimsDefault = 100
	claimsMax     = 1000
)

const (
	// openMax is the most claims of a body that may be open at once: each is a code that
	// somebody could use.
	openMax = 200

	// hourMax is the most claims of a body that are made within an hour. Each stays on the
	// registry topic.
	hourMax = 60

	// againMax is the most that one request makes within an hour, sent again and again:
	// those that it takes the place of are not counted above.
	againMax = 3 * hourMax
)

// A Claim is one as it is listed: what its code is for, and what became of it.
type Claim struct {
	Hash        network.CodeHash   `json:"hash"`
	State       network.OfferState `json:"state"`
	Created     time.Time          `json:"created"`
	Expires     time.Time          `json:"expires"`
	Withdrawn   *time.Time         `json:"withdrawn"`
	By          schema.By          `json:"by"`           // Who made it; "": an operator, by command.
	WithdrawnBy schema.By          `json:"withdrawn_by"` // The same.
	Request     string             `json:"id"`           // As it was given; "" without one.
	Terminals   []Offered          `json:"terminals"`
	Device      network.ClaimID    `json:"device"`   // Which redeemed it; "": none.
	Attempts    int                `json:"attempts"` // All that are kept, also of others.
}

// An Offered terminal is one that a device becomes.
type Offered struct {
	Terminal schema.TerminalID `json:"terminal"`
	Body     schema.BodyCode   `json:"body"`
	Comune   schema.ComuneID   `json:"comune"`
	Office   schema.OfficeCode `json:"office"`
	Channel  schema.Channel    `json:"channel"`
	Services []string          `json:"services"`
	Test     bool              `json:"test"`
}

// claims returns the offers that q may see, the newest first.
func (d *Desk) claims(q *inquiry) []*network.Offer {
	all := slices.DeleteFunc(d.Network.Offers(), func(o *network.Offer) bool { return o.Body != q.body.Code || !seesAll(q, o) })
	slices.Reverse(all)
	return all
}

// seesAll tells whether who asks may see each terminal of an offer.
func seesAll(q *inquiry, o *network.Offer) bool {
	for i := range o.Terminals {
		if !inOffices(&q.who, &o.Terminals[i]) {
			return false
		}
	}
	return true
}

// serveClaims answers GET /v1/bodies/{ipa}/claims.
func (d *Desk) serveClaims(w http.ResponseWriter, q *inquiry) error {
	state, err := oneOf(q.values, "state", string(network.OfferOpen), string(network.OfferUsed), string(network.OfferWithdrawn), string(network.OfferExpired))
	if err != nil {
		return err
	}
	most, err := limit(q.values, claimsDefault, claimsMax)
	if err != nil {
		return err
	}
	all := slices.DeleteFunc(d.claims(q), func(o *network.Offer) bool {
		return state != "" && string(d.Network.OfferState(o.Hash, q.now)) != state
	})
	answer := make([]Claim, min(len(all), most))
	for i := range answer {
		answer[i] = d.claim(all[i], q.now)
	}
	return write(w, http.StatusOK, struct {
		Claims []Claim `json:"claims"`
		Total  int     `json:"total"` // Also those beyond the limit.
	}{answer, len(all)})
}

func (d *Desk) claim(o *network.Offer, now time.Time) Claim {
	c := Claim{
		Hash: o.Hash, State: d.Network.OfferState(o.Hash, now), Created: o.Created, Expires: o.Expires, Withdrawn: at(o.Withdrawn),
		By: o.By, WithdrawnBy: o.WithdrawnBy, Request: o.Request, Attempts: len(d.Network.Attempts(o.Hash)),
	}
	for i := range o.Terminals {
		e := &o.Terminals[i]
		c.Terminals = append(c.Terminals, Offered{e.Terminal, e.Body, e.Comune, e.Office, e.Channel, codesOf(e), e.Test})
	}
	if won, ok := d.Network.Winner(o.Hash); ok {
		c.Device = won.Claim
	}
	return c
}

// A made code, which is told this once.
type made struct {
	Code      string              `json:"code"`
	Hash      network.CodeHash    `json:"hash"`
	URL       string              `json:"url"` // Where a device becomes the terminals; "" where nobody named the page.
	Expires   time.Time           `json:"expires"`
	Terminals []schema.TerminalID `json:"terminals"`
}

// A madeAnswer is the first code and, where more than one was wanted, the others.
type madeAnswer struct {
	made
	More []made `json:"more,omitempty"`
}

// makeClaims answers POST /v1/bodies/{ipa}/claims.
func (d *Desk) makeClaims(w http.ResponseWriter, q *inquiry) error {
	var sent wanted
	if err := desk.Read(w, q.Request, claimBytesMax, &sent); err != nil {
		return err //nolint:wrapcheck // It says it all.
	}
	draft, err := d.draft(q, &sent)
	if err != nil {
		return err
	}
	var codes []made
	err = d.inTurn(q.Context(), func() error {
		if err := d.replaceable(q, sent.ID); err != nil {
			return err
		}
		if err := d.roomFor(q, &sent); err != nil {
			return err
		}
		if err := d.replace(q, sent.ID); err != nil {
			return err
		}
		for range sent.Count {
			code, offer, err := d.Registrar.Make(q.Context(), *draft, q.now)
			if err != nil {
				return desk.Unacknowledged(err)
			}
			codes = append(codes, tell(code, offer, sent.Kiosk))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return write(w, http.StatusCreated, madeAnswer{codes[0], codes[1:]})
}

func tell(code network.Code, o *network.Offer, kiosk string) made {
	m := made{Code: code.String(), Hash: o.Hash, Expires: o.Expires}
	if kiosk != "" {
		m.URL = kiosk + "#c=" + string(code)
	}
	for i := range o.Terminals {
		m.Terminals = append(m.Terminals, o.Terminals[i].Terminal)
	}
	return m
}

// earlier returns the offers that a request of this id has made before.
func (d *Desk) earlier(q *inquiry, id string) []*network.Offer {
	if id == "" {
		return nil
	}
	return slices.DeleteFunc(d.claims(q), func(o *network.Offer) bool { return o.Request != id })
}

// replaceable refuses a request whose codes were used already: they were read.
func (d *Desk) replaceable(q *inquiry, id string) error {
	for _, o := range d.earlier(q, id) {
		if d.Network.OfferState(o.Hash, q.now) == network.OfferUsed {
			return desk.Conflict("claim-used", "The code was used by a device", "a code of the request with this id was used; want a new id for another").With("hash", o.Hash)
		}
	}
	return nil
}

// replace withdraws what the same request has made before. Codes are told once and kept
// nowhere, so an answer that was lost cannot be given again; of all codes that one request
// has made, those of its last answer work, and nobody is left with others.
func (d *Desk) replace(q *inquiry, id string) error {
	for _, o := range d.earlier(q, id) {
		if d.Network.OfferState(o.Hash, q.now) != network.OfferOpen {
			continue
		}
		if err := d.withdraw(q, o.Hash); err != nil {
			return err
		}
	}
	return nil
}

// roomFor refuses what would be too many claims.
func (d *Desk) roomFor(q *inquiry, sent *wanted) error {
	open, count := 0, sent.Count
	var young, again []time.Time
	for _, o := range d.Network.Offers() { // All of the body, whoever sees them.
		isYoung := q.now.Sub(o.Created) < time.Hour
		switch {
		case o.Body != q.body.Code:
		case sent.ID != "" && o.Request == sent.ID:
			if isYoung {
				again = append(again, o.Created)
			}
		default:
			if isYoung {
				young = append(young, o.Created)
			}
			if d.Network.OfferState(o.Hash, q.now) == network.OfferOpen {
				open++
			}
		}
	}
	if wait := waitFor(young, len(young)+count-hourMax, q.now); wait > 0 {
		return tooMany(wait, "want at most %d within an hour", hourMax)
	}
	if wait := waitFor(again, len(again)+count-againMax, q.now); wait > 0 {
		return tooMany(wait, "one request: want at most %d within an hour", againMax)
	}
	if open+count > openMax {
		return desk.Conflict("too-many-open-claims", "The body has too many claims that nobody used",
			fmt.Sprintf("there are %d: want at most %d; withdraw some, or wait until they expire", open, openMax))
	}
	return nil
}

// waitFor returns when the first over of times, which are ascending, are an hour old.
func waitFor(times []time.Time, over int, now time.Time) time.Duration {
	if over <= 0 {
		return 0
	}
	return max(time.Second, times[min(over, len(times))-1].Add(time.Hour).Sub(now).Round(time.Second))
}

func tooMany(wait time.Duration, format string, args ...any) error {
	return &desk.Refusal{
		Status: http.StatusTooManyRequests, Type: "too-many-claims", Title: "The body has made too many claims",
		Detail: fmt.Sprintf(format, args...), Retry: wait,
	}
}

// withdrawClaim answers DELETE /v1/bodies/{ipa}/claims/{hash}.
func (d *Desk) withdrawClaim(w http.ResponseWriter, q *inquiry) error {
	if err := noBody(q.Request); err != nil {
		return err
	}
	hash, err := network.ParseCodeHash(q.PathValue("hash"))
	o := d.Network.Offer(hash)
	if err != nil || o == nil || o.Body != q.body.Code || !seesAll(q, o) {
		return desk.NotFound("the body has no such claim; GET /v1/bodies/" + string(q.body.Code) + "/claims lists those that it has, by hash")
	}
	if err := d.withdraw(q, hash); err != nil {
		return err
	}
	return write(w, http.StatusOK, d.claim(d.Network.Offer(hash), d.Now()))
}

// withdraw ends an offer. A device may be first.
func (d *Desk) withdraw(q *inquiry, hash network.CodeHash) error {
	err := d.Registrar.WithdrawBy(q.Context(), hash, q.by(), q.now)
	if d.Network.OfferState(hash, q.now) == network.OfferUsed {
		return desk.Conflict("claim-used", "The code was used by a device", "close or revoke its terminals instead").With("hash", hash)
	}
	if err != nil {
		return desk.Unacknowledged(err)
	}
	return nil
}
