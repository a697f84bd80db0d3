package flight

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Who stands before a full gate is told soon: of the queue after its patience, of
// a store that does not answer at once.
func TestGateTellsWhyThereIsNoRoom(t *testing.T) {
	const patience = 3 * time.Second
	synctest.Test(t, func(t *testing.T) {
		alarm, silent := NewAlarm(), errors.New("the store is silent")
		g := NewGate(1, alarm)
		if err := g.Enter(t.Context(), patience); err != nil {
			t.Fatal(err)
		}
		f := func(after time.Duration, want error) {
			t.Helper()
			began := time.Now()
			if err := g.Enter(t.Context(), patience); !errors.Is(err, want) || time.Since(began) != after {
				t.Errorf("got %v after %v, want %v after %v", err, time.Since(began), want, after)
			}
		}
		f(patience, ErrFull)
		time.AfterFunc(time.Second, func() { alarm.Ring(silent) })
		f(time.Second, silent)
		f(patience, ErrFull) // It has rung for those who stood there then.
		time.AfterFunc(time.Second, g.Leave)
		f(time.Second, nil)
	})
}
