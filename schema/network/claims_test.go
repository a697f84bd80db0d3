package network_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mlf/schema"
	"mlf/schema/network"
)

var created = time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // A constant, but for its type.

func uuid(n int) network.ClaimID {
	return network.ClaimID(fmt.Sprintf("00000000-0000-4000-8000-%012x", n))
}

func token(n int) schema.TokenHash { return schema.HashToken([]byte(fmt.Sprint(n))) }

// offer is of so many terminals of Roma.
func offer(code network.Code, terminals int) *network.Offer {
	o := &network.Offer{Hash: code.Hash(), Body: "c_h501", Created: created, Expires: created.Add(network.OfferLife)}
	for i := range terminals {
		o.Terminals = append(o.Terminals, schema.Enrolment{
			Terminal: schema.TerminalID(1000 + i), Body: "c_h501", Comune: 58091, Channel: schema.ChannelTotem, Scale: schema.ScaleMLF3,
			Services: []schema.EnrolledService{{Code: "anagrafe", ID: 1}}, Since: created,
			Ordinal: uint32(4 + i), Slot: schema.SlotOf(58091, uint32(4+i)),
		})
	}
	return o
}

// redemption is claim n's, with so many tokens, in the first minute.
func redemption(n, tokens int) *network.Redemption {
	r := &network.Redemption{Claim: uuid(n), At: created.Add(time.Minute)}
	for i := range tokens {
		r.Tokens = append(r.Tokens, token(100*n+i))
	}
	return r
}

// on returns what writes r as an attempt on o.
func on(o *network.Offer, r *network.Redemption) func() (string, []byte, error) {
	return func() (string, []byte, error) { return r.RegistryRecord(o.Hash) }
}

// TestWinner: the first that fits, for ever.
func TestWinner(t *testing.T) {
	o := offer("BCDFGHJKLMNP", 2)
	withdrawn := *o
	withdrawn.Withdrawn = created.Add(time.Hour)
	at := func(r *network.Redemption, at time.Time) *network.Redemption { r.At = at; return r }
	f := func(want int, state network.OfferState, records ...func() (string, []byte, error)) {
		t.Helper()
		n := network.New(new(schema.Terminals))
		apply(t, n, records...)
		got, won := n.Winner(o.Hash)
		if won != (want > 0) || won && got.Claim != uuid(want) {
			t.Errorf("got %v, %v, want %d", got, won, want)
		}
		if got := n.OfferState(o.Hash, created.Add(time.Hour)); got != state {
			t.Errorf("got state %s, want %s", got, state)
		}
		if n.Offer(o.Hash) != nil && n.NextOrdinal(58091) != 6 {
			t.Errorf("got next ordinal %d, want 6", n.NextOrdinal(58091))
		}
	}
	f(0, network.OfferOpen, o.RegistryRecord)
	f(1, network.OfferUsed, o.RegistryRecord, on(o, redemption(1, 2)))
	f(1, network.OfferUsed, o.RegistryRecord, on(o, redemption(1, 2)), on(o, redemption(2, 2)), on(o, redemption(1, 2)))
	f(2, network.OfferUsed, o.RegistryRecord, on(o, redemption(1, 1)), on(o, redemption(2, 2)))               // Too few tokens,
	f(2, network.OfferUsed, o.RegistryRecord, on(o, redemption(1, 3)), on(o, redemption(2, 2)))               // too many,
	f(0, network.OfferOpen, o.RegistryRecord, on(o, at(redemption(1, 2), o.Expires)))                         // too late,
	f(1, network.OfferUsed, o.RegistryRecord, on(o, at(redemption(1, 2), o.Expires.Add(-time.Nanosecond))))   // in time.
	f(1, network.OfferUsed, on(o, redemption(1, 2)), o.RegistryRecord)                                        // The offer was written anew.
	f(0, "", on(o, redemption(1, 2)))                                                                         // No offer.
	f(0, network.OfferWithdrawn, o.RegistryRecord, withdrawn.RegistryRecord)                                  // Withdrawn,
	f(0, network.OfferWithdrawn, o.RegistryRecord, withdrawn.RegistryRecord, on(o, redemption(1, 2)))         // before,
	f(1, network.OfferUsed, o.RegistryRecord, on(o, redemption(1, 2)), withdrawn.RegistryRecord)              // and after.
	f(1, network.OfferUsed, on(o, redemption(1, 2)), withdrawn.RegistryRecord)                                // The same, compacted.
	f(0, network.OfferWithdrawn, on(o, at(redemption(1, 2), withdrawn.Withdrawn)), withdrawn.RegistryRecord)  // Its own time says: after.
	f(0, network.OfferWithdrawn, withdrawn.RegistryRecord, o.RegistryRecord, on(o, redemption(1, 2)))         // Read from the beginning again.
	f(0, network.OfferWithdrawn, withdrawn.RegistryRecord, on(o, redemption(1, 2)), withdrawn.RegistryRecord) // Written twice.
	f(1, network.OfferUsed, o.RegistryRecord, on(o, redemption(1, 2)), withdrawn.RegistryRecord, o.RegistryRecord)

	// The terminals say who won, whatever became of the order.
	enrolled := o.Terminals[1]
	enrolled.Device, enrolled.Token = string(uuid(2)), token(201)
	f(2, network.OfferUsed, on(o, redemption(1, 2)), on(o, redemption(2, 2)), o.RegistryRecord, enrolled.RegistryRecord)
	f(2, network.OfferUsed, withdrawn.RegistryRecord, on(o, redemption(2, 2)), enrolled.RegistryRecord)
	f(2, network.OfferUsed, o.RegistryRecord, enrolled.RegistryRecord)
	enrolled.Token = token(7) // It was given another token since.
	f(2, network.OfferUsed, o.RegistryRecord, on(o, redemption(1, 2)), enrolled.RegistryRecord)
}

