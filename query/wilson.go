package query

import "math"

// z95 is the 97.5 % quantile of the normal distribution: 95 % lie within ±z95.
const z95 = 1.959963984540054

// formula names how a row's shares are made, in every answer that has them.
const formula = "green_share = green / n; green_low and green_high: Wilson score interval, 95 % (z = 1.959964)"

// wilson returns the 95 % score interval of the share k/n, k <= n, 0 < n: the
// shares that would not be rejected by what was seen. Unlike share ± error it
// stays within [0, 1] and has a width at k = 0 and k = n.
// E. B. Wilson, Probable inference, the law of succession, and statistical
// inference, JASA 22 (1927), pages 209-212.
func wilson(k, n uint64) (low, high float64) {
	const zz = z95 * z95
	kf, nf := float64(k), float64(n)
	centre := (kf + zz/2) / (nf + zz)
	half := z95 / (nf + zz) * math.Sqrt(kf*(nf-kf)/nf+zz/4)
	low, high = centre-half, centre+half
	if k == 0 {
		low = 0 // Exactly so; the formula leaves the dust of rounding.
	}
	if k == n {
		high = 1
	}
	return low, high
}
