package query

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Who stands before a full gate is told soon: of the queue after its patience, of
// a store that does not answer at once.
func TestGateTellsWhyThereIsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alarm, silent := newAlarm(), errors.New("the store is silent")
		g := newGate(1, alarm)
		if err := g.enter(t.Context(), gateWait); err != nil {
			t.Fatal(err)
		}
		f := func(after time.Duration, want error) {
			t.Helper()
			began := time.Now()
			if err := g.enter(t.Context(), gateWait); !errors.Is(err, want) || time.Since(began) != after {
				t.Errorf("got %v after %v, want %v after %v", err, time.Since(began), want, after)
			}
		}
		f(gateWait, errOverloaded)
		time.AfterFunc(time.Second, func() { alarm.ring(silent) })
		f(time.Second, silent)
		f(gateWait, errOverloaded) // It has rung for those who stood there then.
		time.AfterFunc(time.Second, g.leave)
		f(time.Second, nil)
	})
}
