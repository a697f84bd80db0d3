package broker

import (
	"testing"

	"mlf/ingest/broker/members"
	"mlf/schema"
)

func TestRulesOfAMember(t *testing.T) {
	f := func(userData string, want schema.Rules) {
		t.Helper()
		if got := members.RulesOf([]byte(userData)); got != want {
			t.Errorf("%q: got rules %d, want %d", userData, got, want)
		}
	}
	for _, rules := range []schema.Rules{1, 2, 1<<32 - 1} {
		said, err := members.Balancer{Rules: rules}.UserData()
		if err != nil {
			t.Error(err)
		}
		f(string(said), rules)
	}
	f("", 1) // As versions joined that did not say.
	f("mlf rules ", 1)
	f("mlf rules two", 1)
	f("mlf rules 4294967296", 1)
	f("rack a", 1)
	if name := (members.Balancer{}).ProtocolName(); name != "range" { // Both versions must share out alike.
		t.Errorf("got protocol %q, want range", name)
	}
}
