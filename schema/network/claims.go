package network

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"mlf/schema"
)

// Who wins an offer.
//
// Several devices may send the same code at once, to several processes. Each process
// appends a redemption and then reads the topic until it sees its own. Records have one
// order, so all of them see the same one first, and whoever is not first knows it. Nobody
// has to be asked, and no lock can be left behind.
//
// A topic that is compacted does not keep all of that order. An append that was tried
// twice may have left a record twice, and of the two the later one stays; a topic that was
// put back from an archive has its keys in another order. So what was decided is also
// written down where nothing replaces it: the terminals carry the claim that enrolled them
// (schema.Enrolment.Device), and what they say goes before the order.
//
// An offer's record is written anew to withdraw it, and only the later of the two stays.
// So a withdrawal comes in order, too, and by its time: what was tried after it, by either,
// is late.

// A claim is what is known of one code.
type claim struct {
	offer     *Offer // Nil: not read yet.
	withdrawn uint64 // The number of the record that first said so; 0 for none.
	attempts  []attempt
}

// An attempt is a redemption and its place in the order of records.
type attempt struct {
	Redemption
	key    string
	number uint64
}

func (n *Network) applyClaim(key string, value []byte) error {
	parts := strings.Split(strings.TrimPrefix(key, schema.ClaimKeyPrefix), "/")
	hash, err := ParseCodeHash(parts[0])
	switch {
	case err != nil:
		return err
	case len(parts) == 1:
		return n.applyOffer(key, value)
	case len(parts) != 3 || !isName(parts[2], schema.DeviceMax):
		return fmt.Errorf("want a key of %shash/claim/number", schema.ClaimKeyPrefix)
	}
	var r Redemption
	if err := json.Unmarshal(value, &r); err != nil {
		return err //nolint:wrapcheck // Apply says which record.
	}
	if err := r.validate(); err != nil {
		return err
	}
	if string(r.Claim) != parts[1] {
		return fmt.Errorf("its value is of claim %s", r.Claim)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.claim(hash)
	if !slices.ContainsFunc(c.attempts, func(a attempt) bool { return a.key == key }) {
		c.attempts = append(c.attempts, attempt{r, key, n.next()})
	}
	return nil
}

func (n *Network) applyOffer(key string, value []byte) error {
	o := new(Offer)
	if err := read(key, value, o, o.RegistryRecord); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.claim(o.Hash)
	number := n.next()
	switch known := c.offer; {
	case !o.Withdrawn.IsZero() && c.withdrawn == 0:
		c.withdrawn = number
	case known != nil && !known.Withdrawn.IsZero():
		o.Withdrawn = known.Withdrawn // The topic is read from its beginning again.
		o.WithdrawnBy = known.WithdrawnBy
	}
	c.offer = o
	for i := range o.Terminals {
		t := &o.Terminals[i]
		n.offered[t.Terminal] = o.Hash
		n.ordinals[t.Comune] = max(n.ordinals[t.Comune], t.Ordinal+1)
	}
	return nil
}

// claim returns what is known of a code, and makes room for it. n is locked.
func (n *Network) claim(hash CodeHash) *claim {
	if n.claims[hash] == nil {
		n.claims[hash] = new(claim)
	}
	return n.claims[hash]
}

// next returns the number of a record, and wakes who waits for it. n is locked.
func (n *Network) next() uint64 {
	close(n.changed)
	n.changed = make(chan struct{})
	n.records++
	return n.records
}

// Await waits until the record of the given key was applied, a redemption's or, of an offer,
// the one that withdraws it; and with it all that came before it on the topic.
func (n *Network) Await(ctx context.Context, key string) error {
	hash, _, tried := strings.Cut(strings.TrimPrefix(key, schema.ClaimKeyPrefix), "/")
	of, err := ParseCodeHash(hash)
	if err != nil {
		return err
	}
	for {
		n.mu.RLock()
		c, changed := n.claims[of], n.changed
		there := c != nil && !tried && c.withdrawn > 0 ||
			c != nil && slices.ContainsFunc(c.attempts, func(a attempt) bool { return a.key == key })
		n.mu.RUnlock()
		if there {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for registry record %.200s: %w", key, ctx.Err())
		}
	}
}

// Offer returns the offer of a code; nil for none.
func (n *Network) Offer(hash CodeHash) *Offer {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if c := n.claims[hash]; c != nil {
		return c.offer
	}
	return nil
}

// Offers returns every offer, by time and hash.
func (n *Network) Offers() []*Offer {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var offers []*Offer
	for _, c := range n.claims {
		if c.offer != nil {
			offers = append(offers, c.offer)
		}
	}
	slices.SortFunc(offers, func(a, b *Offer) int {
		if order := a.Created.Compare(b.Created); order != 0 {
			return order
		}
		return strings.Compare(a.Hash.String(), b.Hash.String())
	})
	return offers
}

// Attempts returns the redemptions of a code, in the order of the topic. The slice is the
// caller's.
func (n *Network) Attempts(hash CodeHash) []Redemption {
	n.mu.RLock()
	defer n.mu.RUnlock()
	c := n.claims[hash]
	if c == nil {
		return nil
	}
	attempts := make([]Redemption, len(c.attempts))
	for i, a := range c.attempts {
		attempts[i] = a.Redemption
	}
	return attempts
}

// Winner returns the redemption that an offer's terminals are, or will be, enrolled by;
// false for none so far. Once there is one it stays.
func (n *Network) Winner(hash CodeHash) (Redemption, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	c := n.claims[hash]
	if c == nil || c.offer == nil {
		return Redemption{}, false
	}
	if device := n.deviceOf(c.offer); device != "" {
		i := slices.IndexFunc(c.attempts, func(a attempt) bool { return a.Claim == device })
		if i < 0 {
			return Redemption{Claim: device}, true // Of a topic that was put back in part.
		}
		return c.attempts[i].Redemption, true
	}
	for _, a := range c.attempts {
		if c.fits(&a) {
			return a.Redemption, true
		}
	}
	return Redemption{}, false
}

// deviceOf returns the claim that terminals of an offer carry; empty where none is enrolled.
func (n *Network) deviceOf(o *Offer) ClaimID {
	for i := range o.Terminals {
		if e := n.terminals.ByID(o.Terminals[i].Terminal); e != nil && e.Device != "" {
			return ClaimID(e.Device)
		}
	}
	return ""
}

// fits tells whether a may win: it has a token for each terminal, in time.
func (c *claim) fits(a *attempt) bool {
	if len(a.Tokens) != len(c.offer.Terminals) || !a.At.Before(c.offer.Expires) {
		return false
	}
	return c.withdrawn == 0 || a.number < c.withdrawn && a.At.Before(c.offer.Withdrawn)
}

// An OfferState is what became of an offer.
type OfferState string

// The states of an offer. One that was redeemed is used, whatever came after.
const (
	OfferOpen      OfferState = "open"
	OfferUsed      OfferState = "used"
	OfferWithdrawn OfferState = "withdrawn"
	OfferExpired   OfferState = "expired"
)

// OfferState returns what became of the offer of a code by a time; empty where there is none.
func (n *Network) OfferState(hash CodeHash, now time.Time) OfferState {
	o := n.Offer(hash)
	_, won := n.Winner(hash)
	switch {
	case o == nil:
		return ""
	case won:
		return OfferUsed
	case !o.Withdrawn.IsZero():
		return OfferWithdrawn
	case !now.Before(o.Expires):
		return OfferExpired
	}
	return OfferOpen
}
