package network

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"mlf/schema"
)

// OfferLife is how long a code may be used: long enough to carry it to the counter, too
// short to try codes out.
const OfferLife = 24 * time.Hour

// OfferTerminalsMax is the most terminals of one device: a totem of several bodies has one
// for each, and a union has about as many members.
const OfferTerminalsMax = 32

// An Offer is what a code is for: the terminals that a device becomes by it. All of them
// but their tokens is fixed when it is made, so that whoever redeems it decides nothing.
// Only Withdrawn ever changes, and who did that.
type Offer struct {
	Hash      CodeHash           `json:"code_sha256"`
	Body      schema.BodyCode    `json:"body"`      // Who made it.
	Terminals []schema.Enrolment `json:"terminals"` // With id, ordinal and slot, without a token.
	Created   time.Time          `json:"created"`
	Expires   time.Time          `json:"expires"`
	Withdrawn time.Time          `json:"withdrawn,omitzero"`

	Request     string    `json:"request,omitempty"` // By which request it was made, where that said: a UUID.
	By          schema.By `json:"by,omitempty"`      // Who made it,
	WithdrawnBy schema.By `json:"withdrawn_by,omitempty"`
}

// Validate refuses an offer that could not be redeemed.
func (o *Offer) Validate() error {
	if code, err := schema.ParseBody(string(o.Body)); err != nil || code != o.Body {
		return fmt.Errorf("offer: body %.40q: want an IPA code in small letters", o.Body)
	}
	if len(o.Terminals) < 1 || len(o.Terminals) > OfferTerminalsMax {
		return fmt.Errorf("offer of %s: %d terminals: want 1 to %d", o.Body, len(o.Terminals), OfferTerminalsMax)
	}
	if o.Created.IsZero() || !o.Expires.After(o.Created) {
		return fmt.Errorf("offer of %s: created %v, expires %v: want an end after the beginning", o.Body, o.Created, o.Expires)
	}
	var ids []schema.TerminalID
	for i := range o.Terminals {
		t := &o.Terminals[i]
		if err := t.Validate(); err != nil {
			return fmt.Errorf("offer of %s: %w", o.Body, err)
		}
		if slices.Contains(ids, t.Terminal) || t.Token != (schema.TokenHash{}) || t.Device != "" || t.Revoked {
			return fmt.Errorf("offer of %s: terminal %v: want each once, without a token and a device, and not revoked", o.Body, t.Terminal)
		}
		ids = append(ids, t.Terminal)
	}
	return nil
}

// RegistryRecord returns the key and value under which the registry topic keeps o.
func (o *Offer) RegistryRecord() (key string, value []byte, err error) {
	if err := o.Validate(); err != nil {
		return "", nil, err
	}
	value, err = json.Marshal(o)
	return schema.ClaimKeyPrefix + o.Hash.String(), value, err
}

// A ClaimID is the UUID that a device gives its claim, whatever it takes to be answered.
// It becomes the device's name.
type ClaimID string

// ParseClaimID reads a UUID of any version as 8-4-4-4-12 digits of hexadecimal, in any
// case, and returns it in small letters.
func ParseClaimID(text string) (ClaimID, error) {
	bad := len(text) != schema.DeviceMax
	for i := range len(text) {
		if hyphen := i == 8 || i == 13 || i == 18 || i == 23; hyphen {
			bad = bad || text[i] != '-'
		} else {
			bad = bad || strings.IndexByte("0123456789abcdefABCDEF", text[i]) < 0
		}
	}
	if bad {
		return "", fmt.Errorf("claim %.40q: want a UUID like 4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c01", text)
	}
	return ClaimID(strings.ToLower(text)), nil
}

// A Redemption is an attempt to make use of an offer. Each has a key of its own on the
// registry topic, with a random part, so that under compaction none ever takes the place
// of another: the log has all of them, in their order.
type Redemption struct {
	Claim  ClaimID            `json:"claim"`
	Tokens []schema.TokenHash `json:"token_sha256"` // One for each terminal of the offer, in their order.
	At     time.Time          `json:"at"`           // By the clock of who took it.
}

// RegistryRecord returns the key and value under which the registry topic keeps r, an
// attempt on the offer of hash. Each call returns another key.
func (r *Redemption) RegistryRecord(hash CodeHash) (key string, value []byte, err error) {
	if err := r.validate(); err != nil {
		return "", nil, err
	}
	var nonce [8]byte
	_, _ = rand.Read(nonce[:]) // Never fails (crypto/rand, Go 1.24).
	value, err = json.Marshal(r)
	return strings.Join([]string{schema.ClaimKeyPrefix + hash.String(), string(r.Claim), hex.EncodeToString(nonce[:])}, "/"), value, err
}

func (r *Redemption) validate() error {
	if id, err := ParseClaimID(string(r.Claim)); err != nil || id != r.Claim {
		return fmt.Errorf("redemption: claim %.40q: want a UUID in small letters", r.Claim)
	}
	if len(r.Tokens) < 1 || len(r.Tokens) > OfferTerminalsMax || r.At.IsZero() {
		return fmt.Errorf("redemption %s: %d hashes of tokens, at %v: want 1 to %d, and a time", r.Claim, len(r.Tokens), r.At, OfferTerminalsMax)
	}
	for i, t := range r.Tokens {
		if t == (schema.TokenHash{}) || slices.Contains(r.Tokens[:i], t) {
			return fmt.Errorf("redemption %s: hash %d is zero or there twice: want a token of its own for each terminal", r.Claim, i+1)
		}
	}
	return nil
}

// NewRedemption returns an attempt with these hashes, or says what is wrong with it.
func NewRedemption(claim string, tokens []schema.TokenHash, at time.Time) (*Redemption, error) {
	id, err := ParseClaimID(claim)
	if err != nil {
		return nil, err
	}
	r := &Redemption{Claim: id, Tokens: slices.Clone(tokens), At: at.UTC()}
	return r, r.validate()
}
