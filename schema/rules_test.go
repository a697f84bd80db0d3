package schema_test

import (
	"testing"
	"time"

	"mlf/schema"
)

// TestRulesRaised: the highest holds, of each log its own.
func TestRulesRaised(t *testing.T) {
	var terminals schema.Terminals
	one, other := schema.LogID{1}, schema.LogID{2}
	at := time.Unix(1_793_610_000, 0)
	for _, next := range []schema.RulesRaised{{one, 2, at}, {other, 3, at}, {one, 1, at}} {
		apply(t, &terminals, next.RegistryRecord)
	}
	for log, want := range map[schema.LogID]schema.Rules{one: 2, other: 3, {3}: 0} {
		if got := terminals.RulesRaised(log); got != want {
			t.Errorf("log %v: got rules %d, want %d", log, got, want)
		}
	}
	for _, key := range []string{"rules/", "rules/xy", "rules/" + one.String() + "00"} {
		if err := terminals.Apply(key, []byte(`{"rules":9}`)); err == nil {
			t.Errorf("%s: got no error", key)
		}
	}
	if err := terminals.Apply("rules/"+one.String(), []byte("?")); err == nil || terminals.RulesRaised(one) != 2 {
		t.Errorf("got %v, and rules %d", err, terminals.RulesRaised(one))
	}
}
