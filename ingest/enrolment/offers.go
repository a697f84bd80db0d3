package enrolment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mlf/schema"
	"mlf/schema/network"
)

// A NetworkRegistry is the registry topic for who reads bodies, orders and offers.
type NetworkRegistry interface {
	// ReadRecords gives apply what the topic held when it was called, in order.
	ReadRecords(ctx context.Context, apply func(key string, value []byte) error) error

	// PutRegistry appends a record, durably. After an error it may be there or not.
	// Safe for use by several goroutines.
	PutRegistry(ctx context.Context, key string, value []byte) error
}

// ReadNetwork reads the registry topic, terminals and network.
func ReadNetwork(ctx context.Context, r NetworkRegistry) (*network.Network, error) {
	n := network.New(new(schema.Terminals))
	if err := r.ReadRecords(ctx, applyTo(n)); err != nil {
		return nil, err
	}
	n.SetComplete()
	n.Terminals().SetComplete()
	return n, nil
}

// applyTo returns what applies a record to n and to its terminals, these first: a winner
// that is enrolled is never doubted.
func applyTo(n *network.Network) func(key string, value []byte) error {
	return func(key string, value []byte) error {
		return errors.Join(n.Terminals().Apply(key, value), n.Apply(key, value))
	}
}

// What becomes of a code that cannot be redeemed. Each says who could do what about it.
var (
	ErrUnknown = errors.New("no such code: it is mistyped, or was never made")
	ErrAttempt = errors.New("attempt cannot be taken")
	ErrUsed    = errors.New("code was used by another device")
	ErrGone    = errors.New("code is expired or withdrawn")
)

// Offers makes offers and redeems them. Safe for use by several goroutines, of several
// processes on one topic.
type Offers struct {
	registry NetworkRegistry
	network  *network.Network
	followed bool // Somebody else applies the topic to network.

	mu sync.Mutex // Held while an offer is numbered.
}

// NewOffers reads the registry topic, and reads it again whenever it has to know more.
func NewOffers(ctx context.Context, r NetworkRegistry) (*Offers, error) {
	n, err := ReadNetwork(ctx, r)
	if err != nil {
		return nil, err
	}
	return &Offers{registry: r, network: n}, nil
}

// FollowedOffers is of a process that follows the registry topic: each record is applied
// to n, and to its terminals before that, within moments.
func FollowedOffers(r NetworkRegistry, n *network.Network) *Offers {
	return &Offers{registry: r, network: n, followed: true}
}

// Network returns what o knows.
func (o *Offers) Network() *network.Network { return o.network }

// Create makes a code by which a device becomes the terminals that templates describe: it
// fills in their ids, ordinals and slots, and the body where they name none. The code is
// returned this once.
func (o *Offers) Create(ctx context.Context, body schema.BodyCode, templates []schema.Enrolment, now time.Time) (network.Code, *network.Offer, error) {
	return o.Make(ctx, network.Offer{Body: body, Terminals: templates}, now)
}

