package figures

import "math"

// z95 is the 97.5 % quantile of the normal distribution: 95 % lie within ±z95.
const z95 = 1.959963984540054

// An Estimate is a figure and its interval of 95 %: Low <= Value <= High, all
// finite. Functions that return one say false where there is nothing to tell it
// from; it is then to be shown as null, never as 0.
type Estimate struct {
	Value, Low, High float64
}

// below and above are how far the interval reaches, none negative.
func (e Estimate) below() float64 { return e.Value - e.Low }
func (e Estimate) above() float64 { return e.High - e.Value }

// within takes from e the dust of rounding: nothing is outside of [least, most],
// and the interval holds its value.
func (e Estimate) within(least, most float64) Estimate {
	e.Value = min(max(e.Value, least), most)
	e.Low = min(max(e.Low, least), e.Value)
	e.High = max(min(e.High, most), e.Value)
	return e
}

// An Effect is a design effect: how many votes count as one where votes are not
// independent, because one queue, one day or one finger gave several. See
// DesignEffect. What is not above 1 means Independent, and so does the zero value.
type Effect float64

// Independent is the effect of votes that know nothing of each other.
const Independent Effect = 1

// divisor returns by what n votes are divided: at least one of them is left.
func (e Effect) divisor(n float64) float64 {
	if e > 1 { // NaN is not.
		return min(float64(e), max(n, 1))
	}
	return 1
}

// twoSided returns the probability that a normal variable is as far from 0 as z, or
// farther.
func twoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }
