package alert

import (
	"math"

	"mlf/query/figures"
	"mlf/schema/alert"
)

// The time that is compared, in days of 24 hours that end with a whole hour. Both are whole
// weeks, so that each has every weekday, and every hour of the day, equally often.
const (
	windowDays   = 7
	baselineDays = 8 * 7
	allDays      = windowDays + baselineDays
)

// What is needed to say anything at all.
const (
	windowVotesMin   = 30
	baselineVotesMin = 100
)

// openZ is at how many standard deviations of the difference an alert opens, where it is looked
// at every hour of a year. A single look at 1.96 errs once in 40; hourly looks at a window that
// moves are many looks, though not 8,760 independent ones. Of Gaussian noise, averaged over a
// moving window, z is crossed upwards about z φ(z) times in the length of a window (D. Slepian,
// Bell System Technical Journal 41 (1962), pages 463-501; D. Siegmund, Sequential Analysis, 1985,
// chapter 10): for 0.1 a year of weeks that is 3.6. What the formula does not know (counts that
// are skewed, a design effect that is estimated, a baseline that moves along) was found by
// playing it: 3.5 comes to 0.24 false alarms in a year of a body, 3.8 to 0.11, 4.0 to 0.07. A body
// has several rules, so it is 3.8. TestFalseAlarmsAreRare and TestARiseIsFound hold it to that.
const openZ = 3.8

// A Day is the votes of 24 hours.
type Day struct{ N, Negative uint64 }

// compare returns the figures of days, the oldest first, of which the last windowDays are the
// window. False where there is too little to say anything.
func compare(days []Day) (*alert.Figures, figures.Sample, figures.Sample, bool) {
	before, now := days[:len(days)-windowDays], days[len(days)-windowDays:]
	var cells []uint64
	var a, b figures.Sample
	for _, d := range before {
		cells = append(cells, d.Negative, d.N-d.Negative)
		b.K, b.N = b.K+d.Negative, b.N+d.N
	}
	for _, d := range now {
		a.K, a.N = a.K+d.Negative, a.N+d.N
	}
	if a.N < windowVotesMin || b.N < baselineVotesMin {
		return nil, a, b, false
	}
	effect, known := figures.DesignEffect(cells, 2)
	if !known {
		return nil, a, b, false // Fewer than ten days with votes: nobody knows what is usual.
	}
	a.Effect, b.Effect = effect, effect
	return figuresOf(a, b), a, b, true
}

// figuresOf returns the figures of two samples, which have votes.
func figuresOf(a, b figures.Sample) *alert.Figures {
	f := &alert.Figures{Share: shareOf(a), Baseline: shareOf(b), Effect: math.Max(1, float64(b.Effect)), P: 1}
	if d, some := figures.Compare(a, b); some {
		f.Difference, f.DifferenceLow, f.DifferenceHigh, f.P = d.Value, d.Low, d.High, d.P
	}
	return f
}

func shareOf(s figures.Sample) alert.Share {
	share := alert.Share{N: s.N, Negative: s.K}
	if e, some := figures.Share(s.K, s.N, s.Effect); some {
		share.Share, share.Low, share.High = e.Value, e.Low, e.High
	}
	return share
}

// judgeShare judges days by a threshold: of a rise, or of a fall.
func judgeShare(days []Day, threshold float64, fall bool) Verdict {
	f, a, b, known := compare(days)
	if !known {
		return Verdict{}
	}
	v := Verdict{Known: true, Figures: f}
	difference := f.Difference
	low, _ := figures.Beyond(a, b, openZ)
	if fall {
		difference = -difference
		high, _ := figures.Beyond(a, b, -openZ)
		low = -high
	}
	v.Opens = difference >= threshold && low > 0
	v.Calm = difference < threshold/2
	return v
}
