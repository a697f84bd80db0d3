// Package setup is how a device becomes a terminal, and what it then asks of citizens: it
// shows whoever has a code what it is for, redeems it, and tells terminals their
// configuration.
//
// It knows offers, enrolments and labels, and who tries codes out. It must not know HTTP
// or Kafka, or what a vote is.
package setup

import (
	"net/netip"
	"time"

	"mlf/ingest/enrolment"
	"mlf/ingest/pace"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// The paths.
const (
	ConfigPath  = "/v1/terminals/self/config"
	ClaimsPath  = "/v1/claims"
	PreviewPath = "/v1/claims/preview"
)

// BodyMax is the longest body of a claim, in bytes, as sent and decoded: a code and the
// hashes of network.OfferTerminalsMax tokens are some 2,300.
const BodyMax = 8 << 10

// The limits of claims.
const (
	// wrongMax is the most wrong codes of one network of clients within wrongWindow, give
	// or take those that are looked up at the same moment. Of the 51.8 bits of a code,
	// ten tries an hour find nothing in its day.
	wrongMax    = 10
	wrongWindow = time.Hour

	// guessersMax is the most networks remembered, some 150 bytes each. Beyond it, who
	// is not known yet and has a wrong code is told to come later.
	guessersMax = 1 << 16

	// claimsMax is the most claims that are decided at once: each waits for Kafka twice
	// and once more for each terminal, and votes are to notice nothing of it.
	claimsMax = 8

	// claimMax is the longest that one may take. What was not decided then is by its
	// repetition.
	claimMax = 10 * time.Second
)

// A Desk sets devices up. Safe for concurrent use.
type Desk struct {
	offers    *enrolment.Offers
	lists     *registry.Registry
	watermark string
	wrong     *pace.Pace[netip.Prefix]
	room      chan struct{}
}

// New returns a desk for offers. lists has the labels; watermark is the address of the
// watermark as terminals are told it, "" where they are to ask where they send votes.
func New(offers *enrolment.Offers, lists *registry.Registry, watermark string) *Desk {
	return &Desk{
		offers: offers, lists: lists, watermark: watermark,
		wrong: pace.New[netip.Prefix](wrongMax, wrongWindow, guessersMax),
		room:  make(chan struct{}, claimsMax),
	}
}

// Ready tells whether an unknown code is one that was never made.
func (d *Desk) Ready() bool {
	n := d.offers.Network()
	return n.Complete() && n.Terminals().Complete()
}

// nameOf returns what citizens call whoever e is of: its body, else its comune.
func (d *Desk) nameOf(e *schema.Enrolment) string {
	if b := d.offers.Network().Body(e.Body); b != nil {
		return b.Name
	}
	if c, ok := d.lists.Comune(e.Comune); ok {
		return c.Name
	}
	return e.Comune.String()
}

// problemOf is why a code that is known cannot be redeemed.
func problemOf(state network.OfferState) (Problem, bool) {
	switch state {
	case network.OfferUsed:
		return Used, true
	case network.OfferExpired:
		return Expired, true
	case network.OfferWithdrawn:
		return Withdrawn, true
	default:
		return 0, false
	}
}
