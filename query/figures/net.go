package figures

import "math"

// Faces are votes by face.
type Faces struct {
	Green, Yellow, Red uint64
}

// total returns the votes of f; as a float64 it cannot overflow.
func (f Faces) total() float64 { return float64(f.Green) + float64(f.Yellow) + float64(f.Red) }

// Net returns the share of green less the share of red, -1 to 1. The interval is
// made of the two shares' own (MOVER, the method of variance estimates recovery),
// with the correlation that two shares of the same votes have:
//
//	L = d - √((pg-lg)² - 2ρ(pg-lg)(ur-pr) + (ur-pr)²)
//	U = d + √((ug-pg)² - 2ρ(ug-pg)(pr-lr) + (pr-lr)²)
//	ρ = -√(pg pr / ((1-pg)(1-pr))), 0 where a face has no vote
//
// The error by variance would be 0 where all votes are of one face. Of green and red alone
// it is the interval of green, stretched: 2p - 1. False without votes.
//
// G. Y. Zou and A. Donner, Construction of confidence limits about effect measures,
// Statistics in Medicine 27 (2008), pages 1693-1702; ρ is that of the multinomial
// distribution.
func Net(f Faces, e Effect) (Estimate, bool) {
	n := f.total()
	if n == 0 {
		return Estimate{}, false
	}
	green, red := float64(f.Green), float64(f.Red)
	pg, pr := wilson(green, n, e), wilson(red, n, e)
	rho := correlation(green, red, n)
	net := Estimate{Value: (green - red) / n}
	net.Low = net.Value - difference(pg.below(), pr.above(), rho)
	net.High = net.Value + difference(pg.above(), pr.below(), rho)
	return net.within(-1, 1), true
}

// correlation returns that of the shares a/n and b/n of the same n votes. None is
// seen where all votes or none are of one kind.
func correlation(a, b, n float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	rest := max(0, n-a-b) // n-a may be 0 by rounding, where b+rest is not.
	return -math.Sqrt(a / (b + rest) * (b / (a + rest)))
}

// difference returns how far the difference of two figures reaches that reach a and
// b and are correlated by rho.
func difference(a, b, rho float64) float64 {
	return math.Sqrt(max(0, a*a-2*rho*a*b+b*b))
}
