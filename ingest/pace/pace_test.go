package pace_test

import (
	"testing"
	"time"

	"mlf/ingest/pace"
)

func TestPace(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	p := pace.New[string](2, time.Hour, 2)
	f := func(who string, after, wait time.Duration, ok bool) {
		t.Helper()
		if got := p.Wait(who, now.Add(after)); got != wait {
			t.Errorf("%s after %v: Wait %v, want %v", who, after, got, wait)
		}
		if got, known := p.Take(who, now.Add(after)); got != wait || known != ok {
			t.Errorf("%s after %v: Take %v, %t, want %v, %t", who, after, got, known, wait, ok)
		}
	}
	f("a", 0, 0, true)
	f("a", time.Minute, 0, true)
	f("a", 2*time.Minute, 58*time.Minute, true)
	f("b", 3*time.Minute, 0, true)
	f("c", 4*time.Minute, 0, false) // Two are remembered.
	f("a", time.Hour-time.Millisecond, time.Millisecond, true)
	f("a", time.Hour, 0, true)
	f("a", time.Hour, time.Minute, true)
	f("c", time.Hour+4*time.Minute, 0, true) // b is forgotten.
	f("b", time.Hour+5*time.Minute, 0, false)
	f("c", 3*time.Hour, 0, true)
}