func TestAttemptsAreSeen(t *testing.T) {
	n := network.New(new(schema.Terminals))
	o := offer("BCDFGHJKLMNP", 1)
	r := redemption(1, 1)
	key, value, err := r.RegistryRecord(o.Hash)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, n, o.RegistryRecord)
	for range 3 { // One attempt, read three times.
		if err := n.Apply(key, value); err != nil {
			t.Fatal(err)
		}
	}
	apply(t, n, on(o, redemption(2, 1)))
	got := n.Attempts(o.Hash)
	if len(got) != 2 || got[0].Claim != uuid(1) || got[1].Claim != uuid(2) || !slices.Equal(got[0].Tokens, r.Tokens) || !got[0].At.Equal(r.At) {
		t.Errorf("got %+v, want the two that there were", got)
	}
	if n.Attempts(network.CodeHash{}) != nil || n.Offer(network.CodeHash{}) != nil {
		t.Error("there is something of a code that nobody knows")
	}
}

func TestRefusedOffersAndRedemptions(t *testing.T) {
	f := func(change func(*network.Offer)) {
		t.Helper()
		o := offer("BCDFGHJKLMNP", 2)
		change(o)
		if _, _, err := o.RegistryRecord(); err == nil {
			t.Errorf("a record was made of %+v", o)
		}
	}
	f(func(o *network.Offer) { o.Body = "" })
	f(func(o *network.Offer) { o.Terminals = nil })
	f(func(o *network.Offer) { o.Terminals = offer("", network.OfferTerminalsMax+1).Terminals })
	f(func(o *network.Offer) { o.Expires = o.Created })
	f(func(o *network.Offer) { o.Created = time.Time{} })
	f(func(o *network.Offer) { o.Terminals[1].Terminal = o.Terminals[0].Terminal })
	f(func(o *network.Offer) { o.Terminals[1].Token = token(1) })
	f(func(o *network.Offer) { o.Terminals[1].Device = "x" })
	f(func(o *network.Offer) { o.Terminals[1].Services = nil })

	g := func(claim string, tokens []schema.TokenHash, at time.Time, ok bool) {
		t.Helper()
		r, err := network.NewRedemption(claim, tokens, at)
		if (err == nil) != ok {
			t.Errorf("%s: got %+v, %v", claim, r, err)
		}
	}
	one := []schema.TokenHash{token(1)}
	g("4F0C7B0E-5F3A-4A57-9A3C-2F1D6B8E9C01", one, created, true)
	g("4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c0", one, created, false)
	g("4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c0g", one, created, false)
	g("4f0c7b0e+5f3a-4a57-9a3c-2f1d6b8e9c01", one, created, false)
	g("4f0c7b0e05f3a04a5709a3c02f1d6b8e9c01", one, created, false)
	g("{f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c01", one, created, false)
	g(string(uuid(1)), nil, created, false)
	g(string(uuid(1)), one, time.Time{}, false)
	g(string(uuid(1)), []schema.TokenHash{{}}, created, false)
	g(string(uuid(1)), []schema.TokenHash{token(1), token(2), token(1)}, created, false)
	g(string(uuid(1)), make([]schema.TokenHash, network.OfferTerminalsMax+1), created, false)
}

