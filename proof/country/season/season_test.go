package season

import (
	"math"
	"testing"
	"time"

	"mlf/schema"
)

func TestRomeOffset(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Skip("no time zone database on this machine")
	}
	first := schema.HourOf(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
	for h := first; h < first+2*366*24; h++ {
		_, want := h.Time().In(rome).Zone()
		if got := romeOffset(h); got != time.Duration(want)*time.Second {
			t.Fatalf("%v: got %v: want %d s", h, got, want)
		}
	}
}

func TestTheWeekHasMeanOne(t *testing.T) {
	s := New(0)
	monday := schema.HourOf(time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC))
	for _, c := range schema.Channels() {
		var sum float64
		for h := range schema.Hour(7 * 24) {
			sum += s.Weight(c, monday+h)
		}
		want := monthVotes(time.November) / monthVotesMean
		if got := sum / (7 * 24); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: got mean %v: want %v", c, got, want)
		}
	}
}
