package network_test

import (
	"strings"
	"testing"

	"mlf/schema"
	"mlf/schema/network"
)

// FuzzApply: no record makes a reader panic or forget, and what is taken is written again
// as what is taken.
func FuzzApply(f *testing.F) {
	o := offer("BCDFGHJKLMNP", 2)
	for _, write := range []func() (string, []byte, error){
		sestriere(f).RegistryRecord, order(f).RegistryRecord, o.RegistryRecord, on(o, redemption(1, 2)),
	} {
		key, value, err := write()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(key, value)
		f.Add(key+"/", value)
		f.Add("?"+key, value)
	}
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		n := network.New(new(schema.Terminals))
		known := offer("QXZWQXZWQXZW", 1)
		apply(t, n, sestriere(t).RegistryRecord, known.RegistryRecord, on(known, redemption(1, 1)))
		err := n.Apply(key, value)
		if n.Body("c_i692") == nil || len(n.Offers()) < 1 || len(n.Attempts(known.Hash)) < 1 {
			t.Errorf("%v: and what was known is not", err)
		}
		for _, b := range n.Bodies() {
			apply(t, n, b.RegistryRecord)
			b.MembersAt(b.Joined)
		}
		for _, o := range n.Orders() {
			apply(t, n, o.RegistryRecord)
			_ = o.Gross.String()
		}
		for _, o := range n.Offers() {
			apply(t, n, o.RegistryRecord)
			n.OfferState(o.Hash, created)
			n.Winner(o.Hash)
		}
	})
}

// FuzzParseCode: whatever is taken for a code is written as one, and read again.
func FuzzParseCode(f *testing.F) {
	f.Add("BCDF-GHJK-LMNP")
	f.Add(" bcdf ghjk lmnp ")
	f.Add("BCDF-GHJK-LMN\x00")
	f.Fuzz(func(t *testing.T, text string) {
		code, err := network.ParseCode(text)
		if err != nil {
			return
		}
		again, err := network.ParseCode(strings.ToLower(code.String()))
		if err != nil || again != code || again.Hash() != code.Hash() || len(code.String()) != 14 {
			t.Errorf("%q: got %s, then %s, %v", text, code, again, err)
		}
	})
}

// FuzzParseClaimID: a claim that is taken is part of a key, so it has no slash.
func FuzzParseClaimID(f *testing.F) {
	f.Add("4F0C7B0E-5F3A-4A57-9A3C-2F1D6B8E9C01")
	f.Add("4f0c7b0e-5f3a-4a57-9a3c-2f1d6b8e9c0/")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := network.ParseClaimID(text)
		if err != nil {
			return
		}
		if again, err := network.ParseClaimID(string(id)); err != nil || again != id || strings.Contains(string(id), "/") {
			t.Errorf("%q: got %s, then %s, %v", text, id, again, err)
		}
	})
}