// Make is Create of a draft: of its body, terminals, and whose wish it is.
func (o *Offers) Make(ctx context.Context, draft network.Offer, now time.Time) (network.Code, *network.Offer, error) {
	body := draft.Body
	if o.network.Body(body) == nil {
		return "", nil, fmt.Errorf("body %s: it has not joined; mlf body add joins it", body)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	code := network.NewCode()
	now = now.UTC().Truncate(time.Millisecond)
	offer := &network.Offer{Hash: code.Hash(), Body: body, Created: now, Expires: now.Add(network.OfferLife), Request: draft.Request, By: draft.By}
	ordinals := make(map[schema.ComuneID]uint32)
	for _, t := range draft.Terminals {
		if _, known := ordinals[t.Comune]; !known {
			ordinals[t.Comune] = o.network.NextOrdinal(t.Comune)
		}
		if t.Body == "" {
			t.Body = body
		}
		t.Terminal = schema.NewTerminalID()
		t.Ordinal = ordinals[t.Comune]
		t.Slot = schema.SlotOf(t.Comune, t.Ordinal)
		ordinals[t.Comune]++
		offer.Terminals = append(offer.Terminals, t)
	}
	if err := o.write(ctx, offer.RegistryRecord); err != nil {
		return "", nil, fmt.Errorf("write an offer of %s: %w", body, err)
	}
	return code, offer, nil
}

// Preview returns what a code is for, and what became of it.
func (o *Offers) Preview(ctx context.Context, code string, now time.Time) (*network.Offer, network.OfferState, error) {
	offer, err := o.find(ctx, code)
	if err != nil {
		return nil, "", err
	}
	return offer, o.network.OfferState(offer.Hash, now), nil
}

// find returns the offer of a code as somebody typed it.
func (o *Offers) find(ctx context.Context, text string) (*network.Offer, error) {
	code, err := network.ParseCode(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	if offer := o.network.Offer(code.Hash()); offer != nil {
		return offer, nil
	}
	if err := o.readOn(ctx); err != nil { // It may have been made since.
		return nil, err
	}
	if offer := o.network.Offer(code.Hash()); offer != nil {
		return offer, nil
	}
	return nil, ErrUnknown
}

// Withdraw ends an offer that nobody has redeemed. ErrUsed tells that somebody has.
func (o *Offers) Withdraw(ctx context.Context, hash network.CodeHash, now time.Time) error {
	return o.WithdrawBy(ctx, hash, "", now)
}

// WithdrawBy is Withdraw, and notes whose wish it was.
func (o *Offers) WithdrawBy(ctx context.Context, hash network.CodeHash, by schema.By, now time.Time) error {
	if err := o.readOn(ctx); err != nil {
		return err
	}
	offer := o.network.Offer(hash)
	if offer == nil {
		return ErrUnknown
	}
	if _, won := o.network.Winner(hash); won {
		return ErrUsed
	}
	if !offer.Withdrawn.IsZero() { // Once: the first record that says so decides.
		return nil
	}
	withdrawn := *offer
	withdrawn.Withdrawn, withdrawn.WithdrawnBy = now.UTC(), by
	key, value, err := withdrawn.RegistryRecord()
	if err != nil {
		return err
	}
	// Applied when it is read, in its order: a redemption may be before it.
	if err := o.registry.PutRegistry(ctx, key, value); err != nil {
		return fmt.Errorf("withdraw an offer of %s: %w", offer.Body, err)
	}
	if err := o.readTo(ctx, key); err != nil {
		return err
	}
	if _, won := o.network.Winner(hash); won {
		return ErrUsed
	}
	return nil
}

// A Redeemed is what a device has become.
type Redeemed struct {
	Device    string              `json:"device"`
	Terminals []*schema.Enrolment `json:"terminals"` // In the order of the offer.
}

// attemptsMax is how many attempts on one code are kept for its owner to see. Those who
// hold a code that was used may try for ever.
const attemptsMax = 8

// An Attempt is what a device sends to redeem a code.
type Attempt struct {
	Code   string // As it was typed.
	Claim  string // A UUID, the same however often the attempt is repeated.
	Tokens []schema.TokenHash
}

// Redeem makes a device's terminals of a code, where no other device was first. Steps: the
// attempt goes on the topic; the topic is read on; whoever is first there wins; its
// terminals go on the topic. It may end between any two of them, or without an answer, and
// be repeated with the same claim and tokens: it goes on where it ended.
//
// The errors wrap ErrUnknown, ErrAttempt, ErrUsed or ErrGone, or say why the topic could
// not be reached.
func (o *Offers) Redeem(ctx context.Context, a Attempt, now time.Time) (*Redeemed, error) {
	offer, err := o.find(ctx, a.Code)
	if err != nil {
		return nil, err
	}
	r, err := network.NewRedemption(a.Claim, a.Tokens, now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAttempt, err)
	}
	if err := o.check(offer, r); err != nil {
		return nil, err
	}
	won, ok := o.network.Winner(offer.Hash)
	switch {
	case ok && !same(won, r):
		return nil, errors.Join(ErrUsed, o.leave(ctx, offer, r))
	case !ok:
		if state := o.network.OfferState(offer.Hash, now); state != network.OfferOpen {
			return nil, fmt.Errorf("%w: it is %s", ErrGone, state)
		}
		if err := o.compete(ctx, offer, r); err != nil {
			return nil, err
		}
	}
	return o.enrol(ctx, offer, r)
}

// check refuses tokens that are too few or too many, or somebody's.
func (o *Offers) check(offer *network.Offer, r *network.Redemption) error {
	if len(r.Tokens) != len(offer.Terminals) {
		return fmt.Errorf("%w: %d hashes of tokens: want %d, one for each terminal", ErrAttempt, len(r.Tokens), len(offer.Terminals))
	}
	for i, h := range r.Tokens {
		if e := o.network.Terminals().ByHash(h); e != nil && e.Terminal != offer.Terminals[i].Terminal {
			return fmt.Errorf("%w: hash %d is of a token that is in use: want new ones", ErrAttempt, i+1)
		}
	}
	return nil
}

// same tells whether the winner is who asks. Its tokens are not known where the topic was
// put back in part.
func same(won network.Redemption, r *network.Redemption) bool {
	return won.Claim == r.Claim && (won.Tokens == nil || slices.Equal(won.Tokens, r.Tokens))
}

// compete appends r and waits until it is known who was first.
func (o *Offers) compete(ctx context.Context, offer *network.Offer, r *network.Redemption) error {
	key, value, err := r.RegistryRecord(offer.Hash)
	if err != nil {
		return err
	}
	if err := o.registry.PutRegistry(ctx, key, value); err != nil {
		return fmt.Errorf("redeem a code of %s: %w", offer.Body, err)
	}
	if err := o.readTo(ctx, key); err != nil {
		return err
	}
	won, ok := o.network.Winner(offer.Hash)
	switch {
	case !ok:
		return ErrGone // Withdrawn meanwhile.
	case !same(won, r):
		return ErrUsed
	}
	return nil
}

// leave puts an attempt on a used code where its owner can see it. It decides nothing.
func (o *Offers) leave(ctx context.Context, offer *network.Offer, r *network.Redemption) error {
	attempts := o.network.Attempts(offer.Hash)
	if len(attempts) >= attemptsMax || slices.ContainsFunc(attempts, func(a network.Redemption) bool { return a.Claim == r.Claim }) {
		return nil
	}
	return o.write(ctx, func() (string, []byte, error) { return r.RegistryRecord(offer.Hash) })
}

// decided is how long after a decision its terminals may be written. A process that was
// frozen for longer decides again: by then the topic may have been compacted.
const decided = time.Minute

// enrol writes those terminals of the winner that are not there yet. One that is there has
// perhaps another token by now, and keeps it.
func (o *Offers) enrol(ctx context.Context, offer *network.Offer, r *network.Redemption) (*Redeemed, error) {
	ctx, cancel := context.WithTimeout(ctx, decided)
	defer cancel()
	done := &Redeemed{Device: string(r.Claim)}
	terminals := o.network.Terminals()
	for i := range offer.Terminals {
		e := offer.Terminals[i]
		if terminals.ByID(e.Terminal) == nil {
			e.Token, e.Device = r.Tokens[i], string(r.Claim)
			if err := o.write(ctx, e.RegistryRecord); err != nil {
				return nil, fmt.Errorf("write enrolment of %v: %w", e.Terminal, err)
			}
		}
		done.Terminals = append(done.Terminals, terminals.ByID(e.Terminal))
	}
	return done, nil
}

// write puts one record, and takes it at once: nothing that may be before it matters to it.
func (o *Offers) write(ctx context.Context, record func() (key string, value []byte, err error)) error {
	key, value, err := record()
	if err != nil {
		return err
	}
	if err := o.registry.PutRegistry(ctx, key, value); err != nil {
		return err
	}
	return applyTo(o.network)(key, value)
}

// readOn reads what others have written, where nobody else does.
func (o *Offers) readOn(ctx context.Context) error {
	if o.followed {
		return nil
	}
	return o.registry.ReadRecords(ctx, applyTo(o.network))
}

// readTo reads until the record of a key was applied that was just written.
func (o *Offers) readTo(ctx context.Context, key string) error {
	if err := o.readOn(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, decided)
	defer cancel()
	return o.network.Await(ctx, key)
}
