package finding_test

import (
	"strings"
	"testing"
	"time"

	"mlf/schema/finding"
)

// TestAClockIsJudgedByWhatItShowed: the way there and back is no difference.
func TestAClockIsJudgedByWhatItShowed(t *testing.T) {
	sent := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	heard := sent.Add(2 * time.Second)
	f := func(at time.Time, want finding.Status, says, breaks string) {
		t.Helper()
		got := finding.Clock{Check: "x.clock", At: at, Sent: sent, Heard: heard, Most: 5 * time.Second, Breaks: "hours are wrong"}.Judge()
		if got.Status != want || !strings.Contains(got.Says, says) || got.Breaks != breaks || (got.Remedy == "") != (want == finding.OK) {
			t.Errorf("at %v: got %+v, want %s with %q that breaks %q", at, got, want, says, breaks)
		}
	}
	f(sent, finding.OK, "within 1s", "")
	f(heard, finding.OK, "within 1s", "")
	f(sent.Add(-time.Second), finding.OK, "within 1s", "")
	f(heard.Add(time.Second), finding.OK, "within 1s", "")
	f(sent.Add(-2*time.Second), finding.Warn, "is -2s from", "beyond 5s: hours are wrong")
	f(heard.Add(5*time.Second), finding.Warn, "is 5s from", "beyond 5s: hours are wrong")
	f(heard.Add(6*time.Second), finding.Fail, "is 6s from", "hours are wrong")
	f(sent.Add(-time.Hour), finding.Fail, "is -1h0m0s from", "hours are wrong")
}

// TestADiskIsJudgedByWhatIsLeftAndWhatComes: whichever ends it sooner.
func TestADiskIsJudgedByWhatIsLeftAndWhatComes(t *testing.T) {
	const day = 24 * time.Hour
	f := func(free, ours uint64, age time.Duration, want finding.Status, says string) {
		t.Helper()
		got := finding.Disk{Free: free * 1e9, Total: 100e9, Ours: ours * 1e9, Age: age}.Forecast("x.disk", "k1 /data", "it stops")
		if got.Status != want || !strings.Contains(got.Says, says) || (got.Remedy == "") != (want == finding.OK) || (got.Breaks == "") != (want == finding.OK) {
			t.Errorf("%d free, %d of ours in %v: got %+v, want %s with %q", free, ours, age, got, want, says)
		}
	}
	f(50, 40, 0, finding.OK, "no forecast")
	f(50, 40, 23*time.Hour, finding.OK, "no forecast")
	f(14, 0, 0, finding.Warn, "14.0 of 100.0 GB free")
	f(1, 0, 0, finding.Fail, "1.0 of 100.0 GB free")
	f(50, 10, 300*day, finding.OK, "full in 1500 days")
	f(50, 10, 10*day, finding.Warn, "full in 50 days")
	f(15, 10, day, finding.Fail, "full in 2 days")
	f(50, 0, 10*day, finding.OK, "full in 99999 days")
}
