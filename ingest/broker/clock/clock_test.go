package clock

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	sent := time.UnixMilli(10_000).Add(300 * time.Microsecond)
	acknowledged := sent.Add(50 * time.Millisecond)
	f := func(appended time.Time, want time.Duration, known bool) {
		t.Helper()
		var c Clock
		c.See(appended, sent, acknowledged)
		if got, ok := c.Skew(acknowledged); got != want || ok != known {
			t.Errorf("got %v, %v: want %v, %v", got, ok, want, known)
		}
	}
	f(time.Time{}, 0, false)
	f(time.UnixMilli(10_000), 0, true) // Cut to the millisecond, as the broker does.
	f(time.UnixMilli(10_020), 0, true)
	f(time.UnixMilli(9_000), -time.Second, true)
	f(acknowledged.Add(7*time.Second), 7*time.Second, true)

	var c Clock
	c.See(time.UnixMilli(10_020), sent, acknowledged)
	if _, known := c.Skew(acknowledged.Add(skewAge + 1)); known {
		t.Error("a measurement counts after skewAge")
	}
}
