package network_test

import (
	"fmt"
	"testing"

	"mlf/schema"
	"mlf/schema/network"
	"mlf/schema/registry"
)

// TestOwners: a comune is the body of type comune that takes part on a day, and of what
// else it is a member makes nobody its owner.
func TestOwners(t *testing.T) {
	day := func(text string) registry.Date {
		d, err := registry.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	n := network.New(new(schema.Terminals))
	for _, b := range []network.Body{
		{Code: "c_h501", Type: network.TypeComune, Name: "Roma", Joined: day("2020-01-01"), Members: []network.Member{{Comune: 58091}}},
		{Code: "c_i692", Type: network.TypeComune, Name: "Sestriere", Joined: day("2020-01-01"), Left: day("2021-01-01"), Members: []network.Member{{Comune: 1263}}},
		{Code: "uc_x", Type: network.TypeUnion, Name: "Unione", Joined: day("2020-01-01"), Members: []network.Member{{Comune: 1263}, {Comune: 1201}}},
	} {
		key, value, err := b.RegistryRecord()
		if err == nil {
			err = n.Apply(key, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f := func(on, owners string, code schema.BodyCode, comuni string) {
		t.Helper()
		if got := fmt.Sprint(n.Owners(day(on))); got != owners {
			t.Errorf("owners on %s: got %s, want %s", on, got, owners)
		}
		if got := fmt.Sprint(n.ComuniOf(code, day(on))); got != comuni {
			t.Errorf("comuni of %s on %s: got %s, want %s", code, on, got, comuni)
		}
	}
	f("2019-12-31", "map[]", "c_h501", "[]")
	f("2020-12-31", "map[001263:c_i692 058091:c_h501]", "c_i692", "[001263]")
	f("2021-01-01", "map[058091:c_h501]", "c_i692", "[]")
	f("2020-12-31", "map[001263:c_i692 058091:c_h501]", "uc_x", "[]")
	f("2020-12-31", "map[001263:c_i692 058091:c_h501]", "c_none", "[]")
}
