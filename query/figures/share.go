package figures

import (
	"fmt"
	"math"
)

// Share returns the share k/n, 0 to 1, with the score interval: the shares that
// would not be rejected by what was seen.
//
//	(k + z²/2 ± z √(k(n-k)/n + z²/4)) / (n + z²), z = 1.959964
//
// Unlike share ± error it stays within [0, 1] and has a width at k = 0 and k = n.
// There is no correction for continuity: with it the interval covers more than it
// says. With an effect the interval is that of k/effect of n/effect. False at n = 0.
//
// E. B. Wilson, Probable inference, the law of succession, and statistical
// inference, JASA 22 (1927), pages 209-212; R. G. Newcombe, Two-sided confidence
// intervals for the single proportion, Statistics in Medicine 17 (1998), pages
// 857-872, method 3; the effect: J. N. K. Rao and A. J. Scott, A simple method for
// the analysis of clustered binary data, Biometrics 48 (1992), pages 577-585.
func Share(k, n uint64, e Effect) (Estimate, bool) {
	if k > n {
		panic(fmt.Sprintf("BUG: a share of %d of %d", k, n))
	}
	if n == 0 {
		return Estimate{}, false
	}
	return wilson(float64(k), float64(n), e), true
}

// wilson is Share for 0 <= k <= n, 0 < n.
func wilson(k, n float64, e Effect) Estimate { return wilsonAt(k, n, e, level{z95, z95 * z95}) }

// A level is a number of standard deviations, and its square: that of z95 is exact to the last
// digit, so that figures that were published stay what they are.
type level struct{ z, zz float64 }

// wilsonAt is wilson with an interval of another level.
func wilsonAt(k, n float64, e Effect, at level) Estimate {
	z, zz := at.z, at.zz
	by := e.divisor(n)
	ke, ne := k/by, n/by
	centre := (ke + zz/2) / (ne + zz)
	half := z / (ne + zz) * math.Sqrt(ke*(ne-ke)/ne+zz/4)
	share := Estimate{Value: k / n, Low: centre - half, High: centre + half}
	if k == 0 {
		share.Low = 0 // Exactly so; the formula leaves the dust of rounding.
	}
	if k == n {
		share.High = 1
	}
	return share.within(0, 1)
}
