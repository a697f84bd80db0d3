package chaos

import (
	"testing"
	"time"

	"mlf/query/client"
	"mlf/schema"
)

// seen is a ledger with one partition.
func seen(next schema.Offset, end *schema.Offset, state schema.State) *client.Ledger {
	return &client.Ledger{Partitions: []client.Partition{{Account: client.Account{Next: next, LogEnd: end}, State: state, Reason: "because"}}}
}

func at(end schema.Offset) *schema.Offset { return &end }

// TestARecoveryIsOverWhenAllIsCountedAndTheProcessIsReady: what was on the log
// when the fault ended counts, not what came later.
func TestARecoveryIsOverWhenAllIsCountedAndTheProcessIsReady(t *testing.T) {
	w := newWatch("")
	before := time.Now()
	hit := &Process{}
	w.ended(KillAggregate, []*Process{hit})
	ready, down := map[*Process]bool{hit: true}, map[*Process]bool{}
	for _, step := range []struct {
		what  string
		asked time.Time
		l     *client.Ledger
		ready map[*Process]bool
		left  int
	}{
		{"asked before the fault's end", before, seen(10, at(10), schema.StateOK), ready, 1},
		{"log end unknown", time.Now(), seen(10, nil, schema.StateOK), ready, 1},
		{"behind", time.Now(), seen(10, at(20), schema.StateOK), ready, 1},
		{"still behind, more has come", time.Now(), seen(19, at(30), schema.StateOK), ready, 1},
		{"counted, but not ready", time.Now(), seen(20, at(30), schema.StateOK), down, 1},
		{"counted what was there, and ready", time.Now(), seen(21, at(40), schema.StateOK), ready, 0},
	} {
		w.look(step.asked, step.l, step.ready)
		if got := w.left(); got != step.left {
			t.Fatalf("%s: got %d waiting: want %d", step.what, got, step.left)
		}
	}
	if got := len(w.took[KillAggregate]); got != 1 {
		t.Errorf("got %d recoveries: want 1", got)
	}
}

func TestAHaltIsRemembered(t *testing.T) {
	w := newWatch("")
	w.look(time.Now(), seen(1, at(1), schema.StateHalted), nil)
	w.look(time.Now(), seen(1, at(1), schema.StateOK), nil)
	if w.halted[0] != "because" {
		t.Errorf("got %v: want the reason of partition 0", w.halted)
	}
}
