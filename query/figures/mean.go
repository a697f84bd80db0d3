package figures

import (
	"fmt"
	"math"
)

// valuesMax is the most values that a scale can have.
const valuesMax = 16

// Mean returns the mean of a scale, from 0, where all votes have its worst value, to
// 100: for three faces 0, 50 and 100 are the weights, for five stars 0, 25, 50, 75
// and 100. For three faces it is 50 (net + 1), interval and all. Counts are from the
// worst value to the best, of 2 to 16 values. False without votes.
//
// The interval is made of those of the values' shares (MOVER). Shares add up to 1, so
// only differences of weights mean anything; they are counted from the middle of the
// scale, so that the best and the worst value are treated alike:
//
//	θ = Σ c_i p_i, -1 <= c_i <= 1
//	L = θ - √(Σ Σ c_i c_j ρ_ij d_i d_j), d_i = p_i - l_i where c_i > 0, else u_i - p_i
//
// and U with the other sides. ρ is that of two shares of the same votes.
//
// G. Y. Zou, W. Huang and X. Zhang, A note on confidence interval estimation for a
// linear function of binomial proportions, Computational Statistics and Data Analysis
// 53 (2009), pages 1080-1085, with correlations as in Net.
func Mean(counts []uint64, e Effect) (Estimate, bool) {
	if len(counts) < 2 || len(counts) > valuesMax {
		panic(fmt.Sprintf("BUG: a scale of %d values", len(counts)))
	}
	n := total(counts)
	if n == 0 {
		return Estimate{}, false
	}
	var lower, upper [valuesMax]float64 // Weighted reaches, towards 0 and towards 100.
	mean := 0.0
	for i, count := range counts {
		share, c := wilson(float64(count), n, e), weight(i, len(counts))
		mean += c * share.Value
		lower[i], upper[i] = c*share.below(), c*share.above()
		if c < 0 {
			lower[i], upper[i] = upper[i], lower[i]
		}
	}
	theta := Estimate{Value: mean, Low: mean - reach(&lower, counts, n), High: mean + reach(&upper, counts, n)}
	percent := Estimate{Value: 50 * (theta.Value + 1), Low: 50 * (theta.Low + 1), High: 50 * (theta.High + 1)}
	return percent.within(0, 100), true
}

// weight returns that of value i of a scale of so many: from -1 to 1, 0 in the middle.
func weight(i, values int) float64 { return 2*float64(i)/float64(values-1) - 1 }

// reach adds up weighted reaches of the shares of counts, correlated as they are.
func reach(weighted *[valuesMax]float64, counts []uint64, n float64) float64 {
	sum := 0.0
	for i, a := range counts {
		sum += weighted[i] * weighted[i]
		for j, b := range counts[:i] {
			sum += 2 * weighted[i] * weighted[j] * correlation(float64(a), float64(b), n)
		}
	}
	return math.Sqrt(max(0, sum))
}

// TestMeans returns how often two means of a scale that share no vote, and are equal, would
// differ so much or more: two-sided, 0 to 1. Counts are those of Mean, with the effects by
// which they are not independent. False where one has no votes.
//
// It is the score test of Compare for scales of more than two values: the variance is that
// of both together. Where all votes are alike, nothing speaks against equal means: p = 1.
func TestMeans(a, b []uint64, effectA, effectB Effect) (p float64, ok bool) {
	ma, someA := Mean(a, Independent)
	mb, someB := Mean(b, Independent)
	if !someA || !someB {
		return 0, false
	}
	na, nb := total(a), total(b)
	da, db := effectA.divisor(na), effectB.divisor(nb)
	na, nb = na/da, nb/db
	mean, squares := (na*ma.Value+nb*mb.Value)/(na+nb), 0.0
	for i := range a {
		off := 50*(weight(i, len(a))+1) - mean
		squares += (float64(a[i])/da + float64(b[i])/db) * off * off
	}
	deviation := math.Sqrt(squares / (na + nb) * (1/na + 1/nb))
	if deviation <= dust*100 {
		return 1, true
	}
	return twoSided((ma.Value - mb.Value) / deviation), true
}

func total(counts []uint64) (n float64) {
	for _, count := range counts {
		n += float64(count)
	}
	return n
}