// A record of a topic.
type record struct {
	key   string
	value []byte
}

// TestOneClaimIsTold: devices try at any time and repeat; appends are doubled; the topic
// is compacted at any moment between steps; whoever is told that it won is the only one.
func TestOneClaimIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := offer("BCDFGHJKLMNP", 2)
		var topic []record
		put := func(write func() (string, []byte, error)) {
			key, value, err := write()
			if err != nil {
				t.Fatal(err)
			}
			topic = append(topic, record{key, value})
		}
		read := func() *network.Network {
			n := network.New(new(schema.Terminals))
			for _, r := range topic {
				if err := n.Terminals().Apply(r.key, r.value); err != nil {
					t.Fatal(err)
				}
				if err := n.Apply(r.key, r.value); err != nil {
					t.Fatal(err)
				}
			}
			return n
		}
		put(o.RegistryRecord)
		told := make(map[network.ClaimID]bool)
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			claim := rapid.IntRange(1, 3).Draw(t, "claim")
			switch rapid.SampledFrom([]string{"try", "again", "compact", "withdraw"}).Draw(t, "step") {
			case "try":
				put(on(o, redemption(claim, 2)))
				if rapid.Bool().Draw(t, "dies") {
					continue
				}
				fallthrough
			case "again": // Decide, and write some of the terminals, or all.
				n := read()
				won, ok := n.Winner(o.Hash)
				if !ok || won.Claim != uuid(claim) {
					continue
				}
				most := rapid.IntRange(0, 2).Draw(t, "written")
				for i := range most {
					e := o.Terminals[i]
					e.Device, e.Token = string(won.Claim), won.Tokens[i]
					put(e.RegistryRecord)
				}
				if most == 2 {
					told[won.Claim] = true
				}
			case "compact":
				if rapid.Bool().Draw(t, "doubled") {
					topic = append(topic, topic[rapid.IntRange(0, len(topic)-1).Draw(t, "which")])
				}
				compacted := topic[:0:0]
				for i, r := range topic {
					if !slices.ContainsFunc(topic[i+1:], func(later record) bool { return later.key == r.key }) {
						compacted = append(compacted, r)
					}
				}
				topic = compacted
			case "withdraw":
				withdrawn := *read().Offer(o.Hash)
				if withdrawn.Withdrawn.IsZero() {
					withdrawn.Withdrawn = created.Add(time.Hour)
					put(withdrawn.RegistryRecord)
				}
			}
			if len(told) > 1 {
				t.Fatalf("two were told that they won: %v", told)
			}
			for claim := range told {
				if won, ok := read().Winner(o.Hash); !ok || won.Claim != claim {
					t.Fatalf("%s was told, and the winner is %v", claim, won.Claim)
				}
			}
		}
	})
}
