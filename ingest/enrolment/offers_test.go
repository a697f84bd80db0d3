package enrolment_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mlf/ingest/enrolment"
	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

const offeredAt = 1_795_770_000 // 2026-11-27T09:00:00Z, in seconds.

func now() time.Time { return time.Unix(offeredAt, 0).UTC() }

func newOffers(t *testing.T, r enrolment.NetworkRegistry) *enrolment.Offers {
	t.Helper()
	o, err := enrolment.NewOffers(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// join makes Roma a body.
func join(t *testing.T, r enrolment.NetworkRegistry) {
	t.Helper()
	roma := network.Body{Code: "c_h501", Type: network.TypeComune, Name: "Roma Capitale", Joined: registry.DateOf(now()), Members: []network.Member{{Comune: 58091}}}
	key, value, err := roma.RegistryRecord()
	if err == nil {
		err = r.PutRegistry(t.Context(), key, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// create makes an offer of two terminals.
func create(t *testing.T, o *enrolment.Offers) (network.Code, *network.Offer) {
	t.Helper()
	code, offer, err := o.Create(t.Context(), "c_h501", []schema.Enrolment{template(58091), template(58091)}, now())
	if err != nil {
		t.Fatal(err)
	}
	return code, offer
}

// attempt is device n's, whose tokens are "n-0" and "n-1".
func attempt(code network.Code, n int) enrolment.Attempt {
	return enrolment.Attempt{
		Code: code.String(), Claim: fmt.Sprintf("00000000-0000-4000-8000-%012x", n),
		Tokens: []schema.TokenHash{schema.HashToken(fmt.Append(nil, n, "-0")), schema.HashToken(fmt.Append(nil, n, "-1"))},
	}
}

// isDevices tells whether the offer's terminals are those of device n, as a reader of the
// topic sees them.
func isDevices(t *testing.T, r enrolment.NetworkRegistry, offer *network.Offer, n int) {
	t.Helper()
	read, err := enrolment.ReadNetwork(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range offer.Terminals {
		got := read.Terminals().ByToken(fmt.Append(nil, n, "-", i))
		if got == nil || got.Terminal != want.Terminal || got.Slot != want.Slot || got.Ordinal != want.Ordinal || got.Body != "c_h501" ||
			got.Device != attempt("", n).Claim || !got.Since.Equal(want.Since) || got.Comune != 58091 {
			t.Errorf("terminal %d: got %+v, want %+v with the token of device %d", i, got, want, n)
		}
	}
}

func TestRedeem(t *testing.T) {
	client := newClient(t)
	join(t, client)
	enrolOne(t, newEnroller(t, client)) // Ordinal 0.
	o := newOffers(t, client)
	code, offer := create(t, o)
	other, after := create(t, o)
	if offer.Terminals[0].Ordinal != 1 || offer.Terminals[1].Ordinal != 2 || after.Terminals[0].Ordinal != 3 || other == code || !offer.Expires.Equal(now().Add(24*time.Hour)) {
		t.Errorf("got %+v and %+v, want the ordinals after those that are taken", offer, after)
	}
	if got, state, err := o.Preview(t.Context(), "  "+code.String(), now()); err != nil || got.Hash != offer.Hash || state != network.OfferOpen {
		t.Errorf("got %v, %v, %v, want an open offer", got, state, err)
	}
	f := func(want error, a enrolment.Attempt, at time.Time) {
		t.Helper()
		if _, err := o.Redeem(t.Context(), a, at); !errors.Is(err, want) {
			t.Errorf("%+v at %v: got %v, want %v", a, at, err, want)
		}
	}
	few, wrong, mixed := attempt(code, 1), attempt(code, 1), attempt(code, 1)
	few.Tokens, wrong.Claim, mixed.Tokens[1] = few.Tokens[:1], "x", mixed.Tokens[0]
	f(enrolment.ErrUnknown, attempt("BCDFGHJKLMNP", 1), now())
	f(enrolment.ErrUnknown, enrolment.Attempt{Code: "?"}, now())
	f(enrolment.ErrAttempt, few, now())
	f(enrolment.ErrAttempt, wrong, now())
	f(enrolment.ErrAttempt, mixed, now())
	f(enrolment.ErrGone, attempt(code, 1), offer.Expires)

	got, err := o.Redeem(t.Context(), attempt(code, 1), now())
	if err != nil || got.Device != attempt("", 1).Claim || len(got.Terminals) != 2 || got.Terminals[1].Terminal != offer.Terminals[1].Terminal {
		t.Fatalf("got %+v, %v, want the two terminals", got, err)
	}
	isDevices(t, client, offer, 1)
	f(nil, attempt(code, 1), now())         // Again,
	f(nil, attempt(code, 1), offer.Expires) // and late: it had won.
	f(enrolment.ErrUsed, attempt(code, 2), now())
	f(enrolment.ErrUsed, attempt(code, 2), now())
	stolen, changed := attempt(other, 3), attempt(code, 1)
	stolen.Tokens[1] = attempt(code, 1).Tokens[0]
	changed.Tokens[0] = schema.HashToken([]byte("another"))
	f(enrolment.ErrAttempt, stolen, now())
	f(enrolment.ErrUsed, changed, now())
	if got := o.Network().Attempts(offer.Hash); len(got) != 2 {
		t.Errorf("got %d attempts, want both that were made", len(got))
	}
	for n := 10; n < 30; n++ { // Whoever has the code may try on; what is kept of it is little.
		f(enrolment.ErrUsed, attempt(code, n), now())
	}
	if got := o.Network().Attempts(offer.Hash); len(got) != 8 {
		t.Errorf("got %d attempts, want 8", len(got))
	}
	isDevices(t, client, offer, 1)

	// A token that was replaced since stays so, however often the device repeats.
	if _, err := newEnroller(t, client).Change(t.Context(), offer.Terminals[0].Terminal, newToken("third")); err != nil {
		t.Fatal(err)
	}
	if _, err := newOffers(t, client).Redeem(t.Context(), attempt(code, 1), now()); err != nil {
		t.Error(err)
	}
	if e := newEnroller(t, client).Terminals().ByToken([]byte("third")); e == nil || e.Device != attempt("", 1).Claim {
		t.Errorf("got %+v, want the terminal with its new token", e)
	}
	if _, _, err := o.Create(t.Context(), "c_x", []schema.Enrolment{template(58091)}, now()); err == nil {
		t.Error("a body that nobody knows made an offer")
	}
}

func TestWithdraw(t *testing.T) {
	client := newClient(t)
	join(t, client)
	o := newOffers(t, client)
	code, offer := create(t, o)
	for range 2 {
		if err := newOffers(t, client).Withdraw(t.Context(), offer.Hash, now()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := newOffers(t, client).Redeem(t.Context(), attempt(code, 1), now()); !errors.Is(err, enrolment.ErrGone) {
		t.Errorf("got %v, want %v", err, enrolment.ErrGone)
	}
	// A process that does not know of it yet appends its attempt, and reads on.
	if _, err := o.Redeem(t.Context(), attempt(code, 2), now()); !errors.Is(err, enrolment.ErrGone) {
		t.Errorf("got %v, want %v", err, enrolment.ErrGone)
	}
	used, redeemed := create(t, o)
	if _, err := newOffers(t, client).Redeem(t.Context(), attempt(used, 3), now()); err != nil {
		t.Fatal(err)
	}
	if err := o.Withdraw(t.Context(), redeemed.Hash, now().Add(time.Minute)); !errors.Is(err, enrolment.ErrUsed) {
		t.Errorf("got %v, want %v", err, enrolment.ErrUsed)
	}
	if err := o.Withdraw(t.Context(), network.CodeHash{}, now()); !errors.Is(err, enrolment.ErrUnknown) {
		t.Errorf("got %v, want %v", err, enrolment.ErrUnknown)
	}
	isDevices(t, client, redeemed, 3)
}

// TestRace: two devices send one code to two processes at the same moment, a hundred
// times. One of them wins, the other knows that it did not, and the log agrees.
func TestRace(t *testing.T) {
	client := newClient(t)
	join(t, client)
	maker := newOffers(t, client)
	first, second := newOffers(t, client), newOffers(t, client)
	wins := [2]int{}
	for i := range 100 {
		code, offer := create(t, maker)
		var errs [2]error
		var group sync.WaitGroup
		for k, o := range []*enrolment.Offers{first, second} {
			group.Go(func() { _, errs[k] = o.Redeem(t.Context(), attempt(code, 2*i+k), now()) })
		}
		group.Wait()
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		if errs[winner] != nil || !errors.Is(errs[1-winner], enrolment.ErrUsed) {
			t.Fatalf("race %d: got %v and %v, want one that won and one %v", i, errs[0], errs[1], enrolment.ErrUsed)
		}
		wins[winner]++
		isDevices(t, client, offer, 2*i+winner)
	}
	t.Logf("the first won %d times, the second %d", wins[0], wins[1])
}

var errCrash = errors.New("crash")

// A crashing registry works so many times and then never again. The last write may be on
// the topic all the same.
type crashing struct {
	enrolment.NetworkRegistry
	left    int
	written bool
}

func (c *crashing) dies() bool {
	c.left--
	return c.left < 0
}

func (c *crashing) PutRegistry(ctx context.Context, key string, value []byte) error {
	if !c.dies() {
		return c.NetworkRegistry.PutRegistry(ctx, key, value)
	}
	if c.written && c.left == -1 {
		return errors.Join(errCrash, c.NetworkRegistry.PutRegistry(ctx, key, value))
	}
	return errCrash
}

func (c *crashing) ReadRecords(ctx context.Context, apply func(key string, value []byte) error) error {
	if c.dies() {
		return errCrash
	}
	return c.NetworkRegistry.ReadRecords(ctx, apply)
}

// TestCrashes: the process ends after each step, before or after what it wrote is there.
// The device repeats and has its terminals; another that comes between wins where nothing
// of the first is on the log, and never else.
func TestCrashes(t *testing.T) {
	client := newClient(t)
	join(t, client)
	const reads, steps = 1, 5 // To begin with; then: redemption, read on, two terminals, the answer.
	device := 0
	for left := range reads + steps {
		for _, written := range []bool{false, true} {
			for _, rival := range []bool{false, true} {
				code, offer := create(t, newOffers(t, client))
				device += 2
				mine, theirs := attempt(code, device), attempt(code, device+1)
				registry := &crashing{client, left, written}
				o, err := enrolment.NewOffers(t.Context(), registry)
				if err == nil {
					_, err = o.Redeem(t.Context(), mine, now())
				}
				if crashed := left < reads+steps-1; crashed != errors.Is(err, errCrash) {
					t.Fatalf("after %d steps: got %v, want a crash: %v", left, err, crashed)
				}
				logged := left > reads || left == reads && written
				if rival {
					_, err := newOffers(t, client).Redeem(t.Context(), theirs, now())
					if logged != errors.Is(err, enrolment.ErrUsed) || !logged && err != nil {
						t.Errorf("after %d steps, written %v: the rival got %v", left, written, err)
					}
				}
				_, err = newOffers(t, client).Redeem(t.Context(), mine, now().Add(time.Hour))
				if rival && !logged {
					if !errors.Is(err, enrolment.ErrUsed) {
						t.Errorf("after %d steps, written %v: got %v, want %v", left, written, err, enrolment.ErrUsed)
					}
					isDevices(t, client, offer, device+1)
					continue
				}
				if err != nil {
					t.Errorf("after %d steps, written %v: repeated: %v", left, written, err)
				}
				isDevices(t, client, offer, device)
			}
		}
	}
}

// TestFollowedOffers: a process that follows the topic decides when it has read its own
// attempt, and what another process does it knows within moments.
func TestFollowedOffers(t *testing.T) {
	client := newClient(t)
	join(t, client)
	n := network.New(new(schema.Terminals))
	ctx, end := context.WithCancel(t.Context())
	caughtUp, ended := make(chan struct{}), make(chan error)
	go func() {
		ended <- client.Follow(ctx, func(key string, value []byte) error {
			return errors.Join(n.Terminals().Apply(key, value), n.Apply(key, value))
		}, func() { close(caughtUp) })
	}()
	<-caughtUp
	o := enrolment.FollowedOffers(client, n)
	for i := range 5 {
		code, offer := create(t, o)
		var mine, theirs error
		var group sync.WaitGroup
		group.Go(func() { _, mine = o.Redeem(t.Context(), attempt(code, 2*i), now()) })
		group.Go(func() { _, theirs = newOffers(t, client).Redeem(t.Context(), attempt(code, 2*i+1), now()) })
		group.Wait()
		switch {
		case mine == nil && errors.Is(theirs, enrolment.ErrUsed):
			isDevices(t, client, offer, 2*i)
		case theirs == nil && errors.Is(mine, enrolment.ErrUsed):
			isDevices(t, client, offer, 2*i+1)
		default:
			t.Errorf("got %v and %v", mine, theirs)
		}
	}
	// Withdrawn here and redeemed there, at once: one of the two holds for both.
	for i := range 20 {
		code, offer := create(t, o)
		other := newOffers(t, client)
		var withdrawn, redeemed error
		var group sync.WaitGroup
		group.Go(func() { withdrawn = o.Withdraw(t.Context(), offer.Hash, now().Add(time.Second)) })
		group.Go(func() { _, redeemed = other.Redeem(t.Context(), attempt(code, 100+i), now()) })
		group.Wait()
		held := withdrawn == nil && errors.Is(redeemed, enrolment.ErrGone)
		late := redeemed == nil && errors.Is(withdrawn, enrolment.ErrUsed)
		if held == late {
			t.Errorf("got %v and %v", withdrawn, redeemed)
		}
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
